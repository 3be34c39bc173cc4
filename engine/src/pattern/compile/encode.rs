//! Writes an automaton down (layout in `FORMAT.md`).

use super::alphabet::Alphabet;
use super::determinize::Dfa;
use super::{MAX_DFA_LEN, Reason};
use crate::pattern::dfa::{DEAD, END, HEADER_LEN, HIGH, MATCH, MIDDLE};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

/// The bytes that `dfa::is_match` reads.
pub(super) fn encode(dfa: &Dfa, alphabet: &Alphabet) -> Result<Vec<u8>, Reason> {
    let classes = Classes::new(dfa, alphabet);
    // The two final states have no rows.
    let rows: Vec<Row> = dfa
        .rows
        .iter()
        .skip(2)
        .map(|row| classes.row(row))
        .collect();
    let wide = HEADER_LEN.saturating_add(rows.iter().map(|row| row.len(1)).sum()) > 0x100;
    let width = if wide { 2 } else { 1 };

    let mut offsets = vec![0, usize::from(MATCH)];
    let mut end = HEADER_LEN;
    for row in &rows {
        offsets.push(end);
        end = end.saturating_add(row.len(width));
    }
    if end > MAX_DFA_LEN {
        return Err(Reason::TooLarge);
    }
    let offset = |state: u16| offsets.get(usize::from(state)).copied().unwrap_or(0);

    let lists = [(0, MIDDLE, 1), (MIDDLE, HIGH, 2), (HIGH, u32::MAX, 3)]
        .map(|(from, to, width)| (classes.list(from, to), width));
    let mut counts = lists.iter().map(|(list, _)| list.len());
    let [low, middle, high] = core::array::from_fn(|_| counts.next().unwrap_or(0));

    let mut bytes = Vec::new();
    put(&mut bytes, width, 1);
    put(&mut bytes, low, 1);
    put(&mut bytes, offset(dfa.start), 2);
    put(&mut bytes, middle, 2);
    put(&mut bytes, high, 2);
    for row in &rows {
        put(&mut bytes, row.listed.len(), 1);
        bytes.extend(row.listed.iter().map(|&(class, _)| class));
        for &(_, target) in &row.listed {
            put(&mut bytes, offset(target), width);
        }
        put(&mut bytes, offset(row.others), width);
    }
    for (list, width) in &lists {
        for &(start, _) in list {
            put(&mut bytes, usize::try_from(start).unwrap_or(0), *width);
        }
        bytes.extend(list.iter().map(|&(_, class)| class));
    }
    if bytes.len() > MAX_DFA_LEN {
        return Err(Reason::TooLarge);
    }
    Ok(bytes)
}

/// Appends the `width` low bytes of `value`.
fn put(bytes: &mut Vec<u8>, value: usize, width: usize) {
    bytes.extend(value.to_le_bytes().into_iter().take(width));
}

/// A state's row: what it lists by class, and the target of all other classes.
struct Row {
    listed: Vec<(u8, u16)>,
    others: u16,
}

impl Row {
    fn len(&self, width: usize) -> usize {
        let listed = self.listed.len();
        let targets = listed.saturating_add(1).saturating_mul(width);
        targets.saturating_add(listed).saturating_add(1)
    }
}

/// The classes that the minimal automaton still tells apart.
struct Classes {
    /// First character and class of each range.
    ranges: Vec<(u32, u8)>,
    /// By class, the number of a symbol of the automaton that stands for it; the end first.
    symbols: Vec<usize>,
}

impl Classes {
    fn new(dfa: &Dfa, alphabet: &Alphabet) -> Self {
        let column = |symbol: usize| -> Vec<u16> {
            let targets = dfa.rows.iter().map(|row| row.get(symbol).copied());
            targets.map(Option::unwrap_or_default).collect()
        };
        let mut symbols = vec![usize::from(END)];
        let mut numbers = BTreeMap::new();
        let mut by_symbol = BTreeMap::new();
        // Characters beyond ASCII come first, so that patterns with the same Unicode classes
        // number them alike and tables of many such patterns compress well.
        let beyond = alphabet
            .ranges
            .partition_point(|&(start, _)| start < MIDDLE);
        let (ascii, others) = alphabet.ranges.split_at(beyond.saturating_sub(1));
        for &(_, class) in others.iter().chain(ascii) {
            let symbol = class.saturating_add(1);
            by_symbol.entry(class).or_insert_with(|| {
                *numbers.entry(column(symbol)).or_insert_with(|| {
                    symbols.push(symbol);
                    u8::try_from(symbols.len().saturating_sub(1)).unwrap_or(u8::MAX)
                })
            });
        }
        let number = |&(start, class): &(u32, usize)| {
            (start, by_symbol.get(&class).copied().unwrap_or(u8::MAX))
        };
        let mut ranges: Vec<(u32, u8)> = alphabet.ranges.iter().map(number).collect();
        ranges.dedup_by_key(|&mut (_, class)| class);
        Self { ranges, symbols }
    }

    /// The ranges from `from` to before `to`, the first one beginning at `from`.
    fn list(&self, from: u32, to: u32) -> Vec<(u32, u8)> {
        let begin = self.ranges.partition_point(|&(start, _)| start <= from);
        let ranges = self.ranges.get(begin.saturating_sub(1)..).unwrap_or(&[]);
        let inside = ranges.iter().take_while(|&&(start, _)| start < to);
        inside
            .map(|&(start, class)| (start.max(from), class))
            .collect()
    }

    fn row(&self, row: &[u16]) -> Row {
        let target = |&symbol: &usize| row.get(symbol).copied().unwrap_or(DEAD);
        let targets: Vec<u16> = self.symbols.iter().map(target).collect();
        let mut uses: BTreeMap<u16, usize> = BTreeMap::new();
        for &target in &targets {
            let uses = uses.entry(target).or_default();
            *uses = uses.saturating_add(1);
        }
        let most = uses.into_iter().max_by_key(|&(_, uses)| uses);
        let others = most.map_or(DEAD, |(target, _)| target);
        // At the end of the text every target but `MATCH` says the same.
        let differs = |&(class, target): &(u8, u16)| match class {
            END => (target == MATCH) != (others == MATCH),
            _ => target != others,
        };
        Row {
            listed: (0..).zip(targets).filter(differs).collect(),
            others,
        }
    }
}
