//! Config Stores: short texts by key, up to 32 reads per execution.

use super::buffer::{append, optional};
use super::error::Error;
use super::imports::config_store;
use alloc::vec::Vec;

/// Offered at once, so that a value of the default size limit (8,000 characters, ASCII) takes one host call.
const USUAL_VALUE: usize = 8_000;

/// The largest value of an account whose limit was raised: 32 k characters of four bytes.
pub const VALUE_LIMIT: usize = 4 * 32 * 1024;

/// An open Config Store.
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
/// use statsig_fastly::platform::config_store;
///
/// let store = config_store::Store::open("settings")?;
/// assert_eq!(store.get("colour")?.as_deref(), Some(&b"blue"[..]));
/// assert_eq!(store.get("size")?, None);
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Store(u32);

impl Store {
    /// Opens a store by the name of its resource link.
    pub fn open(name: &str) -> Result<Self, Error> {
        config_store::open(name).map(Self).map_err(Error::opening)
    }

    /// The value of a key, or `None` when there is no such key.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut value = Vec::new();
        Ok(self.append_to(key, &mut value)?.map(|_| value))
    }

    /// Appends the value of a key to `out` and says how long it is; for values that are parts of one whole.
    pub fn append_to(&self, key: &str, out: &mut Vec<u8>) -> Result<Option<usize>, Error> {
        optional(append(out, USUAL_VALUE, VALUE_LIMIT, &|out| {
            config_store::get(self.0, key, out)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host};
    use super::super::status::Status;
    use super::*;

    #[test]
    fn a_value_of_the_usual_size_takes_one_call() {
        let value = "v".repeat(8_000);
        let (read, record) = fake::with(Host::default().config("flags", "a", &value), || {
            Store::open("flags").unwrap().get("a")
        });
        assert_eq!(read, Ok(Some(value.into_bytes())));
        assert_eq!(record.count("fastly_config_store.get"), 1);
    }

    #[test]
    fn a_larger_value_takes_two_and_the_largest_fits() {
        for (length, result) in [
            (VALUE_LIMIT, Ok(Some(VALUE_LIMIT))),
            (VALUE_LIMIT + 1, Err(Error::TooLarge)),
        ] {
            let host = Host::default().config("flags", "a", &"v".repeat(length));
            let (read, record) = fake::with(host, || Store::open("flags").unwrap().get("a"));
            assert_eq!(read.map(|value| value.map(|value| value.len())), result);
            assert!(record.count("fastly_config_store.get") <= 2);
        }
    }

    #[test]
    fn parts_are_appended() {
        let host = Host::default()
            .config("flags", "0", "one ")
            .config("flags", "1", "two")
            .config("flags", "2", "");
        let (text, _) = fake::with(host, || {
            let (store, mut out) = (Store::open("flags").unwrap(), Vec::new());
            assert_eq!(store.append_to("0", &mut out), Ok(Some(4)));
            assert_eq!(store.append_to("1", &mut out), Ok(Some(3)));
            assert_eq!(store.append_to("2", &mut out), Ok(Some(0)));
            assert_eq!(store.append_to("3", &mut out), Ok(None));
            out
        });
        assert_eq!(text, b"one two");
    }

    #[test]
    fn faults_are_told() {
        assert_eq!(
            fake::with(Host::default(), || Store::open("flags").unwrap_err()).0,
            Error::UnknownName
        );
        let host = Host::default()
            .config("flags", "a", "1")
            .fail("fastly_config_store.get", Status::LimitExceeded);
        let (read, _) = fake::with(host, || Store::open("flags").unwrap().get("a"));
        assert_eq!(read, Err(Error::Host(Status::LimitExceeded)));
    }
}
