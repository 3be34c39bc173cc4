//! Patterns that became automata.

use std::format;

use super::of;

#[test]
fn patterns_are_searched_in_linear_time() {
    use crate::pattern::compile::{Compiled, compile};
    use crate::pattern::dfa::is_match;
    let patterns = [
        "(a+)+$",
        "(a|a)*b",
        r"(\w+\s?)*x$",
        "a{1,30}b",
        r"\bfoo\b",
        "(?i)[^k]k$",
        "(.*,){11}p",
        "x",
    ];
    let mut automata = 0;
    for pattern in patterns {
        let Compiled::Dfa(dfa) = compile(pattern) else {
            continue;
        };
        automata += 1;
        for shape in ["a", "a ", "aK", ",", "\u{212a}\u{10400}"] {
            let what = format!("{pattern} on {shape}");
            let work = |n: usize| {
                let text = shape.repeat(n);
                of(|| {
                    is_match(&dfa, &text).unwrap();
                })
            };
            let counts = [work(500), work(1000), work(2000)];
            for pair in counts.windows(2) {
                assert!(pair[1] * 10 <= pair[0] * 22 + 100, "{what}: {counts:?}");
            }
            // Of each character at most its class's 16 halvings and a row.
            assert!(
                counts[2] <= 2000 * shape.chars().count() * (16 + 256),
                "{what}"
            );
        }
    }
    assert!(automata >= 5, "{automata}");
}
