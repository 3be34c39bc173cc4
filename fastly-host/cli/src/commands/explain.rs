//! `explain`: why a user gets this answer.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{ArgGroup, Args};
use statsig_edge::{Evaluator, SpecKind, User};

use super::evaluate::{Countries, World};
use crate::explanation;
use crate::output::{Output, print};
use crate::specs::{Specs, read_input};

/// Show why a user gets an answer: rules tried, conditions, values compared, buckets drawn
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("kind").required(true))]
#[command(after_help = "Examples:
  statsig-fastly explain --specs specs.json --gate new_home --user '{\"userID\": \"u-1\"}'
  statsig-fastly explain --specs specs.table --layer home --user @user.json --json")]
pub(crate) struct Arguments {
    /// Config specs as JSON (v1 or v2) or as a rule table; `-` for standard input
    #[arg(long, value_name = "FILE")]
    specs: PathBuf,
    /// The user as JSON, or `@` and the name of a file
    #[arg(long, value_name = "JSON")]
    user: String,
    /// The gate, segment or holdout to explain
    #[arg(long, value_name = "NAME", group = "kind")]
    gate: Option<String>,
    /// The dynamic config to explain
    #[arg(long, value_name = "NAME", group = "kind")]
    config: Option<String>,
    /// The experiment to explain
    #[arg(long, value_name = "NAME", group = "kind")]
    experiment: Option<String>,
    /// The layer to explain
    #[arg(long, value_name = "NAME", group = "kind")]
    layer: Option<String>,
    /// A JSON object from IP addresses to two-letter countries
    #[arg(long, value_name = "FILE")]
    countries: Option<PathBuf>,
    /// The time to evaluate at, in ms since the epoch; now if absent
    #[arg(long, value_name = "MS")]
    now: Option<i64>,
}

impl Arguments {
    fn asked(&self) -> Option<(SpecKind, &str)> {
        [
            (SpecKind::Gate, &self.gate),
            (SpecKind::DynamicConfig, &self.config),
            (SpecKind::Experiment, &self.experiment),
            (SpecKind::Layer, &self.layer),
        ]
        .into_iter()
        .find_map(|(kind, name)| Some((kind, name.as_deref()?)))
    }
}

/// Prints the explanation.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let specs = Specs::read(&arguments.specs)?;
    let (kind, name) = arguments.asked().context("nothing to explain")?;
    let user = match arguments.user.strip_prefix('@') {
        Some(path) => read_input(path.as_ref())?,
        None => arguments.user.clone().into_bytes(),
    };
    let mut buffer = vec![0; user.len() * 6];
    let user = User::from_json(&user, &mut buffer)?;
    let countries = Countries::read(arguments.countries.as_deref())?;
    let world = World::new(countries, arguments.now)?;
    let evaluator = Evaluator::new(specs.table()?, &world);
    print(&match output.json {
        true => explanation::steps_json(&evaluator, kind, name, &user),
        false => explanation::text(&evaluator, kind, name, &user),
    })
}
