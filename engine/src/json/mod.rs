//! A small, depth-limited reader of JSON text, by spans.
//!
//! Nothing is built: a caller walks objects and arrays in the order of the text and takes the members it wants as
//! slices of it. Every error carries the byte offset at which the text stopped being what was asked for. The
//! grammar is RFC 8259 as `serde_json` reads it: no lone surrogates in what is asked for, no control characters in strings, at most
//! [`MAX_DEPTH`] levels.

mod canonical;
mod form;
mod object;
mod scanner;
mod sink;
mod string;

pub(crate) use canonical::write_canonical;
#[cfg(feature = "compile")]
pub(crate) use canonical::write_minified;
pub(crate) use form::Form;
pub(crate) use object::{Object, write_texts};
#[cfg(feature = "compile")]
pub(crate) use scanner::space_end;
pub(crate) use scanner::{Fault, FaultKind, Kind, Scanner, plain_end};
pub(crate) use sink::Sink;
pub(crate) use string::RawStr;
pub use string::{write_escaped, write_inside};

/// The members of an object, or the elements of an array, that is known to be valid JSON; stops quietly where it is not.
#[derive(Clone)]
pub(crate) struct Items<'j> {
    scanner: Scanner<'j>,
    of_object: bool,
    open: bool,
}

impl<'j> Iterator for Items<'j> {
    /// The key, which an element has not, and the value.
    type Item = (RawStr<'j>, &'j str);

    // Walked in many places; a function of its own keeps each of them small.
    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        if !core::mem::take(&mut self.open) {
            return None;
        }
        let key = if self.of_object {
            self.scanner.next_key().ok()??
        } else {
            self.scanner.next_element().ok()?.then_some(RawStr::EMPTY)?
        };
        let value = self.scanner.skip().ok()?;
        self.open = true;
        Some((key, value))
    }
}

/// The members of an object or the elements of an array that is known to be valid JSON; stops quietly where it is not.
#[inline(never)]
pub(crate) fn items(json: &str, of_object: bool) -> Items<'_> {
    let mut scanner = Scanner::new(json);
    let begun = match of_object {
        true => scanner.begin_object(),
        false => scanner.begin_array(),
    };
    Items {
        open: begun.is_ok(),
        scanner,
        of_object,
    }
}

/// The members of an object.
pub(crate) fn members(object: &str) -> Items<'_> {
    items(object, true)
}

/// The elements of an array.
pub(crate) fn elements(array: &str) -> impl Iterator<Item = &str> {
    items(array, false).map(|(_, element)| element)
}

/// The value of a member of a valid object; of a name given twice the last counts.
#[inline(never)]
pub(crate) fn member<'j>(object: &'j str, name: &str) -> Option<&'j str> {
    let mut found = None;
    for (key, value) in members(object) {
        if key.is(name) {
            found = Some(value);
        }
    }
    found
}

/// Writes the string that a JSON text stands for, escapes resolved; `None` when the text is no JSON string.
///
/// Stops where `out` takes no more.
///
/// ```
/// use statsig_edge::write_unescaped;
///
/// let mut text = String::new();
/// assert_eq!(write_unescaped(r#""caf\u00e9""#, &mut text), Some(Ok(())));
/// assert_eq!(text, "café");
/// assert_eq!(write_unescaped("12", &mut text), None);
/// ```
pub fn write_unescaped(
    json: &str,
    mut out: &mut dyn core::fmt::Write,
) -> Option<core::fmt::Result> {
    Some(as_string(json)?.write_to(&mut out))
}

/// The text between the quotes, if this is the text of a JSON string.
pub(crate) fn as_string(text: &str) -> Option<RawStr<'_>> {
    let mut scanner = Scanner::new(text);
    match Form::of(scanner.skip().ok()?) {
        Form::String(string) => Some(string),
        _ => None,
    }
}
