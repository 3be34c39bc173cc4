//! Operators: comparing a user value with a condition's target (`evaluation.md` §4.2 to §4.6, §4.10 to §4.12).

use core::cmp::Ordering;

use super::equality::{equals, has_element};
use super::texts::{candidates, has_text};
use super::{Required, Result, Run};
use crate::environment::{Environment, Membership};
use crate::evaluation::{Evaluation, Note, Reason};
use crate::explain::Trace;
use crate::number::NumberText;
use crate::sha256::id_list_key;
use crate::table::condition::{Condition, Operator};
use crate::table::set::{Strings, strings};
use crate::table::wire::varint;
use crate::user::Value;
use crate::{pattern, timestamp, version};

/// The left side of an operator.
#[derive(Clone, Copy)]
pub(super) enum Operand<'v> {
    /// The user has no such value.
    Absent,
    /// A value.
    Value(Value<'v>),
    /// The time now, which has only an integer form.
    Now(i64),
}

impl<'v> From<Option<Value<'v>>> for Operand<'v> {
    fn from(value: Option<Value<'v>>) -> Self {
        value.map_or(Operand::Absent, Operand::Value)
    }
}

impl<'v> Operand<'v> {
    pub(super) fn value(&self) -> Option<&Value<'v>> {
        match self {
            Operand::Value(value) => Some(value),
            Operand::Absent | Operand::Now(_) => None,
        }
    }

    pub(super) fn text<'b>(&'b self, buffer: &'b mut NumberText) -> Option<&'b str> {
        self.value()?.text(buffer)
    }

    pub(super) fn float(&self) -> Option<f64> {
        self.value()?.float()
    }

    /// Milliseconds, seconds having been scaled (§4.6).
    fn millis(&self) -> Option<i64> {
        let time = match self {
            Operand::Now(now) => *now,
            Operand::Value(value) => value.timestamp()?,
            Operand::Absent => return None,
        };
        Some(timestamp::to_millis(time))
    }

    /// The length of what equality walks for each entry of its target.
    fn json_length(&self) -> usize {
        match self.value() {
            Some(Value::Array(array)) => array.as_str().len(),
            Some(Value::Object(object)) => object.as_str().len(),
            _ => 0,
        }
    }

    fn array(&self) -> Option<&'v str> {
        match self.value()? {
            Value::Array(array) => Some(array.as_str()),
            _ => None,
        }
    }
}

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// Leaves in the record whether the operator holds, or that it is unsupported.
    #[inline(never)]
    pub(super) fn compare(
        &mut self,
        condition: Condition<'t>,
        operand: Operand<'_>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        match self.holds(condition, &operand, record)? {
            Some(holds) => record.value = holds,
            None => record.reason = Reason::Unsupported,
        }
        self.tell_condition(condition, &operand, record);
        Ok(())
    }

    /// `None` for an operator that is unsupported. Operators that read the same things are one branch: what they ask of what
    /// was found comes from a table of operators, so that each reading is compiled once.
    #[inline(always)]
    fn holds(
        &mut self,
        condition: Condition<'t>,
        operand: &Operand<'_>,
        record: &mut Evaluation<'t>,
    ) -> Result<Option<bool>> {
        let operator = condition.operator();
        match operator {
            Operator::Unsupported => return Ok(None),
            Operator::Never => return Ok(Some(false)),
            Operator::Always => return Ok(Some(true)),
            _ => {}
        }
        let target = condition.target(self.table).required()?;
        let mut buffer = NumberText::new();
        let text = match reads_text(operator) {
            true => operand.text(&mut buffer),
            false => None,
        };
        let found = match operator {
            Operator::Unsupported | Operator::Never | Operator::Always => false,
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
                let right = f64::from_le_bytes(fixed(target)?);
                let ordering = operand.float().and_then(|left| left.partial_cmp(&right));
                is_ordered(operator, ordering)
            }
            Operator::VersionGt
            | Operator::VersionGte
            | Operator::VersionLt
            | Operator::VersionLte
            | Operator::VersionEq
            | Operator::VersionNeq => {
                self.spend(pairs(target.len(), 1))?;
                is_ordered(
                    operator,
                    text.and_then(|text| version::compare(text, target)),
                )
            }
            Operator::Before | Operator::After | Operator::On => {
                let right = i64::from_le_bytes(fixed(target)?);
                operand.millis().is_some_and(|left| match operator {
                    Operator::On => timestamp::same_day(left, right),
                    _ => is_ordered(operator, Some(left.cmp(&right))),
                })
            }
            Operator::Any
            | Operator::None
            | Operator::AnyCaseSensitive
            | Operator::NoneCaseSensitive
            | Operator::StrStartsWithAny
            | Operator::StrEndsWithAny
            | Operator::StrContainsAny
            | Operator::StrContainsNone => {
                let text = text.unwrap_or_default();
                let entries = candidates(operator, text, target).required()?;
                self.spend(pairs(entries.bytes_left(), text.len()))?;
                has_text(operator, text, entries)
            }
            Operator::ArrayContainsAny
            | Operator::ArrayContainsNone
            | Operator::ArrayContainsAll
            | Operator::NotArrayContainsAll => {
                let mut wanted = counted(target).required()?;
                let Some(array) = operand.array() else {
                    return Ok(Some(false));
                };
                self.spend(pairs(target.len(), array.len()))?;
                let any = matches!(
                    operator,
                    Operator::ArrayContainsAny | Operator::ArrayContainsNone
                );
                // The first that is there decides over any, the first that is not over all.
                wanted.any(|entry| has_element(array, entry) == any)
            }
            Operator::StrMatches | Operator::StrMatchesPattern => {
                let Some(text) = text else {
                    return Ok(Some(false));
                };
                // A character of the text may cost as many comparisons as an automaton has classes. Compiling a pattern
                // costs more than any automaton's search.
                self.spend(pairs(text.len(), 256))?;
                if operator == Operator::StrMatchesPattern {
                    self.spend(STEPS_OF_PATTERN)?;
                }
                return matches(operator, text, target);
            }
            Operator::Eq | Operator::Neq => {
                self.spend(pairs(target.len(), operand.json_length()))?;
                equals(operand, target)?
            }
            Operator::InSegmentList | Operator::NotInSegmentList => {
                self.spend(pairs(target.len(), 1))?;
                let list = core::str::from_utf8(target).ok().required()?;
                let member = match text {
                    Some(text) => self.evaluator.environment.id_list(list, &id_list_key(text)),
                    None => Membership::NoLists,
                };
                record.note_id_list(match member {
                    Membership::NoLists => Note::None,
                    Membership::NoSuchList => Note::IdListMissing,
                    Membership::NotMember | Membership::Member => Note::IdList,
                });
                member == Membership::Member
            }
            Operator::BucketAny | Operator::BucketNone => {
                let bucket = match operand {
                    Operand::Value(Value::Int(bucket)) => usize::try_from(*bucket).unwrap_or(0),
                    _ => 0,
                };
                let byte = target.get(bucket / 8).required()?;
                byte >> (bucket % 8) & 1 == 1
            }
        };
        Ok(Some(found != holds_without(operator)))
    }
}

