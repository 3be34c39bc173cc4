//! `sync-id-lists`: Statsig's ID lists into a KV store.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::fastly::{self, Api};
use crate::http::{Patience, seconds};
use crate::id_lists::{Done, Sync};
use crate::output::Output;
use crate::specs::human_size;
use crate::statsig::{self, Cdn};
use crate::stop::Stop;

/// How many shards are read back, unless told otherwise.
pub(super) const READ_BACK: usize = 200;

/// Bring Statsig's ID lists into a KV store
///
/// Downloads what is new of each list, writes it as shards, and the manifest last. Memory is bounded whatever the size of
/// the lists. A run that was interrupted is repaired by the next one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  export STATSIG_SECRET_KEY=… FASTLY_API_TOKEN=…
  statsig-fastly sync-id-lists --kv-store STORE-ID")]
pub(crate) struct Arguments {
    /// The id of the KV store
    #[arg(long, value_name = "STORE-ID")]
    kv_store: String,
    #[command(flatten)]
    names: Names,
    /// Change a list in place if that takes reading back at most this many shards; for a larger change download it again
    #[arg(long, value_name = "NUMBER", default_value_t = READ_BACK)]
    read_back: usize,
    #[command(flatten)]
    statsig: statsig::Access,
    #[command(flatten)]
    fastly: fastly::Access,
    #[command(flatten)]
    patience: Patience,
}

/// Where lists lie in a store, and for how long.
#[derive(Clone, Debug, Args)]
pub(crate) struct Names {
    /// The prefix of the lists' items, the same as in the service's configuration
    #[arg(long, value_name = "PREFIX", default_value = "statsig-id-lists")]
    pub id_list_prefix: String,
    /// How long shards that are no longer in use are kept, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    pub id_list_grace: Duration,
}

/// Syncs once.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let stop = Stop::default();
    let cdn = Cdn::new(&arguments.statsig, &arguments.patience, &stop, output)?;
    let api = Api::new(&arguments.fastly, &arguments.patience, &stop, output)?;
    let done = Sync {
        cdn: &cdn,
        store: &api.kv_store(&arguments.kv_store),
        prefix: &arguments.names.id_list_prefix,
        grace: arguments.names.id_list_grace,
        read_back: arguments.read_back,
        output,
    }
    .run()?;
    output.result(&text(&done), &facts(&done))
}

/// What was done, for people.
pub(super) fn text(done: &Done) -> String {
    match done.changed + done.removed {
        0 => format!("{} ID lists with {} ids: unchanged", done.lists, done.ids),
        _ => format!(
            "{} ID lists with {} ids: {} changed, {} removed; {} downloaded, {} shards written, {} old ones deleted",
            done.lists,
            done.ids,
            done.changed,
            done.removed,
            human_size(usize::try_from(done.downloaded).unwrap_or(usize::MAX)),
            done.shards,
            done.deleted
        ),
    }
}

/// What was done, for machines.
pub(super) fn facts(done: &Done) -> serde_json::Value {
    json!({"lists": done.lists, "ids": done.ids, "changed": done.changed, "removed": done.removed,
        "downloaded_bytes": done.downloaded, "shards_written": done.shards, "shards_deleted": done.deleted,
        "peak_memory_bytes": peak_memory()})
}

/// The most memory that this process has had, where the system says so.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
