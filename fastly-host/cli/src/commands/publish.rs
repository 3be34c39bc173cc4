//! `publish`: config specs into a store.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::source::Source;
use crate::fastly::{Access, Api};
use crate::http::Patience;
use crate::output::Output;
use crate::publication::prepared::Recipe;
use crate::publication::target::Target;
use crate::stop::Stop;

/// Publish config specs into a KV store or a config store
///
/// A reader sees the old specs or the new ones, never a part of either. Nothing is written for unchanged specs. A run that was
/// interrupted is repaired by the next one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  export FASTLY_API_TOKEN=…
  statsig-fastly publish --specs specs.json --kv-store STORE-ID
  curl -s \"$SPECS_URL\" | statsig-fastly publish --specs - --kv-store STORE-ID --format json
  STATSIG_TABLE_KEY=… statsig-fastly publish --specs specs.json --kv-store STORE-ID --sign-key-id tables-2026
  export STATSIG_SECRET_KEY=…
  statsig-fastly publish --from-statsig --config-store STORE-ID --target-app APP-ID --dry-run")]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    recipe: Recipe,
    #[command(flatten)]
    target: Target,
    /// Only print what would be written: sizes, chunks, warnings, what changes
    #[arg(long, help_heading = "What to publish")]
    dry_run: bool,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    patience: Patience,
}

/// Publishes once.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<()> {
    arguments.target.check_named()?;
    let stop = Stop::default();
    let api = Api::new(&arguments.access, &arguments.patience, &stop, output)?;
    let specs = arguments.source.read(&arguments.patience, &stop, output)?;
    let prepared = arguments.recipe.prepare(specs)?;
    for warning in &prepared.warnings {
        output.warning(warning);
    }
    let force = arguments.recipe.force;
    let outcome = arguments
        .target
        .publish(&api, &prepared, force, arguments.dry_run)?;
    let mut changes = None;
    if arguments.dry_run && outcome.changed {
        let live = arguments.target.live(&api)?;
        changes = Some(crate::compare::summary(live.as_deref(), &prepared.value)?);
    }
    let mut text = outcome.text;
    if let Some(changes) = &changes {
        text += "\n";
        text += changes.text.trim_end();
    }
    let written = outcome.changed && !arguments.dry_run;
    output.result(
        &text,
        &json!({"changed": outcome.changed, "written": written, "dry_run": arguments.dry_run,
            "target": arguments.target.describe(), "payload": prepared.json(), "store": outcome.facts,
            "changes": changes.map(|changes| changes.json)}),
    )
}
