//! Requests to named backends, past the cache.
//!
//! A request is sent in the background: it goes on its way while the program continues, and arrives even after the
//! program has ended. So dropping [`Pending`] is "fire and forget", waiting for it tells how it went.

use core::fmt;

use super::body::Body;
use super::error::Error;
use super::imports::{http_req, http_resp};

/// A request of ours, complete but for its body.
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
/// use statsig_fastly::platform::{backend::Outgoing, body::Body};
///
/// let request = Outgoing { backend: "origin", method: "PUT", uri: "https://origin.example/item", headers: &[("x-a", b"1")] };
/// assert_eq!(request.send(Body::from_bytes(b"new")?)?.wait()?.status, 200);
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// # assert_eq!(record.sent[0].method, "PUT");
/// ```
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// The backend's name in the service's configuration.
    pub backend: &'a str,
    /// The method, in upper case.
    pub method: &'a str,
    /// The absolute URI; its host is what the `host` header will say unless the backend overrides it.
    pub uri: &'a str,
    /// Names, each once, and values.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl fmt::Debug for Outgoing<'_> {
    /// Keys travel in headers, and in the URI.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("backend", &self.backend)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl Outgoing<'_> {
    /// Starts sending. Five host calls and one per header, those of `body` not counted.
    pub fn send(&self, body: Body) -> Result<Pending, Error> {
        let request = Draft(http_req::new().map_err(Error::Host)?);
        http_req::method_set(request.0, self.method).map_err(Error::Host)?;
        http_req::uri_set(request.0, self.uri).map_err(|_| Error::BadRequest)?;
        for (name, value) in self.headers {
            http_req::header_insert(request.0, name, value).map_err(Error::Host)?;
        }
        http_req::cache_override_set_pass(request.0).map_err(Error::Host)?;
        let handle = request.0;
        core::mem::forget(request);
        http_req::send_async(handle, body.into_handle(), self.backend)
            .map(Pending)
            .map_err(Error::opening)
    }
}

/// Starts sending a POST.
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
/// use statsig_fastly::platform::backend;
///
/// let pending = backend::post("origin", "https://origin.example/log", &[("content-type", b"application/json")], b"{}")?;
/// assert_eq!(pending.wait()?.status, 200);
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// # assert_eq!(record.sent[0].body, b"{}");
/// ```
pub fn post(
    backend: &str,
    uri: &str,
    headers: &[(&str, &[u8])],
    body: &[u8],
) -> Result<Pending, Error> {
    Outgoing {
        backend,
        method: "POST",
        uri,
        headers,
    }
    .send(Body::from_bytes(body)?)
}

/// Starts sending a GET.
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
/// use statsig_fastly::platform::backend;
///
/// let answer = backend::get("origin", "https://origin.example/greeting", &[])?.wait()?;
/// assert_eq!(answer.status, 200);
/// assert_eq!(answer.body.read_all(64)?, b"hello");
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
pub fn get(backend: &str, uri: &str, headers: &[(&str, &[u8])]) -> Result<Pending, Error> {
    Outgoing {
        backend,
        method: "GET",
        uri,
        headers,
    }
    .send(Body::new()?)
}

/// A request that is not on its way yet; given back when something prevents that.
struct Draft(u32);

impl Drop for Draft {
    fn drop(&mut self) {
        // A host that does not take it back leaves nothing to do.
        let _ = http_req::close(self.0);
    }
}

/// A request on its way. Dropping it does not stop it.
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
/// use statsig_fastly::platform::backend;
///
/// // Two requests on their way at once.
/// let first = backend::get("origin", "https://origin.example/1", &[])?;
/// let second = backend::get("origin", "https://origin.example/2", &[])?;
/// assert_eq!((first.wait()?.status, second.wait()?.status), (200, 200));
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Debug)]
pub struct Pending(u32);

/// A request on its way, or its answer.
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
/// use statsig_fastly::platform::backend::{self, Poll};
///
/// let mut pending = backend::get("origin", "https://origin.example/", &[])?;
/// let answer = loop {
///     match pending.poll()? {
///         Poll::Pending(still) => pending = still,
///         Poll::Ready(answer) => break answer,
///     }
/// };
/// assert_eq!(answer.status, 200);
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Debug)]
pub enum Poll {
    /// Still on its way.
    Pending(Pending),
    /// Answered.
    Ready(Answer),
}

impl Pending {
    pub(crate) const fn from_handle(handle: u32) -> Self {
        Self(handle)
    }

    pub(crate) fn into_handle(self) -> u32 {
        self.0
    }

    /// Waits for the head of the answer; any status, 4xx and 5xx too, is an answer.
    pub fn wait(self) -> Result<Answer, Error> {
        match http_req::pending_req_wait_v2(self.0) {
            Ok(handles) => Answer::from_handles(handles),
            Err((status, tag)) => Err(Error::sending(status, tag)),
        }
    }

    /// Looks whether the head of the answer is there.
    pub fn poll(self) -> Result<Poll, Error> {
        match http_req::pending_req_poll_v2(self.0) {
            Ok(Some(handles)) => Answer::from_handles(handles).map(Poll::Ready),
            Ok(None) => Ok(Poll::Pending(self)),
            Err((status, tag)) => Err(Error::sending(status, tag)),
        }
    }
}

/// What a backend answered.
///
/// See [`get`] for an example.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, not read yet: [`Body::read_all`] takes the limit.
    pub body: Body,
}

