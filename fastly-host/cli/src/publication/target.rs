//! Where to publish: one key of a KV store or of a config store.

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::prepared::Prepared;
use super::{Outcome, config_store, kv_store};
use crate::failure::Problem;
use crate::fastly::Api;
use crate::http::seconds;

/// A store and a key in it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Where to")]
pub(crate) struct Target {
    /// The id of a KV store
    #[arg(long, value_name = "STORE-ID", conflicts_with = "config_store")]
    pub kv_store: Option<String>,
    /// The id of a config store
    #[arg(long, value_name = "STORE-ID")]
    pub config_store: Option<String>,
    /// The item's key, which the service knows
    #[arg(long, value_name = "KEY", default_value = "statsig-specs", value_parser = key)]
    pub key: String,
    #[command(flatten)]
    pub options: Options,
}

/// What a config store allows.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How long chunks of a former generation stay in a config store, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    pub grace: Duration,
    /// The most characters of a config store's value, where Fastly has raised the limit
    #[arg(long, value_name = "NUMBER", default_value_t = 8_000, value_parser = value_chars)]
    pub value_chars: usize,
}

/// A key that both kinds of store take.
fn key(text: &str) -> Result<String, String> {
    let odd = |character: char| character.is_control() || "#;?^|".contains(character);
    match text {
        "" | "." | ".." => Err("not a key that a store takes".into()),
        _ if text.starts_with(".well-known/acme-challenge/") => Err("reserved by Fastly".into()),
        _ if text.len() > 240 => Err("longer than 240 bytes".into()),
        _ if text.contains(odd) => Err("none of the characters # ; ? ^ | in a key".into()),
        _ => Ok(text.to_owned()),
    }
}

fn value_chars(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1_000..=65_536) => Ok(number),
        _ => Err("expected a number from 1000 to 65536".into()),
    }
}

impl Target {
    /// Whether a store is named.
    pub(crate) fn is_named(&self) -> bool {
        self.kv_store.is_some() || self.config_store.is_some()
    }

    /// An error unless a store is named.
    pub(crate) fn check_named(&self) -> Result<()> {
        match self.is_named() {
            true => Ok(()),
            false => Err(Problem::usage(
                "no store is named",
                "give --kv-store or --config-store with the store's id",
            )),
        }
    }

    /// Publishes.
    pub(crate) fn publish(
        &self,
        api: &Api,
        prepared: &Prepared,
        force: bool,
        dry_run: bool,
    ) -> Result<Outcome> {
        if let Some(id) = &self.kv_store {
            return kv_store::publish(&api.kv_store(id), &self.key, prepared, force, dry_run);
        }
        let id = self.config_store.as_deref().unwrap_or_default();
        let store = api.config_store(id);
        config_store::publish(&store, &self.key, prepared, &self.options, force, dry_run)
    }

    /// What is live; `None` if nothing is.
    pub(crate) fn live(&self, api: &Api) -> Result<Option<Vec<u8>>> {
        if let Some(id) = &self.kv_store {
            return Ok(api.kv_store(id).read(&self.key)?.map(|(_, value)| value));
        }
        let id = self.config_store.as_deref().unwrap_or_default();
        let listing = api.config_store(id).list()?;
        Ok(config_store::live_value(&listing, &self.key))
    }

    /// The store and the key, in words.
    pub(crate) fn describe(&self) -> String {
        match (&self.kv_store, &self.config_store) {
            (Some(id), _) => format!("{} in KV store {id}", self.key),
            (_, Some(id)) => format!("{} in config store {id}", self.key),
            _ => self.key.clone(),
        }
    }
}
