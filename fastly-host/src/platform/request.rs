//! The client's request, and the next one of a reused sandbox.

use super::body::Body;
use super::buffer::collect;
use super::error::Error;
use super::imports::{http_downstream, http_req};
use super::status::Status;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// The platform's limit for a method.
pub const METHOD_LIMIT: usize = 8192;
/// The platform's limit for a URI.
pub const URI_LIMIT: usize = 8192;
/// The platform's limit for all headers together, thus for one.
pub const HEADER_LIMIT: usize = 128 * 1024;
/// More than any request identifier has.
const ID_LIMIT: usize = 1024;

/// What is offered at once.
const USUAL_METHOD: usize = 16;
const USUAL_URI: usize = 512;
const USUAL_HEADER: usize = 256;
const USUAL_ID: usize = 64;

/// A client's request; given back when dropped. Each getter is one host call, two for values of unusual size.
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
/// use statsig_fastly::platform::request::Request;
///
/// let request = Request::from_client()?;
/// assert_eq!(request.method()?, "GET");
/// assert_eq!(request.uri()?.path(), "/cart");
/// # Ok::<(), statsig_fastly::platform::Error>(())
/// # });
/// # result.unwrap();
/// ```
#[derive(Debug)]
pub struct Request {
    handle: u32,
    body: Option<Body>,
}

impl Request {
    /// The request this execution was started for. It can be had once.
    pub fn from_client() -> Result<Self, Error> {
        http_req::body_downstream_get()
            .map(Self::from_handles)
            .map_err(Error::Host)
    }

    /// Offers to handle another request in this sandbox and waits for it; `None` when the session is over.
    ///
    /// The request before must have been answered: [`Status::Unsupported`] says that it was not. The wait is limited by
    /// the platform and by `timeout_ms`.
    pub fn next(timeout_ms: Option<u64>) -> Result<Option<Self>, Error> {
        match http_downstream::next_request(timeout_ms).and_then(http_downstream::next_request_wait)
        {
            Ok(handles) => Ok(Some(Self::from_handles(handles))),
            Err(Status::None) => Ok(None),
            Err(status) => Err(Error::Host(status)),
        }
    }

    fn from_handles((handle, body): (u32, u32)) -> Self {
        Self {
            handle,
            body: Some(Body::from_handle(body)),
        }
    }

    /// The method, as sent: case matters.
    pub fn method(&self) -> Result<String, Error> {
        text(collect(USUAL_METHOD, METHOD_LIMIT, &|out| {
            http_req::method_get(self.handle, out)
        })?)
    }

    /// The URI.
    pub fn uri(&self) -> Result<Uri, Error> {
        text(collect(USUAL_URI, URI_LIMIT, &|out| {
            http_req::uri_get(self.handle, out)
        })?)
        .map(Uri::new)
    }

