//! Secret Stores. The platform allows five reads per request by default.

use super::buffer::{collect, optional};
use super::error::Error;
use super::imports::secret_store;
use alloc::vec::Vec;
use core::fmt;

/// Offered at once; API keys are far shorter.
const USUAL_SECRET: usize = 256;

/// The platform's limit for one secret.
pub const SECRET_LIMIT: usize = 64 * 1024;

/// An open Secret Store.
///
/// ```
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("store", "key", KvEntry::new(b"value"))
/// #     .config("settings", "colour", "blue")
/// #     .secret("secrets", "key", b"s3cret")
/// #     .log_endpoint("log")
/// #     .backend("origin", [Reply::answer(200, b"hello")]);
/// # let (result, record) = fake::with(host, || {
/// use statsig_fastly::platform::secret_store;
///
/// let secret = secret_store::Store::open("secrets")?.get("key")?;
/// assert_eq!(secret.as_ref().map(|secret| secret.as_bytes()), Some(&b"s3cret"[..]));
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Store(u32);

impl Store {
    /// Opens a store by the name of its resource link.
    pub fn open(name: &str) -> Result<Self, Error> {
        secret_store::open(name).map(Self).map_err(Error::opening)
    }

    /// Reads a secret, or `None` when there is none of that name. Two host calls.
    pub fn get(&self, name: &str) -> Result<Option<Secret>, Error> {
        let Some(secret) = optional(secret_store::get(self.0, name).map_err(Error::Host))? else {
            return Ok(None);
        };
        collect(USUAL_SECRET, SECRET_LIMIT, &|out| {
            secret_store::plaintext(secret, out)
        })
        .map(|text| Some(Secret(text)))
    }
}

/// A secret's plaintext, which `Debug` does not show.
///
/// See [`Store`] for an example.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The secret itself.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Secret {
    /// A secret that comes from elsewhere.
    fn from(plaintext: Vec<u8>) -> Self {
        Self(plaintext)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host};
    use super::super::status::Status;
    use super::*;
    use alloc::format;

    #[test]
    fn reads_and_redacts() {
        let host = Host::default().secret("keys", "statsig", b"secret-abc");
        let (secret, record) = fake::with(host, || {
            Store::open("keys")
                .unwrap()
                .get("statsig")
                .unwrap()
                .unwrap()
        });
        assert_eq!(secret.as_bytes(), b"secret-abc");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(record.count("fastly_secret_store.plaintext"), 1);
    }

    #[test]
    fn the_largest_secret_fits() {
        for (length, ok) in [(SECRET_LIMIT, true), (SECRET_LIMIT + 1, false)] {
            let host = Host::default().secret("keys", "a", &alloc::vec![b's'; length]);
            let (read, _) = fake::with(host, || Store::open("keys").unwrap().get("a"));
            assert_eq!(read.is_ok(), ok);
        }
    }

    #[test]
    fn absences_and_faults_are_told() {
        let host = || Host::default().secret("keys", "a", b"1");
        assert_eq!(
            fake::with(host(), || Store::open("other").unwrap_err()).0,
            Error::UnknownName
        );
        assert_eq!(
            fake::with(host(), || Store::open("keys").unwrap().get("b")).0,
            Ok(None)
        );
        for call in ["fastly_secret_store.get", "fastly_secret_store.plaintext"] {
            let host = host().fail(call, Status::LimitExceeded);
            let (read, _) = fake::with(host, || Store::open("keys").unwrap().get("a"));
            assert_eq!(read, Err(Error::Host(Status::LimitExceeded)));
        }
    }
}
