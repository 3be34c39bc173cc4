//! Publishing into a config store: the table as chunks under the next generation, the manifest last (`engine/FORMAT.md`,
//! "Chunks").
//!
//! The store has no conditional write. Chunks are read back and compared before the manifest names them, and the manifest
//! is looked at once more before it is replaced. Should two publishers write at once all the same, the manifest's
//! checksum keeps readers on the table before.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use serde_json::json;
use statsig_edge::chunks::{self, ChunkManifest, Limits, Publication};

use super::note::sha256;
use super::prepared::{Format, Prepared};
use super::{Outcome, check_age, time_of};
use crate::failure::Problem;
use crate::fastly::config_store::{Change, ConfigStore, Item, Listing, MAX_ITEMS};
use crate::specs::human_size;

/// How often somebody else may be faster.
const ATTEMPTS: u32 = 3;

/// Makes the item, and the chunks that belong to it, hold the payload.
pub(crate) fn publish(
    store: &ConfigStore<'_>,
    key: &str,
    prepared: &Prepared,
    options: &super::target::Options,
    force: bool,
    dry_run: bool,
) -> Result<Outcome> {
    for _ in 0..ATTEMPTS {
        let listing = store.list()?;
        let live = live_value(&listing, key);
        check_age(prepared.note.time, live.as_deref().and_then(time_of), force)?;
        let current = current_value(&listing, key);
        if current.is_some_and(|current| sha256(&current) == prepared.note.sha256) {
            return Ok(Outcome::unchanged(key));
        }
        let publication = cut(prepared, key, &listing, options)?;
        if dry_run {
            return Ok(would_write(key, prepared, &listing, &publication, options));
        }
        let mut old = collectable(&listing, key, options.grace);
        old.retain(|old| publication.chunks.iter().all(|(key, _)| key != old));
        let items = publication.chunks.iter().chain([&publication.manifest]);
        let new = items.filter(|(key, _)| listing.get(key).is_none()).count();
        let after = listing.items.len() - old.len() + new;
        if after > MAX_ITEMS {
            return Err(Problem::failed(
                format!("{key}: the store would have {after} items, and {MAX_ITEMS} are allowed"),
                "delete other items, or use a KV store",
            ));
        }
        let mut changes: Vec<Change> = old.into_iter().map(Change::Delete).collect();
        changes.extend(
            publication
                .chunks
                .iter()
                .map(|(key, text)| Change::Upsert(key.clone(), text.clone())),
        );
        store.bulk(&changes)?;
        // Nobody else's chunks among them, and nobody else's manifest meanwhile.
        let now = store.list()?;
        let value = |listing: &Listing, key: &str| listing.get(key).map(|item| item.value.clone());
        let ours =
            |(key, text): &(String, String)| now.get(key).is_some_and(|item| item.value == *text);
        if !publication.chunks.iter().all(ours) || value(&now, key) != value(&listing, key) {
            continue;
        }
        let (_, manifest) = &publication.manifest;
        store.upsert(key, manifest)?;
        return Ok(Outcome {
            changed: true,
            text: format!(
                "{key}: published {}{}",
                prepared.describe(),
                in_chunks(&publication)
            ),
            facts: facts(&publication),
        });
    }
    Err(Problem::refused(
        format!("{key}: another publisher writes this config store at the same time"),
        "let one publisher write a key at a time",
    ))
}

/// The chunks and the manifest. JSON is one item, or does not fit.
fn cut(
    prepared: &Prepared,
    key: &str,
    listing: &Listing,
    options: &super::target::Options,
) -> Result<Publication> {
    let limits = Limits::CONFIG_STORE.with_value_chars(options.value_chars);
    let manifest = listing
        .get(key)
        .and_then(|item| ChunkManifest::parse(item.value.as_bytes()).ok());
    let previous = manifest.map(|manifest| manifest.current);
    let table = match prepared.format {
        Format::Table => &prepared.value,
        Format::Json => &prepared.table,
    };
    let mut publication =
        chunks::publish(table, key, previous.as_ref(), &limits).map_err(|error| {
            Problem::failed(
                error.to_string(),
                "use --kv-store, or narrow the payload with --target-app or --only",
            )
        })?;
    if prepared.format == Format::Json {
        let text = std::str::from_utf8(&prepared.value).context("the payload is no text")?;
        let characters = text.chars().count();
        if characters > options.value_chars {
            let chunks = publication.chunks.len().max(1);
            return Err(Problem::failed(
                format!(
                    "{key}: the JSON has {characters} characters, a value of a config store {}",
                    options.value_chars
                ),
                format!(
                    "--format table takes {chunks} items here; a KV store takes JSON too; --target-app and --only narrow it"
                ),
            ));
        }
        publication.chunks.clear();
        publication.manifest.1 = text.to_owned();
    }
    Ok(publication)
}

