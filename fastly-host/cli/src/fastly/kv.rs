//! KV Store items: read, conditional write, batch write, list, delete.

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use ureq::http::Method;

use super::{Api, SERVER, segment};
use crate::http::{Answer, unexpected};

/// The most metadata of an item, which travels in a header.
pub(crate) const MAX_METADATA: usize = 2_000;

/// The largest value unless Fastly has raised the account's limit.
pub(crate) const USUAL_MAX_VALUE: usize = 25_000_000;

/// The largest answer: a value of the largest limit that Fastly grants, and some.
const LONGEST_ANSWER: u64 = 110_000_000;

/// A KV store.
#[derive(Debug)]
pub(crate) struct KvStore<'a> {
    api: &'a Api,
    id: String,
}

/// What a store says of an item besides its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    /// Differs between any two values the key has had; has no order.
    pub generation: u64,
    /// What its writer noted.
    pub metadata: String,
}

/// The condition of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// No item has the key.
    Absent,
    /// The item has this generation.
    Generation(u64),
}

/// What became of a conditional write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// Written.
    Written,
    /// The item is not what was expected.
    Changed,
    /// The value is larger than the account's limit.
    TooLarge,
}

/// A line of a batch that the store did not take.
#[derive(Debug, Deserialize)]
pub(crate) struct BatchError {
    /// The line's number, from 0.
    index: Option<usize>,
    key: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    code: serde_json::Value,
}

impl std::fmt::Display for BatchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = self.key.as_deref().unwrap_or("(no key)");
        let reason = self.reason.as_deref().unwrap_or("no reason given");
        write!(f, "{key}: {reason}")?;
        match self.code.is_null() {
            true => Ok(()),
            false => write!(f, " ({})", self.code),
        }
    }
}

impl Api {
    /// The KV store with this id.
    pub(crate) fn kv_store(&self, id: &str) -> KvStore<'_> {
        KvStore {
            api: self,
            id: id.to_owned(),
        }
    }
}

