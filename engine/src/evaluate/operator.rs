//! Operators: comparing a user value with a condition's target (`evaluation.md` §4.2 to §4.6, §4.10 to §4.12).

use core::cmp::Ordering;

use super::{Required, Result, Run};
use crate::environment::{Environment, Membership};
use crate::evaluation::{Evaluation, Note, Reason};
use crate::explain::Trace;
use crate::hash::{lowered_hash, text_hash};
use crate::json::{as_string, distinct_members, elements};
use crate::lowercase::{
    Lowercase, equals_lowercased, equals_lowercased_ascii, is_plain_lowercase, lowercase,
    strip_char,
};
use crate::number::NumberText;
use crate::sha256::id_list_key;
use crate::table::condition::{Condition, Operator};
use crate::table::set::{StringSet, strings};
use crate::table::wire::{prefixed, varint};
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

/// What an operator says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    Unsupported,
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Holds::Yes } else { Holds::No }
    }
}

impl<'v> Operand<'v> {
    fn value(&self) -> Option<&Value<'v>> {
        match self {
            Operand::Value(value) => Some(value),
            Operand::Absent | Operand::Now(_) => None,
        }
    }

    fn text<'b>(&'b self, buffer: &'b mut NumberText) -> Option<&'b str> {
        self.value()?.text(buffer)
    }

    fn float(&self) -> Option<f64> {
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

    fn array(&self) -> Option<&'v str> {
        match self.value()? {
            Value::Array(array) => Some(array.as_str()),
            _ => None,
        }
    }
}

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// Leaves in the record whether the operator holds, or that it is unsupported.
    pub(super) fn compare(
        &mut self,
        condition: Condition<'t>,
        operand: Operand<'_>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        match self.holds(condition, operand, record)? {
            Holds::Yes => record.value = true,
            Holds::No => record.value = false,
            Holds::Unsupported => record.reason = Reason::Unsupported,
        }
        self.tell_condition(condition, &operand, record);
        Ok(())
    }

    fn holds(
        &self,
        condition: Condition<'t>,
        operand: Operand<'_>,
        record: &mut Evaluation<'t>,
    ) -> Result<Holds> {
        let operator = condition.operator();
        let target = || condition.target(self.table).required();
        let mut buffer = NumberText::new();
        let holds = match operator {
            Operator::Unsupported => return Ok(Holds::Unsupported),
            Operator::Never => false,
            Operator::Always => true,
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
                let right = f64::from_le_bytes(fixed(target()?)?);
                match operand.float().and_then(|left| left.partial_cmp(&right)) {
                    None => false,
                    Some(ordering) => match operator {
                        Operator::Gt => ordering.is_gt(),
                        Operator::Gte => ordering.is_ge(),
                        Operator::Lt => ordering.is_lt(),
                        _ => ordering.is_le(),
                    },
                }
            }
            Operator::VersionGt
            | Operator::VersionGte
            | Operator::VersionLt
            | Operator::VersionLte
            | Operator::VersionEq
            | Operator::VersionNeq => {
                let target = target()?;
                let ordering = operand
                    .text(&mut buffer)
                    .and_then(|text| version::compare(text, target));
                ordering.is_some_and(|ordering| match operator {
                    Operator::VersionGt => ordering.is_gt(),
                    Operator::VersionGte => ordering.is_ge(),
                    Operator::VersionLt => ordering.is_lt(),
                    Operator::VersionLte => ordering.is_le(),
                    Operator::VersionEq => ordering == Ordering::Equal,
                    _ => ordering != Ordering::Equal,
                })
            }
            Operator::Any | Operator::None => {
                let left = operand.text(&mut buffer).unwrap_or_default();
                let found = in_lowered_set(left, target()?)?;
                found == (operator == Operator::Any)
            }
            Operator::AnyCaseSensitive | Operator::NoneCaseSensitive => {
                let left = operand.text(&mut buffer).unwrap_or_default().as_bytes();
                let found = StringSet::read(target()?)
                    .and_then(|set| set.contains(|| text_hash(left), |entry| entry == left))
                    .required()?;
                found == (operator == Operator::AnyCaseSensitive)
            }
            Operator::StrStartsWithAny
            | Operator::StrEndsWithAny
            | Operator::StrContainsAny
            | Operator::StrContainsNone => {
                let left = operand.text(&mut buffer).unwrap_or_default();
                let (count, entries) = varint(target()?).required()?;
                let found = strings(entries, count)
                    .filter_map(|entry| core::str::from_utf8(entry).ok())
                    .any(|entry| has_lowered(operator, left, entry));
                found != (operator == Operator::StrContainsNone)
            }
            Operator::StrMatches | Operator::StrMatchesPattern => {
                return match operand.text(&mut buffer) {
                    Some(text) => matches(operator, text, target()?),
                    None => Ok(Holds::No),
                };
            }
            Operator::Before | Operator::After | Operator::On => {
                let right = i64::from_le_bytes(fixed(target()?)?);
                operand.millis().is_some_and(|left| match operator {
                    Operator::Before => left < right,
                    Operator::After => left > right,
                    _ => timestamp::same_day(left, right),
                })
            }
            Operator::Eq | Operator::Neq => {
                let equal = equals(&operand, target()?)?;
                equal == (operator == Operator::Eq)
            }
            Operator::InSegmentList | Operator::NotInSegmentList => {
                let list = core::str::from_utf8(target()?).ok().required()?;
                let member = match operand.text(&mut buffer) {
                    Some(text) => self.evaluator.environment.id_list(list, &id_list_key(text)),
                    None => Membership::NoLists,
                };
                if member != Membership::NoLists && record.note == Note::None {
                    record.note = Note::IdList;
                }
                (member == Membership::Member) == (operator == Operator::InSegmentList)
            }
            Operator::ArrayContainsAny
            | Operator::ArrayContainsNone
            | Operator::ArrayContainsAll
            | Operator::NotArrayContainsAll => {
                let (count, entries) = varint(target()?).required()?;
                operand.array().is_some_and(|array| {
                    let mut wanted = strings(entries, count);
                    let any = matches!(
                        operator,
                        Operator::ArrayContainsAny | Operator::ArrayContainsNone
                    );
                    // The first that is there decides over any, the first that is not over all.
                    let decided = wanted.any(|entry| has_element(array, entry) == any);
                    let holds_when_decided = matches!(
                        operator,
                        Operator::ArrayContainsAny | Operator::NotArrayContainsAll
                    );
                    decided == holds_when_decided
                })
            }
            Operator::BucketAny | Operator::BucketNone => {
                let bucket = match operand {
                    Operand::Value(Value::Int(bucket)) => usize::try_from(bucket).unwrap_or(0),
                    _ => 0,
                };
                let byte = target()?.get(bucket / 8).required()?;
                let found = byte >> (bucket % 8) & 1 == 1;
                found == (operator == Operator::BucketAny)
            }
        };
        Ok(holds.into())
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.first_chunk::<N>().copied().required()
}

