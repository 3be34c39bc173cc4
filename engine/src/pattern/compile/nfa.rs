//! A pattern as a graph of nodes that read one character, fork, assert or accept.

use super::{Budget, MAX_NODES, Reason};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind, Look};

/// Sorted, disjoint ranges of code points, both ends included.
pub(super) type CharSet = Vec<(u32, u32)>;

/// A node's index; there are at most [`MAX_NODES`].
pub(super) type NodeId = u16;

/// One node.
pub(super) enum Node {
    /// Reads a character of the set with this index.
    Chars { set: usize, next: NodeId },
    /// Goes on at each of these.
    Fork(Vec<NodeId>),
    /// Goes on if this holds here.
    Assert { look: Look, next: NodeId },
    /// The pattern matches.
    Match,
}

/// The graph of a pattern.
pub(super) struct Nfa {
    pub(super) nodes: Vec<Node>,
    pub(super) start: NodeId,
    /// The different sets that nodes read, by index.
    pub(super) sets: Vec<CharSet>,
}

impl Nfa {
    pub(super) fn new(hir: &Hir, budget: &mut Budget) -> Result<Self, Reason> {
        let mut builder = Builder {
            nodes: vec![Node::Match],
            sets: BTreeMap::new(),
            budget,
        };
        let start = builder.hir(hir, 0)?;
        let Builder { nodes, sets, .. } = builder;
        let mut numbered: Vec<(usize, CharSet)> =
            sets.into_iter().map(|(set, index)| (index, set)).collect();
        numbered.sort_unstable_by_key(|&(index, _)| index);
        let sets = numbered.into_iter().map(|(_, set)| set).collect();
        Ok(Self { nodes, start, sets })
    }

    /// The assertions in the pattern.
    pub(super) fn looks(&self) -> impl Iterator<Item = Look> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Assert { look, .. } => Some(*look),
            _ => None,
        })
    }
}

/// Builds from the pattern's end to its start, so that a node's successor is there before it.
struct Builder<'b> {
    nodes: Vec<Node>,
    sets: BTreeMap<CharSet, usize>,
    budget: &'b mut Budget,
}

impl Builder<'_> {
    fn node(&mut self, node: Node) -> Result<NodeId, Reason> {
        if self.nodes.len() >= MAX_NODES {
            return Err(Reason::TooLarge);
        }
        let id = NodeId::try_from(self.nodes.len()).map_err(|_| Reason::TooLarge)?;
        self.nodes.push(node);
        Ok(id)
    }

    fn chars(&mut self, set: CharSet, next: NodeId) -> Result<NodeId, Reason> {
        self.budget.spend(set.len().saturating_add(1))?;
        let unused = self.sets.len();
        let set = *self.sets.entry(set).or_insert(unused);
        self.node(Node::Chars { set, next })
    }

    /// Adds `hir` in front of `next`; returns where it begins. The parser bounds the depth of a
    /// pattern (250).
    fn hir(&mut self, hir: &Hir, next: NodeId) -> Result<NodeId, Reason> {
        self.budget.spend(1)?;
        match hir.kind() {
            HirKind::Empty => Ok(next),
            HirKind::Literal(literal) => {
                let text = core::str::from_utf8(&literal.0).map_err(|_| Reason::Unknown)?;
                let mut chars = text.chars().rev().map(u32::from);
                chars.try_fold(next, |next, char| self.chars(vec![(char, char)], next))
            }
            HirKind::Class(class) => self.chars(ranges(class)?, next),
            &HirKind::Look(look) => self.node(Node::Assert { look, next }),
            HirKind::Repetition(repetition) => {
                let sub = &repetition.sub;
                self.repetition(sub, repetition.min, repetition.max, next)
            }
            HirKind::Capture(capture) => self.hir(&capture.sub, next),
            HirKind::Concat(parts) => {
                let mut parts = parts.iter().rev();
                parts.try_fold(next, |next, part| self.hir(part, next))
            }
            HirKind::Alternation(branches) => {
                let branches = branches.iter().map(|branch| self.hir(branch, next));
                let branches = branches.collect::<Result<_, _>>()?;
                self.node(Node::Fork(branches))
            }
        }
    }

    fn repetition(
        &mut self,
        sub: &Hir,
        min: u32,
        max: Option<u32>,
        next: NodeId,
    ) -> Result<NodeId, Reason> {
        let mut first = next;
        if let Some(max) = max {
            for _ in min..max {
                let once = self.hir(sub, first)?;
                first = self.node(Node::Fork(vec![once, next]))?;
            }
        } else {
            let again = self.node(Node::Fork(Vec::new()))?;
            let once = self.hir(sub, again)?;
            if let Some(node) = self.nodes.get_mut(usize::from(again)) {
                *node = Node::Fork(vec![once, next]);
            }
            first = again;
        }
        for _ in 0..min {
            first = self.hir(sub, first)?;
        }
        Ok(first)
    }
}

pub(super) fn ranges(class: &Class) -> Result<CharSet, Reason> {
    let Class::Unicode(class) = class else {
        // Only where Unicode is switched off, which the dialect does not allow.
        return Err(Reason::Unknown);
    };
    let ends = |range: &ClassUnicodeRange| (u32::from(range.start()), u32::from(range.end()));
    Ok(class.ranges().iter().map(ends).collect())
}
