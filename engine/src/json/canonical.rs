//! JSON text rewritten: compact, and with numbers and strings in one spelling (`evaluation.md` §2.2, §2.3).

use core::fmt;

use super::{Kind, Scanner, Sink, string::write_escaped_chars};
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
    let mut rest = text;
    loop {
        let mut scanner = Scanner::new(rest);
        let Some(first) = scanner.skip_space() else {
            return Ok(());
        };
        rest = rest.get(scanner.offset()..).unwrap_or_default();
        scanner = Scanner::new(rest);
        let length = match first {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                out.push_char(char::from(first))?;
                1
            }
            _ => {
                match scanner.peek() {
                    Ok(Kind::String) => {
                        let raw = scanner.string().map_err(|_| fmt::Error)?;
                        if canonical && raw.plain().is_none() {
                            out.push_char('"')?;
                            write_escaped_chars(raw.chars(), out)?;
                            out.push_char('"')?;
                        } else {
                            out.push_str(rest.get(..scanner.offset()).unwrap_or_default())?;
                        }
                    }
                    Ok(Kind::Number) => {
                        let token = scanner.number().map_err(|_| fmt::Error)?;
                        if canonical {
                            json_number_text(token, out)?;
                        } else {
                            out.push_str(token)?;
                        }
                    }
                    _ => out.push_str(scanner.skip().map_err(|_| fmt::Error)?)?,
                }
                scanner.offset()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
}
