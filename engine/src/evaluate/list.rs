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
pub(super) const SUBJECTS: usize = 4;

/// A user's text that lists are compared with.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    /// [`Condition::subject`]; 0, that of no such condition, for none.
    subject: u32,
    mask: u64,
}

impl Subject {
    pub(super) const NONE: Self = Subject {
        subject: 0,
        mask: 0,
    };
}

impl<'t, E: Environment, T: Trace> Run<'_, 't, '_, '_, E, T> {
    /// Whether the condition holds, if that can be told at once. A trace that listens wants it evaluated.
    #[inline(always)]
    pub(super) fn is_decided(&mut self, condition: Condition<'t>) -> Option<bool> {
        if T::LISTENS {
            return None;
        }
        let operator = condition.operator();
        match condition.condition_type() {
            ConditionType::Public => Some(true),
            ConditionType::UserField | ConditionType::UnitId | ConditionType::EnvironmentField
                if matches!(operator, Operator::Any | Operator::None) =>
            {
                let subject = condition.subject();
                let place = (subject >> 16) as usize % SUBJECTS;
                let mask = match self.subjects.get(place) {
                    Some(kept) if kept.subject == subject => kept.mask,
                    _ => self.look_up(condition),
                };
                (condition.masks() & mask != mask).then_some(operator == Operator::None)
            }
            _ => None,
        }
    }

    /// The mask of the user's text, kept for the next list.
    #[inline(never)]
    fn look_up(&mut self, condition: Condition<'t>) -> u64 {
        let value = self.value_of(condition);
        let mut buffer = NumberText::new();
        let text = value.as_ref().and_then(|value| value.text(&mut buffer));
        let mask = mask(lowered_hash(text.unwrap_or_default()));
        let subject = condition.subject();
        if let Some(kept) = self.subjects.get_mut((subject >> 16) as usize % SUBJECTS) {
            *kept = Subject { subject, mask };
        }
        mask
    }
}
