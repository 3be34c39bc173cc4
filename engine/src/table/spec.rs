//! Specs: gates, dynamic configs with experiments, and layers, each kind in an index by name.

use super::wire::{Row, row};
use super::{Section, Table};
use crate::hash::{bucket, text_hash};

/// What kind of spec a name is looked up as.
///
/// Dynamic configs and experiments share one name space (`evaluation.md` §3.2): either kind finds either entity.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::SpecKind;
///
/// let table = Table::open(&table)?;
/// assert_eq!(table.specs(SpecKind::Gate).count(), 4);
/// assert!(table.spec(SpecKind::DynamicConfig, "button").is_some());
/// assert!(table.spec(SpecKind::Gate, "button").is_none());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::{Entity, SpecKind};
///
/// let button = Table::open(&table)?.spec(SpecKind::DynamicConfig, "button").ok_or("no spec")?;
/// assert_eq!(button.entity(), Entity::Experiment);
/// assert_eq!(button.entity().as_str(), "experiment");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// The name has overrides or a bandit.
    pub(crate) const HAS_MORE: u32 = 1 << 11;
    /// The first rule is for everyone, at 0 or 100 %, and delegates to nothing (v2 only): the answer is the same for all.
    pub(crate) const SETTLED: u32 = 1 << 17;
    /// Says something that only experiments do: `isActive`, `hasSharedParams`, `explicitParameters`.
    pub(crate) const OF_EXPERIMENT: u32 = 1 << 16;
    /// Four bits: the entity.
    pub(crate) const ENTITY: u32 = 12;
}

/// A spec's row.
#[derive(Clone, Copy)]
pub(crate) struct SpecRow<'t>(Row<'t, SPEC>);

impl<'t> SpecRow<'t> {
    #[inline(always)]
    fn reference(&self, at: usize) -> Option<u32> {
        self.0.reference(at)
    }

    pub(crate) fn name(&self, table: Table<'t>) -> &'t str {
        table.string(self.name_at()).unwrap_or_default()
    }

    /// Where the name is.
    #[inline(always)]
    pub(crate) fn name_at(&self) -> u32 {
        self.0.u32(4)
    }

    /// The salt of pass percentages.
    pub(crate) fn salt(&self, table: Table<'t>) -> &'t str {
        table.string(self.0.u32(8)).unwrap_or_default()
    }

    /// Where the id type is.
    #[inline(always)]
    pub(crate) fn id_type_at(&self) -> u32 {
        self.0.u32(12)
    }

    /// Where the default value is, or [`wire::NONE`](super::wire::NONE).
    #[inline(always)]
    pub(crate) fn default_value_at(&self) -> u32 {
        self.0.u32(16)
    }

    #[inline(always)]
    pub(crate) fn version(&self) -> Option<u32> {
        self.has(flags::HAS_VERSION).then(|| self.0.u32(20))
    }

    /// The rules' rows.
    #[inline(always)]
    pub(crate) fn rules(&self) -> core::ops::Range<u32> {
        let start = self.0.u32(24);
        start..start.saturating_add(self.0.u32(28))
    }

    #[inline(always)]
    fn flags(&self) -> u32 {
        self.0.u32(32)
    }

    #[inline(always)]
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags() & flag != 0
    }

    #[inline(always)]
    fn optional_bool(&self, shift: u32) -> Option<bool> {
        let bits = self.flags() >> shift;
        (bits & 2 != 0).then_some(bits & 1 != 0)
    }

    #[inline(always)]
    pub(crate) fn is_active(&self) -> Option<bool> {
        self.optional_bool(flags::IS_ACTIVE)
    }

    #[inline(always)]
    pub(crate) fn has_shared_params(&self) -> Option<bool> {
        self.optional_bool(flags::HAS_SHARED_PARAMS)
    }

    #[inline(always)]
    pub(crate) fn forward_all_exposures(&self) -> Option<bool> {
        self.optional_bool(flags::FORWARD_ALL_EXPOSURES)
    }

    /// Where the list of explicit parameters is, or [`wire::NONE`](super::wire::NONE).
    #[inline(always)]
    pub(crate) fn explicit_parameters_at(&self) -> u32 {
        self.0.u32(36)
    }

    /// The config mappings of this name.
    #[inline(always)]
    pub(crate) fn overrides(&self) -> Option<u32> {
        self.reference(44)
    }

    /// The contextual bandit of this name.
    #[inline(always)]
    pub(crate) fn cmab(&self) -> Option<u32> {
        self.reference(48)
    }

    /// False for a name that has overrides or a bandit but no spec.
    #[inline(always)]
    pub(crate) fn exists(&self) -> bool {
        !self.has(flags::NO_SPEC)
    }
}

/// A spec in the table.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::SpecKind;
///
/// let button = Table::open(&table)?.spec(SpecKind::Experiment, "button").ok_or("no spec")?;
/// assert_eq!((button.name(), button.id_type(), button.version()), ("button", "userID", Some(7)));
/// assert_eq!((button.is_active(), button.has_shared_params()), (Some(true), Some(true)));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Spec<'t> {
    table: Table<'t>,
    pub(crate) row: SpecRow<'t>,
}

impl core::fmt::Debug for Spec<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Spec").field(&self.name()).finish()
    }
}

