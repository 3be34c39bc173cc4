//! Contextual bandits: `cmab_configs` (`evaluation.md` §5.7).

use super::rule::{HashInput, Unit};
use super::wire::{NONE, Row};
use super::{Section, StringList, Table};
use crate::user::FieldName;

/// Bytes of a bandit's row.
pub(crate) const CMAB: usize = 52;

/// Bytes of a group's row.
pub(crate) const CMAB_GROUP: usize = 48;

/// Bytes of a weight's row.
pub(crate) const CMAB_WEIGHT: usize = 16;

/// Bits of a bandit's flags.
pub(crate) mod flags {
    pub(crate) const ENABLED: u32 = 1 << 0;
    pub(crate) const HIGHER_IS_BETTER: u32 = 1 << 1;
    pub(crate) const HAS_CONFIG: u32 = 1 << 2;
}

/// Bits of a group's flags.
pub(crate) mod group_flags {
    /// The bandit has a model for the group.
    pub(crate) const HAS_MODEL: u32 = 1 << 0;
    /// The model names at least one field.
    pub(crate) const HAS_WEIGHTS: u32 = 1 << 1;
}

/// A contextual bandit in the table.
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
/// let spec = Table::open(&table)?.spec(SpecKind::Experiment, "greeting").ok_or("no spec")?;
/// let bandit = spec.cmab().ok_or("no bandit")?;
/// assert_eq!((bandit.version(), bandit.higher_is_better()), (4, true));
/// // Nobody explores; 1 + 0.5 for German beats 0.5.
/// assert_eq!(bandit.sample_rate(), 0.0);
/// let german = User::new().with_locale("de");
/// assert_eq!(evaluator.experiment(&german, "greeting", &mut scratch).rule_id(), "short");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Cmab<'t> {
    table: Table<'t>,
    row: Row<'t, CMAB>,
}

impl core::fmt::Debug for Cmab<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Cmab")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

/// A group of a bandit with what it has learned.
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
/// let spec = Table::open(&table)?.spec(SpecKind::Experiment, "greeting").ok_or("no spec")?;
/// let bandit = spec.cmab().ok_or("no bandit")?;
/// let intercepts: Vec<_> = bandit.groups().map(|group| (group.id, group.intercept)).collect();
/// assert_eq!(intercepts, [("short", 1.0), ("long", 0.5)]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CmabGroup<'t> {
    /// The group's name.
    pub name: &'t str,
    /// The rule id it reports.
    pub id: &'t str,
    /// The value's JSON text, if it is an object.
    pub value: Option<&'t str>,
    /// Whether the bandit has a model for this group.
    pub has_config: bool,
    /// Whether the model names any field: without one the group has no score.
    pub has_weights: bool,
    /// The exploration bonus.
    pub alpha: f64,
    /// The model's constant.
    pub intercept: f64,
    /// How many records the model was made from.
    pub records: u64,
    row: GroupRow<'t>,
    table: Table<'t>,
}

/// A group's row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupRow<'t>(Row<'t, CMAB_GROUP>);

/// A weight's row.
#[derive(Clone, Copy)]
pub(crate) struct WeightRow<'t>(Row<'t, CMAB_WEIGHT>);

impl<'t> GroupRow<'t> {
    /// Where the name is.
    pub(crate) fn name_at(&self) -> u32 {
        self.0.u32(0)
    }

    /// Where the rule id is.
    pub(crate) fn id_at(&self) -> u32 {
        self.0.u32(4)
    }

    /// Where the value is, or [`NONE`].
    pub(crate) fn value_at(&self) -> u32 {
        self.0.u32(8)
    }

    fn has(&self, flag: u32) -> bool {
        self.0.u32(12) & flag != 0
    }

    pub(crate) fn has_weights(&self) -> bool {
        self.has(group_flags::HAS_WEIGHTS)
    }

    pub(crate) fn alpha(&self) -> f64 {
        self.0.f64(16)
    }

    pub(crate) fn intercept(&self) -> f64 {
        self.0.f64(24)
    }

    pub(crate) fn records(&self) -> u64 {
        self.0.u64(32)
    }

    pub(crate) fn weights(
        &self,
        table: Table<'t>,
    ) -> impl Iterator<Item = WeightRow<'t>> + use<'t> {
        let rows = table.rows(Section::CmabWeights, self.0.u32(40), self.0.u32(44));
        rows.unwrap_or_default()
            .iter()
            .map(|row| WeightRow(Row(row)))
    }
}

