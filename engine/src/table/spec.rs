//! Specs: gates, dynamic configs with experiments, and layers, each kind in an index by name.

mod kind;
mod row;

pub use kind::{Entity, SpecKind};
pub(crate) use row::{SPEC, SpecRow, flags};

use super::wire::{Row, row};
use super::{Section, Table};
use crate::hash::{bucket, text_hash};

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
