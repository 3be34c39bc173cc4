//! Bodies: bytes on their way in or out, kept by the host.

use super::buffer::reserve;
use super::error::Error;
use super::imports::http_body;
use super::status::Status;
use alloc::vec::Vec;

/// The first buffer for a body whose length nobody knows; doubled as it fills.
const FIRST_READ: usize = 16 * 1024;

/// A body kept by the host; given back when dropped.
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
/// use statsig_fastly::platform::body::Body;
///
/// let body = Body::from_bytes(b"some bytes")?;
/// assert_eq!(body.read_all(1024)?, b"some bytes");
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Debug)]
pub struct Body(u32);

impl Body {
    /// An empty body to write to. One host call.
    pub fn new() -> Result<Self, Error> {
        http_body::new().map(Self).map_err(Error::Host)
    }

    /// A body of these bytes, which the host copies. Two host calls, one for no bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut body = Self::new()?;
        body.write_all(bytes)?;
        Ok(body)
    }

    pub(crate) const fn from_handle(handle: u32) -> Self {
        Self(handle)
    }

    /// Hands the body to a call that keeps it.
    pub(crate) fn into_handle(self) -> u32 {
        let handle = self.0;
        core::mem::forget(self);
        handle
    }

    /// Appends all of `bytes`.
    pub fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let written = http_body::write(self.0, bytes).map_err(Error::Host)?;
            match bytes.get(written..) {
                Some(rest) if written > 0 => bytes = rest,
                // Nothing, or more than there was: a host that does not keep its contract.
                _ => return Err(Error::Truncated),
            }
        }
        Ok(())
    }

    /// Moves everything in `other` to the end of this body, without copying it through the module.
    pub fn append(&mut self, other: Self) -> Result<(), Error> {
        http_body::append(self.0, other.into_handle()).map_err(Error::Host)
    }

    /// How much is left to read, if the host knows.
    pub fn known_length(&self) -> Result<Option<u64>, Error> {
        match http_body::known_length(self.0) {
            Ok(length) => Ok(Some(length)),
            Err(Status::None) => Ok(None),
            Err(status) => Err(Error::Host(status)),
        }
    }

    /// Reads to the end.
    ///
    /// With a known length: one exact allocation, nothing zeroed, as many reads as the host makes of it (usually one).
    /// Without: growing reads. More than `limit` bytes is [`Error::TooLarge`], fewer than announced
    /// [`Error::Truncated`].
    pub fn read_all(self, limit: usize) -> Result<Vec<u8>, Error> {
        let length = self.known_length()?;
        self.with_length(length).read_rest(limit)
    }

    /// Reads the first `count` bytes, fewer if there are no more, and leaves the rest to be read or not.
    #[cfg(feature = "drop-in")]
    pub fn read_head(self, count: usize) -> Result<Begun, Error> {
        // Asked before the first read: of what it is the length afterwards, the documentation does not say.
        let length = self.known_length()?;
        let mut begun = self.with_length(length);
        reserve(&mut begun.head, count)?;
        while begun.head.len() < count {
            if http_body::read(begun.body.0, &mut begun.head).map_err(Error::reading)? == 0 {
                break;
            }
        }
        Ok(begun)
    }

    /// For a body whose length is known from elsewhere, or not at all.
    pub(crate) fn with_length(self, length: Option<u64>) -> Begun {
        Begun {
            body: self,
            length,
            head: Vec::new(),
        }
    }

    fn read_exactly(&self, mut out: Vec<u8>, length: usize) -> Result<Vec<u8>, Error> {
        let missing = length.saturating_sub(out.len());
        reserve(&mut out, missing)?;
        while out.len() < length {
            if http_body::read(self.0, &mut out).map_err(Error::reading)? == 0 {
                return Err(Error::Truncated);
            }
        }
        // Only a `Vec` that had more to spare than asked for can hold more.
        if out.len() > length {
            Err(Error::TooLarge)
        } else {
            Ok(out)
        }
    }

    fn read_growing(&self, mut out: Vec<u8>, limit: usize) -> Result<Vec<u8>, Error> {
        loop {
            if out.len() == out.capacity() {
                // One byte past the limit shows that there is more.
                let room = limit.saturating_add(1).saturating_sub(out.len());
                let more = out.len().max(FIRST_READ).min(room);
                reserve(&mut out, more)?;
            }
            if http_body::read(self.0, &mut out).map_err(Error::reading)? == 0 {
                return Ok(out);
            }
            if out.len() > limit {
                return Err(Error::TooLarge);
            }
        }
    }

    /// Gives the body back and says whether the host agreed; dropping it does the same silently.
    pub fn close(self) -> Result<(), Error> {
        http_body::close(self.into_handle()).map_err(Error::Host)
    }
}

/// A body of which a part has been read. Dropping it gives the rest back unread.
///
/// ```
/// # #[cfg(feature = "drop-in")] {
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("store", "key", KvEntry::new(b"value"))
/// #     .config("settings", "colour", "blue")
/// #     .secret("secrets", "key", b"s3cret")
/// #     .log_endpoint("log")
/// #     .backend("origin", [Reply::answer(200, b"hello")]);
/// # let (result, record) = fake::with(host, || {
/// use statsig_fastly::platform::body::Body;
///
/// let begun = Body::from_bytes(b"magic and more")?.read_head(5)?;
/// assert_eq!(begun.head(), b"magic");
/// assert_eq!(begun.read_rest(64)?, b"magic and more");
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// # }
/// ```
#[derive(Debug)]
pub struct Begun {
    body: Body,
    length: Option<u64>,
    head: Vec<u8>,
}

