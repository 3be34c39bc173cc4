//! Full Unicode lower-casing without memory: the same characters as `str::to_lowercase`, one after another (evaluation.md §4.3).
//!
//! Each character maps by itself but the capital sigma, which is `ς` at the end of a word and `σ` elsewhere. Only a sigma looks
//! around, no further than the marks next to it, so a text is read at most three times. ASCII takes a path of its own.

use core::str::Chars;

use crate::capitals::to_lower;
use crate::cased::{is_case_ignorable, is_cased};
use crate::characters;
#[cfg(any(feature = "compile", test))]
use crate::hash::{TOPS, lower_ascii};
#[cfg(any(feature = "compile", test))]
use crate::table::wire::short_word;

/// The characters of a text, lower-cased.
#[derive(Clone)]
pub(crate) struct Lowercase<'a> {
    /// The whole text: a sigma looks back in it.
    text: &'a str,
    /// What is still to come, the end of `text`.
    rest: Chars<'a>,
    /// The second character of the lower case of `İ`; no other has two.
    pending: Option<char>,
}

/// The text's characters, lower-cased.
pub(crate) fn lowercase(text: &str) -> Lowercase<'_> {
    Lowercase {
        text,
        rest: text.chars(),
        pending: None,
    }
}

/// Whether the text is ASCII without capitals, so that it is its own lower case. (Other texts may be as well.)
#[cfg(any(feature = "compile", test))]
pub(crate) fn is_plain_lowercase(text: &str) -> bool {
    let is_plain = |word: u64| word & TOPS == 0 && lower_ascii(word) == word;
    let text = text.as_bytes();
    let last = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => short_word(text),
    };
    let words = text.as_chunks::<8>().0;
    is_plain(last) && words.iter().all(|word| is_plain(u64::from_le_bytes(*word)))
}

/// Whether the lower case of `text` is `lowered`.
pub(crate) fn equals_lowercased(text: &str, lowered: &str) -> bool {
    let (ascii, tail) = split_ascii(text);
    let Some((head, lowered_tail)) = lowered.split_at_checked(ascii.len()) else {
        return false;
    };
    ascii
        .bytes()
        .map(|byte| byte.to_ascii_lowercase())
        .eq(head.bytes())
        && is_spelt(tail, lowered_tail)
}

/// What follows a character in a text that begins with it.
#[inline(never)]
pub(crate) fn strip_char(text: &str, character: char) -> Option<&str> {
    let mut rest = text.chars();
    (characters::next(&mut rest) == Some(character)).then_some(rest.as_str())
}

/// Whether the characters are those of the text.
pub(crate) fn is_spelt(mut characters: impl Iterator<Item = char>, text: &str) -> bool {
    characters.try_fold(text, strip_char) == Some("")
}

/// The ASCII at the start of the text, as it is, and the rest lower-cased.
fn split_ascii(text: &str) -> (&str, Lowercase<'_>) {
    let length = text
        .bytes()
        .position(|byte| !byte.is_ascii())
        .unwrap_or(text.len());
    let (ascii, rest) = text.split_at_checked(length).unwrap_or((text, ""));
    let tail = Lowercase {
        text,
        rest: rest.chars(),
        pending: None,
    };
    (ascii, tail)
}

impl Iterator for Lowercase<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(pending) = self.pending.take() {
            return Some(pending);
        }
        let before = self.text.len().checked_sub(self.rest.as_str().len());
        let character = characters::next(&mut self.rest)?;
        if character == 'Σ' {
            let before = before
                .and_then(|length| self.text.get(..length))
                .unwrap_or_default();
            return Some(lower_sigma(before, self.rest.as_str()));
        }
        if character == 'İ' {
            self.pending = Some('\u{307}');
            return Some('i');
        }
        Some(to_lower(character))
    }
}

/// The lower case of a sigma between two texts: `ς` after a letter and not before one, marks aside.
fn lower_sigma(before: &str, after: &str) -> char {
    if comes_to_letter(before, characters::last) && !comes_to_letter(after, characters::next) {
        'ς'
    } else {
        'σ'
    }
}

