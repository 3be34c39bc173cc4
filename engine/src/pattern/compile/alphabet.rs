//! The classes of characters that a pattern tells apart, and what assertions see of a character.

use super::nfa::{CharSet, Nfa, ranges};
use super::{Budget, Reason};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use regex_syntax::hir::{Hir, HirKind, Look};

/// What is next to a position: a character's properties, or the text's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Side(u8);

impl Side {
    const EDGE: u8 = 1;
    const LINE_FEED: u8 = 2;
    const WORD: u8 = 4;

    /// Before the text's first character and after its last.
    pub(super) const TEXT_EDGE: Self = Self(Self::EDGE);

    fn is(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// Whether `look` holds between two sides.
pub(super) fn holds(look: Look, before: Side, after: Side) -> bool {
    let word = (before.is(Side::WORD), after.is(Side::WORD));
    match look {
        Look::Start => before.is(Side::EDGE),
        Look::End => after.is(Side::EDGE),
        Look::StartLF => before.is(Side::EDGE | Side::LINE_FEED),
        Look::EndLF => after.is(Side::EDGE | Side::LINE_FEED),
        Look::WordUnicode => matches!(word, (false, true) | (true, false)),
        Look::WordUnicodeNegate => matches!(word, (false, false) | (true, true)),
        Look::WordStartUnicode => word == (false, true),
        Look::WordEndUnicode => word == (true, false),
        Look::WordStartHalfUnicode => !before.is(Side::WORD),
        Look::WordEndHalfUnicode => !after.is(Side::WORD),
        // Refused by `reads`.
        _ => false,
    }
}

/// The properties that `look` reads. The others need flags that the dialect does not have: ASCII
/// word boundaries `(?-u)`, line ends with `\r` `(?R)`.
fn reads(look: Look) -> Result<u8, Reason> {
    match look {
        Look::Start | Look::End => Ok(0),
        Look::StartLF | Look::EndLF => Ok(Side::LINE_FEED),
        Look::WordUnicode
        | Look::WordUnicodeNegate
        | Look::WordStartUnicode
        | Look::WordEndUnicode
        | Look::WordStartHalfUnicode
        | Look::WordEndHalfUnicode => Ok(Side::WORD),
        _ => Err(Reason::Unknown),
    }
}

/// The characters of words, as Unicode has them.
fn word_chars() -> Result<CharSet, Reason> {
    match regex_syntax::parse(r"\w").map(Hir::into_kind) {
        Ok(HirKind::Class(class)) => ranges(&class),
        _ => Err(Reason::Unknown),
    }
}

/// A partition of all characters.
pub(super) struct Alphabet {
    /// First character and class of each range, sorted, from 0.
    pub(super) ranges: Vec<(u32, usize)>,
    /// What assertions see of a class.
    pub(super) sides: Vec<Side>,
    /// `members[set][class]`: whether a set of the graph holds a class.
    pub(super) members: Vec<Vec<bool>>,
}

impl Alphabet {
    pub(super) fn new(nfa: &Nfa, budget: &mut Budget) -> Result<Self, Reason> {
        let mut properties = Vec::new();
        let read = nfa
            .looks()
            .try_fold(0, |bits, look| Ok(bits | reads(look)?))?;
        if read & Side::LINE_FEED != 0 {
            let line_feed = u32::from('\n');
            properties.push((Side::LINE_FEED, vec![(line_feed, line_feed)]));
        }
        if read & Side::WORD != 0 {
            properties.push((Side::WORD, word_chars()?));
        }
        let sets = || nfa.sets.iter().chain(properties.iter().map(|(_, set)| set));

        let mut starts = BTreeSet::from([0]);
        for &(first, last) in sets().flatten() {
            starts.insert(first);
            starts.insert(last.saturating_add(1));
        }
        starts.retain(|&start| start <= u32::from(char::MAX));

        // Every set splits each class into what it holds and what it does not.
        let mut ranges: Vec<(u32, usize)> = starts.into_iter().map(|start| (start, 0)).collect();
        let mut classes: usize = 1;
        for set in sets() {
            budget.spend(ranges.len())?;
            let mut split = BTreeMap::new();
            for (start, class) in &mut ranges {
                let unused = split.len();
                *class = *split
                    .entry((*class, holds_char(set, *start)))
                    .or_insert(unused);
            }
            classes = split.len();
            // One class number is the end of the text.
            if classes > usize::from(u8::MAX) {
                return Err(Reason::TooLarge);
            }
        }

        let mut first = vec![0; classes];
        for &(start, class) in &ranges {
            if let Some(first) = first.get_mut(class) {
                *first = start;
            }
        }
        let members = nfa.sets.iter().map(|set| {
            let member = |&start: &u32| holds_char(set, start);
            first.iter().map(member).collect()
        });
        let sides = first.iter().map(|&start| {
            let held = properties.iter().filter(|(_, set)| holds_char(set, start));
            Side(held.fold(0, |bits, (bit, _)| bits | bit))
        });
        Ok(Self {
            members: members.collect(),
            sides: sides.collect(),
            ranges,
        })
    }
}

fn holds_char(set: &CharSet, char: u32) -> bool {
    let after = set.partition_point(|&(first, _)| first <= char);
    let range = after.checked_sub(1).and_then(|index| set.get(index));
    range.is_some_and(|&(_, last)| char <= last)
}
