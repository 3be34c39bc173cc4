//! The raw text of a JSON string, compared and decoded without a buffer.

use core::fmt::{self, Write};

/// What stands between the quotes of a valid JSON string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawStr<'j> {
    raw: &'j str,
    escaped: bool,
}

impl<'j> RawStr<'j> {
    pub(crate) fn new(raw: &'j str, escaped: bool) -> Self {
        RawStr { raw, escaped }
    }

    /// What is known to stand between the quotes of a valid string.
    #[cfg(feature = "serde")]
    pub(crate) fn inside(raw: &'j str) -> Self {
        RawStr::new(raw, raw.contains('\\'))
    }

    /// The string itself, if it was written without escapes.
    pub(crate) fn plain(&self) -> Option<&'j str> {
        (!self.escaped).then_some(self.raw)
    }

    /// The text as it stood between the quotes.
    pub(crate) fn raw(&self) -> &'j str {
        self.raw
    }

    /// The decoded characters.
    pub(crate) fn chars(&self) -> Unescape<'j> {
        Unescape {
            rest: self.raw.chars(),
        }
    }

    /// Whether the decoded string is `text`.
    pub(crate) fn is(&self, text: &str) -> bool {
        match self.plain() {
            Some(plain) => plain == text,
            None => self.chars().eq(text.chars()),
        }
    }

    /// Writes the decoded string.
    pub(crate) fn write_to(&self, out: &mut dyn Write) -> fmt::Result {
        match self.plain() {
            Some(plain) => out.write_str(plain),
            None => self.chars().try_for_each(|c| out.write_char(c)),
        }
    }
}

/// The characters of a JSON string with its escapes resolved.
#[derive(Clone)]
pub(crate) struct Unescape<'j> {
    rest: core::str::Chars<'j>,
}

impl Unescape<'_> {
    fn hex4(&mut self) -> u32 {
        let digits = self.rest.as_str().get(..4).unwrap_or_default();
        let unit = u32::from_str_radix(digits, 16).unwrap_or(0xFFFD);
        self.rest = self.rest.as_str().get(4..).unwrap_or_default().chars();
        unit
    }
}

impl Iterator for Unescape<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c != '\\' {
            return Some(c);
        }
        Some(match self.rest.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = self.hex4();
                let code = if unit & 0xFC00 == 0xD800 {
                    // The scanner has seen that a low half follows.
                    self.rest.next();
                    self.rest.next();
                    let low = self.hex4();
                    ((unit & 0x3FF) << 10 | low & 0x3FF).wrapping_add(0x1_0000)
                } else {
                    unit
                };
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => other,
        })
    }
}

/// Writes `text` as a JSON string with its quotes, escaping only what must be. What lies between is written whole.
///
/// # Errors
/// Those of `out`.
pub fn write_escaped(text: &str, out: &mut dyn Write) -> fmt::Result {
    out.write_char('"')?;
    write_inside(text, out)?;
    out.write_char('"')
}

/// Writes what stands between the quotes of `text` as a JSON string: for strings that are written in pieces.
///
/// # Errors
/// Those of `out`.
#[inline(never)] // a copy for each kind of `out` is most of a kilobyte
pub fn write_inside(text: &str, out: &mut dyn Write) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        // What must be escaped is ASCII, so the cuts lie between characters.
        let (plain, special) = rest.split_at_checked(at).unwrap_or_default();
        out.write_str(plain)?;
        let (special, later) = special.split_at_checked(1).unwrap_or_default();
        write_escaped_chars(special.chars(), out)?;
        rest = later;
    }
    out.write_str(rest)
}

pub(super) fn write_escaped_chars(
    chars: impl Iterator<Item = char>,
    out: &mut dyn Write,
) -> fmt::Result {
    for c in chars {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\0'..='\u{1f}' => {
                let code = u32::from(c);
                out.write_str("\\u00")?;
                for digit in [code >> 4, code & 0xF] {
                    out.write_char(char::from_digit(digit, 16).unwrap_or('0'))?;
                }
            }
            _ => out.write_char(c)?,
        }
    }
    Ok(())
}
