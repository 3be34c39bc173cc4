//! Patterns that are compiled, each with what is known of it.

use std::io::Read;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, println};

use fancy_regex::Regex;
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::pattern::compile::{Compiled, MAX_DFA_LEN, MAX_PATTERN_LEN, Reason, compile};
use crate::pattern::dfa;

/// The patterns in Statsig's own sample payloads, then ones that people write.
pub(super) const USUAL: &[&str] = &[
    "console*",
    "@.*mail",
    "statsig",
    r"^\d+$",
    "(?i)foo|bar",
    r".*@example\.com$",
    r"^[\w.+-]+@[\w-]+\.[\w.]+$",
    r"\bfoo\b",
    r"^(https?://)?([\da-z.-]+)\.([a-z.]{2,6})([/\w .-]*)*/?$",
    r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$",
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
    r"^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?$",
    r"(?i)^(alice|bob|carol)@statsig\.com$",
    r"^\s*$",
    r"^\p{L}+$",
    r"\w{50}",
];

/// What the server core's engine answers: nothing invalid, nothing given up.
pub(super) fn expected(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(text).unwrap_or(false))
}

fn automaton(pattern: &str) -> Vec<u8> {
    match compile(pattern) {
        Compiled::Dfa(bytes) => bytes,
        other => panic!("{pattern}: {other:?}"),
    }
}

fn reason(pattern: &str) -> Reason {
    match compile(pattern) {
        Compiled::NeedsEngine(reason) => reason,
        other => panic!("{pattern}: {other:?}"),
    }
}

