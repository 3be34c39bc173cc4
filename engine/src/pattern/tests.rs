//! Compares with what Statsig's server core answered (`tests/data/vectors.json.gz`) and with
//! `fancy-regex`, which it runs.

#[cfg(feature = "compile-regex")]
mod any_pattern;
#[cfg(feature = "compile-regex")]
mod compiled;

use super::dfa;

/// `^a|é$`, the example of `FORMAT.md`: class 2 is `é`, 3 is `a`, 1 every other character.
#[rustfmt::skip]
const BY_HAND: &[u8] = &[
    1, 3, 8, 0, 3, 0, 1, 0, // one-byte targets; 3 low, 3 middle, 1 high ranges; starts at 8
    2, 1, 3, 14, 1, 18, // 8: `a` matches, `é` leads to 18, others to 14
    1, 2, 18, 14, // 14: `é` leads to 18, others to 14
    2, 0, 2, 1, 18, 14, // 18: the end matches, `é` stays, others lead to 14
    0, b'a', b'b', 1, 3, 1, // low
    0x80, 0, 0xe9, 0, 0xea, 0, 1, 2, 1, // middle
    0, 0, 1, 1, // high
];

#[test]
fn written_by_hand() {
    for text in [
        "", "a", "ab", "ba", "é", "éé", "éa", "xé", "éx", "aé", "ê", "😀é", "é😀",
    ] {
        let expected = text.starts_with('a') || text.ends_with('é');
        assert_eq!(dfa::is_match(BY_HAND, text), Some(expected), "{text:?}");
    }
}

#[test]
fn truncated() {
    // Too short for its own lists, and for the row that the search reaches.
    for len in 0..dfa::HEADER_LEN + 6 + 9 + 4 {
        let short = BY_HAND.get(..len).expect("a prefix");
        assert_eq!(dfa::is_match(short, "xé😀"), None, "{len}");
    }
    // Longer ones are read from the wrong place; they must only end.
    for len in dfa::HEADER_LEN..BY_HAND.len() {
        let _ = dfa::is_match(BY_HAND.get(..len).expect("a prefix"), "xé😀");
    }
}

#[cfg(feature = "regex")]
mod engine {
    use crate::pattern::engine::is_match;

    #[test]
    fn gives_up_without_an_answer() {
        let text = "a".repeat(40);
        assert!(!is_match("(?=x)[", &text), "invalid");
        assert!(!is_match(r"^(a+)+\1*(?<!a)$", &text), "backtracks too long");
        assert!(is_match(r"^(a+)\1$", &text));
    }
}
