//! Where something can be wrong, and what.

/// Where something can be wrong, in the order in which sources are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum At {
    Kv,
    /// A Config Store's item with JSON.
    Item,
    /// A Config Store's chunks of a table.
    Chunks,
    Download,
    Bootstrap,
    Events,
}

use At::{Bootstrap, Chunks, Download, Events, Item, Kv};

pub(crate) const SOURCES: [At; 5] = [Kv, Item, Chunks, Download, Bootstrap];

impl At {
    /// The rule by which its specs answer.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Kv => "kv",
            Item => "item",
            Chunks => "chunks",
            Download => "download",
            Bootstrap => "bootstrap",
            Events => "",
        }
    }

    /// Its name in the status.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Kv => "kv store",
            Item | Chunks => "config store",
            other => other.rule(),
        }
    }
}

/// A fault by its name, and what is said of it.
pub(crate) type Fault = (&'static str, &'static str);

pub(crate) const NO_STORE: Fault = ("missing-store", "nothing of that name is linked");
pub(crate) const NO_KEY: Fault = ("missing-key", "no such key");
pub(crate) const EMPTY: Fault = ("empty", "not valid JSON");
pub(crate) const NOT_JSON: Fault = ("not-json", "not valid JSON");
pub(crate) const CUT: Fault = ("cut", "cut off");
pub(crate) const FLIPPED: Fault = ("flipped", "checksum");
pub(crate) const FUTURE: Fault = ("future", "version 9");
pub(crate) const TOO_LONG: Fault = ("huge", "longer than its limit");
/// The platform says whether a backend was not reached or took too long (`fastly-host/src/platform/backend.rs`); Viceroy does not.
pub(crate) const SENDING: &str = "the host refused: generic error";
pub(crate) const NO_HTTP: &str = "not complete HTTP";

#[rustfmt::skip]
pub(crate) const FAULTS: [(At, &[Fault]); 6] = [
    (Kv, &[NO_STORE, NO_KEY, EMPTY, NOT_JSON, CUT, FLIPPED, FUTURE, TOO_LONG]),
    (Item, &[NO_STORE, NO_KEY, EMPTY, NOT_JSON, ("cut", "not valid JSON"), ("flipped", "not valid JSON")]),
    (Chunks, &[
        NO_STORE, NO_KEY, EMPTY, NOT_JSON, ("cut", "line 2"), FLIPPED, ("future", "version 2"), ("lost", "no chunk 1"),
    ]),
    (Download, &[
        NO_STORE, ("missing-secret", "no key"), EMPTY, NOT_JSON, CUT, FLIPPED, FUTURE, TOO_LONG,
        ("refuses", SENDING), ("leaves", NO_HTTP), ("hangs", "took too long"),
        ("half-head", NO_HTTP), ("half-body", "ended early"), ("stalls", SENDING),
        ("400", "status 400"), ("401", "status 401"), ("413", "status 413"), ("429", "status 429"), ("500", "status 500"),
        ("no-news", "nothing changed"),
    ]),
    (Bootstrap, &[EMPTY, NOT_JSON, CUT, FLIPPED, FUTURE, TOO_LONG]),
    (Events, &[
        NO_STORE, ("missing-secret", "no key"),
        ("refuses", SENDING), ("leaves", NO_HTTP), ("hangs", SENDING),
        ("half-head", NO_HTTP), ("half-body", "does not say"), ("stalls", "does not say"),
        ("400", "status 400"), ("401", "status 401"), ("413", "status 413"), ("429", "status 429"), ("500", "status 500"),
        ("not-json", "does not say"),
    ]),
];
