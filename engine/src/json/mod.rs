//! A small, depth-limited reader of JSON text, by spans.
//!
//! Nothing is built: a caller walks objects and arrays in the order of the text and takes the members it wants as
//! slices of it. Every error carries the byte offset at which the text stopped being what was asked for. The
//! grammar is RFC 8259 as `serde_json` reads it: no lone surrogates, no control characters in strings, at most
//! [`MAX_DEPTH`] levels.

mod canonical;
mod object;
mod scanner;
mod string;

pub(crate) use canonical::write_canonical;
pub(crate) use object::{Object, write_texts};
pub(crate) use scanner::{Fault, FaultKind, Kind, Scanner};
pub(crate) use string::RawStr;
pub use string::write_escaped;
pub(crate) use string::write_inside;

/// The members of an object that is known to be valid JSON; stops quietly where it is not.
pub(crate) fn members(object: &str) -> impl Iterator<Item = (RawStr<'_>, &str)> {
    let mut scanner = Scanner::new(object);
    let mut open = scanner.begin_object().is_ok();
    core::iter::from_fn(move || {
        if !open {
            return None;
        }
        let member = scanner.next_key().ok().flatten().and_then(|key| {
            let value = scanner.skip().ok()?;
            Some((key, value))
        });
        open = member.is_some();
        member
    })
}

/// The elements of an array that is known to be valid JSON; stops quietly where it is not.
pub(crate) fn elements(array: &str) -> impl Iterator<Item = &str> {
    let mut scanner = Scanner::new(array);
    let mut open = scanner.begin_array().is_ok();
    core::iter::from_fn(move || {
        if !open {
            return None;
        }
        let element = match scanner.next_element() {
            Ok(true) => scanner.skip().ok(),
            _ => None,
        };
        open = element.is_some();
        element
    })
}

/// The value of a member of a valid object; of a name given twice the last counts.
pub(crate) fn member<'j>(object: &'j str, name: &str) -> Option<&'j str> {
    members(object)
        .filter(|(key, _)| key.is(name))
        .last()
        .map(|(_, value)| value)
}

/// Writes the string that a JSON text stands for, escapes resolved; `None` when the text is no JSON string.
///
/// Stops where `out` takes no more.
pub fn write_unescaped(json: &str, out: &mut dyn core::fmt::Write) -> Option<core::fmt::Result> {
    Some(as_string(json)?.write_to(out))
}

/// The text between the quotes, if this is the text of a JSON string.
pub(crate) fn as_string(text: &str) -> Option<RawStr<'_>> {
    Scanner::new(text).string().ok()
}
