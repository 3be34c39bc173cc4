//! Shards that nobody needs any more and that no run will collect by itself.

use std::time::Duration;

use anyhow::{Result, bail};
use statsig_edge::id_list::IdListManifest;

use super::{Stored, now_ms, shards};
use crate::fastly::kv::KvStore;

/// Deletes the shards that neither the manifest nor the record knows, such as those of a run that was ended in the middle.
///
/// Without a record, what the manifest does not name goes once the manifest is older than `grace`.
pub(crate) fn collect_unknown(
    store: &KvStore<'_>,
    prefix: &str,
    grace: Duration,
    dry_run: bool,
) -> Result<Vec<String>> {
    let mut stored = Stored::read(store, prefix)?;
    let now = now_ms();
    let grace = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
    let Some(value) = &stored.manifest_item.value else {
        bail!("there is no manifest of ID lists under {prefix}");
    };
    let manifest =
        IdListManifest::open(value).map_err(|error| anyhow::anyhow!("{prefix}: {error}"))?;
    let settled = now.saturating_sub(manifest.time()) >= grace;
    let keep = |epoch: u64| {
        let named = stored.lists.values().any(|list| list.epoch == epoch);
        let retired = stored
            .record
            .epochs
            .iter()
            .find(|known| known.epoch == epoch);
        let begun = stored
            .record
            .begun
            .iter()
            .find(|begun| begun.epoch == epoch);
        named
            || match (retired, begun) {
                (Some(known), _) => known
                    .retired_ms
                    .is_none_or(|at| now.saturating_sub(at) < grace),
                (None, Some(begun)) => !settled_since(begun.since_ms, now, grace),
                (None, None) => !settled,
            }
    };
    let names: Vec<String> = store
        .keys(&format!("{prefix}-"))?
        .into_iter()
        .filter(|name| shards::epoch_of(name, prefix).is_some_and(|epoch| !keep(epoch)))
        .collect();
    if !dry_run && !names.is_empty() {
        shards::delete(store, &names)?;
        let gone = |epoch: u64| {
            names
                .iter()
                .any(|name| shards::epoch_of(name, prefix) == Some(epoch))
        };
        stored.record.epochs.retain(|known| !gone(known.epoch));
        stored.record.begun.retain(|begun| !gone(begun.epoch));
        stored.write_record()?;
    }
    Ok(names)
}

/// Whether a run that began then is over, as nobody's sync takes longer than the time of grace and an hour.
fn settled_since(since_ms: u64, now_ms: u64, grace_ms: u64) -> bool {
    now_ms.saturating_sub(since_ms) > grace_ms.saturating_add(3_600_000)
}
