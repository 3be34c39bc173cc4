//! Named log endpoints: the platform delivers, in batches, what is written to them.

use super::error::Error;
use super::imports::log;

/// A log endpoint of the service.
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
/// use statsig_fastly::platform::log::Endpoint;
///
/// Endpoint::open("log")?.write(b"one line")?;
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// # assert_eq!(record.log_lines, [("log".to_owned(), b"one line".to_vec())]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Endpoint(u32);

impl Endpoint {
    /// An endpoint by name. The platform may accept names that lead nowhere.
    pub fn open(name: &str) -> Result<Self, Error> {
        log::endpoint_get(name).map(Self).map_err(Error::opening)
    }

    /// Logs one line; newlines inside it are escaped by the platform.
    pub fn write(&self, line: &[u8]) -> Result<(), Error> {
        match log::write(self.0, line) {
            Ok(written) if written < line.len() => Err(Error::Truncated),
            Ok(_) => Ok(()),
            Err(status) => Err(Error::Host(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host};
    use super::super::status::Status;
    use super::*;

    #[test]
    fn logs_lines() {
        let (_, record) = fake::with(Host::default().log_endpoint("events"), || {
            let endpoint = Endpoint::open("events").unwrap();
            endpoint.write(b"one").unwrap();
            endpoint.write(b"").unwrap();
        });
        assert_eq!(
            record.log_lines,
            [
                ("events".into(), b"one".to_vec()),
                ("events".into(), b"".to_vec())
            ]
        );
    }

    #[test]
    fn faults_are_told() {
        assert_eq!(
            fake::with(Host::default(), || Endpoint::open("events").unwrap_err()).0,
            Error::UnknownName
        );
        let host = || Host::default().log_endpoint("events");
        let write = || Endpoint::open("events").unwrap().write(b"line");
        let failing = host().fail("fastly_log.write", Status::LimitExceeded);
        assert_eq!(
            fake::with(failing, write).0,
            Err(Error::Host(Status::LimitExceeded))
        );
        assert_eq!(
            fake::with(
                Host {
                    write_at_most: Some(3),
                    ..host()
                },
                write
            )
            .0,
            Err(Error::Truncated)
        );
    }
}
