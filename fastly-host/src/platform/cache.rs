//! The Core Cache: bytes kept for later requests in the same place, as long as it likes.
//!
//! Plain look-ups and inserts, not transactions: whoever finds nothing works it out himself, and nobody waits for another
//! request that has yet to answer its client. A hit costs six host calls, a miss three, an insert three.

use super::body::{Begun, Body};
use super::error::Error;
use super::imports::cache;
use super::status::Status;

const NS_PER_S: u64 = 1_000_000_000;

/// Looks up what was inserted under this key: a body that is not read yet, or nothing.
pub fn lookup(key: &[u8]) -> Result<Option<Begun>, Error> {
    let handle = match cache::lookup(key) {
        Ok(handle) => handle,
        Err(Status::None) => return Ok(None),
        Err(status) => return Err(Error::Host(status)),
    };
    let found = body(handle);
    // A body goes on without the look-up. A host that does not take it back leaves nothing to do.
    let _ = cache::close(handle);
    found
}

fn body(handle: u32) -> Result<Option<Begun>, Error> {
    let body = match cache::get_body(handle) {
        Ok(body) => Body::from_handle(body),
        Err(Status::None) => return Ok(None),
        Err(status) => return Err(Error::Host(status)),
    };
    match cache::get_length(handle) {
        Ok(length) => Ok(Some(body.with_length(Some(length)))),
        Err(Status::None) => Ok(Some(body.with_length(None))),
        Err(status) => Err(Error::Host(status)),
    }
}

/// Inserts bytes for this long at most, in place of what the key has.
///
/// After an error the cache may hold a part of them.
pub fn insert(key: &[u8], max_age_s: u32, bytes: &[u8]) -> Result<(), Error> {
    let max_age_ns = NS_PER_S.saturating_mul(max_age_s.into());
    let body = cache::insert(key, max_age_ns, bytes.len() as u64).map_err(Error::Host)?;
    let mut body = Body::from_handle(body);
    body.write_all(bytes)?;
    body.close()
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, CacheItem, Host};
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn read(key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        lookup(key)?
            .map(|found| found.read_rest(1 << 20))
            .transpose()
    }

    #[test]
    fn gives_back_what_was_inserted_until_it_is_too_old() {
        let bytes = vec![7; 100_000];
        let ((), record) = fake::with(Host::default(), || {
            assert_eq!(read(b"k"), Ok(None));
            insert(b"k", 10, &bytes).unwrap();
            assert_eq!(read(b"k").as_ref(), Ok(&Some(bytes.clone())));
            assert_eq!(read(b"l"), Ok(None));
            fake::change(|host| host.now_ms += 10_000);
            assert_eq!(read(b"k"), Ok(None));
            insert(b"k", 10, b"new").unwrap();
            assert_eq!(read(b"k"), Ok(Some(b"new".to_vec())));
        });
        assert_eq!(record.open_handles, 0);
    }

    #[test]
    fn counts_its_calls() {
        let (_, record) = fake::with(Host::default(), || insert(b"k", 1, b"x"));
        let body = ["fastly_http_body.write", "fastly_http_body.close"];
        assert_eq!(record.calls, [&["fastly_cache.insert"][..], &body].concat());
        let host = Host {
            cache: record.cache,
            ..Host::default()
        };
        let (_, record) = fake::with(host, || read(b"k"));
        assert_eq!(
            record.calls,
            [
                "fastly_cache.lookup",
                "fastly_cache.get_body",
                "fastly_cache.get_length",
                "fastly_cache.close",
                "fastly_http_body.read",
                "fastly_http_body.close",
            ]
        );
    }

    #[test]
    fn refused_calls_are_told_and_leave_no_handle() {
        let host = |call: &str| {
            let item = CacheItem {
                bytes: vec![1],
                expires_ms: 1,
            };
            Host {
                cache: [(b"k".to_vec(), item)].into(),
                ..Host::default()
            }
            .fail(call, Status::Unsupported)
        };
        let error = Error::Host(Status::Unsupported);
        for call in ["lookup", "get_body", "get_length"] {
            let (found, record) =
                fake::with(host(&alloc::format!("fastly_cache.{call}")), || read(b"k"));
            assert_eq!((found, record.open_handles), (Err(error), 0), "{call}");
        }
        for call in [
            "fastly_cache.insert",
            "fastly_http_body.write",
            "fastly_http_body.close",
        ] {
            let (inserted, _) = fake::with(host(call), || insert(b"k", 1, b"x"));
            assert_eq!(inserted, Err(error), "{call}");
        }
    }
}
