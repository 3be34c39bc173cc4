//! Searches text with `fancy-regex`, the engine of Statsig's server core (evaluation.md §4.12).
//!
//! The pattern is compiled at every call, which costs tens of microseconds to milliseconds and
//! allocates: this is for tables compiled at the edge and for patterns that no automaton holds.

use fancy_regex::Regex;

/// Whether `pattern` matches anywhere in `text`; an invalid pattern does not match, nor does one
/// whose search the engine gives up.
pub(crate) fn is_match(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(text).unwrap_or(false))
}
