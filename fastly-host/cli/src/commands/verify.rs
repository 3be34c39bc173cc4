//! `verify`: a table against the JSON that it should come from.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::diff::Users;
use crate::compare::Side;
use crate::failure::Problem;
use crate::fastly::{Access, Api};
use crate::http::Patience;
use crate::output::Output;
use crate::publication::prepared::Recipe;
use crate::publication::target::Target;
use crate::specs::read_input;
use crate::stop::Stop;

/// Check a table, or what is live, against the JSON it should come from
///
/// Compiles the JSON and asks the result and the table the same questions, for the given users or for made-up ones whose
/// fields have the values that the conditions ask for. Exits with 1 if an answer differs. If the publication had a filter,
/// give the same one. With --sign-key-id the signature is checked, too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  statsig-fastly verify --specs specs.json --table specs.table
  statsig-fastly verify --specs specs.json --kv-store STORE-ID --users users.json
  statsig-fastly verify --specs specs.json --config-store STORE-ID --target-app APP-ID --sample 5000")]
pub(crate) struct Arguments {
    /// Statsig's config specs as JSON (v1 or v2); `-` for standard input
    #[arg(long, value_name = "FILE")]
    specs: PathBuf,
    /// The table to check; without it, what is live
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kv_store", "config_store"])]
    table: Option<PathBuf>,
    #[command(flatten)]
    users: Users,
    #[command(flatten)]
    recipe: Recipe,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    patience: Patience,
}

/// Users that are made up if none are given.
const SAMPLE: usize = 200;

/// Compares, and says whether all is as it should be.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let (found, what) = match &arguments.table {
        Some(path) => (read_input(path)?, path.display().to_string()),
        None => {
            arguments.target.check_named()?;
            let stop = Stop::default();
            let api = Api::new(&arguments.access, &arguments.patience, &stop, output)?;
            let what = arguments.target.describe();
            let live = arguments.target.live(&api)?.ok_or_else(|| {
                Problem::failed(format!("{what}: there is nothing"), "publish first")
            })?;
            (live, what)
        }
    };
    let signature = arguments.recipe.signing.check(&found)?;
    let found = Side::from_bytes(&found).with_context(|| what.clone())?;
    let json = read_input(&arguments.specs)?;
    let filtered = match arguments.recipe.filter.is_empty() {
        true => json,
        false => arguments.recipe.filter.apply(&json)?.json,
    };
    let expected =
        Side::from_bytes(&filtered).with_context(|| arguments.specs.display().to_string())?;
    let identical = found.specs.table()?.as_bytes() == expected.specs.table()?.as_bytes();
    let names = |side: &Side| -> Result<Vec<String>> {
        let table = side.specs.table()?;
        let kinds = [
            statsig_edge::SpecKind::Gate,
            statsig_edge::SpecKind::DynamicConfig,
            statsig_edge::SpecKind::Layer,
        ];
        let specs = kinds.into_iter().flat_map(|kind| {
            table
                .specs(kind)
                .map(move |spec| format!("{kind:?} {}", spec.name()))
        });
        let mut names: Vec<String> = specs.collect();
        names.sort();
        Ok(names)
    };
    let (found_names, expected_names) = (names(&found)?, names(&expected)?);
    let missing: Vec<_> = expected_names
        .iter()
        .filter(|name| !found_names.contains(name))
        .collect();
    let extra: Vec<_> = found_names
        .iter()
        .filter(|name| !expected_names.contains(name))
        .collect();
    let answers = arguments
        .users
        .compare(&found, &expected, Some(SAMPLE))?
        .context("no users")?;
    let good = missing.is_empty() && extra.is_empty() && answers.differing.is_empty();
    let authentic = signature.good != Some(false);
    let mut text = format!(
        "{what}: {}\n",
        match (identical, good) {
            (true, _) => "byte for byte what the JSON compiles to",
            (false, true) => "other bytes than the JSON compiles to, but the same answers",
            (false, false) => "not what the JSON says",
        }
    );
    text += &format!("signature: {}\n", signature.text());
    missing
        .iter()
        .for_each(|name| text += &format!("missing: {name}\n"));
    extra
        .iter()
        .for_each(|name| text += &format!("not in the JSON: {name}\n"));
    text += &answers.text();
    output.result(
        text.trim_end(),
        &json!({"good": good, "identical": identical, "missing": missing, "extra": extra,
            "signature": signature.json(), "answers": answers.json()}),
    )?;
    match (good, authentic) {
        (true, true) => Ok(()),
        (true, false) => Err(Problem::failed(
            format!("{what} is not signed with the given key"),
            "publish it with --sign-key-id; services that demand a signature do not take it",
        )),
        (false, _) => Err(Problem::failed(
            format!("{what} does not answer as the JSON does"),
            "publish the JSON again",
        )),
    }
}
