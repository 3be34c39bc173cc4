//! Statsig's CDN (evaluation.md 7): config specs and ID lists.

pub(crate) mod id_lists;
pub(crate) mod specs;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::http::{Http, Patience};
use crate::output::Output;
use crate::secret::Secret;
use crate::stop::Stop;

/// Who the server is, in messages.
const SERVER: &str = "Statsig";

/// The CDN's address.
const DEFAULT_URL: &str = "https://api.statsigcdn.com";

/// How to reach Statsig.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Statsig")]
#[group(id = "statsig-access")]
pub(crate) struct Access {
    /// A file with the server secret key; otherwise it is taken from the environment variable STATSIG_SECRET_KEY
    #[arg(long, value_name = "FILE")]
    statsig_key_file: Option<PathBuf>,
    /// The CDN's address, or that of a proxy with the same paths
    #[arg(
        long,
        value_name = "URL",
        env = "STATSIG_API_ENDPOINT",
        default_value = DEFAULT_URL
    )]
    statsig_url: String,
}

/// Statsig's CDN, with a key.
#[derive(Debug)]
pub(crate) struct Cdn {
    http: Http,
    key: Secret,
    is_default: bool,
}

impl Cdn {
    /// Reads the key.
    pub(crate) fn new(
        access: &Access,
        patience: &Patience,
        stop: &Stop,
        output: Output,
    ) -> Result<Self> {
        Ok(Cdn {
            http: Http::new(SERVER, &access.statsig_url, patience, stop, output)?,
            key: Secret::read(
                "Statsig secret key",
                "STATSIG_SECRET_KEY",
                "--statsig-key-file",
                access.statsig_key_file.as_deref(),
            )?,
            is_default: access.statsig_url == DEFAULT_URL,
        })
    }

    /// The requests to the server.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }
}
