//! Config specs from the CDN (evaluation.md 7.1), and which answers are news (1.8).

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::Deserialize;
use ureq::http::Method;

use super::{Cdn, SERVER};
use crate::http::{Ask, unexpected};
use crate::secret::percent_encoded;

/// The largest payload.
const LONGEST: u64 = 200_000_000;

/// Which form of the specs to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Version {
    /// As Statsig's older server SDKs and its Fastly helper read them
    V1,
    /// As Statsig's server core reads them
    V2,
}

/// The payload one has, by which the server knows whether there is a newer one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its time.
    pub time: u64,
    /// Its checksum.
    pub checksum: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) enum News {
    /// The payload, and by what to know it.
    Payload(Vec<u8>, Known),
    /// There is none.
    None,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    has_updates: Option<bool>,
    #[serde(default)]
    time: Option<u64>,
    #[serde(default)]
    checksum: Option<String>,
}

impl Cdn {
    /// Asks for the specs, or for newer ones than the known.
    pub(crate) fn specs(&self, version: Version, known: Option<&Known>) -> Result<News> {
        let version = match version {
            Version::V1 => "v1",
            Version::V2 => "v2",
        };
        let mut path = format!(
            "/{version}/download_config_specs/{}.json",
            self.key.in_path()
        );
        if let Some(known) = known {
            let mut query = Vec::new();
            if known.time > 0 {
                query.push(format!("sinceTime={}", known.time));
            }
            if let Some(checksum) = &known.checksum {
                query.push(format!("checksum={}", percent_encoded(checksum)));
            }
            if !query.is_empty() {
                path += &format!("?{}", query.join("&"));
            }
        }
        let ask = Ask::new(
            Method::GET,
            self.http.url(&path),
            "fetching the config specs",
        )
        .header("accept", "application/json")
        .header("accept-encoding", "gzip")
        .limit(LONGEST);
        let answer = self.http.send(&ask)?;
        if !answer.is_success() {
            return Err(unexpected(&ask, SERVER, &answer));
        }
        let start = answer.body.iter().find(|byte| !byte.is_ascii_whitespace());
        let Ok(head) = serde_json::from_slice::<Head>(&answer.body) else {
            bail!("{}: the answer is not JSON, what is live stays", ask.what);
        };
        if start != Some(&b'{') {
            bail!(
                "{}: the answer is no JSON object, what is live stays",
                ask.what
            );
        }
        if head.has_updates == Some(false) {
            return Ok(News::None);
        }
        let found = Known {
            time: head.time.unwrap_or(0),
            checksum: head.checksum.filter(|checksum| !checksum.is_empty()),
        };
        if let Some(known) = known {
            let same = found.checksum.is_some() && found.checksum == known.checksum;
            if same || (known.time > 0 && found.time < known.time) {
                return Ok(News::None);
            }
        }
        Ok(News::Payload(answer.body, found))
    }
}