/// Whether the lower-cased text is in a set.
fn in_lowered_set(text: &str, set: &[u8]) -> Result<bool> {
    let set = StringSet::read(set).required()?;
    let found = if text.is_ascii() {
        set.contains(
            || lowered_hash(text),
            |entry| equals_lowercased_ascii(text, entry),
        )
    } else {
        set.contains(
            || lowered_hash(text),
            |entry| core::str::from_utf8(entry).is_ok_and(|entry| equals_lowercased(text, entry)),
        )
    };
    found.required()
}

/// What follows `prefix` in a lower-cased text that begins with it.
fn strip<'a>(mut text: Lowercase<'a>, mut prefix: &str) -> Option<Lowercase<'a>> {
    while !prefix.is_empty() {
        prefix = strip_char(prefix, text.next()?)?;
    }
    Some(text)
}

/// Whether the text, lower-cased, begins with the entry, ends with it, or contains it, as the operator asks.
fn has_lowered(operator: Operator, text: &str, entry: &str) -> bool {
    if is_plain_lowercase(text) {
        return match operator {
            Operator::StrStartsWithAny => text.starts_with(entry),
            Operator::StrEndsWithAny => text.ends_with(entry),
            _ => contains(text.as_bytes(), entry.as_bytes()),
        };
    }
    let mut rest = lowercase(text);
    loop {
        let found = strip(rest.clone(), entry);
        if found
            .is_some_and(|mut later| operator != Operator::StrEndsWithAny || later.next().is_none())
        {
            return true;
        }
        if operator == Operator::StrStartsWithAny || rest.next().is_none() {
            return false;
        }
    }
}

