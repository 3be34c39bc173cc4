//! ID lists from the CDN (evaluation.md 7.3): which there are, and the bytes of their files from any place on.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use ureq::Body;
use ureq::http::{Method, Response, Uri};

use super::{Cdn, SERVER};
use crate::http::{Answer, Ask, unexpected};
use crate::secret::Secret;

/// Where the range of a file goes into the query.
const CDN_HOST: &str = "api.statsigcdn.com";

/// A list, as Statsig describes it. Not `Debug`: the address holds a signature.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Listed {
    /// Bytes of its file.
    pub size: u64,
    /// Where the file is. It may hold a signature and is never shown.
    pub url: String,
    /// When the file was begun, in ms since the epoch.
    #[serde(rename = "creationTime")]
    pub creation_time: i64,
    /// Another for every file.
    #[serde(rename = "fileID")]
    pub file_id: String,
}

impl Cdn {
    /// The lists by name.
    pub(crate) fn id_lists(&self) -> Result<BTreeMap<String, Listed>> {
        let path = format!("/v1/get_id_lists/{}.json", self.key.in_path());
        let (url, what) = (self.http.url(&path), "fetching the names of the ID lists");
        let ask = match self.is_default {
            true => Ask::new(Method::GET, url, what),
            false => Ask::new(Method::POST, url, what).body("application/json", b""),
        };
        let ask = ask.limit(64 << 20);
        let answer = self.http.send(&ask)?;
        if !answer.is_success() {
            return Err(unexpected(&ask, SERVER, &answer));
        }
        serde_json::from_slice(&answer.body)
            .with_context(|| format!("{what}: the answer is no object of lists"))
    }

    /// Hands on the bytes of a list's file from `from` on, to its end; says how many there were.
    ///
    /// A connection that breaks is taken up again where it broke. The file must begin, and go on, with `+` or `-`.
    pub(crate) fn download(
        &self,
        name: &str,
        listed: &Listed,
        from: u64,
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<u64> {
        let what = format!("downloading ID list {name}");
        let uri: Uri = listed
            .url
            .parse()
            .map_err(|_| anyhow::anyhow!("{what}: its address is not one"))?;
        if let Some(signature) = uri.query() {
            Secret::new(signature);
        }
        let local = matches!(uri.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
        if uri.scheme_str() != Some("https") && !local {
            bail!("{what}: its address is not https");
        }
        let mut received = 0;
        let mut attempt = 0;
        let mut begun = false;
        loop {
            let (ask, in_query) = range(&uri, listed, from + received, &what);
            let before = received;
            let mut count = |bytes: &[u8]| {
                if !begun && let Some(first) = bytes.iter().find(|b| !b.is_ascii_whitespace()) {
                    if !b"+-".contains(first) {
                        bail!("{what}: the file does not go on with + or -");
                    }
                    begun = true;
                }
                received += bytes.len() as u64;
                take(bytes)
            };
            let part = match self.http.once(&ask) {
                Ok(response) => body(response, from + before, in_query, &ask, &mut count)?,
                Err(error) => Part::Broken(error),
            };
            match part {
                Part::Rest => return Ok(received),
                Part::Broken(error) => {
                    if received > before {
                        attempt = 0;
                    }
                    self.http.before_retry(&ask, &mut attempt, Err(&error))?;
                }
                Part::Refused(answer) => {
                    self.http.before_retry(&ask, &mut attempt, Ok(&answer))?;
                }
            }
        }
    }
}

/// What one request brought.
enum Part {
    /// All there is.
    Rest,
    /// Something, and then an error.
    Broken(anyhow::Error),
    /// An answer that a repetition may better.
    Refused(Answer),
}

fn range(uri: &Uri, listed: &Listed, from: u64, what: &str) -> (Ask<'static>, bool) {
    let mut url = listed.url.clone();
    let in_query = uri.host() == Some(CDN_HOST) && from > 0;
    if in_query {
        let joint = if uri.query().is_some() { '&' } else { '?' };
        url += &format!("{joint}range={from}-");
    }
    let mut ask = Ask::new(Method::GET, url, what);
    if !in_query {
        ask = ask
            .header("range", format!("bytes={from}-"))
            .header("statsig-id-list-file-size", listed.size.to_string());
    }
    (ask, in_query)
}

/// Reads the body; bytes before `from` that the server sent unasked are passed over.
fn body(
    mut response: Response<Body>,
    from: u64,
    in_query: bool,
    ask: &Ask<'_>,
    take: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<Part> {
    let status = response.status().as_u16();
    let mut skip = match status {
        200 if in_query => 0,
        200 => from,
        206 => {
            let start = response.headers().get("content-range");
            let start = start.and_then(|range| range.to_str().ok()).and_then(first);
            match start {
                None => 0,
                Some(start) if start == from => 0,
                Some(start) => bail!(
                    "{}: asked for bytes from {from}, the server sends them from {start}",
                    ask.what
                ),
            }
        }
        // Nothing behind what one has.
        416 => return Ok(Part::Rest),
        _ => {
            let headers = response.headers().clone();
            let body = response.body_mut().with_config().limit(4_096).read_to_vec();
            let answer = Answer {
                status,
                headers,
                body: body.unwrap_or_default(),
            };
            return match status {
                408 | 425 | 429 | 500..600 => Ok(Part::Refused(answer)),
                _ => Err(unexpected(ask, SERVER, &answer)),
            };
        }
    };
    let mut reader = response.body_mut().with_config().limit(u64::MAX).reader();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let length = match reader.read(&mut chunk) {
            Ok(0) => return Ok(Part::Rest),
            Ok(length) => length,
            Err(error) => return Ok(Part::Broken(error.into())),
        };
        let passed = skip.min(length as u64);
        skip -= passed;
        let bytes = &chunk[passed as usize..length];
        if !bytes.is_empty() {
            take(bytes)?;
        }
    }
}

/// The first byte that a `Content-Range` such as `bytes 5-9/10` names.
fn first(range: &str) -> Option<u64> {
    let rest = range.trim().strip_prefix("bytes")?.trim_start();
    rest.split('-').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cdn_is_asked_in_the_query() {
        let listed = |url: &str| Listed {
            size: 9,
            url: url.into(),
            creation_time: 0,
            file_id: "f".into(),
        };
        for (url, from, expected) in [
            (
                "https://api.statsigcdn.com/l/x",
                0,
                "https://api.statsigcdn.com/l/x",
            ),
            (
                "https://api.statsigcdn.com/l/x",
                5,
                "https://api.statsigcdn.com/l/x?range=5-",
            ),
            (
                "https://api.statsigcdn.com/l/x?a=b",
                5,
                "https://api.statsigcdn.com/l/x?a=b&range=5-",
            ),
            ("https://storage.example/x", 5, "https://storage.example/x"),
        ] {
            let listed = listed(url);
            let (ask, in_query) = range(&url.parse().unwrap(), &listed, from, "x");
            assert_eq!(ask.url, expected);
            let header = ask.headers.iter().find(|(name, _)| *name == "range");
            let bytes = format!("bytes={from}-");
            assert_eq!(
                header.map(|(_, value)| value.as_str()),
                (!in_query).then_some(&*bytes)
            );
        }
    }

    #[test]
    fn content_ranges_are_read() {
        assert_eq!(first("bytes 5-9/10"), Some(5));
        assert_eq!(first("bytes */10"), None);
    }
}
