//! The answer to the client.

use super::body::Body;
use super::error::Error;
use super::imports::http_resp;

/// A response being made; given back if it is dropped without being sent.
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
/// use statsig_fastly::platform::response::Response;
///
/// let mut response = Response::new(404)?;
/// response.set_header("content-type", b"text/plain")?;
/// response.send(b"not here")?;
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// # assert_eq!(record.responses[0].status, 404);
/// ```
#[derive(Debug)]
pub struct Response(u32);

impl Response {
    /// A response without headers. One host call for status 200, else two.
    pub fn new(status: u16) -> Result<Self, Error> {
        const PRESET: u16 = 200;
        let response = http_resp::new().map(Self).map_err(Error::Host)?;
        if status != PRESET {
            http_resp::status_set(response.0, status).map_err(Error::Host)?;
        }
        Ok(response)
    }

    /// Sets a header, replacing what it had.
    pub fn set_header(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        http_resp::header_insert(self.0, name, value).map_err(Error::Host)
    }

    /// Adds a header to those of its name.
    pub fn append_header(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        http_resp::header_append(self.0, name, value).map_err(Error::Host)
    }

    /// Sends the response with this body. The client has it while the program goes on.
    pub fn send(self, body: &[u8]) -> Result<(), Error> {
        self.send_body(Body::from_bytes(body)?)
    }

    /// Sends the response with a body the host has already, for instance a KV item's.
    pub fn send_body(self, body: Body) -> Result<(), Error> {
        let handle = self.0;
        core::mem::forget(self);
        http_resp::send_downstream(handle, body.into_handle()).map_err(Error::Host)
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        // A host that does not take it back leaves nothing to do.
        let _ = http_resp::close(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host};
    use super::super::status::Status;
    use super::*;

    #[test]
    fn sends_status_headers_and_body() {
        let (_, record) = fake::with(Host::default(), || {
            let mut response = Response::new(503).unwrap();
            response.set_header("Content-Type", b"text/plain").unwrap();
            response
                .set_header("content-type", b"application/json")
                .unwrap();
            response.send(b"{}").unwrap();
        });
        let [sent] = &record.responses[..] else {
            panic!("{record:?}")
        };
        assert_eq!((sent.status, &sent.body[..]), (503, &b"{}"[..]));
        assert_eq!(
            sent.headers,
            [("content-type".into(), b"application/json".to_vec())]
        );
        assert_eq!(record.open_handles, 0);
    }

    #[test]
    fn ok_is_preset() {
        let (_, record) = fake::with(Host::default(), || {
            Response::new(200).unwrap().send(b"").unwrap()
        });
        assert_eq!(record.responses[0].status, 200);
        assert_eq!(
            record.calls,
            [
                "fastly_http_resp.new",
                "fastly_http_body.new",
                "fastly_http_resp.send_downstream"
            ]
        );
    }

    #[test]
    fn failures_leave_nothing_behind() {
        for call in [
            "fastly_http_resp.send_downstream",
            "fastly_http_body.write",
            "fastly_http_body.new",
        ] {
            let host = Host::default().fail(call, Status::Error);
            let (result, record) = fake::with(host, || Response::new(200).unwrap().send(b"x"));
            assert_eq!(
                (result, record.open_handles),
                (Err(Error::Host(Status::Error)), 0)
            );
        }
        let (result, record) = fake::with(Host::default(), || Response::new(99).unwrap_err());
        assert_eq!(
            (result, record.open_handles),
            (Error::Host(Status::InvalidArgument), 0)
        );
    }

    #[test]
    fn one_answer_per_request() {
        let (result, record) = fake::with(Host::default(), || {
            Response::new(200).unwrap().send(b"one").unwrap();
            Response::new(200).unwrap().send(b"two")
        });
        assert_eq!(
            (result, record.responses.len()),
            (Err(Error::Host(Status::Error)), 1)
        );
    }
}
