//! Publishing a payload: making it ready, comparing it with what is live, writing it so that a reader sees the old one or
//! the new one.

pub(crate) mod config_store;
pub(crate) mod filter;
pub(crate) mod kv_store;
pub(crate) mod note;
pub(crate) mod prepared;
pub(crate) mod target;

use serde_json::{Value, json};

use crate::failure::Problem;

/// What a publication did, or would do.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether the store has another value now.
    pub changed: bool,
    /// In words.
    pub text: String,
    /// Further facts for machines.
    pub facts: Value,
}

impl Outcome {
    fn unchanged(what: &str) -> Self {
        Outcome {
            changed: false,
            text: format!("{what}: unchanged, nothing written"),
            facts: json!({}),
        }
    }
}

/// Refuses to replace a payload by an older one (evaluation.md §1.8).
fn check_age(ours: u64, live: Option<u64>, force: bool) -> anyhow::Result<()> {
    match live {
        Some(live) if live > ours && !force => Err(Problem::refused(
            format!("what is live is newer: time {live}, the payload's is {ours}"),
            "fetch the payload again; --force publishes the older one all the same",
        )),
        _ => Ok(()),
    }
}

/// The time of a value in a store, whoever wrote it.
fn time_of(value: &[u8]) -> Option<u64> {
    if let Ok(table) = statsig_edge::Table::open(value) {
        return Some(table.time());
    }
    #[derive(serde::Deserialize)]
    struct Time {
        time: u64,
    }
    let read: Time = serde_json::from_slice(value).ok()?;
    Some(read.time)
}
