//! A user read from JSON (`evaluation.md` §2.1) into a caller's buffer.

use core::fmt;

use super::attributes::{
    ARRAY, Attributes, FALSE, HEADER, Header, NULL, NUMBER, OBJECT, STRING, TRUE,
};
use super::value::{JsonArray, JsonObject, NumberToken, Value};
use super::{Field, User};
use crate::arena::{Arena, Full};
use crate::json::{Fault, FaultKind, Form, Scanner, Sink, write_canonical};
use crate::message::{Piece, write_pieces};

/// Why a JSON text could not be read as a user.
///
/// ```
/// use statsig_edge::{User, UserError};
///
/// let error = User::from_json(br#"{"custom": 7}"#, &mut [0; 64]).unwrap_err();
/// assert_eq!(error, UserError::NotAMap("custom", 11));
/// assert_eq!(error.to_string(), "user: custom must be an object or null, at byte 11");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserError {
    /// The text is not UTF-8 from this byte on.
    NotUtf8(usize),
    /// The text is not JSON, or nested deeper than 128 levels, at this byte.
    NotJson(usize),
    /// The text, from this byte on, is not a JSON object.
    NotAnObject(usize),
    /// The named field must be a JSON object or null; at this byte it is something else.
    NotAMap(&'static str, usize),
    /// The named field is given a second time at this byte.
    Duplicate(&'static str, usize),
    /// The scratch buffer is too small: six times the text's length is always enough.
    ScratchFull,
}

impl UserError {
    /// Says what is wrong. The same as `Display`, but light: see [`TableError::write`](crate::TableError::write).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let (pieces, at): (&[&str], usize) = match self {
            UserError::NotUtf8(at) => (&["not UTF-8"], *at),
            UserError::NotJson(at) => (&["not valid JSON"], *at),
            UserError::NotAnObject(at) => (&["expected a JSON object"], *at),
            UserError::NotAMap(field, at) => (&[field, " must be an object or null,"], *at),
            UserError::Duplicate(field, at) => (&[field, " is given twice,"], *at),
            UserError::ScratchFull => {
                return out.write_str(
                    "user: scratch buffer too small; six times the length of the JSON is always enough",
                );
            }
        };
        out.write_str("user: ")?;
        pieces.iter().try_for_each(|piece| out.write_str(piece))?;
        write_pieces(out, &[Piece::Text(" at byte "), Piece::Number(at as u64)])
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for UserError {}

impl From<Fault> for UserError {
    fn from(fault: Fault) -> Self {
        match fault.kind() {
            FaultKind::Type => UserError::NotAnObject(fault.offset()),
            FaultKind::Syntax | FaultKind::Surrogate | FaultKind::Depth => {
                UserError::NotJson(fault.offset())
            }
        }
    }
}

impl From<Full> for UserError {
    fn from(_: Full) -> Self {
        UserError::ScratchFull
    }
}

pub(super) fn parse<'u>(json: &'u [u8], scratch: &'u mut [u8]) -> Result<User<'u>, UserError> {
    let text =
        core::str::from_utf8(json).map_err(|error| UserError::NotUtf8(error.valid_up_to()))?;
    let mut arena = Arena::new(scratch);
    let mut scanner = Scanner::new(text);
    let mut user = User::new();
    let mut seen: u16 = 0;
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        let at = scanner.offset();
        let Some((index, (name, field))) = Field::ALL
            .iter()
            .enumerate()
            .find(|(_, (name, _))| key.is(name))
        else {
            scanner.skip()?;
            scanner.take_unfit();
            continue;
        };
        let bit = 1u16.checked_shl(index as u32).unwrap_or(0);
        if seen & bit != 0 {
            return Err(UserError::Duplicate(name, at));
        }
        seen |= bit;
        if scanner.is_null() {
            scanner.skip()?;
            continue;
        }
        match field {
            Field::Value(slot) => {
                *slot(&mut user) = Some(value(readable(&mut scanner)?, &mut arena)?)
            }
            Field::Map(slot) => {
                scanner.begin_object().map_err(|fault| match fault.kind() {
                    FaultKind::Type => UserError::NotAMap(name, fault.offset()),
                    _ => fault.into(),
                })?;
                *slot(&mut user) = Some(map(&mut scanner, &mut arena)?);
            }
        }
    }
    scanner.end()?;
    Ok(user)
}

/// The next value, unless it holds a number beyond what a double holds, or half of a surrogate pair. Statsig's core does not read
/// a user with one, nor could anybody who receives its events.
fn readable<'u>(scanner: &mut Scanner<'u>) -> Result<&'u str, UserError> {
    let value = scanner.skip()?;
    match scanner.take_unfit() {
        true => Err(UserError::NotJson(scanner.offset())),
        false => Ok(value),
    }
}

#[inline(never)]
fn value<'u>(json: &'u str, arena: &mut Arena<'u>) -> Result<Value<'u>, UserError> {
    let form = Form::of(json);
    let text = match form {
        Form::Null => return Ok(Value::Null),
        Form::Bool(value) => return Ok(Value::Bool(value)),
        Form::Number(token) => return Ok(Value::Number(NumberToken(token))),
        Form::Object(text) => return Ok(Value::Object(JsonObject(text))),
        Form::String(string) if let Some(plain) = string.plain() => plain,
        Form::String(_) | Form::Array(_) => arena.text(|out| write_text(form, out))?,
    };
    Ok(match form {
        Form::Array(_) => Value::Array(JsonArray(text)),
        _ => Value::Str(text),
    })
}

/// Writes the text that a map keeps of a value.
#[inline(never)]
fn write_text(form: Form<'_>, out: &mut dyn Sink) -> fmt::Result {
    match form {
        Form::Null | Form::Bool(_) => Ok(()),
        Form::Number(text) | Form::Object(text) => out.push_str(text),
        Form::String(string) => string.write_to(out),
        Form::Array(text) => write_canonical(text, out),
    }
}

/// Copies the members of an object, which the scanner has entered, into one run of entries.
#[inline(never)]
fn map<'u>(scanner: &mut Scanner<'u>, arena: &mut Arena<'u>) -> Result<Attributes<'u>, UserError> {
    let mut draft = arena.draft();
    while let Some(key) = scanner.next_key()? {
        let form = Form::of(readable(scanner)?);
        let start = draft.length();
        draft.push(&[0; HEADER])?;
        let full = |_| UserError::ScratchFull;
        let key_start = draft.length();
        key.write_to(&mut draft).map_err(full)?;
        let value_start = draft.length();
        write_text(form, &mut draft).map_err(full)?;
        // A longer one ends the map.
        let length =
            |from: usize, to: usize| u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX);
        let header = Header {
            key: length(key_start, value_start),
            value: length(value_start, draft.length()),
            tag: match form {
                Form::Null => NULL,
                Form::Bool(false) => FALSE,
                Form::Bool(true) => TRUE,
                Form::Number(_) => NUMBER,
                Form::String(_) => STRING,
                Form::Array(_) => ARRAY,
                Form::Object(_) => OBJECT,
            },
        };
        draft.put(start, &header.to_bytes());
    }
    let length = draft.length();
    Ok(Attributes::encoded(arena.keep(length)))
}
