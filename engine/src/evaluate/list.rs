//! Conditions that are decided without being evaluated: for everyone, and a text of the user in a list or not (`evaluation.md`
//! §3.4, §4.3).
//!
//! A condition on a list holds the masks of its texts together, and so does a rule that has no other; a user's text is
//! lower-cased and hashed once for all lists that it is compared with. Cost: two dozen instructions for a rule whose list does
//! not have the text.

use super::operator::pairs;
use super::texts::{candidates, has_ascii, has_text};
use super::{Required, Result, Run};
use crate::environment::Environment;
use crate::explain::Trace;
use crate::hash::cased_hash;
use crate::number::NumberText;
use crate::table::condition::{Condition, ConditionType, Operator, SLOTS, mask};
use crate::table::rule::Rule;
use crate::user::Value;

/// The user's texts that were compared with lists, with their masks, by the slots that the table gives to where they are looked
/// for. The mask is 0, which is no text's, where none was yet, and in slot 0, which is nobody's; only an ASCII text
/// is kept itself.
pub(super) struct Subjects<'v>([(u64, Option<&'v str>); SLOTS]);

impl<'v> Subjects<'v> {
    pub(super) const NONE: Self = Subjects([(0, None); SLOTS]);

    #[inline(always)]
    fn of(&self, slot: u8) -> (u64, Option<&'v str>) {
        let slot = usize::from(slot) % SLOTS;
        self.0.get(slot).copied().unwrap_or((0, None))
    }

    #[inline(always)]
    fn keep(&mut self, slot: u8, mask: u64, text: Option<&'v str>) {
        if slot > 0
            && let Some(kept) = self.0.get_mut(usize::from(slot) % SLOTS)
        {
            *kept = (mask, text);
        }
    }

    /// Whether the rule wants a text in a list, and is known to have none that is: nothing is looked up.
    #[inline(always)]
    pub(super) fn rule_out(&self, rule: Rule<'_>) -> bool {
        let (mask, _) = self.of(rule.slot());
        rule.masks() & mask != mask
    }
}

/// Whether a condition compares a value of the user with a list, and holds for what is not in it.
#[inline(always)]
fn tests_list(condition: Condition<'_>) -> Option<bool> {
    // The three types follow each other, and so do the two operators.
    const FIRST: u8 = ConditionType::UserField as u8;
    const LAST: u8 = ConditionType::EnvironmentField as u8;
    const ANY: u8 = Operator::Any as u8;
    const NONE: u8 = Operator::None as u8;
    match condition.codes() {
        (FIRST..=LAST, operator @ ANY..=NONE) => Some(operator == NONE),
        _ => None,
    }
}

impl<'r, 't: 'r, 'u: 'r, 'e: 'r, E: Environment, T: Trace> Run<'r, '_, 't, 'u, 'e, E, T> {
    /// Whether the condition holds, if it is of those. A trace that listens wants it evaluated.
    #[inline(always)]
    pub(super) fn decide(&mut self, condition: Condition<'t>) -> Result<Option<bool>> {
        if T::LISTENS {
            return Ok(None);
        }
        let Some(holds_without) = tests_list(condition) else {
            let everyone = (ConditionType::Public as u8, Operator::Always as u8);
            return Ok((condition.codes() == everyone).then_some(true));
        };
        let (mask, _) = self.subjects.of(condition.slot());
        let found = (condition.masks() & mask == mask) && self.find(condition)?;
        Ok(Some(found != holds_without))
    }

    /// Whether the user's text is in the condition's list.
    #[inline(never)]
    pub(super) fn find(&mut self, condition: Condition<'t>) -> Result<bool> {
        let (_, kept) = self.subjects.of(condition.slot());
        if let Some(text) = kept {
            return self.is_listed(condition, text, true);
        }
        let value = self.value_of(condition);
        let mut buffer = NumberText::new();
        let text = value.as_ref().and_then(|value| value.text(&mut buffer));
        let text = text.unwrap_or_default();
        let (hash, is_ascii) = cased_hash(text, true);
        let mask = mask(hash);
        let lasting = match value {
            Some(Value::Str(text)) if is_ascii => Some(text),
            _ => None,
        };
        self.subjects.keep(condition.slot(), mask, lasting);
        match condition.masks() & mask == mask {
            true => self.is_listed(condition, text, is_ascii),
            false => Ok(false),
        }
    }

    #[inline(never)]
    fn is_listed(&mut self, condition: Condition<'t>, text: &str, is_ascii: bool) -> Result<bool> {
        let target = condition.target(self.table).required()?;
        let entries = candidates(Operator::Any, text, target).required()?;
        self.spend(pairs(entries.bytes_left(), text.len()))?;
        Ok(match is_ascii {
            true => has_ascii(text.as_bytes(), entries),
            false => has_text(Operator::Any, text, entries),
        })
    }
}
