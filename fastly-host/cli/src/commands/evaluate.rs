//! `evaluate`: every answer for every user.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;
use statsig_edge::{Country, Environment, Evaluator, Table, User};
use statsig_fastly::report;

use crate::output::print;
use crate::specs::{Specs, read_input};

/// Answer every gate, config, experiment, layer and parameter store for each user
///
/// Prints `{"results": {USER-ID: {"gates": …}}}` with the exposures that the checks would log; nothing is sent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  statsig-fastly evaluate --specs specs.json --users users.json
  statsig-fastly evaluate --specs specs.table --users users.json --countries countries.json --now 1767225600000

users.json:     [{\"id\": \"ada\", \"user\": {\"userID\": \"u-1\", \"ip\": \"1.2.3.4\"}}]
countries.json: {\"1.2.3.4\": \"AU\"}")]
pub(crate) struct Arguments {
    /// Config specs as JSON (v1 or v2) or as a rule table; `-` for standard input
    #[arg(long, value_name = "FILE")]
    specs: PathBuf,
    /// A JSON array of objects with an `id` for the output and the `user`
    #[arg(long, value_name = "FILE")]
    users: PathBuf,
    /// A JSON object from IP addresses to two-letter countries
    #[arg(long, value_name = "FILE")]
    countries: Option<PathBuf>,
    /// The time to evaluate at, in ms since the epoch; now if absent
    #[arg(long, value_name = "MS")]
    now: Option<i64>,
}

/// Prints the answers.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let specs = Specs::read(&arguments.specs)?;
    let users = read_input(&arguments.users)?;
    let users: Vec<NamedUser<'_>> = serde_json::from_slice(&users).with_context(|| {
        format!(
            "{}: expected a JSON array of {{\"id\", \"user\"}}",
            arguments.users.display()
        )
    })?;
    let countries = Countries::read(arguments.countries.as_deref())?;
    let world = World::new(countries, arguments.now)?;
    print(&results(specs.table()?, &users, &world)?)
}

/// A user and the name it has in the output.
#[derive(Debug, Deserialize)]
pub(crate) struct NamedUser<'a> {
    /// The name.
    pub id: String,
    /// The user's JSON, as it stands.
    #[serde(borrow)]
    pub user: &'a RawValue,
}

/// The countries of IP addresses, from a table.
#[derive(Debug, Default)]
pub(crate) struct Countries(HashMap<String, [u8; 2]>);

impl Countries {
    /// Reads the file, if there is one.
    pub(crate) fn read(path: Option<&Path>) -> Result<Option<Self>> {
        let Some(path) = path else {
            return Ok(None);
        };
        let countries = Self::from_json(&read_input(path)?);
        countries
            .with_context(|| path.display().to_string())
            .map(Some)
    }

    /// Reads a JSON object from addresses to two-letter codes.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self> {
        let names: HashMap<String, String> = serde_json::from_slice(json)
            .context("expected a JSON object from IP addresses to countries")?;
        let mut codes = HashMap::new();
        for (ip, name) in names {
            match <[u8; 2]>::try_from(name.as_bytes()) {
                Ok(code) => codes.insert(ip, code),
                Err(_) => bail!("{ip}: {name:?} is not a two-letter country"),
            };
        }
        Ok(Countries(codes))
    }
}

/// Where and when the commands evaluate.
#[derive(Debug)]
pub(crate) struct World {
    countries: Option<Countries>,
    now: i64,
}

impl World {
    /// At a time in ms since the epoch, or now.
    pub(crate) fn new(countries: Option<Countries>, now: Option<i64>) -> Result<Self> {
        let now = match now {
            Some(now) => now,
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .context("the clock is before 1970")?
                .as_millis() as i64,
        };
        Ok(World { countries, now })
    }
}

impl Environment for World {
    fn now_ms(&self) -> i64 {
        self.now
    }

    fn country(&self, ip: &str) -> Country {
        match &self.countries {
            None => Country::NotLoaded,
            Some(Countries(codes)) => codes
                .get(ip)
                .map_or(Country::Unknown, |code| Country::Code(*code)),
        }
    }
}

/// All answers, as JSON text.
pub(crate) fn results(table: Table<'_>, users: &[NamedUser<'_>], world: &World) -> Result<String> {
    let evaluator = Evaluator::new(table, world);
    let mut out = String::from("{\"results\":{");
    for (index, NamedUser { id, user }) in users.iter().enumerate() {
        let json = user.get().as_bytes();
        let mut scratch = vec![0; json.len() * 6];
        let user = User::from_json(json, &mut scratch).with_context(|| format!("user {id:?}"))?;
        if index > 0 {
            out.push(',');
        }
        out.push_str(&serde_json::to_string(id)?);
        out.push(':');
        report::write_all(&evaluator, &user, "Bootstrap", &mut out);
    }
    out.push_str("}}");
    Ok(out)
}
