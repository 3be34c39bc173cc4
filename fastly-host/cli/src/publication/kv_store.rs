//! Publishing into one item of a KV store: read its generation, write if it still has it.

use anyhow::Result;
use serde_json::json;

use super::note::{Note, sha256};
use super::prepared::Prepared;
use super::{Outcome, check_age, time_of};
use crate::failure::Problem;
use crate::fastly::kv::{Expected, KvStore, Put, USUAL_MAX_VALUE};
use crate::specs::human_size;

/// How often somebody else may be faster.
const ATTEMPTS: u32 = 5;

/// Makes the item hold the payload.
pub(crate) fn publish(
    store: &KvStore<'_>,
    key: &str,
    prepared: &Prepared,
    force: bool,
    dry_run: bool,
) -> Result<Outcome> {
    let mut tried = None;
    for _ in 0..ATTEMPTS {
        let (expected, live) = live(store, key)?;
        if live
            .as_ref()
            .is_some_and(|live| live.sha256 == prepared.note.sha256)
        {
            // What was not there when this run looked first, it has written itself: the answer was lost, and the repetition refused.
            return Ok(match tried.is_some_and(|tried| tried != expected) {
                true => published(key, prepared),
                false => Outcome::unchanged(key),
            });
        }
        check_age(
            prepared.note.time,
            live.as_ref().map(|live| live.time),
            force,
        )?;
        if dry_run {
            return Ok(would_write(key, prepared, live.as_ref()));
        }
        match store.put(key, &prepared.value, &prepared.note.text(), expected)? {
            Put::Written => {
                return Ok(published(key, prepared));
            }
            // Somebody else's value, or our own from a request whose answer was lost: the next look tells.
            Put::Changed => tried = Some(expected),
            Put::TooLarge => return Err(too_large(key, prepared)),
        }
    }
    Err(Problem::refused(
        format!("{key}: another publisher wrote it {ATTEMPTS} times in between"),
        "let one publisher write a key at a time",
    ))
}

fn published(key: &str, prepared: &Prepared) -> Outcome {
    Outcome {
        changed: true,
        text: format!("{key}: published {}", prepared.describe()),
        facts: json!({}),
    }
}

/// What is live, and the condition under which it still is.
fn live(store: &KvStore<'_>, key: &str) -> Result<(Expected, Option<Note>)> {
    let Some(description) = store.describe(key)? else {
        return Ok((Expected::Absent, None));
    };
    if let Some(note) = Note::parse(&description.metadata) {
        return Ok((Expected::Generation(description.generation), Some(note)));
    }
    // Statsig's console wrote it, or somebody by hand.
    let Some((description, value)) = store.read(key)? else {
        return Ok((Expected::Absent, None));
    };
    let note = Note {
        sha256: sha256(&value),
        time: time_of(&value).unwrap_or(0),
        format: "unknown".into(),
        by: String::new(),
    };
    Ok((Expected::Generation(description.generation), Some(note)))
}

fn would_write(key: &str, prepared: &Prepared, live: Option<&Note>) -> Outcome {
    let over = match live {
        None => "a new item".to_owned(),
        Some(live) => format!("over the {} of time {}", live.format, live.time),
    };
    let mut text = format!("{key}: would publish {}, {over}", prepared.describe());
    if prepared.value.len() > USUAL_MAX_VALUE {
        text += &format!(
            "; that is more than the usual limit of {} a value",
            human_size(USUAL_MAX_VALUE)
        );
    }
    Outcome {
        changed: true,
        text,
        facts: json!({"live": live}),
    }
}

fn too_large(key: &str, prepared: &Prepared) -> anyhow::Error {
    let fits = match prepared.format {
        super::prepared::Format::Json => format!(
            "--format table needs {}; or narrow it with --target-app or --only",
            human_size(prepared.table.len())
        ),
        super::prepared::Format::Table => {
            "narrow it with --target-app or --only, or ask Fastly for a higher limit (25 MB is usual, 100 MB possible)".into()
        }
    };
    Problem::failed(
        format!(
            "{key}: the {} of {} is larger than this KV store takes",
            prepared.note.format,
            human_size(prepared.value.len())
        ),
        fits,
    )
}
