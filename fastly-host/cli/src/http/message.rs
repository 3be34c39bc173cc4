//! Requests, and what servers say to them.

use ureq::http::{HeaderMap, Method};

/// One request. Not `Debug`: address and headers hold secrets.
pub(crate) struct Ask<'a> {
    /// The method.
    pub method: Method,
    /// The whole address, which may hold a secret.
    pub url: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body, if there is one.
    pub body: Option<&'a [u8]>,
    /// What is being done, for messages: "reading the item x".
    pub what: String,
    /// The most that the answer's body may have.
    pub limit: u64,
}

impl<'a> Ask<'a> {
    /// A request without a body.
    pub(crate) fn new(method: Method, url: String, what: impl Into<String>) -> Self {
        Ask {
            method,
            url,
            headers: Vec::new(),
            body: None,
            what: what.into(),
            limit: 1 << 20,
        }
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body of this type.
    pub(crate) fn body(mut self, media_type: &str, body: &'a [u8]) -> Self {
        self.body = Some(body);
        self.header("content-type", media_type)
    }

    /// With room for a longer answer.
    pub(crate) fn limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    pub(super) fn writes(&self) -> bool {
        self.method != Method::GET && self.method != Method::HEAD
    }
}

/// What a server said; any status that is not tried again.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the status is 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the server says about an error, cut to a line.
    pub(crate) fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let words: Vec<&str> = text.split_whitespace().collect();
        let line: String = words.join(" ").chars().take(300).collect();
        match line.is_empty() {
            true => format!("status {}", self.status),
            false => format!("status {}: {line}", self.status),
        }
    }
}
