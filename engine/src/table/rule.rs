//! Rules, and the hash inputs laid out for them.

use super::condition::{Condition, ConditionRows};
use super::wire::Row;
use super::{Section, Table};

/// Bytes of a rule's row.
pub(crate) const RULE: usize = 44;

/// Bytes of a unit's row.
const UNIT: usize = 8;

/// Bits of a rule's flags.
pub(crate) mod flags {
    pub(crate) const EXPERIMENT_GROUP: u16 = 1 << 0;
    pub(crate) const RETURNS_FALSE: u16 = 1 << 1;
    /// A rule of `override_rules`: the prefix is a string, the rule's salt alone.
    #[cfg(feature = "compile")]
    pub(crate) const OVERRIDE_RULE: u16 = 1 << 3;
}

/// Buckets of a pass percentage: 10,000, the bound that always passes.
pub(crate) const ALL: u16 = 10_000;

/// A rule in the table.
#[derive(Clone, Copy)]
pub(crate) struct Rule<'t>(Row<'t, RULE>);

/// Rules one after another.
pub(crate) struct Rules<'t>(core::slice::Iter<'t, [u8; RULE]>);

impl Rules<'_> {
    /// How many there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.0.len() as u32
    }
}

impl<'t> Iterator for Rules<'t> {
    type Item = Rule<'t>;

    #[inline(always)]
    fn next(&mut self) -> Option<Rule<'t>> {
        self.0.next().map(|row| Rule(Row(row)))
    }
}

impl<'t> Rule<'t> {
    /// The rule by itself.
    pub(crate) fn alone(self) -> Rules<'t> {
        Rules(core::slice::from_ref(self.0.0).iter())
    }

    pub(crate) fn id(&self, table: Table<'t>) -> &'t str {
        table.string(self.id_at()).unwrap_or_default()
    }

    #[inline(always)]
    pub(crate) fn id_at(&self) -> u32 {
        self.0.u32(0)
    }

    /// What the hash of the pass percentage is made of.
    #[inline(always)]
    pub(crate) fn hash_input(&self) -> HashInput {
        HashInput {
            prefix: self.0.u32(16),
            unit: self.0.u16(24),
        }
    }

    /// The salt of an override rule, whose spec's salt is known only when it is used.
    pub(crate) fn override_salt(&self, table: Table<'t>) -> &'t str {
        table.string(self.0.u32(16)).unwrap_or_default()
    }

    /// The number of buckets of 10,000 that pass.
    #[inline(always)]
    pub(crate) fn bound(&self) -> u16 {
        self.0.u16(20)
    }

    #[inline(always)]
    pub(crate) fn has(&self, flag: u16) -> bool {
        self.0.u16(22) & flag != 0
    }

    /// The id type of the pass percentage.
    pub(crate) fn unit(&self, table: Table<'t>) -> Option<Unit<'t>> {
        table.unit(self.0.u16(24))
    }

    /// The conditions' rows: most rules have one, which stands in the rule itself.
    #[inline(always)]
    pub(crate) fn conditions(&self, table: Table<'t>) -> Option<&'t [[u8; 4]]> {
        match self.0.u16(26) {
            1 => self.0.word(28).map(core::slice::from_ref),
            count => table.rows(Section::RuleConditions, self.0.u32(28), u32::from(count)),
        }
    }

    /// Whether its only condition wants a text in a list.
    #[inline(always)]
    pub(crate) fn is_list_test(&self) -> bool {
        self.slot() > 0
    }

    /// The condition of a rule that has one.
    #[inline(always)]
    pub(crate) fn only_condition(&self, rows: ConditionRows<'t>) -> Option<Condition<'t>> {
        rows.get(self.0.u32(28))
    }

    /// Of a rule whose only condition wants a text in a list: [`Condition::slot`]; else 0.
    #[inline(always)]
    pub(crate) fn slot(&self) -> u8 {
        self.0.u8(23)
    }

    /// The condition's masks, where there is a slot.
    #[inline(always)]
    pub(crate) fn masks(&self) -> u64 {
        self.0.u64(36)
    }

    pub(crate) fn group_name(&self, table: Table<'t>) -> Option<&'t str> {
        table.string(self.0.reference(4)?)
    }

    /// Where the group's name is, or [`wire::NONE`].
    #[inline(always)]
    pub(crate) fn group_name_at(&self) -> u32 {
        self.0.u32(4)
    }

    /// The return value's JSON text, if it is an object.
    pub(crate) fn return_value(&self, table: Table<'t>) -> Option<&'t str> {
        table.value(self.0.reference(8)?)
    }

    /// Where the return value is, or [`wire::NONE`].
    #[inline(always)]
    pub(crate) fn return_value_at(&self) -> u32 {
        self.0.u32(8)
    }

    /// The row of the config that answers instead, which exists.
    #[inline(always)]
    pub(crate) fn delegate(&self) -> Option<u32> {
        self.0.reference(32)
    }

    #[inline(always)]
    pub(crate) fn sampling_rate_or_none(&self) -> u32 {
        self.0.u32(12)
    }
}

/// A laid-out text and the unit whose id follows it, by their places in the table: the same places are the same hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashInput {
    pub(crate) prefix: u32,
    pub(crate) unit: u16,
}

/// An id type: as written, in lower case.
#[derive(Clone, Copy)]
pub(crate) struct Unit<'t> {
    /// Where the name is.
    pub(crate) at: u32,
    pub(crate) name: &'t [u8],
    /// `None` for `userid`, which is looked for apart.
    pub(crate) lowered: Option<&'t [u8]>,
}

impl<'t> Unit<'t> {
    /// The id type as results report it.
    pub(crate) fn text(&self) -> Option<&'t str> {
        core::str::from_utf8(self.name).ok()
    }
}

impl<'t> Table<'t> {
    pub(crate) fn rule(&self, at: u32) -> Option<Rule<'t>> {
        Some(Rule(self.row(Section::Rules, at)?))
    }

    /// Rules one after another, as a spec has them.
    #[inline(always)]
    pub(crate) fn rules(&self, range: core::ops::Range<u32>) -> Option<Rules<'t>> {
        let count = range.end.saturating_sub(range.start);
        let rows = self.rows::<RULE>(Section::Rules, range.start, count)?;
        Some(Rules(rows.iter()))
    }

    pub(crate) fn unit(&self, at: u16) -> Option<Unit<'t>> {
        let row = self.row::<UNIT>(Section::Units, u32::from(at))?;
        Some(Unit {
            at: row.u32(0),
            name: self.string_bytes(row.u32(0))?,
            lowered: match row.reference(4) {
                Some(lowered) => Some(self.string_bytes(lowered)?),
                None => None,
            },
        })
    }

    /// Whether the unit is `userid`: then nothing needs its name.
    #[inline(always)]
    pub(crate) fn is_user_id(&self, at: u16) -> bool {
        self.row::<UNIT>(Section::Units, u32::from(at))
            .is_some_and(|row| row.reference(4).is_none())
    }

    /// A laid-out hash input.
    pub(crate) fn prefix(&self, at: u32) -> Option<&'t [u8]> {
        self.heap(Section::Prefixes, at)
    }
}
