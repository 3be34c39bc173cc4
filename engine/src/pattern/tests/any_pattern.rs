//! Any pattern, any text, any bytes.

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use fancy_regex::Regex;
use proptest::prelude::*;
use proptest::sample::select;

use super::compiled::{USUAL, expected};
use crate::pattern::compile::{Compiled, compile};
use crate::pattern::dfa;

fn pattern() -> impl Strategy<Value = String> {
    let atom = select(vec![
        "a",
        "b",
        "k",
        "é",
        "ß",
        "1",
        "_",
        " ",
        r"\n",
        "-",
        "😀",
        ".",
        "(?s:.)",
        r"\w",
        r"\W",
        r"\d",
        r"\s",
        r"\S",
        r"\h",
        "[ab]",
        "[^a]",
        "[a-k]",
        "[[:alpha:]]",
        "[[:^digit:]_]",
        r"\p{L}",
        r"\P{Lu}",
        r"[\w&&[^a]]",
        "[a&&b]",
        "^",
        "$",
        r"\A",
        r"\z",
        r"\b",
        r"\B",
        r"\b{start}",
        r"\b{end}",
        r"\b{start-half}",
        r"\b{end-half}",
        "(?m:^)",
        "(?m:$)",
        "(?i:k)",
        "(?i:ß)",
        "(?i:[^k])",
        "",
        "(?i)",
        "(?-i)",
        "(?m)",
        "(?x) ",
        r"\u{e9}",
        r"\<",
        r"\O",
        "(?#x)",
    ]);
    let repeat = select(vec![
        "*", "+", "?", "*?", "{2}", "{1,3}", "{2,}", "{0}", "{,2}",
    ]);
    let tree = atom.prop_map(String::from).prop_recursive(5, 24, 4, move |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| parts.concat()),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => inner.clone().prop_map(|part| format!("({part})")),
            3 => (inner, repeat.clone()).prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    });
    (tree, select(vec!["", "(?=a|$)", r"\Z"])).prop_map(|(tree, end)| format!("{tree}{end}"))
}

fn text() -> impl Strategy<Value = String> {
    let char = select(vec![
        'a',
        'a',
        'b',
        'b',
        'k',
        'K',
        '\u{212a}',
        'é',
        'É',
        'ß',
        'ẞ',
        '1',
        '٣',
        '_',
        ' ',
        '\n',
        '\r',
        '-',
        '😀',
        '\u{301}',
        '日',
        '\u{10ffff}',
        '\0',
        '\u{ffff}',
        '\u{7f}',
        '\u{80}',
    ]);
    prop::collection::vec(char, 0..9).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_fancy_regex(pattern in pattern(), texts in prop::collection::vec(text(), 24)) {
        let regex = Regex::new(&pattern);
        match compile(&pattern) {
            Compiled::Dfa(bytes) => {
                let regex = regex.expect("a valid pattern");
                for text in texts {
                    if let Ok(expected) = regex.is_match(&text) {
                        prop_assert_eq!(dfa::is_match(&bytes, &text), Some(expected), "{} {:?}", pattern, text);
                    }
                }
            }
            Compiled::Invalid => prop_assert!(regex.is_err()),
            Compiled::NeedsEngine(_) => prop_assert!(regex.is_ok()),
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_not(pattern in r"[ -~é]{0,12}|[\[\](){}?*+|\\^$a-cwbdpP<>=!:&,#0-3-]{0,14}", text in text()) {
        match compile(&pattern) {
            Compiled::Dfa(bytes) => prop_assert_eq!(dfa::is_match(&bytes, &text), Some(expected(&pattern, &text)), "{}", pattern),
            Compiled::Invalid => prop_assert!(Regex::new(&pattern).is_err()),
            Compiled::NeedsEngine(_) => prop_assert!(Regex::new(&pattern).is_ok()),
        }
    }

    #[test]
    fn corrupt_bytes_end(
        pattern in select(USUAL),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        text in text(),
    ) {
        if let Compiled::Dfa(mut bytes) = compile(pattern) {
            // Most bytes of a long automaton are its ranges; aim at the head as often.
            let head = bytes.len().min(64);
            for (index, value) in changes {
                let len = if value % 2 == 0 { head } else { bytes.len() };
                bytes[index.index(len)] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let _ = dfa::is_match(&bytes, &text);
        }
    }

    #[test]
    fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..64), wide in 1..=2u8, text in text()) {
        let _ = dfa::is_match(&bytes, &text);
        let headed: Vec<u8> = [wide, 1, 8, 0, 1, 0, 1, 0].into_iter().chain(bytes).collect();
        let _ = dfa::is_match(&headed, &text);
    }
}
