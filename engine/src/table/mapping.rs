//! Config mappings: `overrides` and `override_rules` (`evaluation.md` §3.10).

use super::{Section, Table};

/// One entry of a name's overrides: the config to evaluate instead, and the rules that say for whom.
#[derive(Clone, Copy)]
pub(crate) struct Mapping<'t> {
    pub(crate) new_config_name: &'t str,
    /// Where the name is.
    pub(crate) new_config_name_at: u32,
    rules: (u32, u32),
}

/// A rule of a mapping, from when on it counts.
#[derive(Clone, Copy)]
pub(crate) struct MappingRule {
    /// Row of the rule; `None` when `override_rules` has none of that name.
    pub(crate) rule: Option<u32>,
    /// In ms since the epoch.
    pub(crate) start_time: u64,
}

/// Bytes of a mapping's row.
pub(crate) const MAPPING: usize = 12;

/// Bytes of a mapping rule's row.
pub(crate) const MAPPING_RULE: usize = 12;

impl<'t> Table<'t> {
    /// The mappings at a row of overrides, in order; `None` for one that cannot be read.
    pub(crate) fn mappings(
        &self,
        overrides: u32,
    ) -> impl Iterator<Item = Option<Mapping<'t>>> + use<'t> {
        let table = *self;
        let (start, count) = table
            .row::<8>(Section::Overrides, overrides)
            .map_or((0, 0), |row| (row.u32(0), row.u32(4)));
        (start..start.saturating_add(count)).map(move |at| {
            let row = table.row::<MAPPING>(Section::Mappings, at)?;
            Some(Mapping {
                new_config_name: table.string(row.u32(0))?,
                new_config_name_at: row.u32(0),
                rules: (row.u32(4), row.u32(8)),
            })
        })
    }

    pub(crate) fn mapping_rules(
        &self,
        mapping: &Mapping<'t>,
    ) -> impl Iterator<Item = Option<MappingRule>> + use<'t> {
        let table = *self;
        let (start, count) = mapping.rules;
        (start..start.saturating_add(count)).map(move |at| {
            let row = table.row::<MAPPING_RULE>(Section::MappingRules, at)?;
            Some(MappingRule {
                rule: row.reference(0),
                start_time: row.u64(4),
            })
        })
    }
}
