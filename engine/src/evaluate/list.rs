//! Conditions that are decided without being evaluated: for everyone, and a text that is not in a list (`evaluation.md`
//! §3.4, §4.3).
//!
//! A condition on a list holds the masks of its texts together; a user's text is lower-cased and hashed once for all lists
//! that it is compared with. Cost: a dozen instructions for a list that does not have the text.

use super::Run;
use crate::environment::Environment;
use crate::explain::Trace;
use crate::hash::cased_hash;
use crate::number::NumberText;
use crate::table::condition::{Condition, ConditionType, Operator, mask};

/// Texts kept during a check.
const SUBJECTS: usize = 4;

const EVERYONE: u32 = Condition::code(ConditionType::Public, Operator::Always);

/// The user's texts that lists are compared with: each one's [`Condition::subject`] (0, that of no such condition, for none)
/// and its mask.
pub(super) struct Subjects([(u64, u32); SUBJECTS]);

impl Subjects {
    pub(super) const NONE: Self = Subjects([(0, 0); SUBJECTS]);

    #[inline(always)]
    fn mask(&self, subject: u32) -> Option<u64> {
        match self.0.get((subject >> 16) as usize % SUBJECTS) {
            Some(&(mask, kept)) if kept == subject => Some(mask),
            _ => None,
        }
    }

    fn keep(&mut self, subject: u32, mask: u64) {
        if let Some(kept) = self.0.get_mut((subject >> 16) as usize % SUBJECTS) {
            *kept = (mask, subject);
        }
    }
}

/// Whether a condition compares a value of the user with a list, and holds for what is not in it.
#[inline(always)]
fn tests_list(codes: u32) -> Option<bool> {
    // The three types follow each other, and so do the two operators.
    const FIRST: u32 = ConditionType::UserField as u32;
    const LAST: u32 = ConditionType::EnvironmentField as u32;
    const ANY: u32 = Operator::Any as u32;
    const NONE: u32 = Operator::None as u32;
    match (codes & 0xFF, codes >> 8) {
        (FIRST..=LAST, operator @ ANY..=NONE) => Some(operator == NONE),
        _ => None,
    }
}

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// Whether the condition holds, if that can be told at once. A trace that listens wants it evaluated.
    #[inline(always)]
    pub(super) fn is_decided(&mut self, condition: Condition<'t>) -> Option<bool> {
        if T::LISTENS {
            return None;
        }
        let codes = condition.codes();
        let Some(holds_without) = tests_list(codes) else {
            return (codes == EVERYONE).then_some(true);
        };
        let mask = match self.subjects.mask(condition.subject()) {
            Some(mask) => mask,
            None => self.look_up(condition),
        };
        (condition.masks() & mask != mask).then_some(holds_without)
    }

    /// Whether the condition wants a text in a list, and is known to have none that is: nothing is looked up.
    #[inline(always)]
    pub(super) fn is_known_to_fail(&self, condition: Condition<'t>) -> bool {
        const ANY: u32 = (Operator::Any as u32) << 8;
        // Only subjects of lists are kept, so the type needs no look.
        !T::LISTENS
            && condition.codes() & 0xFF00 == ANY
            && match self.subjects.mask(condition.subject()) {
                Some(mask) => condition.masks() & mask != mask,
                None => false,
            }
    }

    /// The mask of the user's text, kept for the next list.
    #[inline(never)]
    fn look_up(&mut self, condition: Condition<'t>) -> u64 {
        let value = self.value_of(condition);
        let mut buffer = NumberText::new();
        let text = value.as_ref().and_then(|value| value.text(&mut buffer));
        let mask = mask(cased_hash(text.unwrap_or_default(), true));
        self.subjects.keep(condition.subject(), mask);
        mask
    }
}
