//! HTTP/1.1, as much as the client needs.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use super::fault::Fault;

/// A connection, as it is or within TLS.
pub trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A request's first part.
#[derive(Clone, Debug)]
pub struct Head {
    pub method: String,
    /// With the query.
    pub target: String,
    /// Without it, decoded.
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn length(&self) -> usize {
        self.header("content-length")
            .map_or(0, |text| text.parse().unwrap())
    }

    /// The segments of the path after a beginning.
    pub(super) fn after<'a>(&'a self, prefix: &str) -> Option<Vec<&'a str>> {
        Some(self.path.strip_prefix(prefix)?.split('/').collect())
    }
}

pub(super) struct Request {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Response {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Response {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(super) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }
}

/// Reads up to the empty line; `None` when the client is gone.
pub(super) fn read_head(stream: &mut impl Stream, buffered: &mut Vec<u8>) -> Option<Head> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(buffered) {
            Ok(httparse::Status::Complete(length)) => {
                let target = parsed.path.unwrap().to_owned();
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                let pairs = query
                    .split('&')
                    .filter(|pair| !pair.is_empty())
                    .map(|pair| {
                        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                        (decoded(name), decoded(value))
                    });
                // Segments stay apart: a `/` inside of one is left as it came.
                let segments: Vec<String> = path
                    .split('/')
                    .map(|segment| decoded(segment).replace('/', "%2F"))
                    .collect();
                let head = Head {
                    method: parsed.method.unwrap().to_owned(),
                    path: segments.join("/"),
                    query: pairs.collect(),
                    headers: parsed
                        .headers
                        .iter()
                        .map(|header| {
                            let value = String::from_utf8_lossy(header.value).into_owned();
                            (header.name.to_owned(), value)
                        })
                        .collect(),
                    target,
                };
                buffered.drain(..length);
                return Some(head);
            }
            Ok(httparse::Status::Partial) => {}
            Err(error) => panic!("the client's request: {error}"),
        }
        if !more(stream, buffered) {
            return None;
        }
    }
}

pub(super) fn read_body(
    stream: &mut impl Stream,
    buffered: &mut Vec<u8>,
    length: usize,
) -> Option<Vec<u8>> {
    while buffered.len() < length {
        if !more(stream, buffered) {
            return None;
        }
    }
    Some(buffered.drain(..length).collect())
}

fn more(stream: &mut impl Stream, buffered: &mut Vec<u8>) -> bool {
    let mut chunk = [0; 64 << 10];
    match stream.read(&mut chunk) {
        Ok(length) if length > 0 => {
            buffered.extend_from_slice(&chunk[..length]);
            true
        }
        _ => false,
    }
}

pub(super) fn wait_for_end(stream: &mut impl Stream) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
}

pub(super) fn send_continue(stream: &mut impl Stream) {
    let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
}

/// Sends a response; an error when the connection cannot be used again.
pub(super) fn send(
    stream: &mut impl Stream,
    head: &Head,
    response: &Response,
    fault: Option<&Fault>,
) -> std::io::Result<()> {
    let mut text = format!("HTTP/1.1 {} X\r\n", response.status);
    for (name, value) in &response.headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !response.headers.iter().any(|(name, _)| name == "date") {
        text += &format!("date: {}\r\n", date(SystemTime::now()));
    }
    text += &format!("content-length: {}\r\n\r\n", response.body.len());
    stream.write_all(text.as_bytes())?;
    if head.method == "HEAD" {
        return Ok(());
    }
    match fault {
        Some(Fault::Truncate) => {
            stream.write_all(&response.body[..response.body.len() / 2])?;
            stream.flush()?;
            Err(std::io::ErrorKind::ConnectionAborted.into())
        }
        Some(Fault::Slow) => response.body.chunks(100).try_for_each(|piece| {
            stream.write_all(piece)?;
            std::thread::yield_now();
            Ok(())
        }),
        _ => stream.write_all(&response.body),
    }
}

/// `%XX` as bytes.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%' {
            let digits = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// As the header `Date`.
pub(super) fn date(time: SystemTime) -> String {
    let (year, month, day, of_day) = civil(time);
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = months[month as usize - 1];
    format!(
        "Xxx, {day:02} {month} {year} {:02}:{:02}:{:02} GMT",
        of_day / 3_600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// As the API's JSON has times.
pub(super) fn rfc3339(time: SystemTime) -> String {
    let (year, month, day, of_day) = civil(time);
    format!(
        "{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        of_day / 3_600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// Counted day by day, unlike what it tests.
fn civil(time: SystemTime) -> (u64, u64, u64, u64) {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (mut year, mut month) = (1970, 1);
    loop {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + u64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if days < length {
            return (year, month, days + 1, of_day);
        }
        days -= length;
        month += 1;
        if month == 13 {
            (year, month) = (year + 1, 1);
        }
    }
}