impl Answer {
    fn from_handles((response, body): (u32, u32)) -> Result<Self, Error> {
        let body = Body::from_handle(body);
        let status = http_resp::status_get(response);
        // Nothing else of the head is wanted.
        let _ = http_resp::close(response);
        Ok(Self {
            status: status.map_err(Error::Host)?,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host, Reply};
    use super::super::status::{SendTag, Status};
    use super::*;
    use alloc::vec::Vec;

    const HEADERS: &[(&str, &[u8])] = &[
        ("Content-Type", b"application/json"),
        ("statsig-api-key", b"key"),
    ];

    fn post_events() -> Result<(u16, Vec<u8>), Error> {
        let answer = post("events", "https://events.example/v1/rgstr", HEADERS, b"[1]")?.wait()?;
        Ok((answer.status, answer.body.read_all(100)?))
    }

    fn with(reply: Reply) -> (Result<(u16, Vec<u8>), Error>, fake::Record) {
        fake::with(Host::default().backend("events", [reply]), post_events)
    }

    #[test]
    fn keys_are_not_shown() {
        let request = Outgoing {
            backend: "origin",
            method: "PUT",
            uri: "https://origin.example/item?k=client-abc",
            headers: &[("statsig-api-key", b"secret-abc")],
        };
        let shown = alloc::format!("{request:?}");
        assert_eq!(
            shown,
            r#"Outgoing { backend: "origin", method: "PUT", .. }"#
        );
    }

    #[test]
    fn posts_past_the_cache_and_reads_the_answer() {
        let (result, record) = with(Reply::answer(202, b"{\"success\":true}"));
        assert_eq!(result, Ok((202, b"{\"success\":true}".to_vec())));
        let [sent] = &record.sent[..] else {
            panic!("{record:?}")
        };
        assert_eq!((&sent.backend[..], &sent.method[..]), ("events", "POST"));
        assert_eq!(sent.uri, "https://events.example/v1/rgstr");
        assert_eq!(sent.header("content-type"), Some(&b"application/json"[..]));
        assert_eq!(sent.header("STATSIG-API-KEY"), Some(&b"key"[..]));
        assert_eq!(
            (&sent.body[..], sent.pass, sent.answer_taken),
            (&b"[1]"[..], true, true)
        );
        assert_eq!(record.open_handles, 0);
    }

    #[test]
    fn every_status_is_an_answer() {
        for status in [200, 301, 404, 429, 500, 503] {
            assert_eq!(with(Reply::answer(status, b"")).0, Ok((status, Vec::new())));
        }
    }

    #[test]
    fn an_answer_too_long_is_not_read() {
        assert_eq!(
            with(Reply::answer(200, &[b'x'; 101])).0,
            Err(Error::TooLarge)
        );
    }

    #[test]
    fn dropped_is_sent_all_the_same() {
        let host = Host::default().backend("events", [Reply::answer(202, b"")]);
        let (_, record) = fake::with(host, || {
            let _dropped = post("events", "http://e/", &[], b"x").unwrap();
        });
        assert_eq!(
            (&record.sent[0].body[..], record.sent[0].answer_taken),
            (&b"x"[..], false)
        );
    }

    #[test]
    fn refusals_and_failures_are_told_apart() {
        let cases = [
            (
                Reply::Refuse(Status::LimitExceeded),
                Error::Host(Status::LimitExceeded),
            ),
            (
                Reply::Fail(Status::Error, SendTag::Unspecified),
                Error::Host(Status::Error),
            ),
            (Reply::Fail(Status::Error, SendTag::Timeout), Error::Timeout),
            (
                Reply::Fail(Status::Error, SendTag::Unreachable),
                Error::Unreachable,
            ),
            (
                Reply::Fail(Status::HttpIncomplete, SendTag::Unspecified),
                Error::BadAnswer,
            ),
        ];
        for (reply, error) in cases {
            let (result, record) = with(reply);
            assert_eq!((result, record.open_handles), (Err(error), 0));
        }
        assert_eq!(
            fake::with(Host::default(), post_events).0,
            Err(Error::UnknownName)
        );
    }

    #[test]
    fn a_draft_that_fails_is_given_back() {
        for call in [
            "method_set",
            "uri_set",
            "header_insert",
            "cache_override_set",
        ] {
            let call = ["fastly_http_req.", call].concat();
            let host = Host::default()
                .backend("events", [Reply::answer(202, b"")])
                .fail(&call, Status::InvalidArgument);
            let (result, record) = fake::with(host, post_events);
            assert!(result.is_err());
            assert_eq!((record.open_handles, record.sent.len()), (0, 0));
        }
    }

    #[test]
    fn polling_waits_for_nothing() {
        let host = Host {
            polls_before_answer: 2,
            ..Host::default()
        }
        .backend("b", [Reply::answer(204, b"")]);
        let (polls, _) = fake::with(host, || {
            let mut pending = get("b", "http://e/", &[]).unwrap();
            for polls in 0.. {
                match pending.poll().unwrap() {
                    Poll::Pending(again) => pending = again,
                    Poll::Ready(answer) => return (polls, answer.status),
                }
            }
            unreachable!()
        });
        assert_eq!(polls, (2, 204));
        let host = Host::default().backend("b", [Reply::Fail(Status::Error, SendTag::BadAnswer)]);
        let (error, _) = fake::with(host, || {
            get("b", "http://e/", &[]).unwrap().poll().unwrap_err()
        });
        assert_eq!(error, Error::BadAnswer);
    }
}
