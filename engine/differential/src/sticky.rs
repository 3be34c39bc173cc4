//! Sticky assignments (`evaluation.md` §5.10): what users are given, what is kept of it, and what becomes of what was kept.

use serde_json::{Value as Json, json};

use crate::bootstrap::difference;

/// What is kept for a user when an experiment or a layer is asked for.
#[derive(Clone, Debug)]
pub enum Held {
    /// The caller wants nothing kept.
    Unwanted,
    /// Nothing yet.
    Nothing,
    /// A record.
    Record(String),
}

/// How it is asked for.
#[derive(Clone, Debug)]
pub struct StickyAsked {
    /// What is kept.
    pub held: Held,
    /// Rules of overrides go first.
    pub enforce_overrides: bool,
    /// Targeting goes first.
    pub enforce_targeting: bool,
}

/// An answer, and what becomes of what is kept.
#[derive(Clone, Debug, Default)]
pub struct StickyAnswer {
    /// The answer in words that both engines are translated into.
    pub answer: Json,
    /// The record that is to be kept.
    pub saved: Option<Json>,
    /// Whether what was kept is to go.
    pub deleted: bool,
}

impl StickyAnswer {
    /// The first place at which two of them differ, with what each has there.
    pub fn difference(&self, other: &Self, asked: &StickyAsked) -> Option<(String, Json, Json)> {
        // The core loses count of nesting in a bandit, and keeps no such list then.
        let undelegated = "undelegated_secondary_exposures";
        let listed = |one: &Self| {
            one.saved
                .as_ref()
                .is_some_and(|saved| !saved[2][undelegated].is_null())
        };
        let listed = listed(self) && listed(other);
        let tree = |one: &Self| {
            // Where nothing was kept there is nothing to delete.
            let deleted = one.deleted && !matches!(asked.held, Held::Nothing);
            let mut saved = one.saved.clone().unwrap_or_else(|| json!([null, null, {}]));
            // Whether a list without elements is one is not told.
            for list in ["explicit_parameters", undelegated] {
                let none = list == undelegated && !listed;
                if none || saved[2][list].as_array().is_some_and(Vec::is_empty) {
                    saved[2][list] = Json::Null;
                }
            }
            // What is no object is read as one that is empty.
            if !saved[2]["json_value"].is_object() {
                saved[2]["json_value"] = json!({});
            }
            json!({"answer": one.answer, "saved": saved, "deleted": deleted})
        };
        difference(&tree(self), &tree(other))
    }
}