impl KvStore<'_> {
    fn path(&self, key: &str) -> String {
        let (id, key) = (segment(&self.id), segment(key));
        format!("/resources/stores/kv/{id}/keys/{key}")
    }

    /// Generation and metadata of an item; `None` if there is none.
    pub(crate) fn describe(&self, key: &str) -> Result<Option<Description>> {
        let what = format!("looking at {key} in KV store {}", self.id);
        let ask = self.api.ask(Method::HEAD, &self.path(key), what);
        let answer = self.api.http.send(&ask)?;
        match answer.status {
            200..300 => description(&answer).map(Some),
            // A proxy may not let it through.
            405 | 501 => Ok(self.read(key)?.map(|(description, _)| description)),
            404 => Ok(None),
            _ => Err(unexpected(&ask, SERVER, &answer)),
        }
    }

    /// An item; `None` if there is none.
    pub(crate) fn read(&self, key: &str) -> Result<Option<(Description, Vec<u8>)>> {
        let what = format!("reading {key} from KV store {}", self.id);
        let ask = self.api.ask(Method::GET, &self.path(key), what);
        let ask = ask.limit(LONGEST_ANSWER);
        let answer = self.api.http.send(&ask)?;
        match answer.status {
            200..300 => Ok(Some((description(&answer)?, answer.body))),
            404 => Ok(None),
            _ => Err(unexpected(&ask, SERVER, &answer)),
        }
    }

    /// Writes if the item is as expected. Readers keep the old value until their caches have the new one.
    pub(crate) fn put(
        &self,
        key: &str,
        value: &[u8],
        metadata: &str,
        expected: Expected,
    ) -> Result<Put> {
        if metadata.len() > MAX_METADATA {
            bail!("metadata of {} bytes for {key}", metadata.len());
        }
        let what = format!("writing {key} to KV store {}", self.id);
        let query = match expected {
            Expected::Absent => "?add=true&background_fetch=true",
            Expected::Generation(_) => "?background_fetch=true",
        };
        let path = self.path(key) + query;
        let mut ask = self.api.ask(Method::PUT, &path, what);
        if !metadata.is_empty() {
            ask = ask.header("metadata", metadata);
        }
        if let Expected::Generation(generation) = expected {
            ask = ask.header("if-generation-match", generation.to_string());
        }
        let ask = ask.body("application/octet-stream", value);
        let answer = self.api.http.send(&ask)?;
        match answer.status {
            200..300 => Ok(Put::Written),
            412 => Ok(Put::Changed),
            413 => Ok(Put::TooLarge),
            _ => Err(unexpected(&ask, SERVER, &answer)),
        }
    }

    /// Writes items unconditionally, in one request, for good or for a time; gives back the numbers of those that were not taken, with the
    /// store's reasons. `None`: the request was too large as a whole.
    pub(crate) fn put_batch(
        &self,
        items: &[(String, Vec<u8>)],
        time_to_live_s: Option<u32>,
    ) -> Result<Option<Vec<(usize, String)>>> {
        let what = format!("writing {} items to KV store {}", items.len(), self.id);
        let path = format!("/resources/stores/kv/{}/batch", segment(&self.id));
        let body = batch_body(items, time_to_live_s)?;
        let ask = self.api.ask(Method::PUT, &path, what);
        let ask = ask.body("application/x-ndjson", &body);
        let answer = self.api.http.send(&ask)?;
        if answer.status == 413 {
            return Ok(None);
        }
        #[derive(Deserialize)]
        struct Errors {
            #[serde(default)]
            errors: Vec<BatchError>,
        }
        let errors =
            serde_json::from_slice(&answer.body).map_or(Vec::new(), |read: Errors| read.errors);
        match (answer.is_success(), errors.is_empty()) {
            (true, true) => return Ok(Some(Vec::new())),
            (false, true) => return Err(unexpected(&ask, SERVER, &answer)),
            _ => {}
        }
        let mut failed = Vec::new();
        for error in &errors {
            let by_key = || {
                items
                    .iter()
                    .position(|(key, _)| Some(key) == error.key.as_ref())
            };
            match error.index.filter(|&at| at < items.len()).or_else(by_key) {
                Some(at) => failed.push((at, error.to_string())),
                None => bail!("{}: {error}", ask.what),
            }
        }
        failed.sort();
        failed.dedup_by_key(|(at, _)| *at);
        Ok(Some(failed))
    }

    /// All keys that begin with `prefix`.
    pub(crate) fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Page {
            data: Vec<String>,
            #[serde(default)]
            meta: Meta,
        }
        #[derive(Deserialize, Default)]
        struct Meta {
            next_cursor: Option<String>,
        }
        let mut keys = Vec::new();
        let mut cursor = String::new();
        loop {
            let (id, prefix) = (segment(&self.id), segment(prefix));
            let mut path = format!(
                "/resources/stores/kv/{id}/keys?prefix={prefix}&limit=1000&consistency=strong"
            );
            if !cursor.is_empty() {
                path += &format!("&cursor={}", segment(&cursor));
            }
            let what = format!("listing the keys of KV store {}", self.id);
            let ask = self.api.ask(Method::GET, &path, what).limit(16 << 20);
            let answer = self.api.send(&ask)?;
            let page: Page = serde_json::from_slice(&answer.body)
                .with_context(|| format!("{}: the answer is no page of keys", ask.what))?;
            keys.extend(page.data);
            match page
                .meta
                .next_cursor
                .filter(|next| !next.is_empty() && *next != cursor)
            {
                Some(next) => cursor = next,
                None => return Ok(keys),
            }
        }
    }

    /// Deletes an item; that there is none is fine.
    pub(crate) fn delete(&self, key: &str) -> Result<()> {
        let what = format!("deleting {key} from KV store {}", self.id);
        let ask = self.api.ask(Method::DELETE, &self.path(key), what);
        let answer = self.api.http.send(&ask)?;
        match answer.status {
            200..300 | 404 => Ok(()),
            _ => Err(unexpected(&ask, SERVER, &answer)),
        }
    }
}

fn description(answer: &Answer) -> Result<Description> {
    let generation = answer
        .header("generation")
        .and_then(|text| text.parse().ok());
    let metadata = answer.headers.get("metadata").map(|value| value.as_bytes());
    Ok(Description {
        generation: generation.context("Fastly's answer has no header `generation`")?,
        metadata: String::from_utf8_lossy(metadata.unwrap_or_default()).into_owned(),
    })
}

/// One JSON object a line, values in Base64.
fn batch_body(items: &[(String, Vec<u8>)], time_to_live_s: Option<u32>) -> Result<Vec<u8>> {
    let room = items
        .iter()
        .map(|(key, value)| key.len() + value.len() * 4 / 3 + 40);
    let mut body = Vec::with_capacity(room.sum());
    for (key, value) in items {
        body.extend_from_slice(b"{\"key\":");
        serde_json::to_writer(&mut body, key)?;
        body.extend_from_slice(b",\"value\":\"");
        let start = body.len();
        let length = base64::encoded_len(value.len(), true).context("a value beyond all memory")?;
        body.resize(start + length, 0);
        STANDARD.encode_slice(value, &mut body[start..])?;
        body.push(b'"');
        if let Some(seconds) = time_to_live_s {
            body.extend_from_slice(format!(",\"time_to_live_sec\":{seconds}").as_bytes());
        }
        body.extend_from_slice(b"}\n");
    }
    Ok(body)
}
