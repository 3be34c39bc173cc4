//! The subset construction: from the pattern's graph to a deterministic automaton that finds the
//! pattern anywhere in a text.
//!
//! A state is the set of nodes where matches may be under way, with assertions not yet decided,
//! and the side of the position that has been read. The next character (or the end) decides the
//! assertions, so a match that rests on one is noticed one step late, which a search for whether
//! there is any match does not mind.

use super::alphabet::{Alphabet, Side, holds};
use super::nfa::{Nfa, Node, NodeId};
use super::{Budget, MAX_STATES, Reason};
use crate::pattern::dfa::{DEAD, MATCH};
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec;
use alloc::vec::Vec;

/// A deterministic automaton: `rows[state][symbol]` is a state. Symbol 0 is the end of the text,
/// symbol `n + 1` the alphabet's class `n`; states 0 and 1 are `DEAD` and `MATCH`.
pub(super) struct Dfa {
    pub(super) rows: Vec<Vec<u16>>,
    pub(super) start: u16,
}

/// What a state is made of: the side behind it and its nodes, sorted.
type Key = (Side, Vec<NodeId>);

/// Builds the automaton.
pub(super) fn determinize(
    nfa: &Nfa,
    alphabet: &Alphabet,
    budget: &mut Budget,
) -> Result<Dfa, Reason> {
    let symbols = alphabet.sides.len().saturating_add(1);
    let mut builder = Builder {
        closure: Closure {
            nfa,
            seen: vec![false; nfa.nodes.len()],
            nodes: Vec::new(),
            budget,
        },
        states: BTreeMap::new(),
        keys: Vec::new(),
    };
    let start = builder.enter(Side::TEXT_EDGE, &[])?;
    let mut rows = vec![vec![DEAD; symbols], vec![MATCH; symbols]];
    let mut done = 0;
    while let Some((before, nodes)) = builder.keys.get(done).cloned() {
        rows.push(builder.row(alphabet, before, &nodes)?);
        done = done.saturating_add(1);
    }
    Ok(Dfa { rows, start })
}

struct Builder<'b> {
    closure: Closure<'b>,
    states: BTreeMap<Key, u16>,
    /// The states' keys in the order of their numbers, from state 2.
    keys: Vec<Key>,
}

impl Builder<'_> {
    /// The state after a character with side `before`, from which matches go on at `nodes` or
    /// begin.
    fn enter(&mut self, before: Side, nodes: &[NodeId]) -> Result<u16, Reason> {
        let begin = self.closure.nfa.start;
        let nodes = nodes.iter().copied().chain([begin]);
        if self.closure.close(nodes, None)? {
            return Ok(MATCH);
        }
        let key = (before, self.closure.nodes.clone());
        if let Some(&state) = self.states.get(&key) {
            return Ok(state);
        }
        if self.keys.len() >= MAX_STATES {
            return Err(Reason::TooLarge);
        }
        // Keys are most of the memory; see `MAX_WORK`.
        self.closure.budget.spend(key.1.len().saturating_mul(8))?;
        let state = self.keys.len().saturating_add(2);
        let state = u16::try_from(state).map_err(|_| Reason::TooLarge)?;
        self.keys.push(key.clone());
        self.states.insert(key, state);
        Ok(state)
    }

    fn row(
        &mut self,
        alphabet: &Alphabet,
        before: Side,
        nodes: &[NodeId],
    ) -> Result<Vec<u16>, Reason> {
        let edge = Some((before, Side::TEXT_EDGE));
        let matched = self.closure.close(nodes.iter().copied(), edge)?;
        let mut row = vec![if matched { MATCH } else { DEAD }];
        // Characters that look the same to assertions open the same nodes.
        let mut opened: BTreeMap<Side, Option<Vec<NodeId>>> = BTreeMap::new();
        for (class, &after) in alphabet.sides.iter().enumerate() {
            let opened = match opened.entry(after) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let sides = Some((before, after));
                    let matched = self.closure.close(nodes.iter().copied(), sides)?;
                    entry.insert((!matched).then(|| self.closure.nodes.clone()))
                }
            };
            let target = match opened {
                None => MATCH,
                Some(nodes) => {
                    self.closure.budget.spend(nodes.len())?;
                    let reached = self.closure.read(alphabet, class, nodes);
                    self.enter(after, &reached)?
                }
            };
            row.push(target);
        }
        Ok(row)
    }
}

/// Follows the edges that read nothing.
struct Closure<'b> {
    nfa: &'b Nfa,
    seen: Vec<bool>,
    /// The result: the nodes reached that read or assert, sorted.
    nodes: Vec<NodeId>,
    budget: &'b mut Budget,
}

impl Closure<'_> {
    /// Whether a match is reached from `from`. Assertions are decided by `sides`, or kept.
    fn close(
        &mut self,
        from: impl Iterator<Item = NodeId>,
        sides: Option<(Side, Side)>,
    ) -> Result<bool, Reason> {
        self.nodes.clear();
        let mut stack: Vec<NodeId> = from.collect();
        let mut visited = Vec::new();
        let mut matched = false;
        let mut steps = stack.len();
        while let Some(node) = stack.pop() {
            let index = usize::from(node);
            match self.seen.get_mut(index) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            visited.push(index);
            match (self.nfa.nodes.get(index), sides) {
                (Some(Node::Fork(branches)), _) => {
                    steps = steps.saturating_add(branches.len());
                    stack.extend(branches);
                }
                (Some(&Node::Assert { look, next }), Some((before, after))) => {
                    if holds(look, before, after) {
                        stack.push(next);
                    }
                }
                (Some(Node::Chars { .. } | Node::Assert { .. }), _) => self.nodes.push(node),
                (Some(Node::Match), _) => matched = true,
                (None, _) => {}
            }
        }
        for &index in &visited {
            if let Some(seen) = self.seen.get_mut(index) {
                *seen = false;
            }
        }
        self.nodes.sort_unstable();
        self.budget.spend(steps.saturating_add(visited.len()))?;
        Ok(matched)
    }

    /// Where those of `nodes` lead that read `class`.
    fn read(&self, alphabet: &Alphabet, class: usize, nodes: &[NodeId]) -> Vec<NodeId> {
        let reads = |set: usize| {
            let members = alphabet.members.get(set);
            members.and_then(|members| members.get(class)) == Some(&true)
        };
        let next = |&node: &NodeId| match self.nfa.nodes.get(usize::from(node)) {
            Some(&Node::Chars { set, next }) if reads(set) => Some(next),
            _ => None,
        };
        nodes.iter().filter_map(next).collect()
    }
}
