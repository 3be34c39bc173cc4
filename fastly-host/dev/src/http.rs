//! Plain HTTP to 127.0.0.1: what the tests and the sample questions need of a client.

use crate::progress::{Failure, Outcome};
use serde_json::Value;
use std::time::Duration;

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header names (lower case) with their values.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// The body as JSON, or `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        Some(value)
    }
}

/// A client that keeps connections, ignores proxies and gives up after a minute.
#[derive(Clone)]
pub struct Client(ureq::Agent);

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A new client.
    pub fn new() -> Self {
        Self(
            ureq::Agent::config_builder()
                .proxy(None)
                .http_status_as_error(false)
                .timeout_global(Some(Duration::from_secs(60)))
                .build()
                .new_agent(),
        )
    }

    /// `GET url` with these headers.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Outcome<Answer> {
        let request = headers
            .iter()
            .fold(self.0.get(url), |request, (name, value)| {
                request.header(*name, *value)
            });
        finish(url, request.call())
    }

    /// `POST url` with a body and these headers.
    pub fn post(&self, url: &str, body: &[u8], headers: &[(&str, &str)]) -> Outcome<Answer> {
        let request = headers
            .iter()
            .fold(self.0.post(url), |request, (name, value)| {
                request.header(*name, *value)
            });
        finish(url, request.send(body))
    }
}

fn finish(
    url: &str,
    result: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Outcome<Answer> {
    let failed = |error: ureq::Error| {
        Failure::new(
            format!("{url} did not answer: {error}"),
            "look at Viceroy's log",
        )
    };
    let mut response = result.map_err(failed)?;
    let headers = response.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let headers = headers.collect();
    let body = response
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .lossy_utf8(true)
        .read_to_string()
        .map_err(failed)?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers,
        body,
    })
}

/// Percent-encodes a query value.
pub fn query_value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_encoded() {
        assert_eq!(
            query_value("{\"userID\":\"ä b\"}"),
            "%7B%22userID%22%3A%22%C3%A4%20b%22%7D"
        );
    }
}
