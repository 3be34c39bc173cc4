//! Patterns of `str_matches` (evaluation.md §4.12).
//!
//! A publisher turns a pattern into a small automaton over character classes ([`compile`], feature
//! `compile-regex`); the evaluator runs it from the table's bytes ([`dfa`], always there, no
//! allocation). What no automaton holds stays text and is searched by `fancy-regex` ([`engine`],
//! feature `regex`), which is also what a table compiled at the edge uses for every pattern.

#[cfg(feature = "compile-regex")]
pub(crate) mod compile;
pub(crate) mod dfa;
#[cfg(feature = "regex")]
pub(crate) mod engine;
#[cfg(test)]
mod tests;
