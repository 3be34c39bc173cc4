//! The raw text of a JSON string, compared and decoded without a buffer.

use core::fmt::{self, Write};

use super::Sink;
use crate::characters;
use crate::lowercase::is_spelt;

/// What stands between the quotes of a valid JSON string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawStr<'j> {
    raw: &'j str,
    escaped: bool,
}

impl<'j> RawStr<'j> {
    pub(super) const EMPTY: Self = RawStr {
        raw: "",
        escaped: false,
    };

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
            None => is_spelt(self.chars(), text),
        }
    }

    /// Whether both decoded strings are the same.
    #[inline(never)]
    pub(crate) fn equals(&self, other: &RawStr<'_>) -> bool {
        self.chars().eq(other.chars())
    }

    /// Writes the decoded string.
    pub(crate) fn write_to(&self, out: &mut dyn Sink) -> fmt::Result {
        match self.plain() {
            Some(plain) => out.push_str(plain),
            None => self.chars().try_for_each(|c| out.push_char(c)),
        }
    }
}

/// The characters of a JSON string with its escapes resolved.
#[derive(Clone)]
pub(crate) struct Unescape<'j> {
    rest: core::str::Chars<'j>,
}

/// The number that the first four bytes spell in hexadecimal digits.
fn hex4(text: &[u8]) -> Option<u32> {
    let digits = text.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit: u32, &byte| {
        Some(unit << 4 | char::from(byte).to_digit(16)?)
    })
}

/// What an escape stands for that begins with its `u`, and how long it is: five bytes, or eleven with the second half of a surrogate
/// pair. A half alone is no character.
#[inline(never)]
pub(super) fn unicode_escape(text: &[u8]) -> Option<(u32, usize)> {
    let unit = hex4(text.get(1..)?)?;
    let low = text
        .get(5..7)
        .filter(|next| *next == b"\\u" && unit & 0xFC00 == 0xD800);
    match low.and_then(|_| hex4(text.get(7..)?)) {
        Some(low @ 0xDC00..=0xDFFF) => Some((
            ((unit & 0x3FF) << 10 | low & 0x3FF).wrapping_add(0x1_0000),
            11,
        )),
        _ => Some((unit, 5)),
    }
}

impl Iterator for Unescape<'_> {
    type Item = char;

    #[inline(never)]
    fn next(&mut self) -> Option<char> {
        crate::work::tick(1);
        let c = characters::next(&mut self.rest)?;
        if c != '\\' {
            return Some(c);
        }
        let text = self.rest.as_str();
        Some(match characters::next(&mut self.rest)? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (code, length) = unicode_escape(text.as_bytes()).unwrap_or((0xFFFD, 5));
                self.rest = text.get(length..).unwrap_or_default().chars();
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
///
/// ```
/// use statsig_edge::write_escaped;
///
/// let mut json = String::new();
/// write_escaped("one\ntwo \"three\" café", &mut json)?;
/// assert_eq!(json, r#""one\ntwo \"three\" café""#);
/// # Ok::<(), std::fmt::Error>(())
/// ```
pub fn write_escaped(text: &str, out: &mut dyn Write) -> fmt::Result {
    out.write_char('"')?;
    write_inside(text, out)?;
    out.write_char('"')
}

/// Writes what stands between the quotes of `text` as a JSON string: for strings that are written in pieces.
///
/// # Errors
/// Those of `out`.
///
/// ```
/// use statsig_edge::write_inside;
///
/// let mut json = String::from("\"");
/// for piece in ["a\\b", "\u{1}"] {
///     write_inside(piece, &mut json)?;
/// }
/// json.push('"');
/// assert_eq!(json, r#""a\\b\u0001""#);
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[inline(never)] // a copy for each kind of `out` is most of a kilobyte
pub fn write_inside(text: &str, mut out: &mut dyn Write) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest
        .bytes()
        .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        // What must be escaped is ASCII, so the cuts lie between characters.
        let (plain, special) = rest.split_at_checked(at).unwrap_or_default();
        out.write_str(plain)?;
        let (special, later) = special.split_at_checked(1).unwrap_or_default();
        write_escaped_chars(special.chars(), &mut out)?;
        rest = later;
    }
    out.write_str(rest)
}

pub(super) fn write_escaped_chars(
    chars: impl Iterator<Item = char>,
    out: &mut dyn Sink,
) -> fmt::Result {
    for c in chars {
        let short = match c {
            '"' | '\\' => c,
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\0'..='\u{1f}' => {
                let code = u32::from(c);
                out.push_str("\\u00")?;
                out.push_str(if code < 0x10 { "0" } else { "1" })?;
                out.push_char(char::from_digit(code & 0xF, 16).unwrap_or('0'))?;
                continue;
            }
            _ => {
                out.push_char(c)?;
                continue;
            }
        };
        out.push_str("\\")?;
        out.push_char(short)?;
    }
    Ok(())
}
