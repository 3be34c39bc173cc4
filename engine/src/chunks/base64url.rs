//! Base64url without padding (RFC 4648).

#[cfg(feature = "compile")]
use alloc::string::String;

#[cfg(feature = "compile")]
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of so many bytes.
pub(super) const fn text_length(bytes: usize) -> usize {
    let rest = match bytes % 3 {
        0 => 0,
        rest => rest.saturating_add(1),
    };
    (bytes / 3).saturating_mul(4).saturating_add(rest)
}

/// Decodes base64url without padding in place; `None` if it is none.
pub(super) fn decode(text: &mut [u8]) -> Option<usize> {
    let text = core::cell::Cell::from_mut(text).as_slice_of_cells();
    let mut length = 0_usize;
    // Three bytes never reach beyond the four characters that they come from.
    for (from, to) in text.chunks(4).zip(text.chunks(3)) {
        crate::work::tick(from.len());
        let mut bits = 0_u32;
        for character in from {
            bits = bits << 6 | u32::from(sextet(character.get())?);
        }
        let whole = match from.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        // The last characters have more bits than their bytes: those are 0.
        let spare = match whole {
            3 => 0,
            2 => 2,
            _ => 4,
        };
        if bits & ((1_u32 << spare).saturating_sub(1)) != 0 {
            return None;
        }
        let bytes = (bits >> spare) << (24_u32.saturating_sub(8_u32.saturating_mul(whole)));
        let [_, bytes @ ..] = bytes.to_be_bytes();
        for (place, byte) in to.iter().zip(bytes).take(whole as usize) {
            place.set(byte);
        }
        length = length.saturating_add(whole as usize);
    }
    Some(length)
}

fn sextet(character: u8) -> Option<u8> {
    Some(match character {
        b'A'..=b'Z' => character.wrapping_sub(b'A'),
        b'a'..=b'z' => character.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => character.wrapping_sub(b'0').wrapping_add(52),
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}

/// Encodes as base64url without padding.
#[cfg(feature = "compile")]
pub(super) fn encode(bytes: &[u8], out: &mut String) {
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_usize, |bits, &byte| bits << 8 | usize::from(byte));
        let characters = group.len().saturating_add(1);
        for shift in [18, 12, 6, 0].into_iter().take(characters) {
            let character = ALPHABET.get(bits >> shift & 63).copied().unwrap_or(b'A');
            out.push(char::from(character));
        }
    }
}

#[cfg(all(test, feature = "compile"))]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_rfc_4648() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"fooba", "Zm9vYmE"),
            (b"foobar", "Zm9vYmFy"),
            (b"\xFB\xFF", "-_8"),
        ] {
            let mut encoded = String::new();
            encode(bytes, &mut encoded);
            assert_eq!(encoded, text);
            let mut decoded = text.as_bytes().to_vec();
            let length = decode(&mut decoded).unwrap();
            assert_eq!(&decoded[..length], bytes);
        }
        for bad in ["A", "Zm9vY", "Z+", "Zg==", "Zh", "Zm9", "é"] {
            assert_eq!(decode(&mut bad.as_bytes().to_vec()), None, "{bad}");
        }
    }
}
