//! A download from Statsig's CDN through a backend (`evaluation.md` §7.1).
//!
//! [`Download::with_timeout`] bounds the wait for the answer, whatever the backend's configuration is. An answer without news keeps what is in hand; an older one too (§1.8).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use statsig_edge::{Table, sha256};

use super::{Answer, Asking, MAX_JSON, Origin, Place};
use crate::destination::Key;
use crate::events::{SDK_TYPE, SDK_VERSION};
use crate::platform::decimal::Decimal;
use crate::platform::{Error, async_io, backend, percent, secret_store};
use crate::source::{Source, SpecsError};

/// Where Statsig's specs are, unless [`Download::with_base_uri`] says otherwise.
pub const DOWNLOAD_BASE_URI: &str = "https://api.statsigcdn.com";

/// As long as the official SDK waits at its start.
const TIMEOUT_MS: u32 = 3_000;

/// The form of the specs that a download asks for.
///
/// ```
/// use statsig_fastly::DownloadVersion;
///
/// assert_eq!(DownloadVersion::default(), DownloadVersion::V2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownloadVersion {
    /// `/v1/download_config_specs`, which Statsig's JavaScript SDKs read; the only form that a client key can get.
    V1,
    /// `/v2/download_config_specs`, what Statsig's server core reads.
    #[default]
    V2,
}

/// A download of specs. `Debug` does not show the key.
///
/// ```
/// use statsig_fastly::{Config, Download, Key};
///
/// let key = Key::Stored { store: "statsig", name: "server-key" };
/// let download = Download::new("statsig-cdn", key).with_timeout(500);
/// let config = Config::new().with_download(download).with_core_cache().with_max_age(30);
/// # let _ = config;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Download<'c> {
    pub(crate) backend: &'c str,
    pub(crate) key: Key<'c>,
    pub(crate) base_uri: &'c str,
    version: DownloadVersion,
    timeout_ms: u32,
}

impl<'c> Download<'c> {
    /// Specs through the backend of this name, with this key.
    pub const fn new(backend: &'c str, key: Key<'c>) -> Self {
        Download {
            backend,
            key,
            base_uri: DOWNLOAD_BASE_URI,
            version: DownloadVersion::V2,
            timeout_ms: TIMEOUT_MS,
        }
    }

    /// Another scheme and host, without a slash at the end, for a proxy.
    #[must_use]
    pub const fn with_base_uri(mut self, uri: &'c str) -> Self {
        self.base_uri = uri;
        self
    }

    /// The form of the specs.
    #[must_use]
    pub const fn with_version(mut self, version: DownloadVersion) -> Self {
        self.version = version;
        self
    }

    /// How long a request waits for the answer to begin, in ms; three seconds by default. The backend's own limits apply too, and
    /// once the answer has begun only they do: `between_bytes_timeout`, on Fastly 10 s unless told otherwise.
    #[must_use]
    pub fn with_timeout(mut self, ms: u32) -> Self {
        self.timeout_ms = ms.max(1);
        self
    }

    fn uri(&self, key: &str, current: Option<Table<'_>>) -> String {
        let mut uri = String::from(self.base_uri);
        let mut first = '?';
        match (self.key, self.version) {
            (Key::Client(_), _) => {
                uri.push_str("/v1/download_config_specs");
                parameter("k", key.as_bytes(), &mut first, &mut uri);
            }
            (_, version) => {
                uri.push_str(match version {
                    DownloadVersion::V1 => "/v1/download_config_specs/",
                    DownloadVersion::V2 => "/v2/download_config_specs/",
                });
                percent::encode(key, &mut uri);
                uri.push_str(".json");
            }
        }
        if let Some(table) = current.filter(|table| table.time() > 0) {
            let time = Decimal::new(table.time());
            parameter("sinceTime", time.as_bytes(), &mut first, &mut uri);
            let checksum = table.meta().and_then(|meta| meta.checksum());
            if let Some(checksum) = checksum.filter(|checksum| !checksum.is_empty()) {
                parameter("checksum", checksum.as_bytes(), &mut first, &mut uri);
            }
        }
        uri
    }
}

fn parameter(name: &str, value: &[u8], first: &mut char, uri: &mut String) {
    uri.push(core::mem::replace(first, '&'));
    uri.push_str(name);
    uri.push('=');
    percent::encode(core::str::from_utf8(value).unwrap_or_default(), uri);
}

impl<'c> Origin<'c> {
    #[inline(always)]
    pub(crate) const fn download(download: Download<'c>) -> Self {
        Origin {
            source: Source::Download,
            place: Place::Download(download),
            begin,
            finish,
            push_project,
        }
    }
}

/// A key and a form: two projects may be downloaded through one backend. Nothing that shows a key.
fn push_project(origin: &Origin<'_>, out: &mut Vec<u8>) {
    let Place::Download(download) = &origin.place else {
        return;
    };
    let (kind, texts) = match download.key {
        Key::Stored { store, name } => (0, [store, "\0", name]),
        Key::Secret(key) => (1, [key, "", ""]),
        Key::Client(key) => (2, [key, "", ""]),
    };
    out.extend_from_slice(&[kind, download.version as u8]);
    out.extend_from_slice(&sha256(&texts.map(str::as_bytes)));
}

fn key_text(key: Key<'_>) -> Result<Cow<'_, str>, SpecsError> {
    match key {
        Key::Stored { store, name } => {
            let secret = secret_store::Store::open(store)?.get(name)?;
            let secret = secret.ok_or(SpecsError::NoKey)?;
            // A secret that was made from a file often ends with its newline.
            let secret = secret.as_bytes().trim_ascii();
            let text = core::str::from_utf8(secret).map_err(|_| SpecsError::NoKey)?;
            Ok(Cow::Owned(text.into()))
        }
        Key::Secret(key) | Key::Client(key) => Ok(Cow::Borrowed(key)),
    }
}

fn begin(origin: &Origin<'_>, current: Option<Table<'_>>) -> Result<u32, SpecsError> {
    let Place::Download(download) = origin.place else {
        return Err(Error::UnknownName.into());
    };
    let uri = download.uri(&key_text(download.key)?, current);
    let headers: [(&str, &[u8]); 2] = [
        ("statsig-sdk-type", SDK_TYPE.as_bytes()),
        ("statsig-sdk-version", SDK_VERSION.as_bytes()),
    ];
    Ok(backend::get(download.backend, &uri, &headers)?.into_handle())
}

fn finish(handle: u32, asking: &mut Asking<'_, '_>) -> Answer {
    let Place::Download(download) = asking.origin.place else {
        return Err(Error::UnknownName.into());
    };
    if !async_io::wait(handle, download.timeout_ms)? {
        return Err(Error::Timeout.into());
    }
    let answer = backend::Pending::from_handle(handle).wait()?;
    match answer.status {
        200..=299 => {}
        status => return Err(SpecsError::Status(status)),
    }
    asking.fetched.bytes = answer.body.read_all(MAX_JSON)?.into();
    Ok(true)
}