/// What a reader of the store would get: the table, the one before if a part of it is missing, or Statsig's JSON.
pub(crate) fn live_value(listing: &Listing, key: &str) -> Option<Vec<u8>> {
    current_value(listing, key).or_else(|| {
        let manifest = ChunkManifest::parse(listing.get(key)?.value.as_bytes()).ok()?;
        whole(listing, key, &manifest, &manifest.previous?)
    })
}

/// What the item says is in force; `None` also if a part of it is missing.
fn current_value(listing: &Listing, key: &str) -> Option<Vec<u8>> {
    let value = &listing.get(key)?.value;
    if !ChunkManifest::is_one(value.as_bytes()) {
        return Some(value.clone().into_bytes());
    }
    let manifest = ChunkManifest::parse(value.as_bytes()).ok()?;
    whole(listing, key, &manifest, &manifest.current)
}

fn whole(
    listing: &Listing,
    key: &str,
    manifest: &ChunkManifest<'_>,
    entry: &chunks::Entry,
) -> Option<Vec<u8>> {
    let mut texts = match manifest.inline {
        Some(text) => text.to_owned(),
        None => (0..entry.chunks)
            .map(|chunk| Some(listing.get(&chunk_key(key, entry, chunk))?.value.as_str()))
            .collect::<Option<String>>()?,
    }
    .into_bytes();
    let length = entry.decode(&mut texts).ok()?;
    texts.truncate(length);
    Some(texts)
}

fn chunk_key(key: &str, entry: &chunks::Entry, chunk: u8) -> String {
    let mut out = String::new();
    // A `String` takes everything.
    let _ = entry.write_key(key, chunk, &mut out);
    out
}

/// The generation of a chunk of this key.
fn generation(key: &str, item: &Item) -> Option<u64> {
    let rest = item.key.strip_prefix(key)?.strip_prefix('.')?;
    let (generation, chunk) = rest.split_once('.')?;
    chunk.parse::<u8>().ok()?;
    generation.parse().ok()
}

/// The keys of chunks that no reader needs any more: of generations that the manifest does not name, written, and
/// followed by another manifest, longer than `grace` ago.
pub(crate) fn collectable(listing: &Listing, key: &str, grace: Duration) -> Vec<String> {
    let manifest = listing.get(key);
    let named: Vec<u64> = manifest
        .and_then(|item| ChunkManifest::parse(item.value.as_bytes()).ok())
        .map(|manifest| {
            let entries = [Some(manifest.current), manifest.previous];
            entries
                .into_iter()
                .flatten()
                .map(|entry| entry.generation)
                .collect()
        })
        .unwrap_or_default();
    let long_ago = |time: Option<SystemTime>| {
        time.is_some_and(|time| listing.now.duration_since(time).unwrap_or_default() >= grace)
    };
    if !manifest.is_none_or(|item| long_ago(item.written_at())) {
        return Vec::new();
    }
    listing
        .items
        .iter()
        .filter(|item| generation(key, item).is_some_and(|number| !named.contains(&number)))
        .filter(|item| long_ago(item.written_at()))
        .map(|item| item.key.clone())
        .collect()
}

fn in_chunks(publication: &Publication) -> String {
    match publication.chunks.len() {
        0 => ", in one item".into(),
        chunks => format!(
            ", in {chunks} chunks, generation {}",
            publication.entry.generation
        ),
    }
}

fn facts(publication: &Publication) -> serde_json::Value {
    json!({"chunks": publication.chunks.len(), "generation": publication.entry.generation})
}

fn would_write(
    key: &str,
    prepared: &Prepared,
    listing: &Listing,
    publication: &Publication,
    options: &super::target::Options,
) -> Outcome {
    let old = collectable(listing, key, options.grace);
    let mut text = format!(
        "{key}: would publish {}{}",
        prepared.describe(),
        in_chunks(publication)
    );
    if !publication.chunks.is_empty() {
        let largest = Limits::CONFIG_STORE
            .with_value_chars(options.value_chars)
            .largest();
        text += &format!("; tables up to {} fit", human_size(largest));
    }
    if !old.is_empty() {
        text += &format!("; would delete {} old chunks", old.len());
    }
    Outcome {
        changed: true,
        text,
        facts: facts(publication),
    }
}