impl<'t> Spec<'t> {
    /// The name.
    pub fn name(&self) -> &'t str {
        self.row.name(self.table)
    }

    /// The id type reported with results.
    pub fn id_type(&self) -> &'t str {
        self.table.string(self.row.id_type_at()).unwrap_or_default()
    }

    /// The default value's JSON text, if it is an object.
    pub fn default_value(&self) -> Option<&'t str> {
        self.table.value(self.row.reference(16)?)
    }

    /// The spec's version, if it has one.
    pub fn version(&self) -> Option<u32> {
        self.row.version()
    }

    /// `isActive`: the experiment is running.
    pub fn is_active(&self) -> Option<bool> {
        self.row.is_active()
    }

    /// `hasSharedParams`: the experiment lives in a layer.
    pub fn has_shared_params(&self) -> Option<bool> {
        self.row.has_shared_params()
    }

    /// `forwardAllExposures`, for exposure sampling.
    pub fn forward_all_exposures(&self) -> Option<bool> {
        self.row.forward_all_exposures()
    }

    /// The kind of thing this is in Statsig's console.
    pub fn entity(&self) -> Entity {
        Entity::from_code(self.row.flags() >> flags::ENTITY & 15)
    }

    /// The layer parameters that the experiment owns.
    pub fn explicit_parameters(&self) -> Option<super::StringList<'t>> {
        self.table.list(self.row.reference(36)?)
    }

    /// The target apps; they filter client bootstrap, never evaluation.
    pub fn target_app_ids(&self) -> Option<super::StringList<'t>> {
        self.table.list(self.row.reference(40)?)
    }

    /// The contextual bandit of this name.
    pub fn cmab(&self) -> Option<super::Cmab<'t>> {
        self.table.cmab(self.row.cmab()?)
    }

    /// False for a name that has overrides or a bandit but no spec.
    pub(crate) fn exists(&self) -> bool {
        self.row.exists()
    }
}

/// The rows of an index: `[bits u32] [where each bucket begins, u32 × (2^bits + 1)] [rows]`, rows ordered by bucket.
pub(crate) fn index_rows(section: &[u8]) -> Option<&[u8]> {
    let (bits, rest) = section.split_first_chunk::<4>()?;
    let buckets = 1usize.checked_shl(u32::from_le_bytes(*bits))?;
    rest.get(buckets.checked_add(1)?.checked_mul(4)?..)
}

/// The row of `name` in an index: one bucket is walked.
#[inline(always)]
pub(crate) fn find<'t, const N: usize>(
    table: Table<'t>,
    section: Section,
    name: &str,
) -> Option<Row<'t, N>> {
    let name = name.as_bytes();
    let section = table.tail_at(section)?;
    let (bits, starts) = section.split_first_chunk::<4>()?;
    let hash = text_hash(name);
    let bucket = bucket(hash, u32::from_le_bytes(*bits));
    let [start, end] = *starts
        .get((bucket as usize).wrapping_mul(4)..)?
        .as_chunks::<4>()
        .0
        .first_chunk::<2>()?;
    let mut rows =
        section.get(u32::from_le_bytes(start) as usize..u32::from_le_bytes(end) as usize)?;
    while let Some((row, rest)) = rows.split_first_chunk::<N>() {
        let row = Row(row);
        if row.u32(0) == hash && table.is_string(row.u32(4), name) {
            return Some(row);
        }
        rows = rest;
    }
    None
}

impl<'t> Table<'t> {
    #[inline(always)]
    fn specs_section(kind: SpecKind) -> Section {
        match kind {
            SpecKind::Gate => Section::Gates,
            SpecKind::DynamicConfig | SpecKind::Experiment => Section::Configs,
            SpecKind::Layer => Section::Layers,
        }
    }

    fn index(&self, kind: SpecKind) -> Option<&'t [u8]> {
        index_rows(self.section(Self::specs_section(kind)))
    }

    /// A row by its number, which rules and conditions refer to.
    pub(crate) fn spec_at(&self, kind: SpecKind, at: u32) -> Option<SpecRow<'t>> {
        let rows = index_rows(self.tail_at(Self::specs_section(kind))?)?;
        Some(SpecRow(row::<SPEC>(rows, at)?))
    }

    /// A name's row, also one without a spec.
    #[cfg_attr(target_family = "wasm", inline(never))] // one copy where size counts
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn entry(&self, kind: SpecKind, name: &str) -> Option<SpecRow<'t>> {
        Some(SpecRow(find(*self, Self::specs_section(kind), name)?))
    }

    /// The spec of that name; cost: one hash of the name and about one comparison.
    pub fn spec(&self, kind: SpecKind, name: &str) -> Option<Spec<'t>> {
        let row = self.entry(kind, name).filter(SpecRow::exists)?;
        Some(Spec { table: *self, row })
    }

    /// All specs that a kind can find, in the table's order.
    pub fn specs(&self, kind: SpecKind) -> impl Iterator<Item = Spec<'t>> + use<'t> {
        self.entries(kind).filter(Spec::exists)
    }

    /// All rows, also those without a spec.
    pub(crate) fn entries(&self, kind: SpecKind) -> impl Iterator<Item = Spec<'t>> + use<'t> {
        let table = *self;
        let rows = self.index(kind).unwrap_or_default();
        rows.as_chunks::<SPEC>().0.iter().map(move |row| Spec {
            table,
            row: SpecRow(Row(row)),
        })
    }
}
