//! Specs: gates, dynamic configs with experiments, and layers, each kind in an index by name.

use super::Table;
use super::wire::{Row, row, same};
use crate::hash::{bucket, text_hash};

/// What kind of spec a name is looked up as.
///
/// Dynamic configs and experiments share one name space (`evaluation.md` §3.2): either kind finds either entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpecKind {
    /// Feature gates, segments and holdouts.
    Gate,
    /// Dynamic configs.
    DynamicConfig,
    /// Experiments and autotunes.
    Experiment,
    /// Layers.
    Layer,
}

/// A spec's `entity`; evaluation does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Entity {
    /// `feature_gate`
    FeatureGate,
    /// `segment`
    Segment,
    /// `holdout`
    Holdout,
    /// `dynamic_config`
    DynamicConfig,
    /// `experiment`
    Experiment,
    /// `autotune`
    Autotune,
    /// `layer`
    Layer,
    /// None, or one that this version does not know.
    Other,
}

impl Entity {
    const ALL: [(&'static str, Entity); 7] = [
        ("feature_gate", Entity::FeatureGate),
        ("segment", Entity::Segment),
        ("holdout", Entity::Holdout),
        ("dynamic_config", Entity::DynamicConfig),
        ("experiment", Entity::Experiment),
        ("autotune", Entity::Autotune),
        ("layer", Entity::Layer),
    ];

    /// Statsig's name of the entity; empty for [`Entity::Other`].
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, entity)| *entity == self)
            .map_or("", |(name, _)| name)
    }

    #[cfg(feature = "compile")]
    pub(crate) fn from_name(name: &str) -> Self {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(Entity::Other, |(_, entity)| *entity)
    }

    #[cfg(feature = "compile")]
    pub(crate) fn code(self) -> u32 {
        Self::ALL
            .iter()
            .position(|(_, entity)| *entity == self)
            .map_or(15, |index| index as u32)
    }

    fn from_code(code: u32) -> Self {
        Self::ALL
            .get(code as usize)
            .map_or(Entity::Other, |(_, entity)| *entity)
    }
}

/// Bytes of a spec's row.
pub(crate) const SPEC: usize = 52;

/// Bits of a spec's flags.
pub(crate) mod flags {
    pub(crate) const ENABLED: u32 = 1 << 0;
    pub(crate) const DEFAULT_TRUE: u32 = 1 << 1;
    /// Two bits: absent 0, false 2, true 3.
    pub(crate) const IS_ACTIVE: u32 = 2;
    pub(crate) const HAS_SHARED_PARAMS: u32 = 4;
    pub(crate) const FORWARD_ALL_EXPOSURES: u32 = 6;
    pub(crate) const NEW_LAYER_EVAL: u32 = 1 << 8;
    pub(crate) const HAS_VERSION: u32 = 1 << 9;
    /// Only a name that overrides or a contextual bandit refer to.
    pub(crate) const NO_SPEC: u32 = 1 << 10;
    /// Four bits: the entity.
    pub(crate) const ENTITY: u32 = 12;
}

/// A spec in the table.
#[derive(Clone, Copy)]
pub struct Spec<'t> {
    table: Table<'t>,
    row: Row<'t, SPEC>,
}

impl core::fmt::Debug for Spec<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Spec").field(&self.name()).finish()
    }
}

impl<'t> Spec<'t> {
    fn string(&self, at: usize) -> &'t str {
        self.row
            .reference(at)
            .and_then(|reference| self.table.string(reference))
            .unwrap_or_default()
    }

    /// The name.
    pub fn name(&self) -> &'t str {
        self.string(4)
    }

    /// Where the name is.
    pub(crate) fn name_at(&self) -> u32 {
        self.row.u32(4)
    }

    /// The salt of pass percentages.
    pub(crate) fn salt(&self) -> &'t str {
        self.string(8)
    }

    /// The id type reported with results.
    pub fn id_type(&self) -> &'t str {
        self.string(12)
    }

    /// Where the id type is.
    pub(crate) fn id_type_at(&self) -> u32 {
        self.row.u32(12)
    }

    /// Where the default value is, or [`wire::NONE`](super::wire::NONE).
    pub(crate) fn default_value_at(&self) -> u32 {
        self.row.u32(16)
    }

    /// Where the list of explicit parameters is, or [`wire::NONE`](super::wire::NONE).
    pub(crate) fn explicit_parameters_at(&self) -> u32 {
        self.row.u32(36)
    }

    /// The default value's JSON text, if it is an object.
    pub fn default_value(&self) -> Option<&'t str> {
        self.table.value(self.row.reference(16)?)
    }

    /// The spec's version, if it has one.
    pub fn version(&self) -> Option<u32> {
        self.has(flags::HAS_VERSION).then(|| self.row.u32(20))
    }

    /// The rules' rows.
    pub(crate) fn rules(&self) -> core::ops::Range<u32> {
        let start = self.row.u32(24);
        start..start.saturating_add(self.row.u32(28))
    }

    pub(crate) fn has(&self, flag: u32) -> bool {
        self.row.u32(32) & flag != 0
    }

    fn optional_bool(&self, shift: u32) -> Option<bool> {
        match self.row.u32(32) >> shift & 3 {
            2 => Some(false),
            3 => Some(true),
            _ => None,
        }
    }

    /// `isActive`: the experiment is running.
    pub fn is_active(&self) -> Option<bool> {
        self.optional_bool(flags::IS_ACTIVE)
    }

    /// `hasSharedParams`: the experiment lives in a layer.
    pub fn has_shared_params(&self) -> Option<bool> {
        self.optional_bool(flags::HAS_SHARED_PARAMS)
    }

    /// `forwardAllExposures`, for exposure sampling.
    pub fn forward_all_exposures(&self) -> Option<bool> {
        self.optional_bool(flags::FORWARD_ALL_EXPOSURES)
    }

    /// The kind of thing this is in Statsig's console.
    pub fn entity(&self) -> Entity {
        Entity::from_code(self.row.u32(32) >> flags::ENTITY & 15)
    }

    /// The layer parameters that the experiment owns.
    pub fn explicit_parameters(&self) -> Option<super::StringList<'t>> {
        self.table.list(self.row.reference(36)?)
    }

    /// The target apps; they filter client bootstrap, never evaluation.
    pub fn target_app_ids(&self) -> Option<super::StringList<'t>> {
        self.table.list(self.row.reference(40)?)
    }

    /// The config mappings of this name.
    pub(crate) fn overrides(&self) -> Option<u32> {
        self.row.reference(44)
    }

    /// The contextual bandit of this name.
    pub fn cmab(&self) -> Option<super::Cmab<'t>> {
        self.table.cmab(self.row.reference(48)?)
    }

    /// False for a name that has overrides or a bandit but no spec.
    pub(crate) fn exists(&self) -> bool {
        !self.has(flags::NO_SPEC)
    }
}

