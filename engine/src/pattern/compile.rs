//! Compiles a pattern of `str_matches` to an automaton (evaluation.md §4.12; layout in `FORMAT.md`).
//!
//! `fancy-regex` 0.17, which Statsig's server core runs, decides what the pattern means: its parser
//! says whether it is valid and which parts need backtracking ([`dialect`]). What remains is a
//! regular expression in the sense of the `regex` crate. It becomes an automaton over characters
//! ([`nfa`]), whose alphabet is the classes of characters that the pattern tells apart
//! ([`alphabet`]); that is made deterministic ([`determinize`]), minimal ([`minimize`]) and written
//! down ([`encode`]). Working on characters instead of UTF-8 bytes, assertions can look at a whole
//! character on either side, so that Unicode word boundaries need no special case.
//!
//! One difference to the core remains. It searches patterns with word boundaries by backtracking
//! and answers "no match" when it gives up after 1,000,000 steps, which takes a pattern with nested
//! or several unbounded repetitions and a text made for it, or a text of more than about 1,000
//! characters. The automaton always has the true answer.
//!
//! Time and memory are bounded by [`MAX_WORK`], the result by [`MAX_DFA_LEN`].

mod alphabet;
mod determinize;
mod dialect;
mod encode;
mod minimize;
mod nfa;

use alloc::vec::Vec;
use core::fmt;
use fancy_regex::{Expr, Regex};

/// Longest pattern, in bytes, for which an automaton is tried.
pub(crate) const MAX_PATTERN_LEN: usize = 32 * 1024;
/// Longest automaton, in bytes; its offsets have 16 bits.
pub(crate) const MAX_DFA_LEN: usize = 64 * 1024;
/// Most nodes of the automaton before it is made deterministic.
const MAX_NODES: usize = 16 * 1024;
/// Most states of the deterministic automaton before it is made minimal. More could not be
/// written anyway: each takes at least four bytes.
const MAX_STATES: usize = 16 * 1024;
/// Most steps to compile one pattern, counted where the loops are; about a second at worst. A node
/// in a state's set counts eight, so that this bounds the memory, too: at most 8 Mi nodes of two
/// bytes, kept twice.
const MAX_WORK: u32 = 64 * 1024 * 1024;

/// What a pattern compiles to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Compiled {
    /// The bytes that `dfa::is_match` reads.
    Dfa(Vec<u8>),
    /// Not a pattern of the dialect; it never matches.
    Invalid,
    /// Only `engine::is_match` can search it.
    NeedsEngine(Reason),
}

/// Why a pattern has no automaton.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Look-ahead that is not the pattern's last part, negative look-ahead, or look-behind.
    LookAround,
    /// A reference to what a group matched.
    BackReference,
    /// An atomic group or a possessive repetition.
    Atomic,
    /// A part chosen by a condition.
    Conditional,
    /// `\K` or `\G`, which depend on the match's position.
    Position,
    /// A word boundary repeated at least two times without upper limit.
    RepeatedBoundary,
    /// Something that this compiler does not know; in `fancy-regex` 0.17 that is only what its
    /// backtracking machine takes and the `regex` crate does not, such as `(?:a\b){3,2}`.
    Unknown,
    /// The pattern or its automaton passes a limit.
    TooLarge,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LookAround => "look-around",
            Self::BackReference => "back-reference",
            Self::Atomic => "atomic group or possessive repetition",
            Self::Conditional => "conditional",
            Self::Position => "\\K or \\G",
            Self::RepeatedBoundary => "repeated word boundary",
            Self::Unknown => "not known to the pattern compiler",
            Self::TooLarge => "too large",
        })
    }
}

/// Compiles `pattern`; see [`Compiled`].
pub(crate) fn compile(pattern: &str) -> Compiled {
    if pattern.len() > MAX_PATTERN_LEN {
        return Compiled::NeedsEngine(Reason::TooLarge);
    }
    let Ok(tree) = Expr::parse_tree(pattern) else {
        return Compiled::Invalid;
    };
    // Sums of lengths that overflow are not `fancy-regex`'s strength.
    if dialect::shortest_match(&tree.expr).is_none() {
        return Compiled::NeedsEngine(Reason::TooLarge);
    }
    if Regex::new(pattern).is_err() {
        return Compiled::Invalid;
    }
    match automaton(tree.expr) {
        Ok(bytes) => Compiled::Dfa(bytes),
        Err(reason) => Compiled::NeedsEngine(reason),
    }
}

fn automaton(expr: Expr) -> Result<Vec<u8>, Reason> {
    let plain = dialect::plain(expr)?;
    let hir = regex_syntax::parse(&plain).map_err(|_| Reason::Unknown)?;
    let mut budget = Budget(MAX_WORK);
    let nfa = nfa::Nfa::new(&hir, &mut budget)?;
    let alphabet = alphabet::Alphabet::new(&nfa, &mut budget)?;
    let dfa = determinize::determinize(&nfa, &alphabet, &mut budget)?;
    let dfa = minimize::minimize(dfa, &mut budget)?;
    encode::encode(&dfa, &alphabet)
}

/// Steps left of [`MAX_WORK`].
struct Budget(u32);

impl Budget {
    fn spend(&mut self, steps: usize) -> Result<(), Reason> {
        let left = u32::try_from(steps)
            .ok()
            .and_then(|steps| self.0.checked_sub(steps));
        self.0 = left.ok_or(Reason::TooLarge)?;
        Ok(())
    }
}
