//! JSON text rewritten: compact, and with numbers and strings in one spelling (`evaluation.md` §2.2, §2.3).

use core::fmt;

use super::{Form, Scanner, Sink, string::write_escaped_chars};
use crate::number::json_number_text;

/// Writes valid JSON without white space, its numbers and strings spelt as Statsig's core spells them.
pub(crate) fn write_canonical(text: &str, out: &mut dyn Sink) -> fmt::Result {
    rewrite(text, out, true)
}

/// Writes valid JSON without white space, all tokens as they were.
#[cfg(feature = "compile")]
pub(crate) fn write_minified(text: &str, out: &mut dyn Sink) -> fmt::Result {
    rewrite(text, out, false)
}

/// Tokens one after another: the text is known to be valid, so structure needs no stack.
fn rewrite(text: &str, out: &mut dyn Sink, canonical: bool) -> fmt::Result {
    let mut scanner = Scanner::new(text);
    loop {
        if let Some(byte) = scanner.punctuation() {
            out.push_char(char::from(byte))?;
            continue;
        }
        if scanner.offset() >= text.len() {
            return Ok(());
        }
        let token = scanner.skip().map_err(|_| fmt::Error)?;
        match Form::of(token) {
            Form::String(raw) if canonical && raw.plain().is_none() => {
                out.push_char('"')?;
                write_escaped_chars(raw.chars(), out)?;
                out.push_char('"')?;
            }
            Form::Number(token) if canonical => json_number_text(token, out)?,
            _ => out.push_str(token)?,
        }
    }
}