/// The specs of one kind: `[bits u32] [bucket starts u32 × (2^bits + 1)] [rows]`, rows ordered by bucket.
#[derive(Clone, Copy)]
pub(crate) struct Index<'t> {
    starts: &'t [[u8; 4]],
    pub(crate) rows: &'t [u8],
    bits: u32,
}

impl<'t> Index<'t> {
    pub(crate) fn read(section: &'t [u8]) -> Option<Self> {
        let (bits, rest) = section.split_first_chunk::<4>()?;
        let bits = u32::from_le_bytes(*bits);
        let starts = 1usize.checked_shl(bits)?.checked_add(1)?.checked_mul(4)?;
        let (starts, rows) = rest.split_at_checked(starts)?;
        Some(Index {
            starts: starts.as_chunks::<4>().0,
            rows,
            bits,
        })
    }

    /// The row of `name`: one bucket is walked. `same` compares the name of a row whose hash agrees.
    pub(crate) fn find<const N: usize>(
        &self,
        name: &str,
        same: impl Fn(Row<'t, N>) -> bool,
    ) -> Option<Row<'t, N>> {
        let hash = text_hash(name.as_bytes());
        let [start, end] = *self
            .starts
            .get(bucket(hash, self.bits) as usize..)?
            .first_chunk::<2>()?;
        let range = u32::from_le_bytes(start) as usize..u32::from_le_bytes(end) as usize;
        self.rows
            .as_chunks::<N>()
            .0
            .get(range)?
            .iter()
            .map(Row)
            .find(|row| row.u32(0) == hash && same(*row))
    }
}

impl<'t> Table<'t> {
    fn index(&self, kind: SpecKind) -> Option<Index<'t>> {
        Index::read(self.section(match kind {
            SpecKind::Gate => super::Section::Gates,
            SpecKind::DynamicConfig | SpecKind::Experiment => super::Section::Configs,
            SpecKind::Layer => super::Section::Layers,
        }))
    }

    /// A row by its number, which rules and conditions refer to.
    pub(crate) fn spec_at(&self, kind: SpecKind, at: u32) -> Option<Spec<'t>> {
        let row = row::<SPEC>(self.index(kind)?.rows, at)?;
        Some(Spec { table: *self, row })
    }

    /// A name's row, also one without a spec.
    pub(crate) fn entry(&self, kind: SpecKind, name: &str) -> Option<Spec<'t>> {
        let index = self.index(kind)?;
        let row = index.find::<SPEC>(name, |row| {
            self.string_bytes(row.u32(4))
                .is_some_and(|known| same(known, name.as_bytes()))
        })?;
        Some(Spec { table: *self, row })
    }

    /// The spec of that name; cost: one hash of the name and about one comparison.
    pub fn spec(&self, kind: SpecKind, name: &str) -> Option<Spec<'t>> {
        self.entry(kind, name).filter(Spec::exists)
    }

    /// All specs that a kind can find, in the table's order.
    pub fn specs(&self, kind: SpecKind) -> impl Iterator<Item = Spec<'t>> + use<'t> {
        self.entries(kind).filter(Spec::exists)
    }

    /// All rows, also those without a spec.
    pub(crate) fn entries(&self, kind: SpecKind) -> impl Iterator<Item = Spec<'t>> + use<'t> {
        let table = *self;
        let rows = self.index(kind).map_or(&[][..], |index| index.rows);
        rows.as_chunks::<SPEC>().0.iter().map(move |row| Spec {
            table,
            row: Row(row),
        })
    }
}
