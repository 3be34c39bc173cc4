//! Writing JSON text onto the end of a `String`, without `core::fmt`'s machinery where it can be avoided.

use alloc::string::String;
use core::fmt::{self, Write};

use crate::platform::decimal::Decimal;

/// A string with its quotes.
pub(crate) fn text(text: &str, out: &mut String) {
    out.push('"');
    inside(text, out);
    out.push('"');
}

fn inside(text: &str, out: &mut String) {
    // Text takes everything.
    let _ = statsig_edge::write_inside(text, &mut Text(out));
}

/// Implements `Write` by what takes a text. A type that is behind `dyn Write` has all its methods in the module, and `write_fmt`
/// as it is given is `core`'s formatting machinery, of which what writes to these makes no use.
macro_rules! write_plainly {
    ($type:ty, $this:ident, $piece:ident => $push:expr) => {
        impl core::fmt::Write for $type {
            fn write_str(&mut self, $piece: &str) -> core::fmt::Result {
                let $this = self;
                $push;
                Ok(())
            }

            fn write_char(&mut self, character: char) -> core::fmt::Result {
                self.write_str(character.encode_utf8(&mut [0; 4]))
            }

            fn write_fmt(&mut self, _: core::fmt::Arguments<'_>) -> core::fmt::Result {
                debug_assert!(false, "what formats is written by `json::message`");
                Err(core::fmt::Error)
            }
        }
    };
}
pub(crate) use write_plainly;

/// The end of a `String`, for what wants a `dyn Write`.
pub(crate) struct Text<'a>(pub(crate) &'a mut String);

write_plainly!(Text<'_>, this, piece => this.0.push_str(piece));

/// The same within a JSON string.
struct Inside<'a>(&'a mut String);

write_plainly!(Inside<'_>, this, piece => inside(piece, this.0));

/// A string that is written in pieces: a rule id and its suffix, a reason. Not by `write!`: see [`message`].
pub(crate) fn pieces(out: &mut String, write: impl FnOnce(&mut dyn Write) -> fmt::Result) {
    out.push('"');
    let _ = write(&mut Inside(out));
    out.push('"');
}

/// A string for people, which may be formatted: that weighs kilobytes in a module which says nothing else to people.
pub(crate) fn message(out: &mut String, write: impl FnOnce(&mut dyn Write) -> fmt::Result) {
    struct Formatted<'a>(&'a mut String);
    impl Write for Formatted<'_> {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            inside(piece, self.0);
            Ok(())
        }
    }
    out.push('"');
    let _ = write(&mut Formatted(out));
    out.push('"');
}

/// A text or null.
pub(crate) fn optional_text(value: Option<&str>, out: &mut String) {
    match value {
        Some(value) => text(value, out),
        None => out.push_str("null"),
    }
}

/// A whole number.
pub(crate) fn number(value: u64, out: &mut String) {
    out.push_str(core::str::from_utf8(Decimal::new(value).as_bytes()).unwrap_or_default());
}

pub(crate) fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The members of an object or the elements of an array: writes the commas.
pub(crate) struct List<'o> {
    pub(crate) out: &'o mut String,
    close: char,
    first: bool,
}

impl<'o> List<'o> {
    pub(crate) fn object(out: &'o mut String) -> Self {
        Self::begin(out, '{', '}')
    }

    pub(crate) fn array(out: &'o mut String) -> Self {
        Self::begin(out, '[', ']')
    }

    fn begin(out: &'o mut String, open: char, close: char) -> Self {
        out.push(open);
        List {
            out,
            close,
            first: true,
        }
    }

    /// The place for the next element.
    pub(crate) fn element(&mut self) -> &mut String {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        self.out
    }

    /// The place for the value of the next member, whose name needs no escapes.
    pub(crate) fn member(&mut self, name: &'static str) -> &mut String {
        let out = self.element();
        out.push('"');
        out.push_str(name);
        out.push_str("\":");
        out
    }

    /// The place for the value of the next member, whose name is not ours.
    pub(crate) fn entry(&mut self, name: &str) -> &mut String {
        let out = self.element();
        text(name, out);
        out.push(':');
        out
    }

    /// A member that is a string.
    pub(crate) fn text(&mut self, name: &'static str, value: &str) {
        text(value, self.member(name));
    }

    pub(crate) fn end(self) {
        self.out.push(self.close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_parser_reads_back_what_was_written() {
        let all: String = ('\0'..='\u{180}').chain(['€', '😀']).collect();
        for given in ["", "plain", "ünïcødé", "\"", "a\\b", "\u{1f}", &all] {
            let mut out = String::new();
            text(given, &mut out);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), given);
            let mut out = String::new();
            pieces(&mut out, |out| {
                out.write_str(given)?;
                out.write_char(':')?;
                out.write_str(given)
            });
            let read: String = serde_json::from_str(&out).unwrap();
            assert_eq!(read, alloc::format!("{given}:{given}"));
        }
    }
}
