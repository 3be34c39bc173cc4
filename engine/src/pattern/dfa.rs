//! Searches text with a serialised automaton (evaluation.md §4.12; layout in `FORMAT.md`).
//!
//! The automaton reads characters, not bytes: a character is first mapped to one of at most 255
//! classes that the pattern tells apart, then the state's row is asked for that class. This keeps
//! `\w` at one list of ranges per pattern, however often the pattern repeats it, and makes Unicode
//! word boundaries exact.
//!
//! Cost: per character one binary search (about 4 steps for ASCII, 10 for other characters in a
//! pattern with `\w`) and one scan of a row, whose usual length is 1 to 3 classes; one more step at
//! the end of the text. The search stops at the first character that decides it. Any bytes are
//! safe: every read is checked and every step consumes a character, so corrupt bytes can only give
//! `None` or a wrong answer.

use crate::characters;

/// Bytes before the states.
pub(super) const HEADER_LEN: usize = 8;
/// Target from which no match can follow.
pub(super) const DEAD: u16 = 0;
/// Target that is a match whatever follows.
pub(super) const MATCH: u16 = 1;
/// The class of the end of the text; characters have classes from 1.
pub(super) const END: u8 = 0;
/// First character of the second and of the third list of ranges.
#[cfg(feature = "compile-regex")]
pub(super) const MIDDLE: u32 = 0x80;
/// First character of the third list of ranges.
pub(super) const HIGH: u32 = 0x1_0000;

/// Whether the pattern matches anywhere in `text`; `None` when the automaton's bytes are corrupt.
pub(crate) fn is_match(dfa: &[u8], text: &str) -> Option<bool> {
    let dfa = Dfa::read(dfa)?;
    let mut state = dfa.start;
    let mut characters = text.chars();
    while let Some(char) = characters::next(&mut characters) {
        match state {
            DEAD => return Some(false),
            MATCH => return Some(true),
            _ => state = dfa.step(state, dfa.class(u32::from(char))?)?,
        }
    }
    if state > MATCH {
        state = dfa.step(state, END)?;
    }
    Some(state == MATCH)
}

/// An automaton's parts; the rows of its states are found by their offset in `bytes`.
struct Dfa<'t> {
    bytes: &'t [u8],
    wide: bool,
    start: u16,
    /// First characters and classes.
    low: (&'t [u8], &'t [u8]),
    middle: &'t [u8],
    high: &'t [u8],
}

impl<'t> Dfa<'t> {
    fn read(bytes: &'t [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>()?;
        let [width, low, s0, s1, m0, m1, h0, h1] = *header;
        let wide = match width {
            1 => false,
            2 => true,
            _ => return None,
        };
        let (rest, high) = split_tail(rest, u16::from_le_bytes([h0, h1]), 4)?;
        let (rest, middle) = split_tail(rest, u16::from_le_bytes([m0, m1]), 3)?;
        let (rest, classes) = split_tail(rest, u16::from(low), 1)?;
        let (_states, starts) = split_tail(rest, u16::from(low), 1)?;
        Some(Self {
            bytes,
            wide,
            start: u16::from_le_bytes([s0, s1]),
            low: (starts, classes),
            middle,
            high,
        })
    }

    /// The class of a character.
    fn class(&self, char: u32) -> Option<u8> {
        if let Ok(char) = u8::try_from(char)
            && char.is_ascii()
        {
            let (starts, classes) = self.low;
            let after = starts.partition_point(|&start| start <= char);
            classes.get(after.checked_sub(1)?).copied()
        } else if char < HIGH {
            class_in(self.middle, 2, char)
        } else {
            class_in(self.high, 3, char)
        }
    }

    /// The target of `class` in the row at offset `state`.
    fn step(&self, state: u16, class: u8) -> Option<u16> {
        let row = self.bytes.get(usize::from(state)..)?;
        let (&count, row) = row.split_first()?;
        let (classes, targets) = row.split_at_checked(usize::from(count))?;
        // The targets follow in the order of the classes; the last is everyone else's.
        let index = classes.iter().position(|&listed| listed == class);
        let index = index.unwrap_or(classes.len());
        crate::work::tick(index.saturating_add(1));
        if self.wide {
            let (targets, _) = targets.as_chunks::<2>();
            targets.get(index).copied().map(u16::from_le_bytes)
        } else {
            targets.get(index).copied().map(u16::from)
        }
    }
}

/// Splits `count` items of `size` bytes off the end.
fn split_tail(bytes: &[u8], count: u16, size: usize) -> Option<(&[u8], &[u8])> {
    let tail = usize::from(count).checked_mul(size)?;
    bytes.split_at_checked(bytes.len().checked_sub(tail)?)
}

/// The class of the last range that begins at or before `char`: `list` holds the sorted first
/// characters of its ranges in `width` bytes each, then their classes.
fn class_in(list: &[u8], width: usize, char: u32) -> Option<u8> {
    let count = list.len().checked_div(width.checked_add(1)?)?;
    let (starts, classes) = list.split_at_checked(count.checked_mul(width)?)?;
    let (mut low, mut high) = (0_usize, count);
    while low < high {
        let middle = low.midpoint(high);
        crate::work::tick(1);
        let start = starts.get(middle.checked_mul(width)?..)?.get(..width)?;
        if little_endian(start) <= char {
            low = middle.checked_add(1)?;
        } else {
            high = middle;
        }
    }
    classes.get(low.checked_sub(1)?).copied()
}

fn little_endian(bytes: &[u8]) -> u32 {
    let shifted = |value: u32, &byte: &u8| (value << 8) | u32::from(byte);
    bytes.iter().rev().fold(0, shifted)
}
