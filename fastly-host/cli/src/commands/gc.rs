//! `gc`: what former publications have left.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::sync_id_lists::Names;
use crate::fastly::config_store::Change;
use crate::fastly::{Access, Api};
use crate::http::Patience;
use crate::id_lists::collect::collect_unknown;
use crate::output::Output;
use crate::publication::config_store::collectable;
use crate::publication::target::Target;
use crate::stop::Stop;

/// Delete what no reader needs any more: old chunks of a config store, old shards of ID lists
///
/// What was in use until a short time ago is kept for a time of grace. Publishing and syncing clean up after themselves, so
/// this is for what interrupted runs have left behind.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  statsig-fastly gc --config-store STORE-ID --dry-run
  statsig-fastly gc --kv-store STORE-ID")]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    names: Names,
    /// Only print what would be deleted
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    patience: Patience,
}

/// Collects.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<()> {
    arguments.target.check_named()?;
    let api = Api::new(
        &arguments.access,
        &arguments.patience,
        &Stop::default(),
        output,
    )?;
    let deleted = match (&arguments.target.kv_store, &arguments.target.config_store) {
        (Some(id), _) => collect_unknown(
            &api.kv_store(id),
            &arguments.names.id_list_prefix,
            arguments.names.id_list_grace,
            arguments.dry_run,
        )?,
        (_, id) => {
            let store = api.config_store(id.as_deref().unwrap_or_default());
            let grace = arguments.target.options.grace;
            let old = collectable(&store.list()?, &arguments.target.key, grace);
            if !arguments.dry_run {
                let changes: Vec<Change> = old.iter().cloned().map(Change::Delete).collect();
                store.bulk(&changes)?;
            }
            old
        }
    };
    let did = match arguments.dry_run {
        true => "would be deleted",
        false => "deleted",
    };
    let mut text = format!("{} items {did}", deleted.len());
    for name in &deleted {
        text += &format!("\n  {name}");
    }
    output.result(
        &text,
        &json!({"deleted": deleted, "dry_run": arguments.dry_run}),
    )
}