/// Substring search by first byte: the texts are short, and `str::contains` costs two kilobytes of code.
fn contains(text: &[u8], entry: &[u8]) -> bool {
    let Some(&first) = entry.first() else {
        return true;
    };
    text.iter()
        .enumerate()
        .filter(|&(_, &byte)| byte == first)
        .any(|(at, _)| text.get(at..).is_some_and(|rest| rest.starts_with(entry)))
}

fn matches(operator: Operator, text: &str, target: &[u8]) -> Result<Holds> {
    if operator == Operator::StrMatches {
        return Ok(pattern::dfa::is_match(target, text).required()?.into());
    }
    #[cfg(feature = "regex")]
    return match core::str::from_utf8(target) {
        Ok(pattern) => Ok(pattern::engine::is_match(pattern, text).into()),
        Err(_) => Err(crate::EvaluationError::CorruptTable),
    };
    #[cfg(not(feature = "regex"))]
    Ok(Holds::Unsupported)
}

/// Targets of `eq`: the first byte says of which type the rest is.
pub(crate) mod eq {
    pub(crate) const NULL: u8 = 0;
    pub(crate) const FALSE: u8 = 1;
    pub(crate) const TRUE: u8 = 2;
    pub(crate) const NUMBER: u8 = 3;
    pub(crate) const STRING: u8 = 4;
    pub(crate) const ARRAY: u8 = 5;
    pub(crate) const OBJECT: u8 = 6;
}

/// §4.5.
fn equals(operand: &Operand<'_>, target: &[u8]) -> Result<bool> {
    let (&kind, target) = target.split_first().required()?;
    let mut buffer = NumberText::new();
    Ok(match kind {
        eq::NULL => matches!(
            operand,
            Operand::Absent | Operand::Now(_) | Operand::Value(Value::Null)
        ),
        eq::FALSE => matches!(operand, Operand::Value(Value::Bool(false))),
        eq::TRUE => matches!(operand, Operand::Value(Value::Bool(true))),
        eq::NUMBER => operand.float() == Some(f64::from_le_bytes(fixed(target)?)),
        eq::STRING => operand
            .text(&mut buffer)
            .is_some_and(|text| text.as_bytes() == target),
        eq::ARRAY => match operand.array() {
            Some(array) => equals_array(array, target)?,
            None => false,
        },
        eq::OBJECT => match operand.value() {
            Some(Value::Object(object)) => equals_object(object.as_str(), target)?,
            _ => false,
        },
        _ => return Err(crate::EvaluationError::CorruptTable),
    })
}

/// The target is a count and, for each element, its index and its text.
fn equals_array(array: &str, target: &[u8]) -> Result<bool> {
    let (count, mut rest) = varint(target).required()?;
    if elements(array).count() != count as usize {
        return Ok(false);
    }
    while !rest.is_empty() {
        let (index, tail) = varint(rest).required()?;
        let (text, tail) = prefixed(tail).required()?;
        rest = tail;
        // An index beyond the collapsed length panics in Statsig's core; here it is no match (§8.3).
        let element = elements(array).nth(index as usize);
        if !element.is_some_and(|element| element_is(element, text)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The target is a count and, for each key, the key and the text.
fn equals_object(object: &str, target: &[u8]) -> Result<bool> {
    let (count, mut rest) = varint(target).required()?;
    if distinct_members(object) != count as usize {
        return Ok(false);
    }
    while !rest.is_empty() {
        let (key, tail) = prefixed(rest).required()?;
        let (text, tail) = prefixed(tail).required()?;
        rest = tail;
        let key = core::str::from_utf8(key).ok().required()?;
        let value = crate::json::member(object, key);
        if !value.is_some_and(|value| element_is(value, text)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_element(array: &str, text: &[u8]) -> bool {
    elements(array).any(|element| element_is(element, text))
}

/// Whether the string form of a JSON value is this text. Null and objects have none.
fn element_is(element: &str, text: &[u8]) -> bool {
    match element.as_bytes().first() {
        Some(b'"') => match (as_string(element), core::str::from_utf8(text)) {
            (Some(string), Ok(text)) => string.is(text),
            _ => false,
        },
        Some(b'-' | b'0'..=b'9') => crate::number::parse_float(element)
            .is_some_and(|number| crate::number::number_text(number).as_bytes() == text),
        Some(b't' | b'f' | b'[') => element.as_bytes() == text,
        _ => false,
    }
}
