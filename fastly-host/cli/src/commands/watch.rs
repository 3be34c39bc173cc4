//! `watch`: publish whatever is new, for as long as the process lives.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::source::Fetch;
use super::sync_id_lists::{Names, READ_BACK, facts, text};
use crate::fastly::{Access, Api};
use crate::http::{Patience, seconds};
use crate::id_lists::Sync;
use crate::output::Output;
use crate::publication::prepared::Recipe;
use crate::publication::target::Target;
use crate::statsig::Cdn;
use crate::stop::Stop;
use crate::watch::event::Log;
use crate::watch::metrics::Metrics;
use crate::watch::{IdLists, Watch, endpoint};

/// Poll Statsig and publish what is new, until SIGTERM
///
/// Every event is one line on standard output. No failure ends it: what is live stays, and the next poll tries again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  export STATSIG_SECRET_KEY=… FASTLY_API_TOKEN=…
  statsig-fastly watch --kv-store STORE-ID
  statsig-fastly watch --kv-store STORE-ID --id-lists STORE-ID
  statsig-fastly watch --kv-store STORE-ID --interval 30 --json --listen 0.0.0.0:9102")]
pub(crate) struct Arguments {
    /// The time between two polls, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    interval: Duration,
    /// The time between two comparisons with what is live, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    recheck: Duration,
    /// Answer /healthz and /metrics at this address
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// /healthz answers 503 when the store has been out of step with Statsig for this long, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    unhealthy_after: Duration,
    /// Also sync Statsig's ID lists, into the KV store of this id
    #[arg(long, value_name = "STORE-ID", help_heading = "ID lists")]
    id_lists: Option<String>,
    /// The time between two syncs of the ID lists, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds, help_heading = "ID lists")]
    id_lists_interval: Duration,
    #[command(flatten, next_help_heading = "ID lists")]
    names: Names,
    #[command(flatten)]
    fetch: Fetch,
    #[command(flatten)]
    recipe: Recipe,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    patience: Patience,
}

/// The shortest interval that is kind to Statsig.
const SHORTEST: Duration = Duration::from_millis(50);

/// Watches.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<()> {
    arguments.target.check_named()?;
    let stop = Stop::default();
    stop.on_signals()?;
    let log = Log { json: output.json };
    let output = Output {
        log: Some(log),
        ..output
    };
    let cdn = Cdn::new(&arguments.fetch.access, &arguments.patience, &stop, output)?;
    let api = Api::new(&arguments.access, &arguments.patience, &stop, output)?;
    for http in [cdn.http(), api.http()] {
        http.end_when_asked();
    }
    let metrics = Arc::new(Metrics::default());
    if let Some(address) = arguments.listen {
        let within = arguments.unhealthy_after;
        let bound = endpoint::start(address, Arc::clone(&metrics), within)?;
        let facts = json!({"address": bound.to_string()});
        log.event("listening", &format!("http://{bound}"), facts);
    }
    let interval = arguments.interval.max(SHORTEST);
    let started = format!(
        "{} every {} s from {}",
        arguments.target.describe(),
        interval.as_secs_f64(),
        cdn.http().base()
    );
    log.event("started", &started, json!({}));
    let lists_store = arguments.id_lists.as_deref().map(|id| api.kv_store(id));
    let id_lists = lists_store.as_ref().map(|store| IdLists {
        sync: Sync {
            cdn: &cdn,
            store,
            prefix: &arguments.names.id_list_prefix,
            grace: arguments.names.id_list_grace,
            read_back: READ_BACK,
            output,
        },
        interval: arguments.id_lists_interval.max(SHORTEST),
        said: |done| (text(done), facts(done)),
    });
    Watch {
        cdn: &cdn,
        id_lists,
        version: arguments.fetch.payload,
        api: &api,
        target: &arguments.target,
        recipe: &arguments.recipe,
        interval,
        recheck: arguments.recheck,
        stop: &stop,
        metrics: &metrics,
        log,
    }
    .run();
    Ok(())
}
