//! Contextual bandits: `cmab_configs` (`evaluation.md` §5.7).

use super::rule::{HashInput, Unit};
use super::wire::{Row, row};
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
    /// Where name, id and value are.
    pub(crate) places: [u32; 3],
    weights: (u32, u32),
    table: Table<'t>,
}

/// A weight of a group's model.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CmabWeight<'t> {
    /// The user field it applies to.
    pub field: &'t str,
    pub(crate) lookup: FieldName<'t>,
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
        let cmab = *self;
        (0..self.group_count()).map_while(move |at| cmab.group(at))
    }

    pub(crate) fn group_count(&self) -> u32 {
        self.row.u32(40)
    }

    #[inline(never)]
    pub(crate) fn group(&self, at: u32) -> Option<CmabGroup<'t>> {
        self.table.cmab_group(self.row.u32(36).checked_add(at)?)
    }
}

impl<'t> CmabGroup<'t> {
    /// The weights of the model.
    pub fn weights(&self) -> impl Iterator<Item = CmabWeight<'t>> + use<'t> {
        let table = self.table;
        let (start, count) = self.weights;
        (start..start.saturating_add(count)).map_while(move |at| {
            let row = row::<CMAB_WEIGHT>(table.section(Section::CmabWeights), at)?;
            Some(CmabWeight {
                field: table.field(row.u16(0))?.name()?,
                lookup: table.field(row.u16(0))?,
                category: match row.reference(4) {
                    Some(category) => Some(table.string(category)?),
                    None => None,
                },
                weight: row.f64(8),
            })
        })
    }
}

impl<'t> Table<'t> {
    fn cmab_group(&self, at: u32) -> Option<CmabGroup<'t>> {
        let table = *self;
        let row = row::<CMAB_GROUP>(table.section(Section::CmabGroups), at)?;
        Some(CmabGroup {
            name: table.string(row.u32(0))?,
            id: table.string(row.u32(4))?,
            value: row.reference(8).and_then(|value| table.value(value)),
            has_config: row.u32(12) & group_flags::HAS_MODEL != 0,
            has_weights: row.u32(12) & group_flags::HAS_WEIGHTS != 0,
            alpha: row.f64(16),
            intercept: row.f64(24),
            records: row.u64(32),
            places: [row.u32(0), row.u32(4), row.u32(8)],
            weights: (row.u32(40), row.u32(44)),
            table,
        })
    }

    pub(crate) fn cmab(&self, at: u32) -> Option<Cmab<'t>> {
        let row = row::<CMAB>(self.section(Section::Cmabs), at)?;
        Some(Cmab { table: *self, row })
    }
}
