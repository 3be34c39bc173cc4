//! Comparing payloads: which specs differ, and whose answers do.

pub(crate) mod answers;
pub(crate) mod sample_users;
pub(crate) mod spec;
mod value;

use anyhow::Result;
use serde_json::{Value, json};

use crate::specs::Specs;
use spec::{Change, differences};

/// One of two payloads.
pub(crate) struct Side {
    /// Its table.
    pub specs: Specs,
    /// Its JSON, unless it is a table.
    pub json: Option<Value>,
}

impl Side {
    /// Reads JSON or a table.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let specs = Specs::from_bytes(bytes.to_vec())?;
        let json = match specs.json_bytes {
            Some(_) => Some(serde_json::from_slice(bytes)?),
            None => None,
        };
        Ok(Side { specs, json })
    }
}

/// What differs, for people and for machines.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Lines.
    pub text: String,
    /// The same.
    pub json: Value,
    /// How many specs differ.
    pub count: usize,
}

/// Which specs differ from what is live to what is new.
pub(crate) fn summary(live: Option<&[u8]>, new: &[u8]) -> Result<Summary> {
    let new = Side::from_bytes(new)?;
    let live = match live.map(Side::from_bytes) {
        Some(Ok(live)) => live,
        // What no reader can open is as good as nothing.
        Some(Err(error)) => {
            return Ok(Summary {
                text: format!("what is live is unreadable: {error:#}"),
                json: json!({"unreadable": format!("{error:#}")}),
                count: 0,
            });
        }
        None => {
            return Ok(Summary {
                text: "nothing is live yet".into(),
                json: json!({"live": null}),
                count: 0,
            });
        }
    };
    Ok(describe(&differences(&live, &new)?))
}

/// The differences, written down.
pub(crate) fn describe(changes: &[Change]) -> Summary {
    let mut text = String::new();
    for change in changes {
        text += &change.line();
        for detail in &change.details {
            text += &format!("    {detail}\n");
        }
    }
    if changes.is_empty() {
        text += "no spec differs\n";
    }
    Summary {
        text,
        json: changes.iter().map(Change::json).collect(),
        count: changes.len(),
    }
}