impl Begun {
    /// What has been read.
    #[cfg(feature = "drop-in")]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Reads to the end, and gives the whole. See [`Body::read_all`].
    pub fn read_rest(self, limit: usize) -> Result<Vec<u8>, Error> {
        match self.length {
            Some(length) => match usize::try_from(length) {
                Ok(length) if length <= limit => self.body.read_exactly(self.head, length),
                _ => Err(Error::TooLarge),
            },
            None => self.body.read_growing(self.head, limit),
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // A host that does not take it back leaves nothing to do.
        let _ = http_body::close(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host};
    use super::*;
    use alloc::vec;

    fn round_trip(
        host: Host,
        bytes: &[u8],
        limit: usize,
    ) -> (Result<Vec<u8>, Error>, fake::Record) {
        fake::with(host, || Body::from_bytes(bytes).unwrap().read_all(limit))
    }

    #[test]
    fn a_known_length_takes_one_read() {
        let bytes = vec![9; 100_000];
        let (read, record) = round_trip(Host::default(), &bytes, 100_000);
        assert_eq!(read, Ok(bytes));
        assert_eq!(record.count("fastly_http_body.read"), 1);
        assert_eq!(record.open_handles, 0);
    }

    #[test]
    fn short_reads_and_writes_are_continued() {
        let bytes: Vec<u8> = (0..=255).cycle().take(70_001).collect();
        for unknown_length in [false, true] {
            let host = Host {
                read_at_most: Some(7_000),
                write_at_most: Some(999),
                unknown_length,
                ..Host::default()
            };
            let (read, record) = round_trip(host, &bytes, 70_001);
            assert_eq!(read.as_deref(), Ok(&bytes[..]));
            assert_eq!(record.count("fastly_http_body.write"), 71);
        }
    }

    #[test]
    fn the_limit_holds_with_and_without_a_length() {
        for unknown_length in [false, true] {
            let host = || Host {
                unknown_length,
                ..Host::default()
            };
            assert_eq!(
                round_trip(host(), &[1; 50_000], 49_999).0,
                Err(Error::TooLarge)
            );
            assert_eq!(
                round_trip(host(), &[1; 50_000], 50_000)
                    .0
                    .map(|read| read.len()),
                Ok(50_000)
            );
            assert_eq!(round_trip(host(), &[], 0).0, Ok(vec![]));
            assert_eq!(round_trip(host(), &[1], 0).0, Err(Error::TooLarge));
        }
    }

    #[test]
    fn an_early_end_is_told() {
        let host = Host {
            end_early_by: 1,
            ..Host::default()
        };
        assert_eq!(round_trip(host, &[1; 10], 100).0, Err(Error::Truncated));
    }

    #[test]
    fn failing_calls_come_through() {
        for call in ["fastly_http_body.read", "fastly_http_body.known_length"] {
            let host = Host::default().fail(call, Status::Error);
            let (read, record) = round_trip(host, &[1], 10);
            assert_eq!(
                (read, record.open_handles),
                (Err(Error::Host(Status::Error)), 0)
            );
        }
        let host = Host::default().fail("fastly_http_body.read", Status::HttpIncomplete);
        assert_eq!(round_trip(host, &[1], 10).0, Err(Error::Truncated));
        let host = Host {
            write_at_most: Some(0),
            ..Host::default()
        };
        let (error, _) = fake::with(host, || Body::from_bytes(&[1]).unwrap_err());
        assert_eq!(error, Error::Truncated);
    }

    #[cfg(feature = "drop-in")]
    #[test]
    fn a_head_is_read_and_the_rest_when_it_is_wanted() {
        let bytes: Vec<u8> = (0..=255).cycle().take(70_001).collect();
        for (unknown_length, read_at_most) in [(false, None), (true, Some(3))] {
            let host = || Host {
                unknown_length,
                read_at_most,
                ..Host::default()
            };
            let (begun, record) = fake::with(host(), || {
                let begun = Body::from_bytes(&bytes).unwrap().read_head(4).unwrap();
                assert!(begun.head().len() >= 4 && bytes.starts_with(begun.head()));
                begun.read_rest(70_001)
            });
            assert_eq!((begun.as_deref(), record.open_handles), (Ok(&bytes[..]), 0));
            let (head, record) = fake::with(host(), || {
                let begun = Body::from_bytes(b"ab").unwrap().read_head(4).unwrap();
                begun.head().to_vec()
            });
            assert_eq!((&head[..], record.open_handles), (&b"ab"[..], 0));
            let (rest, _) = fake::with(host(), || {
                let body = Body::from_bytes(&bytes).unwrap();
                body.read_head(4).unwrap().read_rest(70_000)
            });
            assert_eq!(rest, Err(Error::TooLarge));
        }
    }

    #[test]
    fn append_moves() {
        let (read, record) = fake::with(Host::default(), || {
            let mut body = Body::from_bytes(b"one ").unwrap();
            body.append(Body::from_bytes(b"two").unwrap()).unwrap();
            body.read_all(100).unwrap()
        });
        assert_eq!((&read[..], record.open_handles), (&b"one two"[..], 0));
    }

    #[test]
    fn closing_says_what_the_host_said() {
        let (result, _) = fake::with(Host::default(), || Body::new().unwrap().close());
        assert_eq!(result, Ok(()));
    }
}
