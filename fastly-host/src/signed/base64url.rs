//! Base64url without padding (RFC 4648).

use alloc::string::String;
use alloc::vec::Vec;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes base64url without padding.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(3) {
        let mut bits = 0_u32;
        for at in 0..3 {
            bits = bits << 8 | chunk.get(at).map_or(0, |byte| u32::from(*byte));
        }
        for digit in 0..=chunk.len() as u32 {
            let shift = 18_u32.saturating_sub(digit.saturating_mul(6));
            let digit = DIGITS.get((bits >> shift & 63) as usize);
            out.push(char::from(digit.copied().unwrap_or(b'A')));
        }
    }
}

/// The bytes of base64url without padding; `None` for other text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for at in 0..4 {
            let digit = match chunk.get(at) {
                Some(byte) => DIGITS.iter().position(|digit| digit == byte)?,
                None => 0,
            };
            bits = bits << 6 | digit as u32;
        }
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(..chunk.len().checked_sub(1).filter(|&n| n > 0)?)?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10, in its alphabet for URLs and without padding.
    #[test]
    fn base64url_is_that_of_rfc_4648() {
        for (plain, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"fooba", "Zm9vYmE"),
            (b"foobar", "Zm9vYmFy"),
            (b"\xfb\xff\xfe", "-__-"),
        ] {
            let mut out = String::new();
            encode(plain, &mut out);
            assert_eq!((&*out, decode(text).as_deref()), (text, Some(plain)));
        }
        for bad in ["Z", "Zm9vY", "Zg==", "Zm+v", "Zm 9", "é"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