impl<'t> WeightRow<'t> {
    pub(crate) fn field(&self, table: Table<'t>) -> Option<FieldName<'t>> {
        table.field(self.0.u16(0))
    }

    /// The text of a categorical weight, `None` for a numerical one.
    pub(crate) fn category(&self, table: Table<'t>) -> Option<&'t [u8]> {
        match self.0.u32(4) {
            NONE => None,
            at => table.string_bytes(at),
        }
    }

    pub(crate) fn weight(&self) -> f64 {
        self.0.f64(8)
    }
}

/// A weight of a group's model.
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
/// let spec = Table::open(&table)?.spec(SpecKind::Experiment, "greeting").ok_or("no spec")?;
/// let bandit = spec.cmab().ok_or("no bandit")?;
/// let weight = bandit.groups().flat_map(|group| group.weights()).next().ok_or("no weight")?;
/// assert_eq!((weight.field, weight.category, weight.weight), ("locale", Some("de"), 0.5));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CmabWeight<'t> {
    /// The user field it applies to.
    pub field: &'t str,
    /// The value of a categorical weight; `None` for a numerical one.
    pub category: Option<&'t str>,
    /// The weight.
    pub weight: f64,
}

impl<'t> Cmab<'t> {
    /// Whether it is running.
    pub fn enabled(&self) -> bool {
        self.row.u32(24) & flags::ENABLED != 0
    }

    /// Whether the highest score wins.
    pub fn higher_is_better(&self) -> bool {
        self.row.u32(24) & flags::HIGHER_IS_BETTER != 0
    }

    /// Whether it has models at all.
    pub fn has_config(&self) -> bool {
        self.row.u32(24) & flags::HAS_CONFIG != 0
    }

    /// The version that exposures report.
    pub fn version(&self) -> u32 {
        self.row.u32(16)
    }

    /// The id type as written.
    pub fn id_type(&self) -> &'t str {
        self.unit().and_then(|unit| unit.text()).unwrap_or_default()
    }

    /// The share of users that explore, 0 to 1.
    pub fn sample_rate(&self) -> f64 {
        self.row.f64(28)
    }

    /// The default value's JSON text, if it is an object.
    pub fn default_value(&self) -> Option<&'t str> {
        self.table.value(self.row.reference(12)?)
    }

    /// Where the default value is, or [`wire::NONE`](super::wire::NONE).
    pub(crate) fn default_value_at(&self) -> u32 {
        self.row.u32(12)
    }

    /// The target apps; they filter client bootstrap.
    pub fn target_app_ids(&self) -> Option<StringList<'t>> {
        self.table.list(self.row.reference(8)?)
    }

    /// The gate that says who takes part.
    pub fn targeting_gate(&self) -> Option<&'t str> {
        self.table.string(self.row.reference(20)?)
    }

    pub(crate) fn unit(&self) -> Option<Unit<'t>> {
        self.table.unit(self.row.u16(4))
    }

    /// What the hash that draws a group is made of.
    pub(crate) fn hash_input(&self) -> HashInput {
        HashInput {
            prefix: self.row.u32(0),
            unit: self.row.u16(4),
        }
    }

    /// The groups in order.
    pub fn groups(&self) -> impl Iterator<Item = CmabGroup<'t>> + use<'t> {
        let table = self.table;
        self.group_rows().map_while(move |row| {
            Some(CmabGroup {
                name: table.string(row.name_at())?,
                id: table.string(row.id_at())?,
                value: row.0.reference(8).and_then(|value| table.value(value)),
                has_config: row.has(group_flags::HAS_MODEL),
                has_weights: row.has_weights(),
                alpha: row.alpha(),
                intercept: row.intercept(),
                records: row.records(),
                row,
                table,
            })
        })
    }

    pub(crate) fn group_count(&self) -> u32 {
        self.row.u32(40)
    }

    pub(crate) fn group_rows(&self) -> impl Iterator<Item = GroupRow<'t>> + use<'t> {
        let rows = self
            .table
            .rows(Section::CmabGroups, self.row.u32(36), self.group_count());
        rows.unwrap_or_default()
            .iter()
            .map(|row| GroupRow(Row(row)))
    }

    #[inline(never)]
    pub(crate) fn group(&self, at: u32) -> Option<GroupRow<'t>> {
        let row = self.row.u32(36).wrapping_add(at);
        self.table.row(Section::CmabGroups, row).map(GroupRow)
    }
}

impl<'t> CmabGroup<'t> {
    /// The weights of the model.
    pub fn weights(&self) -> impl Iterator<Item = CmabWeight<'t>> + use<'t> {
        let table = self.table;
        self.row.weights(table).map_while(move |row| {
            Some(CmabWeight {
                field: row.field(table)?.name()?,
                category: match row.category(table) {
                    Some(category) => Some(core::str::from_utf8(category).ok()?),
                    None => None,
                },
                weight: row.weight(),
            })
        })
    }
}

impl<'t> Table<'t> {
    pub(crate) fn cmab(&self, at: u32) -> Option<Cmab<'t>> {
        let row = self.row(Section::Cmabs, at)?;
        Some(Cmab { table: *self, row })
    }
}