    /// The first value of a header, whose name may be in any case; `None` when there is none.
    pub fn header(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match collect(USUAL_HEADER, HEADER_LIMIT, &|out| {
            http_req::header_value_get(self.handle, name, out)
        }) {
            Ok(value) => Ok(Some(value)),
            Err(Error::Host(Status::InvalidArgument | Status::None)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The client's address, if the platform tells one.
    pub fn client_ip(&self) -> Option<IpAddr> {
        let mut octets = [0; 16];
        match http_downstream::downstream_client_ip_addr(self.handle, &mut octets) {
            Ok(4) => octets
                .first_chunk::<4>()
                .map(|&octets| IpAddr::from(octets)),
            Ok(16) => Some(IpAddr::from(octets)),
            _ => None,
        }
    }

    /// The platform's identifier of this request, if it has one.
    pub fn id(&self) -> Option<String> {
        let id = collect(USUAL_ID, ID_LIMIT, &|out| {
            http_downstream::downstream_client_request_id(self.handle, out)
        });
        text(id.ok()?).ok()
    }

    /// The body, the first time.
    pub fn take_body(&mut self) -> Option<Body> {
        self.body.take()
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // A host that does not take it back leaves nothing to do.
        let _ = http_req::close(self.handle);
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| Error::NotUtf8)
}

/// An absolute URI, as received: nothing is decoded or normalised.
///
/// Parts are found by bytes: `str::split_once` with a string pattern would bring a general searcher of 2 KB.
///
/// ```
/// use statsig_fastly::platform::request::Uri;
///
/// let uri = Uri::new("https://shop.example/cart?id=7".into());
/// assert_eq!((uri.path(), uri.query()), ("/cart", Some("id=7")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    text: String,
    path: usize,
    path_end: usize,
    query_end: usize,
}

impl Uri {
    /// Takes a URI's text; any text will do.
    pub fn new(text: String) -> Self {
        let bytes = text.as_bytes();
        let path = match find(bytes, 0, *b":/?#") {
            // A scheme is what comes before the first delimiter, if that begins "://".
            at if bytes.get(at..).is_some_and(|rest| rest.starts_with(b"://")) => {
                find(bytes, at.saturating_add(3), *b"/?##")
            }
            _ => 0,
        };
        let path_end = find(bytes, path, *b"?###");
        let query_end = find(bytes, path_end, [b'#'; 4]);
        Self {
            text,
            path,
            path_end,
            query_end,
        }
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path, which begins with `/` unless it is empty.
    pub fn path(&self) -> &str {
        self.text.get(self.path..self.path_end).unwrap_or_default()
    }

    /// What comes after the first `?`, for [`percent::pairs`](super::percent::pairs).
    pub fn query(&self) -> Option<&str> {
        // Without a query, both ends are the same and the range is none.
        self.text.get(self.path_end.checked_add(1)?..self.query_end)
    }
}

/// Where the first of `delimiters` is, from `start` on; the end if there is none.
fn find(bytes: &[u8], start: usize, delimiters: [u8; 4]) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let [a, b, c, d] = delimiters;
    let at = rest
        .iter()
        .position(|&byte| byte == a || byte == b || byte == c || byte == d)
        .unwrap_or(rest.len());
    start.saturating_add(at)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, ClientRequest, Host};
    use super::super::response::Response;
    use super::*;
    use alloc::borrow::ToOwned;

    fn with<T>(request: ClientRequest, read: impl FnOnce(&mut Request) -> T) -> (T, fake::Record) {
        fake::with(
            Host {
                request,
                ..Host::default()
            },
            || read(&mut Request::from_client().unwrap()),
        )
    }

    #[test]
    fn reads_what_the_client_sent() {
        let mut request = ClientRequest::get("https://example.com/a%20b/c?x=1&y=%26#z");
        request
            .headers
            .push(("User-Agent".into(), b"Mozilla/5.0".to_vec()));
        request.headers.push(("X-Empty".into(), Vec::new()));
        request.ip = Some("2001:db8:0:0:0:0:0:1".parse().unwrap());
        request.id = "id-1".into();
        request.body = b"{}".to_vec();
        let (_, record) = with(request, |request| {
            assert_eq!(request.method().as_deref(), Ok("GET"));
            let uri = request.uri().unwrap();
            assert_eq!((uri.path(), uri.query()), ("/a%20b/c", Some("x=1&y=%26")));
            assert_eq!(
                request.header("user-agent"),
                Ok(Some(b"Mozilla/5.0".to_vec()))
            );
            assert_eq!(request.header("x-empty"), Ok(Some(Vec::new())));
            assert_eq!(request.header("x-absent"), Ok(None));
            assert_eq!(request.client_ip(), "2001:db8::1".parse().ok());
            assert_eq!(request.id().as_deref(), Some("id-1"));
            assert_eq!(request.take_body().unwrap().read_all(10).unwrap(), b"{}");
            assert!(request.take_body().is_none());
        });
        assert_eq!(record.open_handles, 0);
    }

    #[test]
    fn an_ipv4_address_is_one() {
        let request = ClientRequest {
            ip: Some("203.0.113.7".parse().unwrap()),
            ..ClientRequest::default()
        };
        assert_eq!(
            with(request, |request| request.client_ip()).0,
            "203.0.113.7".parse().ok()
        );
        let request = ClientRequest {
            ip: None,
            ..ClientRequest::default()
        };
        assert_eq!(with(request, |request| request.client_ip()).0, None);
    }

    #[test]
    fn long_values_take_a_second_call_up_to_their_limits() {
        let mut request =
            ClientRequest::get(&("http://h/".to_owned() + &"p".repeat(URI_LIMIT - 9)));
        request.method = "M".repeat(METHOD_LIMIT);
        request
            .headers
            .push(("a".into(), alloc::vec![b'v'; HEADER_LIMIT]));
        request
            .headers
            .push(("b".into(), alloc::vec![b'v'; HEADER_LIMIT + 1]));
        let (_, record) = with(request, |request| {
            assert_eq!(request.uri().unwrap().as_str().len(), URI_LIMIT);
            assert_eq!(request.method().unwrap().len(), METHOD_LIMIT);
            assert_eq!(request.header("a").unwrap().unwrap().len(), HEADER_LIMIT);
            assert_eq!(request.header("b"), Err(Error::TooLarge));
        });
        assert_eq!(record.count("fastly_http_req.uri_get"), 2);
        assert_eq!(record.count("fastly_http_req.header_value_get"), 3);
        let too_long = ClientRequest::get(&"h".repeat(URI_LIMIT + 1));
        assert_eq!(
            with(too_long, |request| request.uri()).0,
            Err(Error::TooLarge)
        );
    }

    #[test]
    fn what_is_not_utf8_is_told() {
        let mut request = ClientRequest::get("http://h/");
        request.uri = b"http://h/\xff".to_vec();
        assert_eq!(
            with(request, |request| request.uri()).0,
            Err(Error::NotUtf8)
        );
    }

    #[test]
    fn uris_are_cut_in_parts() {
        let cases = [
            ("http://h/", "/", None),
            ("http://h", "", None),
            ("http://h?q", "", Some("q")),
            ("http://h/p#f?q", "/p", None),
            ("http://h:80/p/?", "/p/", Some("")),
            ("/p?to=http://x/y?z", "/p", Some("to=http://x/y?z")),
            ("http://h/p?a?b=c", "/p", Some("a?b=c")),
            ("", "", None),
        ];
        for (uri, path, query) in cases {
            let uri = Uri::new(uri.into());
            assert_eq!((uri.path(), uri.query()), (path, query));
        }
    }

    #[test]
    fn a_sandbox_takes_one_request_after_the_other() {
        let host = Host {
            request: ClientRequest::get("http://h/1"),
            next_requests: [ClientRequest::get("http://h/2")].into(),
            ..Host::default()
        };
        let (paths, record) = fake::with(host, || {
            let mut paths = Vec::new();
            let mut request = Some(Request::from_client().unwrap());
            assert_eq!(
                Request::next(None).unwrap_err(),
                Error::Host(Status::Unsupported)
            );
            while let Some(current) = request {
                paths.push(current.uri().unwrap().path().to_owned());
                Response::new(200).unwrap().send(b"").unwrap();
                drop(current);
                request = Request::next(Some(1_000)).unwrap();
            }
            paths
        });
        assert_eq!(
            (&paths[..], record.responses.len(), record.open_handles),
            (&["/1".into(), "/2".into()][..], 2, 0)
        );
    }
}
