//! Backends on 127.0.0.1 that do what a test tells them: answer, answer half, say nothing, refuse.
//!
//! One socket is all of them: a backend's name is the first part of its URL's path, which Viceroy keeps in front of each request's own.

use crate::progress::{Outcome, at};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a backend does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// Answers with a status and a body.
    Answers(u16, Arc<[u8]>),
    /// Ends the connection amid the head.
    HalfHead,
    /// Ends the connection amid the body that it announced.
    HalfBody(Arc<[u8]>),
    /// Says no more amid the body, and keeps the connection.
    Stalls(Arc<[u8]>),
    /// Takes the request and never answers.
    Hangs,
    /// Takes the request and ends the connection without a word.
    Leaves,
}

impl Does {
    /// [`Does::Answers`].
    pub fn answer(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::Answers(status, body.as_ref().into())
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The backend's name.
    pub backend: String,
    /// Its method, and its path without the backend's name.
    pub request: String,
    /// How long its body is.
    pub length: usize,
    /// The body as JSON; `null` if it is none.
    pub body: Value,
    /// Whether the answer to it was a whole one of success.
    pub taken: bool,
}

impl Arrived {
    /// The events in the body.
    pub fn events(&self) -> &[Value] {
        self.body["events"].as_array().map_or(&[], Vec::as_slice)
    }
}

#[derive(Default)]
struct State {
    /// What each does, one request after the other; the last stays.
    does: HashMap<String, Vec<Does>>,
    arrived: Vec<Arrived>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    more: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The socket. Its threads end with the process.
pub struct Backends {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Has a port of its own, at which nobody listens.
    nobody: TcpStream,
}

impl Backends {
    /// Starts listening.
    pub fn start() -> Outcome<Self> {
        let here = Path::new("127.0.0.1");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(at("listen on", here))?;
        let address = listener.local_addr().map_err(at("listen on", here))?;
        let nobody = TcpStream::connect(address).map_err(at("connect to", here))?;
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&ours);
                std::thread::spawn(move || take(&stream, &shared));
            }
        });
        Ok(Self {
            address,
            shared,
            nobody,
        })
    }

    /// Says what a backend does from now on, and gives its URL.
    pub fn set(&self, name: &str, does: Does) -> String {
        self.set_in_turn(name, vec![does])
    }

    /// Says what it does with the next requests, one each; what it does with the last it does with those that follow.
    pub fn set_in_turn(&self, name: &str, does: Vec<Does>) -> String {
        self.shared.lock().does.insert(name.to_owned(), does);
        format!("http://{}/{name}/", self.address)
    }

    /// The URL of a backend that refuses connections.
    pub fn refusing(&self) -> Outcome<String> {
        let here = Path::new("127.0.0.1");
        let port = self.nobody.local_addr().map_err(at("ask for", here))?;
        Ok(format!("http://{port}/"))
    }

    /// Every request so far.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.shared.lock().arrived.clone()
    }

    /// Waits until some requests are there that are wanted; gives those that there are when `patience` ends.
    pub fn wait_for(
        &self,
        count: usize,
        patience: Duration,
        wanted: impl Fn(&Arrived) -> bool,
    ) -> Vec<Arrived> {
        let deadline = Instant::now() + patience;
        let mut state = self.shared.lock();
        loop {
            let found = state.arrived.iter().filter(|one| wanted(one));
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || found.clone().count() >= count {
                return found.cloned().collect();
            }
            let waited = self.shared.more.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// One request on a connection of its own.
fn take(stream: &TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    let Some((method, path, body)) = read(&mut reader) else {
        return;
    };
    let (name, path) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or_default();
    // Viceroy looks at its start whether its backends are there.
    if path.is_empty() {
        return answer(stream, 204, &[], 0);
    }
    let does = {
        let mut state = shared.lock();
        let does = match state.does.get_mut(name) {
            Some(does) if does.len() > 1 => does.remove(0),
            Some(does) => does.first().cloned().unwrap_or(Does::Leaves),
            None => Does::Leaves,
        };
        state.arrived.push(Arrived {
            backend: name.to_owned(),
            request: format!("{method} /{path}"),
            length: body.len(),
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            taken: matches!(does, Does::Answers(200..300, _)),
        });
        does
    };
    shared.more.notify_all();
    match does {
        Does::Answers(status, body) => answer(stream, status, &body, body.len()),
        Does::HalfBody(body) => answer(stream, 200, half(&body), body.len()),
        Does::HalfHead => write(stream, b"HTTP/1.1 200 OK\r\ncontent-le"),
        Does::Stalls(body) => {
            answer(stream, 200, half(&body), body.len());
            until_the_other_side_leaves(&mut reader);
        }
        Does::Hangs => until_the_other_side_leaves(&mut reader),
        Does::Leaves => {}
    }
}

fn half(body: &[u8]) -> &[u8] {
    body.get(..body.len() / 2).unwrap_or_default()
}

fn answer(stream: &TcpStream, status: u16, body: &[u8], length: usize) {
    let head =
        format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    write(stream, head.as_bytes());
    write(stream, body);
}

/// A client that went away is its own affair.
fn write(mut stream: &TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

fn until_the_other_side_leaves(reader: &mut impl Read) {
    let _ = std::io::copy(reader, &mut std::io::sink());
}

/// Method, path and body; `None` when the request is cut off.
fn read(reader: &mut impl BufRead) -> Option<(String, String, Vec<u8>)> {
    let first = line(reader)?;
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(reader)?.to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(("transfer-encoding", value)) => chunked = value.trim() == "chunked",
            Some(_) => {}
        }
    }
    let mut body = Vec::new();
    loop {
        if chunked {
            length = u64::from_str_radix(&line(reader)?, 16).ok()?;
        }
        let before = body.len() as u64;
        reader.by_ref().take(length).read_to_end(&mut body).ok()?;
        if body.len() as u64 - before != length {
            return None;
        }
        // The empty line after each chunk, and after the last one, which is empty.
        if !chunked || (line(reader)?.is_empty() && length == 0) {
            break;
        }
    }
    let mut words = first.split(' ').map(str::to_owned);
    Some((words.next()?, words.next()?, body))
}

/// A line without its end.
fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.ends_with('\n').then(|| line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Client;

    #[test]
    fn each_backend_does_what_it_is_told() {
        let backends = Backends::start().expect("loopback is there");
        let url = backends.set_in_turn(
            "one",
            vec![Does::answer(500, "no"), Does::answer(202, "yes")],
        );
        let other = backends.set("other", Does::HalfBody(b"abcd"[..].into()));
        let client = Client::new();
        let post = |url: &str| client.post(&format!("{url}v1/x"), b"{\"events\":[1]}", &[]);
        let answers = [500, 202, 202].map(|_| post(&url).expect("answered").status);
        assert_eq!(answers, [500, 202, 202]);
        assert!(post(&other).is_err());
        for head in ["HalfHead", "Leaves"] {
            let does = match head {
                "HalfHead" => Does::HalfHead,
                _ => Does::Leaves,
            };
            assert!(post(&backends.set(head, does)).is_err());
        }
        assert!(post(&backends.refusing().expect("a port")).is_err());
        assert_eq!(client.get(&url, &[]).expect("answered").status, 204);
        let arrived = backends.wait_for(3, Duration::from_secs(20), |one| one.backend == "one");
        let taken: Vec<_> = arrived.iter().map(|one| one.taken).collect();
        assert_eq!(taken, [false, true, true]);
        assert_eq!(
            (&*arrived[0].request, arrived[0].events().len()),
            ("POST /v1/x", 1)
        );
    }

    #[test]
    fn bodies_in_chunks_are_put_together() {
        let sent =
            b"POST /a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        let (method, path, body) = read(&mut &sent[..]).expect("whole");
        assert_eq!(
            (&*method, &*path, &body[..]),
            ("POST", "/a/b", &b"abcd"[..])
        );
        assert!(read(&mut &sent[..sent.len() - 9]).is_none());
    }
}
