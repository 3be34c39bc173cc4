//! The KV Store, for reading.
//!
//! A look-up is started first and waited for last, so that it is in flight while the request is being parsed. A KV read
//! from start to end is six host calls, `close` of the body included.

#[cfg(feature = "drop-in")]
use super::body::Begun;
use super::body::Body;
use super::error::Error;
use super::imports::kv_store;
use super::status::{KvCode, NO_HANDLE, Status};
use alloc::vec::Vec;

/// The largest value an account can be given (25 MB unless raised).
pub const VALUE_LIMIT: usize = 100_000_000;

/// Room for an item's metadata, of which the documentation says 2000 bytes in one place and 2048 in another. It has to
/// be there although nobody reads it: with too little room the host fails the call and the look-up is lost.
const METADATA_ROOM: usize = 2048;

/// An open KV Store.
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
/// use statsig_fastly::platform::kv;
///
/// let item = kv::Store::open("store")?.lookup("key")?;
/// assert_eq!(item.generation, 1);
/// assert_eq!(item.read_all()?, b"value");
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Store(u32);

impl Store {
    /// Opens a store by the name of its resource link, which need not be the store's own name.
    pub fn open(name: &str) -> Result<Self, Error> {
        kv_store::open(name).map(Self).map_err(Error::opening)
    }

    /// Starts a look-up; several may be in flight.
    pub fn begin_lookup(&self, key: &str) -> Result<Pending, Error> {
        kv_store::lookup(self.0, key)
            .map(Pending)
            .map_err(|status| match status {
                Status::InvalidArgument => Error::BadRequest,
                other => Error::Host(other),
            })
    }

    /// [`begin_lookup`](Self::begin_lookup) and [`wait`](Pending::wait).
    pub fn lookup(&self, key: &str) -> Result<Item, Error> {
        self.begin_lookup(key)?.wait()
    }
}

/// A look-up under way. Dropping it abandons the answer.
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
/// use statsig_fastly::platform::kv;
///
/// let pending = kv::Store::open("store")?.begin_lookup("key")?;
/// // … other work while the store answers …
/// assert_eq!(pending.wait()?.read_all()?, b"value");
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Debug)]
#[must_use = "the look-up's answer is in `wait`"]
pub struct Pending(u32);

impl Pending {
    pub(crate) const fn from_handle(handle: u32) -> Self {
        Self(handle)
    }

    pub(crate) fn into_handle(self) -> u32 {
        self.0
    }

    /// Waits for the item; a missing key is [`Error::NotFound`].
    pub fn wait(self) -> Result<Item, Error> {
        let mut metadata = [0; METADATA_ROOM];
        match kv_store::lookup_wait_v2(self.0, &mut metadata) {
            Ok((NO_HANDLE, _, KvCode::Ok)) => Err(Error::StoreFailed),
            Ok((body, generation, KvCode::Ok)) => Ok(Item {
                body: Body::from_handle(body),
                generation,
            }),
            Ok((_, _, outcome)) => Err(Error::store(outcome)),
            Err(Status::InvalidArgument) => Err(Error::BadRequest),
            Err(status) => Err(Error::Host(status)),
        }
    }
}

/// A value of a store, not read yet.
///
/// See [`Store`] for an example.
#[derive(Debug)]
pub struct Item {
    /// The value.
    pub body: Body,
    /// Differs between any two values the key has had; has no order.
    pub generation: u64,
}

impl Item {
    /// Reads the value: one exact allocation, usually one read. See [`Body::read_all`].
    pub fn read_all(self) -> Result<Vec<u8>, Error> {
        self.body.read_all(VALUE_LIMIT)
    }

