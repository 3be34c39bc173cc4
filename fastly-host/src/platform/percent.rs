//! Query parameters: `name=value` pairs, percent-encoded, with `+` for a space (`application/x-www-form-urlencoded`).
//!
//! Nothing is an error, as with every form parser: an escape that is none stays as it is, bytes that are not UTF-8
//! become U+FFFD. What needs no decoding is borrowed.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// The pairs of a query, in order; empty ones (`&&`) are left out, a missing `=` makes an empty value.
///
/// ```
/// use statsig_fastly::platform::percent;
///
/// let pairs: Vec<_> = percent::pairs("a=1&name=J%C3%BCrgen").collect();
/// assert_eq!(pairs[1], ("name".into(), "Jürgen".into()));
/// ```
pub fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let mut rest = Some(query);
    core::iter::from_fn(move || {
        loop {
            let (pair, after) = cut(rest?, b'&');
            rest = after;
            if !pair.is_empty() {
                let (name, value) = cut(pair, b'=');
                return Some((decode(name), decode(value.unwrap_or_default())));
            }
        }
    })
}

/// What comes before the first of this ASCII character, and what after it if there is one.
///
/// By bytes: the general searchers behind `str::split` are a kilobyte.
///
/// ```
/// use statsig_fastly::platform::percent;
///
/// assert_eq!(percent::cut("name=value", b'='), ("name", Some("value")));
/// assert_eq!(percent::cut("name", b'='), ("name", None));
/// ```
pub fn cut(text: &str, delimiter: u8) -> (&str, Option<&str>) {
    let at = text.bytes().position(|byte| byte == delimiter);
    let cut = at.and_then(|at| Some((text.get(..at)?, text.get(at.checked_add(1)?..)?)));
    cut.map_or((text, None), |(before, after)| (before, Some(after)))
}

/// The first value of a parameter.
///
/// ```
/// use statsig_fastly::platform::percent;
///
/// assert_eq!(percent::value("a=1&b=2+3", "b").as_deref(), Some("2 3"));
/// assert_eq!(percent::value("a=1", "b"), None);
/// ```
pub fn value<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    pairs(query).find(|pair| pair.0 == name).map(|pair| pair.1)
}

/// Writes a name, a value or a part of a path: all but the unreserved characters as escapes.
///
/// ```
/// use statsig_fastly::platform::percent;
///
/// let mut text = String::new();
/// percent::encode("a/b", &mut text);
/// assert_eq!(text, "a%2Fb");
/// assert_eq!(percent::decode(&text), "a/b");
/// ```
pub fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
            continue;
        }
        out.push('%');
        for digit in [byte >> 4, byte & 0xF] {
            let digit = char::from_digit(digit.into(), 16).unwrap_or('0');
            out.push(digit.to_ascii_uppercase());
        }
    }
}

/// Decodes one name or value of a query.
///
/// ```
/// use statsig_fastly::platform::percent;
///
/// assert_eq!(percent::decode("J%C3%BCrgen+K"), "Jürgen K");
/// ```
pub fn decode(text: &str) -> Cow<'_, str> {
    decode_with(text, b' ')
}

/// Decodes a part of a path, in which `+` is no space.
///
/// ```
/// use statsig_fastly::platform::percent;
///
/// assert_eq!(percent::decode_segment("a+b%20c"), "a+b c");
/// ```
pub fn decode_segment(text: &str) -> Cow<'_, str> {
    decode_with(text, b'+')
}

fn decode_with(text: &str, plus: u8) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        decoded.push(match byte {
            b'+' => plus,
            b'%' => match escape(after) {
                Some((byte, after)) => {
                    rest = after;
                    byte
                }
                None => byte,
            },
            other => other,
        });
    }
    Cow::Owned(match String::from_utf8(decoded) {
        Ok(text) => text,
        Err(error) => lossy(error.as_bytes()),
    })
}

/// What is not UTF-8 becomes U+FFFD, as `String::from_utf8_lossy` does it in three times the code.
fn lossy(mut bytes: &[u8]) -> String {
    let mut out = String::new();
    loop {
        let valid = match core::str::from_utf8(bytes) {
            Ok(text) => {
                out.push_str(text);
                return out;
            }
            Err(error) => error,
        };
        let (text, rest) = bytes
            .split_at_checked(valid.valid_up_to())
            .unwrap_or_default();
        out.push_str(core::str::from_utf8(text).unwrap_or_default());
        out.push(char::REPLACEMENT_CHARACTER);
        // Without a length the text ends within a character.
        match valid.error_len().and_then(|length| rest.get(length..)) {
            Some(rest) => bytes = rest,
            None => return out,
        }
    }
}

/// The byte that two hexadecimal digits stand for, and what follows them.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = text.split_first_chunk()?;
    Some((digit(high)? << 4 | digit(low)?, rest))
}

fn digit(byte: u8) -> Option<u8> {
    // 0 to 15, or nothing: it fits.
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERIES: &[&str] = &[
        "",
        "a=1&b=2",
        "a=1&a=2",
        "user=%7B%22userID%22%3A%22a+b%22%7D",
        "a+b=c+d%2B",
        "a&b=&=c&&=&d",
        "a=b=c=d",
        "%61=%62&%C3%A9=%e2%82%AC",
        "a=%&b=%2&c=%zz&d=%%41&e=%4%31&f=%+1",
        "a=%ff%41&b=%C3&c=%ED%A0%80&d=%F0%9F%98%80",
        "é=ü+%",
        "?a=1;b=2",
        "a=%00",
    ];

    #[test]
    fn agrees_with_form_urlencoded() {
        for query in QUERIES {
            let ours: Vec<_> = pairs(query).collect();
            let theirs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
            assert_eq!(ours, theirs, "{query}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_as_by_the_standard_library() {
        // Every start of every few bytes around what begins, continues and ends a character.
        let bytes = [
            0x41, 0x80, 0xBF, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0x90, 0xFF,
        ];
        for one in bytes {
            for two in bytes {
                for three in bytes {
                    for four in bytes {
                        let text = [one, two, three, four, 0xBF, 0x42];
                        for text in [&text[..], &text[..4]] {
                            assert_eq!(lossy(text), String::from_utf8_lossy(text), "{text:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn undoes_its_encoding() {
        let text: String = ('\0'..='\u{180}').chain(['€', '😀']).collect();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair(&text, &text)
            .finish();
        let (name, value) = pairs(&query).next().unwrap();
        assert_eq!((&*name, &*value), (&*text, &*text));
    }

    #[test]
    fn finds_the_first_of_a_name() {
        assert_eq!(value("a=1&%62=2&b=3", "b").as_deref(), Some("2"));
        assert_eq!(value("a=1&b", "b").as_deref(), Some(""));
        assert_eq!(value("a=1", "b"), None);
        assert!(matches!(value("a=1", "a"), Some(Cow::Borrowed("1"))));
    }
}
