//! Equality with a target of any type, and arrays that contain texts (`evaluation.md` §4.5, §4.10).

use super::operator::{Operand, fixed};
use super::{Required, Result};
use crate::json::{Form, RawStr, items, member};
use crate::number::{NumberText, number_text, parse_float};
use crate::table::wire::{prefixed, varint};
use crate::user::Value;

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
pub(super) fn equals(operand: &Operand<'_>, target: &[u8]) -> Result<bool> {
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
    let is_as_large = match of_object {
        // The target gives each of its names once, and below every one of them is looked for.
        true => items(json, true).all(|(key, _)| has_name(rest, key)),
        false => items(json, false).count() == count as usize,
    };
    if !is_as_large {
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

/// Whether an object's target has a member of that name.
fn has_name(mut target: &[u8], name: RawStr<'_>) -> bool {
    while let Some((known, tail)) = prefixed(target) {
        if core::str::from_utf8(known).is_ok_and(|known| name.is(known)) {
            return true;
        }
        let Some((_, tail)) = prefixed(tail) else {
            return false;
        };
        target = tail;
    }
    false
}

pub(super) fn has_element(array: &str, text: &[u8]) -> bool {
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
