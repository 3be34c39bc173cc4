//! Merges states that no text tells apart, by refining a partition of the states.
//!
//! The first partition is by the length of the shortest text that a state still accepts. Long
//! chains of states, such as `\w{1000}` makes, fall apart at once that way instead of one state per
//! round.

use super::determinize::Dfa;
use super::{Budget, Reason};
use crate::pattern::dfa::{DEAD, END, MATCH};
use alloc::collections::BTreeMap;
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

/// The smallest automaton that gives the same answers.
pub(super) fn minimize(dfa: Dfa, budget: &mut Budget) -> Result<Dfa, Reason> {
    let mut blocks = shortest_accepted(&dfa.rows);
    let mut count = blocks.iter().copied().max().unwrap_or(0);
    loop {
        let mut members: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (state, &block) in blocks.iter().enumerate() {
            members.entry(block).or_default().push(state);
        }
        let before = count;
        for states in members.values().filter(|states| states.len() > 1) {
            // The block keeps its number for the first kind of state in it.
            let mut kinds: BTreeMap<Vec<u16>, u16> = BTreeMap::new();
            for &state in states {
                let Some(row) = dfa.rows.get(state) else {
                    continue;
                };
                budget.spend(row.len())?;
                let kind: Vec<u16> = row.iter().map(|&target| at(&blocks, target)).collect();
                if kinds.is_empty() {
                    kinds.insert(kind, at(&blocks, narrow(state)));
                } else {
                    kinds.entry(kind).or_insert_with(|| {
                        count = count.saturating_add(1);
                        count
                    });
                }
            }
            if kinds.len() < 2 {
                continue;
            }
            let kind_of = |&state: &usize| {
                let row = dfa.rows.get(state)?;
                let kind: Vec<u16> = row.iter().map(|&target| at(&blocks, target)).collect();
                Some((state, *kinds.get(&kind)?))
            };
            let moved: Vec<(usize, u16)> = states.iter().filter_map(kind_of).collect();
            for (state, kind) in moved {
                if let Some(block) = blocks.get_mut(state) {
                    *block = kind;
                }
            }
        }
        if count == before {
            break;
        }
    }
    Ok(merged(&dfa, &blocks))
}

fn at(blocks: &[u16], state: u16) -> u16 {
    blocks.get(usize::from(state)).copied().unwrap_or(0)
}

/// A state's index as a state; there are fewer than 65,536.
fn narrow(state: usize) -> u16 {
    u16::try_from(state).unwrap_or(DEAD)
}

/// Length of the shortest text that leads from each state to acceptance; the number of states,
/// which no such length reaches, if none does.
fn shortest_accepted(rows: &[Vec<u16>]) -> Vec<u16> {
    let none = narrow(rows.len());
    let mut lengths = vec![none; rows.len()];
    let mut sources: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    let mut queue = VecDeque::new();
    for ((state, row), length) in rows.iter().enumerate().zip(&mut lengths) {
        if row.get(usize::from(END)) == Some(&MATCH) {
            *length = 0;
            queue.push_back(state);
        }
        for &target in row.iter().skip(1) {
            if let Some(sources) = sources.get_mut(usize::from(target))
                && sources.last() != Some(&state)
            {
                sources.push(state);
            }
        }
    }
    while let Some(state) = queue.pop_front() {
        let length = lengths.get(state).copied().unwrap_or(0).saturating_add(1);
        for &source in sources.get(state).into_iter().flatten() {
            match lengths.get_mut(source) {
                Some(known) if *known == none => {
                    *known = length;
                    queue.push_back(source);
                }
                _ => {}
            }
        }
    }
    lengths
}

/// One state per block that can be reached, in the order in which they are.
fn merged(dfa: &Dfa, blocks: &[u16]) -> Dfa {
    let mut numbers = BTreeMap::from([(at(blocks, DEAD), DEAD), (at(blocks, MATCH), MATCH)]);
    let mut old = vec![DEAD, MATCH];
    let mut number = |state: u16, old: &mut Vec<u16>| {
        *numbers.entry(at(blocks, state)).or_insert_with(|| {
            old.push(state);
            narrow(old.len().saturating_sub(1))
        })
    };
    let start = number(dfa.start, &mut old);
    let mut rows = Vec::new();
    while let Some(&state) = old.get(rows.len()) {
        let row = dfa.rows.get(usize::from(state)).into_iter().flatten();
        rows.push(row.map(|&target| number(target, &mut old)).collect());
    }
    Dfa { rows, start }
}
