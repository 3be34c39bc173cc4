//! The time of day.

use super::error::Error;
use super::imports::wasi;

const NS_PER_MS: u64 = 1_000_000;

/// Milliseconds since 1970. One host call.
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
/// use statsig_fastly::platform::clock;
///
/// assert_eq!(clock::now_ms()?, 1_767_225_660_000);
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
pub fn now_ms() -> Result<u64, Error> {
    match wasi::clock_time_get_realtime() {
        Ok(nanoseconds) => Ok(nanoseconds / NS_PER_MS),
        Err(status) => Err(Error::Host(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host};
    use super::super::status::Status;
    use super::*;

    #[test]
    fn tells_the_hosts_time() {
        let host = Host {
            now_ms: 1_790_000_000_123,
            ..Host::default()
        };
        assert_eq!(fake::with(host, now_ms).0, Ok(1_790_000_000_123));
        let host = Host::default().fail("wasi_snapshot_preview1.clock_time_get", Status::Error);
        assert_eq!(fake::with(host, now_ms).0, Err(Error::Host(Status::Error)));
    }
}