/// Whether the operator compares the text of a value.
fn reads_text(operator: Operator) -> bool {
    const FIRST: u8 = Operator::VersionGt as u8;
    const LAST: u8 = Operator::StrMatchesPattern as u8;
    matches!(operator as u8, FIRST..=LAST)
        || matches!(
            operator,
            Operator::InSegmentList | Operator::NotInSegmentList
        )
}

/// Whether the operator holds when what it looks for is not found.
fn holds_without(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::None
            | Operator::NoneCaseSensitive
            | Operator::StrContainsNone
            | Operator::ArrayContainsNone
            | Operator::ArrayContainsAll
            | Operator::Neq
            | Operator::NotInSegmentList
            | Operator::BucketNone
    )
}

/// Whether the operator wants that order. None of them wants none.
#[inline(always)]
fn is_ordered(operator: Operator, ordering: Option<Ordering>) -> bool {
    const LESS: u8 = 1;
    const EQUAL: u8 = 2;
    const GREATER: u8 = 4;
    let wanted = match operator {
        Operator::Lt | Operator::VersionLt | Operator::Before => LESS,
        Operator::Lte | Operator::VersionLte => LESS | EQUAL,
        Operator::Gt | Operator::VersionGt | Operator::After => GREATER,
        Operator::Gte | Operator::VersionGte => GREATER | EQUAL,
        Operator::VersionEq => EQUAL,
        _ => LESS | GREATER,
    };
    let is = match ordering {
        Some(Ordering::Less) => LESS,
        Some(Ordering::Equal) => EQUAL,
        Some(Ordering::Greater) => GREATER,
        None => 0,
    };
    wanted & is != 0
}

pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.first_chunk::<N>().copied().required()
}

/// A list's strings.
pub(super) fn counted(list: &[u8]) -> Option<Strings<'_>> {
    let (count, entries) = varint(list)?;
    Some(strings(entries, count))
}

/// Steps of a search with a pattern's text.
const STEPS_OF_PATTERN: u32 = 1_000;

/// Steps of comparing each of so many bytes with each of so many others.
#[inline(always)]
pub(super) fn pairs(these: usize, those: usize) -> u32 {
    let pairs = (these as u64).saturating_mul(those.max(1) as u64);
    u32::try_from(pairs >> 9).unwrap_or(u32::MAX)
}

fn matches(operator: Operator, text: &str, target: &[u8]) -> Result<Option<bool>> {
    if operator == Operator::StrMatches {
        return pattern::dfa::is_match(target, text).required().map(Some);
    }
    #[cfg(feature = "regex")]
    return match core::str::from_utf8(target) {
        Ok(pattern) => Ok(Some(pattern::engine::is_match(pattern, text))),
        Err(_) => Err(crate::EvaluationError::CorruptTable),
    };
    #[cfg(not(feature = "regex"))]
    Ok(None)
}
