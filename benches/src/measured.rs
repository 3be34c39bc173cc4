//! What is measured: what was asked for, and the figures by their keys.

use std::collections::BTreeMap;

use crate::Arguments;
use crate::callgrind::Heap;
use crate::guest::Executed;
use crate::payloads::Payload;
use crate::request::Request;
use crate::requests::Row;
use crate::sizes::Size;

/// Everything measured, by key: the words of the native case, or of the guest's call.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) native: BTreeMap<String, Executed>,
    pub(crate) heap: BTreeMap<String, Heap>,
    pub(crate) guest: BTreeMap<String, Executed>,
    pub(crate) sizes: Vec<(String, Size)>,
    pub(crate) payloads: Vec<Payload>,
    pub(crate) requests: Vec<(&'static Row, Request)>,
    /// The section that the runs under Viceroy gave.
    pub(crate) machine: Option<String>,
    /// What was asked for.
    pub(crate) ran: Vec<Part>,
}

/// A part of the page that can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Opening, reading and compiling.
    Table,
    /// Checks.
    Evaluation,
    /// Whole requests.
    Requests,
    /// Sizes of modules.
    Sizes,
}

impl Part {
    const ALL: [Part; 4] = [Part::Table, Part::Evaluation, Part::Requests, Part::Sizes];

    /// What the ids of its cases begin with.
    pub(crate) fn letter(self) -> char {
        match self {
            Part::Table => 'T',
            Part::Evaluation => 'E',
            Part::Requests => 'R',
            Part::Sizes => 'W',
        }
    }
}

/// What a run is restricted to: parts, and what has a text in its key.
pub(crate) struct Selection<'a> {
    pub(crate) parts: Vec<Part>,
    pub(crate) only: Option<&'a str>,
}

impl<'a> Selection<'a> {
    /// `parts=TERW only=TEXT`, each of which may be missing.
    pub(crate) fn of(arguments: &'a Arguments) -> Self {
        let letters = arguments.optional("parts");
        let asked = |part: &Part| letters.is_none_or(|all| all.contains(part.letter()));
        Self {
            parts: Part::ALL.into_iter().filter(asked).collect(),
            only: arguments.optional("only"),
        }
    }

    /// A key begins with the letter of its part.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.parts.iter().any(|part| key.starts_with(part.letter()))
            && self.only.is_none_or(|only| key.contains(only))
    }
}
