//! The Core Cache: bytes kept for later requests in the same place, as long as it likes.
//!
//! A plain look-up ([`lookup`]) answers at once and obliges to nothing. A transaction ([`begin`]) is for whoever would work the bytes
//! out: of all requests that ask for a key at the same time one is obliged to insert it, and the others wait for it, here no longer than
//! they say. A hit costs seven host calls, a miss three.

use super::body::Body;
use super::buffer::append;
use super::error::Error;
use super::imports::{async_io, cache};
use alloc::vec::Vec;

/// The platform's limit for metadata is larger; ours are short.
const METADATA_LIMIT: usize = 256;

/// How long an item is good.
///
/// See [`insert`] for an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// As long as this it is fresh.
    pub max_age_s: u32,
    /// As long as this afterwards it is found, but stale.
    pub stale_s: u32,
}

/// The answer to a look-up; given back when dropped, and with it the obligation to insert.
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
/// use statsig_fastly::platform::cache::{self, Lifetime};
///
/// // The first to look has to insert; who comes at the same time waits for it.
/// let entry = cache::begin(b"key", 100)?.expect("nobody else is at it");
/// assert!(!entry.is_found() && entry.must_insert());
/// entry.insert(Lifetime { max_age_s: 60, stale_s: 0 }, b"note", b"bytes")?;
/// assert!(cache::lookup(b"key")?.is_found());
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Debug)]
pub struct Entry {
    handle: u32,
    state: u32,
}

/// Bits of a state.
const FOUND: u32 = 1 << 0;
const USABLE: u32 = 1 << 1;
const STALE: u32 = 1 << 2;
const MUST_INSERT: u32 = 1 << 3;

/// Looks up what was inserted under this key. Two host calls.
pub fn lookup(key: &[u8]) -> Result<Entry, Error> {
    cache::lookup(key)
        .map_err(Error::Host)
        .and_then(Entry::from_handle)
}

/// Looks a key up to insert it if need be. When another request is at it, waits for that one, but not longer than this: then, `None`.
pub fn begin(key: &[u8], timeout_ms: u32) -> Result<Option<Entry>, Error> {
    let busy = cache::transaction_lookup_async(key).map_err(Error::Host)?;
    match async_io::select(busy, timeout_ms.max(1)) {
        Ok(true) => {
            let handle = cache::cache_busy_handle_wait(busy).map_err(Error::Host)?;
            Entry::from_handle(handle).map(Some)
        }
        outcome => {
            // A host that does not take it back leaves nothing to do.
            let _ = cache::close_busy(busy);
            outcome.map(|_| None).map_err(Error::Host)
        }
    }
}

/// Inserts bytes and what is to be known about them, in place of what the key has.
///
/// After an error the cache may hold a part of them.
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
/// use statsig_fastly::platform::cache::{self, Lifetime};
///
/// cache::insert(b"key", Lifetime { max_age_s: 60, stale_s: 30 }, b"note", b"bytes")?;
/// let entry = cache::lookup(b"key")?;
/// assert!(entry.is_found() && !entry.is_stale());
/// assert_eq!((entry.metadata()?, entry.read(5)?), (b"note".to_vec(), b"bytes".to_vec()));
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
pub fn insert(key: &[u8], lifetime: Lifetime, metadata: &[u8], bytes: &[u8]) -> Result<(), Error> {
    let body = cache::insert(key, lifetime, bytes.len() as u64, metadata).map_err(Error::Host)?;
    fill(body, bytes)
}

fn fill(body: u32, bytes: &[u8]) -> Result<(), Error> {
    let mut body = Body::from_handle(body);
    body.write_all(bytes)?;
    body.close()
}

impl Entry {
    fn from_handle(handle: u32) -> Result<Self, Error> {
        let mut entry = Entry { handle, state: 0 };
        entry.state = cache::get_state(handle).map_err(Error::Host)?;
        Ok(entry)
    }

    /// Whether there is something that may be used.
    pub fn is_found(&self) -> bool {
        self.state & FOUND != 0 && self.state & USABLE != 0
    }

    /// Whether it is older than its lifetime.
    pub fn is_stale(&self) -> bool {
        self.state & STALE != 0
    }

    /// Whether this request is the one to insert.
    pub fn must_insert(&self) -> bool {
        self.state & MUST_INSERT != 0
    }

    /// What was inserted with the bytes. One host call.
    pub fn metadata(&self) -> Result<Vec<u8>, Error> {
        let mut metadata = Vec::new();
        append(&mut metadata, METADATA_LIMIT, METADATA_LIMIT, &|out| {
            cache::get_user_metadata(self.handle, out)
        })?;
        Ok(metadata)
    }

    /// The bytes, of which there must be so many. Three host calls.
    pub fn read(&self, length: usize) -> Result<Vec<u8>, Error> {
        let body = cache::get_body(self.handle).map_err(Error::Host)?;
        Body::from_handle(body)
            .with_length(Some(length as u64))
            .read_rest(length)
    }

    /// Inserts, and so fulfils the obligation. After an error the cache may hold a part.
    pub fn insert(
        mut self,
        lifetime: Lifetime,
        metadata: &[u8],
        bytes: &[u8],
    ) -> Result<(), Error> {
        let length = bytes.len() as u64;
        let body = cache::transaction_insert(self.handle, lifetime, length, metadata)
            .map_err(Error::Host)?;
        self.state &= !MUST_INSERT;
        fill(body, bytes)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // A host that does not take it back leaves nothing to do.
        if self.must_insert() {
            let _ = cache::transaction_cancel(self.handle);
        }
        let _ = cache::close(self.handle);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, CacheItem, Host, Wait};
    use super::super::status::Status;
    use super::*;
    use alloc::vec;

