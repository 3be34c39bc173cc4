//! Where a command takes config specs from: a file, standard input, or Statsig's CDN.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use crate::failure::Problem;
use crate::http::Patience;
use crate::output::Output;
use crate::specs::read_input;
use crate::statsig::specs::{News, Version};
use crate::statsig::{Access, Cdn};
use crate::stop::Stop;

/// Config specs from somewhere.
#[derive(Clone, Debug, Args)]
pub(crate) struct Source {
    /// Config specs as JSON (v1 or v2) or as a rule table; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "from_statsig")]
    specs: Option<PathBuf>,
    /// Take the config specs from Statsig's CDN
    #[arg(long)]
    from_statsig: bool,
    #[command(flatten)]
    pub fetch: Fetch,
}

/// How to fetch from Statsig's CDN.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Statsig")]
pub(crate) struct Fetch {
    /// Which form of the specs to ask for
    #[arg(long, value_enum, default_value = "v2")]
    pub payload: Version,
    #[command(flatten)]
    pub access: Access,
}

impl Source {
    /// The bytes.
    pub(crate) fn read(&self, patience: &Patience, stop: &Stop, output: Output) -> Result<Vec<u8>> {
        if let Some(path) = &self.specs {
            return read_input(path);
        }
        if !self.from_statsig {
            return Err(Problem::usage(
                "no config specs",
                "give a file with --specs, or --from-statsig",
            ));
        }
        let cdn = Cdn::new(&self.fetch.access, patience, stop, output)?;
        match cdn.specs(self.fetch.payload, None)? {
            News::Payload(bytes, _) => Ok(bytes),
            News::None => bail!("Statsig has no config specs for this key"),
        }
    }
}
