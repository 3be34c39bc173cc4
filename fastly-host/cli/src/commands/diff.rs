//! `diff`: what differs between two payloads, or between a payload and what is live.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::evaluate::{Countries, NamedUser, World};
use crate::compare::{Side, answers, describe, sample_users, spec};
use crate::failure::Problem;
use crate::fastly::{Access, Api};
use crate::http::Patience;
use crate::output::Output;
use crate::publication::target::Target;
use crate::specs::read_input;
use crate::stop::Stop;

/// Show which specs differ between two payloads, and whose answers change
///
/// The old side is a file, or with --kv-store or --config-store what is live.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  statsig-fastly diff --old yesterday.json --new today.json
  statsig-fastly diff --kv-store STORE-ID --new today.json --users users.json
  statsig-fastly diff --old a.table --new b.table --sample 1000 --exit-code

Where a side is a rule table, specs are compared by what a table says of them, such as their versions.")]
pub(crate) struct Arguments {
    /// The old payload: JSON (v1 or v2) or a rule table
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kv_store", "config_store"])]
    old: Option<PathBuf>,
    /// The new payload: JSON (v1 or v2) or a rule table; `-` for standard input
    #[arg(long, value_name = "FILE")]
    new: PathBuf,
    #[command(flatten)]
    users: Users,
    /// Exit with 1 if anything differs
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    patience: Patience,
}

/// For whom to compare answers.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
pub(crate) struct Users {
    /// A JSON array of objects with an `id` for the output and the `user`: compare their answers, too
    #[arg(long, value_name = "FILE", conflicts_with = "sample")]
    users: Option<PathBuf>,
    /// Compare answers for this many made-up users
    #[arg(long, value_name = "NUMBER")]
    sample: Option<usize>,
    /// A JSON object from IP addresses to two-letter countries
    #[arg(long, value_name = "FILE")]
    countries: Option<PathBuf>,
    /// The time to evaluate at, in ms since the epoch; now if absent
    #[arg(long, value_name = "MS")]
    now: Option<i64>,
}

impl Users {
    /// Compares the answers; `None` if nobody asked to. `default` users are made up where nobody says otherwise.
    pub(crate) fn compare(
        &self,
        old: &Side,
        new: &Side,
        default: Option<usize>,
    ) -> Result<Option<answers::Answers>> {
        let world = World::new(Countries::read(self.countries.as_deref())?, self.now)?;
        let (old_table, new_table) = (old.specs.table()?, new.specs.table()?);
        if let Some(path) = &self.users {
            let users = read_input(path)?;
            let users: Vec<NamedUser<'_>> = serde_json::from_slice(&users).with_context(|| {
                format!(
                    "{}: expected a JSON array of {{\"id\", \"user\"}}",
                    path.display()
                )
            })?;
            return answers::compare(old_table, new_table, &users, &world).map(Some);
        }
        let Some(count) = self.sample.or(default) else {
            return Ok(None);
        };
        let users = sample_users::sample(new.json.as_ref().or(old.json.as_ref()), count);
        let users: Vec<NamedUser<'_>> = users
            .iter()
            .map(|(id, user)| {
                Ok(NamedUser {
                    id: id.clone(),
                    user: serde_json::from_str(user)?,
                })
            })
            .collect::<Result<_>>()?;
        answers::compare(old_table, new_table, &users, &world).map(Some)
    }
}

/// Prints what differs.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let new = Side::from_bytes(&read_input(&arguments.new)?)
        .with_context(|| arguments.new.display().to_string())?;
    let old = match &arguments.old {
        Some(path) => {
            Side::from_bytes(&read_input(path)?).with_context(|| path.display().to_string())?
        }
        None if arguments.target.is_named() => live(arguments, output)?,
        None => {
            return Err(Problem::usage(
                "nothing to compare with",
                "give --old, or a store with --kv-store or --config-store",
            ));
        }
    };
    let specs = describe(&spec::differences(&old, &new)?);
    let answers = arguments.users.compare(&old, &new, None)?;
    let mut text = specs.text;
    if let Some(answers) = &answers {
        text += &answers.text();
    }
    output.result(
        text.trim_end(),
        &json!({"specs": specs.json, "answers": answers.as_ref().map(answers::Answers::json)}),
    )?;
    let differs = specs.count > 0 || answers.is_some_and(|answers| !answers.differing.is_empty());
    match arguments.exit_code && differs {
        true => Err(Problem::failed("they differ", "see above what differs")),
        false => Ok(()),
    }
}

fn live(arguments: &Arguments, output: Output) -> Result<Side> {
    let api = Api::new(
        &arguments.access,
        &arguments.patience,
        &Stop::default(),
        output,
    )?;
    let what = arguments.target.describe();
    let live = arguments.target.live(&api)?.ok_or_else(|| {
        Problem::failed(
            format!("{what}: there is nothing"),
            "publish first, or check the key and the store's id",
        )
    })?;
    Side::from_bytes(&live).context(what)
}