    const TEN: Lifetime = Lifetime {
        max_age_s: 10,
        stale_s: 5,
    };

    type Read = Result<Option<(Vec<u8>, Vec<u8>)>, Error>;

    fn read(key: &[u8], length: usize) -> Read {
        let entry = lookup(key)?;
        match entry.is_found() {
            true => Ok(Some((entry.metadata()?, entry.read(length)?))),
            false => Ok(None),
        }
    }

    #[test]
    fn gives_back_what_was_inserted_fresh_then_stale_then_no_more() {
        let bytes = vec![7; 100_000];
        let ((), record) = fake::with(Host::default(), || {
            assert_eq!(read(b"k", 1), Ok(None));
            insert(b"k", TEN, b"meta", &bytes).unwrap();
            let found = Ok(Some((b"meta".to_vec(), bytes.clone())));
            assert_eq!(read(b"k", 100_000), found);
            assert_eq!(read(b"k", 100_001), Err(Error::Truncated));
            assert_eq!(read(b"l", 1), Ok(None));
            assert!(!lookup(b"k").unwrap().is_stale());
            fake::change(|host| host.now_ms += 10_000);
            assert!(lookup(b"k").unwrap().is_stale());
            assert_eq!(read(b"k", 100_000), found);
            fake::change(|host| host.now_ms += 5_000);
            assert_eq!(read(b"k", 100_000), Ok(None));
            insert(b"k", TEN, b"", b"new").unwrap();
            assert_eq!(read(b"k", 3), Ok(Some((vec![], b"new".to_vec()))));
        });
        assert_eq!(record.open_handles, 0);
    }

    #[test]
    fn one_request_inserts_and_the_others_wait_as_long_as_they_like() {
        let ((), record) = fake::with(Host::default(), || {
            let first = begin(b"k", 50).unwrap().unwrap();
            assert!(first.must_insert() && !first.is_found());
            assert!(!lookup(b"k").unwrap().must_insert());
            assert!(begin(b"k", 50).unwrap().is_none());
            first.insert(TEN, b"m", b"x").unwrap();
            let second = begin(b"k", 50).unwrap().unwrap();
            assert!(second.is_found() && !second.must_insert());
            drop(second);
            // Stale: found by all, renewed by one.
            fake::change(|host| host.now_ms += 12_000);
            let renewing = begin(b"k", 50).unwrap().unwrap();
            assert!(renewing.must_insert() && renewing.is_stale());
            let other = begin(b"k", 50).unwrap().unwrap();
            assert!(!other.must_insert() && other.is_found());
            drop((renewing, other));
            // Who gives up leaves it to the next one.
            assert!(begin(b"k", 50).unwrap().unwrap().must_insert());
        });
        assert_eq!(record.open_handles, 0);
    }

    #[test]
    fn what_another_request_inserts_meanwhile_is_found() {
        let item = CacheItem {
            bytes: vec![1],
            metadata: vec![2],
            fresh_until_ms: 1,
            expires_ms: 1,
        };
        let host = Host {
            cache_wait: Wait::Filled(item),
            ..Host::default()
        };
        let (found, record) = fake::with(host, || begin(b"k", 1).unwrap().unwrap().is_found());
        assert!(found && record.open_handles == 0);
    }

    #[test]
    fn counts_its_calls() {
        let (_, record) = fake::with(Host::default(), || insert(b"k", TEN, b"", b"x"));
        let body = ["fastly_http_body.write", "fastly_http_body.close"];
        assert_eq!(record.calls, [&["fastly_cache.insert"][..], &body].concat());
        let host = Host {
            cache: record.cache,
            ..Host::default()
        };
        let (_, record) = fake::with(host, || read(b"k", 1));
        assert_eq!(
            record.calls,
            [
                "fastly_cache.lookup",
                "fastly_cache.get_state",
                "fastly_cache.get_user_metadata",
                "fastly_cache.get_body",
                "fastly_http_body.read",
                "fastly_http_body.close",
                "fastly_cache.close",
            ]
        );
    }

    #[test]
    fn refused_calls_are_told_and_leave_no_handle() {
        let host = |call: &str| {
            let item = CacheItem {
                bytes: vec![1],
                metadata: vec![],
                fresh_until_ms: 1,
                expires_ms: 1,
            };
            Host {
                cache: [(b"k".to_vec(), item)].into(),
                ..Host::default()
            }
            .fail(call, Status::Unsupported)
        };
        let error = Error::Host(Status::Unsupported);
        for call in ["lookup", "get_state", "get_user_metadata", "get_body"] {
            let (found, record) = fake::with(host(&alloc::format!("fastly_cache.{call}")), || {
                read(b"k", 1)
            });
            assert_eq!((found, record.open_handles), (Err(error), 0), "{call}");
        }
        for call in [
            "fastly_cache.insert",
            "fastly_http_body.write",
            "fastly_http_body.close",
        ] {
            let (inserted, _) = fake::with(host(call), || insert(b"k", TEN, b"", b"x"));
            assert_eq!(inserted, Err(error), "{call}");
        }
        for call in [
            "fastly_cache.transaction_lookup_async",
            "fastly_async_io.select",
            "fastly_cache.cache_busy_handle_wait",
            "fastly_cache.get_state",
            "fastly_cache.transaction_insert",
        ] {
            let (error, record) = fake::with(host(call), || {
                let entry = begin(b"new", 1)?;
                entry.unwrap().insert(TEN, b"", b"x")
            });
            assert_eq!(error, Err(Error::Host(Status::Unsupported)), "{call}");
            assert_eq!(record.open_handles, 0, "{call}");
        }
    }
}
