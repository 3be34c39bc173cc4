//! Operators: comparing a user value with a condition's target (`evaluation.md` §4.2 to §4.6, §4.10 to §4.12).

use core::cmp::Ordering;

use super::{Required, Result, Run};
use crate::environment::{Environment, Membership};
use crate::evaluation::{Evaluation, Note, Reason};
use crate::explain::Trace;
use crate::hash::cased_hash;
use crate::json::{Form, distinct_members, items, member};
use crate::lowercase::{equals_lowercased_ascii, is_plain_lowercase, lowercase};
use crate::number::{NumberText, number_text, parse_float};
use crate::sha256::id_list_key;
use crate::table::condition::{Condition, Operator};
use crate::table::set::{StringSet, Strings, strings};
use crate::table::wire::{prefixed, same, varint};
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
        &self,
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
            | Operator::VersionNeq => is_ordered(
                operator,
                text.and_then(|text| version::compare(text, target)),
            ),
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
                has_text(operator, text.unwrap_or_default(), target).required()?
            }
            Operator::ArrayContainsAny
            | Operator::ArrayContainsNone
            | Operator::ArrayContainsAll
            | Operator::NotArrayContainsAll => {
                let mut wanted = counted(target).required()?;
                let Some(array) = operand.array() else {
                    return Ok(Some(false));
                };
                let any = matches!(
                    operator,
                    Operator::ArrayContainsAny | Operator::ArrayContainsNone
                );
                // The first that is there decides over any, the first that is not over all.
                wanted.any(|entry| has_element(array, entry) == any)
            }
            Operator::StrMatches | Operator::StrMatchesPattern => {
                return match text {
                    Some(text) => matches(operator, text, target),
                    None => Ok(Some(false)),
                };
            }
            Operator::Eq | Operator::Neq => equals(operand, target)?,
            Operator::InSegmentList | Operator::NotInSegmentList => {
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

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.first_chunk::<N>().copied().required()
}

/// A list's strings.
fn counted(list: &[u8]) -> Option<Strings<'_>> {
    let (count, entries) = varint(list)?;
    Some(strings(entries, count))
}

/// Whether one of the target's entries is the text, or lies in it, as the operator asks; the text lower-cased but for the
/// case-sensitive ones. `None` for a corrupt table.
fn has_text(operator: Operator, text: &str, target: &[u8]) -> Option<bool> {
    let sensitive = matches!(
        operator,
        Operator::AnyCaseSensitive | Operator::NoneCaseSensitive
    );
    let mut entries = match operator {
        Operator::StrStartsWithAny
        | Operator::StrEndsWithAny
        | Operator::StrContainsAny
        | Operator::StrContainsNone => counted(target)?,
        _ => {
            let set = StringSet::read(target)?;
            set.bucket(match set.has_directory() {
                false => 0,
                true => cased_hash(text, !sensitive),
            })?
        }
    };
    let by_bytes = match operator {
        Operator::Any | Operator::None => text.is_ascii(),
        _ => sensitive || is_plain_lowercase(text),
    };
    Some(entries.any(|entry| match by_bytes {
        true => has_bytes(operator, text, entry),
        false => core::str::from_utf8(entry).is_ok_and(|entry| has_lowered(operator, text, entry)),
    }))
}

/// Whether the text begins with the entry, ends with it, contains it, or is it, as the operator asks: of a text for which
/// bytes tell.
#[inline(always)]
fn has_bytes(operator: Operator, text: &str, entry: &[u8]) -> bool {
    let bytes = text.as_bytes();
    match operator {
        Operator::Any | Operator::None => {
            bytes.len() == entry.len() && equals_lowercased_ascii(bytes, entry)
        }
        Operator::StrStartsWithAny => bytes.starts_with(entry),
        Operator::StrEndsWithAny => bytes.ends_with(entry),
        Operator::StrContainsAny | Operator::StrContainsNone => contains(bytes, entry),
        _ => same(bytes, entry),
    }
}

/// [`has_bytes`] for any text, lower-cased.
#[inline(never)]
fn has_lowered(operator: Operator, text: &str, entry: &str) -> bool {
    let (from_start, to_end) = match operator {
        Operator::StrStartsWithAny => (true, false),
        Operator::StrEndsWithAny => (false, true),
        Operator::StrContainsAny | Operator::StrContainsNone => (false, false),
        _ => (true, true),
    };
    let mut rest = lowercase(text);
    loop {
        let mut later = rest.clone();
        let begins = entry.chars().all(|expected| later.next() == Some(expected));
        if begins && (!to_end || later.next().is_none()) {
            return true;
        }
        if from_start || rest.next().is_none() {
            return false;
        }
    }
}

/// Substring search by first byte: the texts are short, and `str::contains` costs two kilobytes of code.
fn contains(mut text: &[u8], entry: &[u8]) -> bool {
    loop {
        if text.starts_with(entry) {
            return true;
        }
        let Some((_, rest)) = text.split_first() else {
            return false;
        };
        text = rest;
    }
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
    let value = operand.value();
    let mut buffer = NumberText::new();
    Ok(match (kind, value) {
        (eq::NULL, _) => matches!(value, None | Some(Value::Null)),
        (eq::FALSE | eq::TRUE, _) => {
            matches!(value, Some(&Value::Bool(value)) if value == (kind == eq::TRUE))
        }
        (eq::NUMBER, _) => operand.float() == Some(f64::from_le_bytes(fixed(target)?)),
        (eq::STRING, _) => operand
            .text(&mut buffer)
            .is_some_and(|text| text.as_bytes() == target),
        (eq::ARRAY, Some(Value::Array(array))) => equals_items(array.as_str(), target, false)?,
        (eq::OBJECT, Some(Value::Object(object))) => equals_items(object.as_str(), target, true)?,
        (eq::ARRAY | eq::OBJECT, _) => false,
        _ => return Err(crate::EvaluationError::CorruptTable),
    })
}

/// The target is a count and, for each element or member, its index or its key, and its text.
fn equals_items(json: &str, target: &[u8], of_object: bool) -> Result<bool> {
    let (count, mut rest) = varint(target).required()?;
    let present = match of_object {
        true => distinct_members(json),
        false => items(json, false).count(),
    };
    if present != count as usize {
        return Ok(false);
    }
    while !rest.is_empty() {
        let (number, tail) = varint(rest).required()?;
        rest = tail;
        let value = if of_object {
            let (key, tail) = rest.split_at_checked(number as usize).required()?;
            rest = tail;
            member(json, core::str::from_utf8(key).ok().required()?)
        } else {
            // An index beyond the collapsed length panics in Statsig's core; here it is no match (§8.3).
            items(json, false)
                .nth(number as usize)
                .map(|(_, value)| value)
        };
        let (text, tail) = prefixed(rest).required()?;
        rest = tail;
        if !value.is_some_and(|value| element_is(value, text)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_element(array: &str, text: &[u8]) -> bool {
    items(array, false).any(|(_, element)| element_is(element, text))
}

/// Whether the string form of a JSON value is this text. Null and objects have none.
fn element_is(element: &str, text: &[u8]) -> bool {
    match Form::of(element) {
        Form::String(string) => core::str::from_utf8(text).is_ok_and(|text| string.is(text)),
        Form::Number(token) => {
            let mut buffer = NumberText::new();
            parse_float(token)
                .is_some_and(|number| number_text(number, &mut buffer).as_bytes() == text)
        }
        Form::Bool(_) | Form::Array(_) => element.as_bytes() == text,
        Form::Null | Form::Object(_) => false,
    }
}