/// Whether a letter is the first that counts of what is taken from the text.
fn comes_to_letter(text: &str, take: fn(&mut Chars<'_>) -> Option<char>) -> bool {
    let mut characters = text.chars();
    while let Some(character) = take(&mut characters) {
        if !is_case_ignorable(character) {
            return is_cased(character);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use super::*;
    use crate::table::wire::same_lowered;
    use crate::testing::{Choices, operator_cases};

    fn assert_like_std(text: &str) {
        let expected = text.to_lowercase();
        assert_eq!(lowercase(text).collect::<String>(), expected, "{text:?}");
        assert!(equals_lowercased(text, &expected), "{text:?}");
        if is_plain_lowercase(text) {
            assert_eq!(text, expected);
        }
        if text.is_ascii() {
            assert!(same_lowered(text.as_bytes(), expected.as_bytes()));
        }
    }

    #[test]
    fn any_and_none_equal_the_cores() {
        let mut compared = 0;
        for case in operator_cases("string") {
            let (Some(user), Some(target)) = (case.user.as_str(), case.target.as_array()) else {
                continue;
            };
            let mut elements = target.iter().filter_map(|element| element.as_str());
            let found = elements.any(|element| equals_lowercased(user, &element.to_lowercase()));
            let holds = match case.operator.as_str() {
                "any" => found,
                "none" => !found,
                _ => continue,
            };
            assert_eq!(holds, case.core, "{user:?} {} {target:?}", case.operator);
            compared += 1;
        }
        assert!(compared > 10, "only {compared} cases");
    }

    #[test]
    fn every_character_equals_the_standard_librarys() {
        for character in '\0'..=char::MAX {
            assert_like_std(character.encode_utf8(&mut [0; 4]));
        }
    }

    #[test]
    fn every_character_beside_a_sigma_equals_the_standard_librarys() {
        for character in '\0'..=char::MAX {
            for text in [
                format!("aΣ{character}b"),
                format!("aΣ{character}"),
                format!("a{character}Σ"),
                format!("{character}Σ"),
            ] {
                assert!(lowercase(&text).eq(text.to_lowercase().chars()), "{text:?}");
            }
        }
    }

    #[test]
    fn texts_rich_in_sigmas_equal_the_standard_librarys() {
        const PIECES: [&str; 30] = [
            "Σ",
            "Σ",
            "Σ",
            "σ",
            "ς",
            "İ",
            "I",
            "ı",
            "a",
            "Z",
            "ß",
            "ẞ",
            "ǅ",
            "ᾈ",
            "\u{345}",
            "\u{301}",
            "\u{307}",
            "'",
            "’",
            "ʰ",
            "ª",
            ".",
            ":",
            "-",
            " ",
            "1",
            "\u{AD}",
            "😀",
            "\u{E0041}",
            "中",
        ];
        let mut choices = Choices::new(5);
        for _ in 0..100_000 {
            let length = choices.below(12);
            let text: String = (0..length).map(|_| choices.pick(&PIECES)).collect();
            assert_like_std(&text);
        }
    }

    #[test]
    fn other_texts_are_not_equal() {
        for (text, lowered) in [
            ("abc", "ab"),
            ("ab", "abc"),
            ("ABC", "ABC"),
            ("aé", "aÉ"),
            ("AÉ", "aé "),
            ("aé", "a"),
            ("ab", "aé"),
            ("ΟΣ", "οσ"),
            ("", "a"),
            ("straße", "strasse"),
        ] {
            assert!(
                !equals_lowercased(text, lowered),
                "{text:?} against {lowered:?}"
            );
        }
    }

    #[test]
    fn plain_means_ascii_without_capitals() {
        for (text, plain) in [("", true), ("a-z 09{", true), ("aB", false), ("é", false)] {
            assert_eq!(is_plain_lowercase(text), plain, "{text:?}");
        }
    }
}
