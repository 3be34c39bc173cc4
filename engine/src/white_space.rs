//! White space as `str::trim` knows it, found in the bytes of a text: no characters are decoded (for evaluation.md §2.4, §4.4).

/// The text without the white space that it begins with.
#[inline(never)]
pub(crate) fn trim_start(mut text: &[u8]) -> &[u8] {
    // Unicode's `White_Space` in UTF-8.
    while let [b' ' | 0x09..=0x0D, rest @ ..]
    | [0xC2, 0x85 | 0xA0, rest @ ..]
    | [0xE1, 0x9A, 0x80, rest @ ..]
    | [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, rest @ ..]
    | [0xE2, 0x81, 0x9F, rest @ ..]
    | [0xE3, 0x80, 0x80, rest @ ..] = text
    {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::trim_start;

    #[test]
    fn every_character_is_trimmed_as_by_the_standard_library() {
        for character in '\0'..=char::MAX {
            let text = format!("{character}{character}x{character}");
            let expected = text.trim_start();
            assert_eq!(trim_start(text.as_bytes()), expected.as_bytes(), "{text:?}");
        }
    }
}
