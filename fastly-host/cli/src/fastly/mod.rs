//! Fastly's management API, as much of it as a publisher needs.

pub(crate) mod config_store;
pub(crate) mod kv;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ureq::http::Method;

use crate::http::{Answer, Ask, Http, Patience, unexpected};
use crate::output::Output;
use crate::secret::{Secret, percent_encoded};
use crate::stop::Stop;

/// Who the server is, in messages.
const SERVER: &str = "Fastly";

/// How to reach Fastly's API.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Fastly")]
#[group(id = "fastly-access")]
pub(crate) struct Access {
    /// A file with the API token; otherwise it is taken from the environment variable FASTLY_API_TOKEN
    #[arg(long, value_name = "FILE")]
    fastly_token_file: Option<PathBuf>,
    /// The API's address
    #[arg(
        long,
        value_name = "URL",
        env = "FASTLY_API_ENDPOINT",
        default_value = "https://api.fastly.com"
    )]
    fastly_url: String,
}

/// Fastly's API, with a token.
#[derive(Debug)]
pub(crate) struct Api {
    http: Http,
    token: Secret,
}

impl Api {
    /// Reads the token.
    pub(crate) fn new(
        access: &Access,
        patience: &Patience,
        stop: &Stop,
        output: Output,
    ) -> Result<Self> {
        Ok(Api {
            http: Http::new(SERVER, &access.fastly_url, patience, stop, output)?,
            token: Secret::read(
                "Fastly API token",
                "FASTLY_API_TOKEN",
                "--fastly-token-file",
                access.fastly_token_file.as_deref(),
            )?,
        })
    }

    /// The requests to the server.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    fn ask<'a>(&self, method: Method, path: &str, what: impl Into<String>) -> Ask<'a> {
        Ask::new(method, self.http.url(path), what)
            .header("fastly-key", self.token.expose())
            .header("accept", "application/json")
    }

    /// Sends, and takes every status but 2xx for an error.
    fn send(&self, ask: &Ask<'_>) -> Result<Answer> {
        let answer = self.http.send(ask)?;
        match answer.is_success() {
            true => Ok(answer),
            false => Err(unexpected(ask, SERVER, &answer)),
        }
    }
}

/// An id or a key as a segment of a path.
fn segment(text: &str) -> String {
    percent_encoded(text)
}
