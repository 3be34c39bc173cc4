//! Conditions that are decided without being evaluated: for everyone, and a text that is not in a list (`evaluation.md`
//! §3.4, §4.3).
//!
//! A condition on a list holds the masks of its texts together; a user's text is lower-cased and hashed once for all lists
//! that it is compared with. Cost: a dozen instructions for a list that does not have the text.

use super::Run;
use crate::environment::Environment;
use crate::explain::Trace;
use crate::hash::lowered_hash;
use crate::number::NumberText;
use crate::table::condition::{Condition, ConditionType, Operator, mask};

/// Texts kept during a check.
const SUBJECTS: usize = 4;

const EVERYONE: u32 = Condition::code(ConditionType::Public, Operator::Always);
const ANY_OF_FIELD: u32 = Condition::code(ConditionType::UserField, Operator::Any);
const ANY_OF_UNIT: u32 = Condition::code(ConditionType::UnitId, Operator::Any);
const ANY_OF_ENVIRONMENT: u32 = Condition::code(ConditionType::EnvironmentField, Operator::Any);
const NONE_OF_FIELD: u32 = Condition::code(ConditionType::UserField, Operator::None);
const NONE_OF_UNIT: u32 = Condition::code(ConditionType::UnitId, Operator::None);
const NONE_OF_ENVIRONMENT: u32 = Condition::code(ConditionType::EnvironmentField, Operator::None);

/// The user's texts that lists are compared with.
pub(super) struct Subjects {
    /// Each one's [`Condition::subject`]; 0, that of no such condition, for none.
    subjects: [u32; SUBJECTS],
    masks: [u64; SUBJECTS],
}

impl Subjects {
    pub(super) const NONE: Self = Subjects {
        subjects: [0; SUBJECTS],
        masks: [0; SUBJECTS],
    };

    #[inline(always)]
    fn mask(&self, subject: u32) -> Option<u64> {
        let at = (subject >> 16) as usize % SUBJECTS;
        if *self.subjects.get(at)? == subject {
            self.masks.get(at).copied()
        } else {
            None
        }
    }

    fn keep(&mut self, subject: u32, mask: u64) {
        let at = (subject >> 16) as usize % SUBJECTS;
        if let (Some(kept), Some(place)) = (self.subjects.get_mut(at), self.masks.get_mut(at)) {
            (*kept, *place) = (subject, mask);
        }
    }
}

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// Whether the condition holds, if that can be told at once. A trace that listens wants it evaluated.
    #[inline(always)]
    pub(super) fn is_decided(&mut self, condition: Condition<'t>) -> Option<bool> {
        if T::LISTENS {
            return None;
        }
        let none = match condition.codes() {
            EVERYONE => return Some(true),
            ANY_OF_FIELD | ANY_OF_UNIT | ANY_OF_ENVIRONMENT => false,
            NONE_OF_FIELD | NONE_OF_UNIT | NONE_OF_ENVIRONMENT => true,
            _ => return None,
        };
        let mask = match self.subjects.mask(condition.subject()) {
            Some(mask) => mask,
            None => self.look_up(condition),
        };
        (condition.masks() & mask != mask).then_some(none)
    }

    /// The mask of the user's text, kept for the next list.
    #[inline(never)]
    fn look_up(&mut self, condition: Condition<'t>) -> u64 {
        let value = self.value_of(condition);
        let mut buffer = NumberText::new();
        let text = value.as_ref().and_then(|value| value.text(&mut buffer));
        let mask = mask(lowered_hash(text.unwrap_or_default()));
        self.subjects.keep(condition.subject(), mask);
        mask
    }
}