/// A user's value as text, as far as the vectors of `str_matches` need it.
fn user_text(user: &Value, field: &str) -> Option<String> {
    match user.get("custom")?.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

#[test]
fn vectors() {
    let file = include_bytes!("../../../tests/data/vectors.json.gz");
    let mut json = String::new();
    GzDecoder::new(&file[..])
        .read_to_string(&mut json)
        .expect("gzip");
    let vectors: Value = serde_json::from_str(&json).expect("JSON");
    let (mut cases, mut automata) = (0, 0);
    for vector in vectors["operators"].as_array().expect("operators") {
        let parse = |name: &str| -> Value {
            let text = vector[name].as_str().expect("JSON text");
            serde_json::from_str(text).expect("JSON")
        };
        let condition = parse("condition_json");
        if condition["operator"] != "str_matches" {
            continue;
        }
        cases += 1;
        let core = vector["core"].as_bool().expect("true or false");
        let field = condition["field"].as_str().expect("a field");
        let pattern = condition["targetValue"].as_str();
        let text = user_text(&parse("user_json"), field);
        let (Some(pattern), Some(text)) = (pattern, text) else {
            assert!(!core, "{vector}");
            continue;
        };
        let found = match compile(pattern) {
            Compiled::Dfa(bytes) => {
                automata += 1;
                dfa::is_match(&bytes, &text)
            }
            Compiled::Invalid => Some(false),
            Compiled::NeedsEngine(_) => Some(expected(pattern, &text)),
        };
        assert_eq!(found, Some(core), "{vector}");
        #[cfg(feature = "regex")]
        assert_eq!(
            crate::pattern::engine::is_match(pattern, &text),
            core,
            "{vector}"
        );
    }
    assert_eq!(cases, 41);
    assert!(automata >= 25, "{automata}");
}

#[test]
fn example_of_the_format() {
    assert_eq!(automaton("^a|é$"), super::BY_HAND);
    // Minimal, however it is spelt.
    assert_eq!(automaton(r"(?:\A(a)|[\xe9]\z)"), super::BY_HAND);
}

#[test]
fn usual_patterns() {
    let texts = [
        "",
        "foo",
        "a foo b",
        "éfoo",
        "FOO",
        "12",
        "1٣",
        "1a",
        "console",
        "consol",
        "a@b.mail",
        "jane.doe+x@example.com",
        "jane@example.com.",
        "jané@exämple.com",
        "Bob@Statsig.com",
        "https://statsig.com/a b",
        "192.168.0.1",
        "192.168.0.256",
        "v1.2.3-rc.1",
        " \t\u{a0}",
        "123e4567-e89b-12d3-a456-426614174000",
        "日本語",
        "foo\nbar",
        "foo\u{301}",
        "abcdefghijklmnopqrstuvwxyzäöüabcdefghijklmnopqrstuvwxyz",
    ];
    for pattern in USUAL {
        match compile(pattern) {
            Compiled::Dfa(bytes) => {
                println!("{:6} bytes  {pattern}", bytes.len());
                let regex = Regex::new(pattern).expect("valid");
                for text in texts {
                    let found = dfa::is_match(&bytes, text);
                    assert_eq!(found, regex.is_match(text).ok(), "{pattern} {text:?}");
                }
            }
            other => println!("{other:?}  {pattern}"),
        }
    }
}

#[test]
fn dialect_is_that_of_fancy_regex() {
    // Each would mean something else, or nothing, to the `regex` crate.
    for (pattern, yes, no) in [
        (r"a\Z", "a\n\n", "ab"),
        (r"^\h$", "f", "h"),
        (r"\u0041\U00000042\x{43}", "ABC", "u0041"),
        (r"a\/\-b", "a/-b", "a-b"),
        (r"\e", "\u{1b}", "e"),
        ("^a$", "a", "a\n"),
        ("^[]a]$", "]", "b"),
        ("^(?<n>a|b)(?'m'c)$", "ac", "a"),
        ("a{,2}b", "b", "a"),
        ("^a{$", "a{", "a"),
        ("^(?#note)a$", "a", "b"),
        (r"^\O$", "\n", ""),
        (r"\<a\>", "b a", "ba"),
        ("a(?=b)", "ab", "ac"),
        ("(?=b)", "b", "a"),
    ] {
        let bytes = automaton(pattern);
        assert_eq!(dfa::is_match(&bytes, yes), Some(true), "{pattern} {yes:?}");
        assert_eq!(dfa::is_match(&bytes, no), Some(false), "{pattern} {no:?}");
        assert!(
            expected(pattern, yes) && !expected(pattern, no),
            "{pattern}"
        );
    }
    for pattern in [
        "[^]", "[a", "(", "a**", r"\2(a)", r"\g<x>", "(?-u:a)", "a{2,1}",
    ] {
        assert_eq!(compile(pattern), Compiled::Invalid, "{pattern}");
    }
}

#[test]
fn assertions_between_all_kinds_of_neighbours() {
    let looks = [
        r"\A",
        r"\z",
        "(?m:^)",
        "(?m:$)",
        r"\b",
        r"\B",
        r"\b{start}",
        r"\b{end}",
        r"\b{start-half}",
        r"\b{end-half}",
    ];
    let neighbours = [
        "", "a", "é", "_", "٣", "\u{301}", " ", "-", "😀", "\n", "\r",
    ];
    for look in looks {
        // The second alternative keeps the assertion inside the text.
        let pattern = format!("(?s)^.?{look}.?$|.{look}.{look}.");
        let bytes = automaton(&pattern);
        let regex = Regex::new(&pattern).expect("valid");
        for before in neighbours {
            for after in neighbours {
                for text in [
                    format!("{before}{after}"),
                    format!("{before}{after}{before}"),
                ] {
                    let found = dfa::is_match(&bytes, &text);
                    assert_eq!(found, regex.is_match(&text).ok(), "{pattern} {text:?}");
                }
            }
        }
    }
}

#[test]
fn reasons() {
    for (pattern, expected) in [
        ("^(?!foo)", Reason::LookAround),
        ("(?=a)b", Reason::LookAround),
        ("(?<=foo)bar", Reason::LookAround),
        (r"(a)\1", Reason::BackReference),
        ("(?<n>a)\\k<n>", Reason::BackReference),
        ("a++", Reason::Atomic),
        ("(?>a)", Reason::Atomic),
        ("(a)?(?(1)b|c)", Reason::Conditional),
        (r"a\Kb", Reason::Position),
        (r"\Ga", Reason::Position),
        (r"(?:a|\b){2,}", Reason::RepeatedBoundary),
        (r"(?:a\b){3,2}", Reason::Unknown),
    ] {
        assert_eq!(reason(pattern), expected, "{pattern}");
    }
}

#[test]
fn limits() {
    // `a` twenty places before a `b`: two to the twentieth states.
    assert_eq!(reason("a.{20}b"), Reason::TooLarge);
    // Few enough states, too many bytes; and one that just fits.
    assert_eq!(reason("a.{12}b"), Reason::TooLarge);
    let bytes = automaton("a.{11}b");
    assert!((MAX_DFA_LEN / 2..=MAX_DFA_LEN).contains(&bytes.len()));
    assert_eq!(dfa::is_match(&bytes, "xxa12345678901b"), Some(true));
    assert_eq!(dfa::is_match(&bytes, "xxa1234567890b"), Some(false));
    // Too many nodes, classes of characters, steps.
    assert_eq!(reason("(?:a{200}b{3}){100}"), Reason::TooLarge);
    let many: String = ('一'..).step_by(2).take(255).collect();
    assert_eq!(reason(&many), Reason::TooLarge);
    assert_eq!(reason(r"(?:[ab]{3,90}c[ab]{1,80}){40}"), Reason::TooLarge);
    // Long patterns, deep ones, sums that overflow.
    automaton(&"a".repeat(1000));
    assert_eq!(reason(&"a".repeat(MAX_PATTERN_LEN + 1)), Reason::TooLarge);
    let deep = format!("{}a{}", "(?:".repeat(62), "){2}".repeat(62));
    assert_eq!(compile(&deep), Compiled::Invalid);
    assert_eq!(reason("(a{4294967296}){4294967296}"), Reason::TooLarge);
}