    /// Reads how the value begins. See [`Body::read_head`].
    #[cfg(feature = "drop-in")]
    pub fn read_head(self, count: usize) -> Result<Begun, Error> {
        self.body.read_head(count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host, KvEntry, KvFault};
    use super::*;

    fn read(host: Host, store: &str, key: &str) -> (Result<(Vec<u8>, u64), Error>, fake::Record) {
        fake::with(host, || {
            let item = Store::open(store)?.begin_lookup(key)?.wait()?;
            let generation = item.generation;
            Ok((item.read_all()?, generation))
        })
    }

    fn host_with(entry: KvEntry) -> Host {
        Host::default().kv("statsig", "config", entry)
    }

    #[test]
    fn reads_value_and_generation_in_six_calls() {
        let entry = KvEntry {
            generation: u64::MAX - 1,
            metadata: "v=1".into(),
            ..KvEntry::new(b"table")
        };
        let (result, record) = read(host_with(entry), "statsig", "config");
        assert_eq!(result, Ok((b"table".to_vec(), u64::MAX - 1)));
        assert_eq!(
            record.calls,
            [
                "fastly_kv_store.open",
                "fastly_kv_store.lookup",
                "fastly_kv_store.lookup_wait_v2",
                "fastly_http_body.known_length",
                "fastly_http_body.read",
                "fastly_http_body.close",
            ]
        );
        assert_eq!(record.open_handles, 0);
    }

    #[test]
    fn absences_are_told_apart() {
        assert_eq!(
            read(host_with(KvEntry::new(b"x")), "other", "config").0,
            Err(Error::UnknownName)
        );
        assert_eq!(
            read(host_with(KvEntry::new(b"x")), "statsig", "other").0,
            Err(Error::NotFound)
        );
        assert_eq!(
            read(host_with(KvEntry::new(b"")), "statsig", "config").0,
            Ok((Vec::new(), 1))
        );
    }

    #[test]
    fn the_stores_faults_have_names() {
        let faults = [
            (
                KvFault::Outcome(KvCode::TooManyRequests),
                Error::TooManyRequests,
            ),
            (KvFault::Outcome(KvCode::InternalError), Error::StoreFailed),
            (KvFault::Outcome(KvCode::BadRequest), Error::BadRequest),
            (KvFault::Outcome(KvCode::Unknown), Error::StoreFailed),
            (KvFault::Outcome(KvCode::Uninitialized), Error::StoreFailed),
            (KvFault::NoBody, Error::StoreFailed),
        ];
        for (fault, error) in faults {
            let entry = KvEntry {
                fault: Some(fault),
                ..KvEntry::new(b"x")
            };
            let (result, record) = read(host_with(entry), "statsig", "config");
            assert_eq!((result, record.open_handles), (Err(error), 0));
        }
    }

    #[test]
    fn refused_calls_have_names() {
        let cases = [
            (
                "fastly_kv_store.open",
                Status::Error,
                Error::Host(Status::Error),
            ),
            (
                "fastly_kv_store.lookup",
                Status::InvalidArgument,
                Error::BadRequest,
            ),
            (
                "fastly_kv_store.lookup",
                Status::LimitExceeded,
                Error::Host(Status::LimitExceeded),
            ),
            (
                "fastly_kv_store.lookup_wait_v2",
                Status::InvalidArgument,
                Error::BadRequest,
            ),
            (
                "fastly_kv_store.lookup_wait_v2",
                Status::BadHandle,
                Error::Host(Status::BadHandle),
            ),
        ];
        for (call, status, error) in cases {
            let host = host_with(KvEntry::new(b"x")).fail(call, status);
            assert_eq!(read(host, "statsig", "config").0, Err(error));
        }
    }

    #[test]
    fn the_largest_metadata_fits() {
        let entry = KvEntry {
            metadata: "m".repeat(METADATA_ROOM),
            ..KvEntry::new(b"x")
        };
        assert!(read(host_with(entry), "statsig", "config").0.is_ok());
        // More would lose the look-up, as on the real host.
        let entry = KvEntry {
            metadata: "m".repeat(METADATA_ROOM + 1),
            ..KvEntry::new(b"x")
        };
        let error = Error::Host(Status::BufferTooSmall);
        assert_eq!(read(host_with(entry), "statsig", "config").0, Err(error));
    }

    #[test]
    fn look_ups_overlap() {
        let host =
            Host::default()
                .kv("s", "a", KvEntry::new(b"A"))
                .kv("s", "b", KvEntry::new(b"B"));
        let ((a, b), _) = fake::with(host, || {
            let store = Store::open("s").unwrap();
            let (a, b) = (
                store.begin_lookup("a").unwrap(),
                store.begin_lookup("b").unwrap(),
            );
            let b = b.wait().unwrap().read_all().unwrap();
            (a.wait().unwrap().read_all().unwrap(), b)
        });
        assert_eq!((&a[..], &b[..]), (&b"A"[..], &b"B"[..]));
    }
}
