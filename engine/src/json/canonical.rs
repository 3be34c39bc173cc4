//! JSON text rewritten: compact, with numbers and strings in one spelling (`evaluation.md` §2.2, §2.3).

use core::fmt::{self, Write};

use super::{Kind, Scanner, string::write_escaped_chars};
use crate::number::json_number_text;

/// Writes valid JSON without white space, its numbers and strings spelt as Statsig's core spells them.
pub(crate) fn write_canonical(text: &str, out: &mut dyn Write) -> fmt::Result {
    // Tokens one after another: the text is known to be valid, so structure needs no stack.
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\n', '\r', '\t']);
        let Some(&first) = rest.as_bytes().first() else {
            return Ok(());
        };
        let mut scanner = Scanner::new(rest);
        let length = match first {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                out.write_char(char::from(first))?;
                1
            }
            _ => {
                match scanner.peek() {
                    Ok(Kind::String) => {
                        let raw = scanner.string().map_err(|_| fmt::Error)?;
                        if raw.plain().is_none() {
                            out.write_char('"')?;
                            write_escaped_chars(raw.chars(), out)?;
                            out.write_char('"')?;
                        } else {
                            out.write_str(rest.get(..scanner.offset()).unwrap_or_default())?;
                        }
                    }
                    Ok(Kind::Number) => {
                        let token = scanner.number().map_err(|_| fmt::Error)?;
                        json_number_text(token, out)?;
                    }
                    _ => out.write_str(scanner.skip().map_err(|_| fmt::Error)?)?,
                }
                scanner.offset()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
}
