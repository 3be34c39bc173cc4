//! A stand-in for Statsig's event endpoint on 127.0.0.1: takes `POST /v1/log_event` and `/v1/rgstr`, keeps what came.

use crate::progress::{Failure, Outcome};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::VecDeque;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tiny_http::{Header, Method, Request, Response, Server};

const LARGEST_BODY: u64 = 64 << 20;

/// One POST as it arrived.
#[derive(Clone, Debug)]
pub struct Post {
    /// Path with its query.
    pub path: String,
    /// Header names (lower case) with their values, in order.
    pub headers: Vec<(String, String)>,
    /// The decoded body; `null` if it was no JSON.
    pub body: Value,
    /// The status it was answered with.
    pub answered: u16,
}

impl Post {
    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        Some(value)
    }

    /// The events in the body.
    pub fn events(&self) -> &[Value] {
        self.body["events"].as_array().map_or(&[], Vec::as_slice)
    }
}

#[derive(Default)]
struct State {
    posts: Vec<Post>,
    next_statuses: VecDeque<u16>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running sink; stops when dropped.
pub struct EventSink {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

impl EventSink {
    /// Starts one on a free port.
    pub fn start() -> Outcome<Self> {
        Self::start_with(|_| {})
    }

    /// Starts one that calls `seen` with each accepted POST, before it is answered.
    pub fn start_with(seen: impl Fn(&Post) + Send + 'static) -> Outcome<Self> {
        let server = Server::http("127.0.0.1:0").map_err(|error| {
            Failure::new(
                format!("the event sink could not listen on 127.0.0.1: {error}"),
                "allow this program to listen on the loopback interface",
            )
        })?;
        let addr = server.server_addr().to_ip().ok_or_else(|| {
            Failure::new("the event sink got no address", "run the command again")
        })?;
        let server = Arc::new(server);
        let shared = Arc::new(Shared::default());
        let thread = {
            let (server, shared) = (Arc::clone(&server), Arc::clone(&shared));
            std::thread::spawn(move || {
                for request in server.incoming_requests() {
                    take(request, &shared, &seen);
                }
            })
        };
        Ok(Self {
            addr,
            shared,
            server,
            thread: Some(thread),
        })
    }

    /// The base URL, for a backend.
    pub fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// Every POST so far, in order of arrival, refused ones too.
    pub fn posts(&self) -> Vec<Post> {
        self.shared.lock().posts.clone()
    }

    /// Every event of the accepted POSTs so far.
    pub fn events(&self) -> Vec<Value> {
        accepted_events(&self.shared.lock())
    }

    /// Waits until `count` events were accepted; gives what there is when `patience` ends.
    pub fn wait_for_events(&self, count: usize, patience: Duration) -> Vec<Value> {
        self.wait_until(patience, |state| accepted_events(state).len() >= count);
        self.events()
    }

    /// Waits until `count` POSTs arrived; gives what there is when `patience` ends.
    pub fn wait_for_posts(&self, count: usize, patience: Duration) -> Vec<Post> {
        self.wait_until(patience, |state| state.posts.len() >= count);
        self.posts()
    }

    /// The next POSTs are answered with these statuses, one each; later ones with 202 again.
    pub fn answer_next_with(&self, statuses: &[u16]) {
        self.shared.lock().next_statuses.extend(statuses);
    }

    /// Forgets what came and what was to be answered.
    pub fn clear(&self) {
        *self.shared.lock() = State::default();
    }

    fn wait_until(&self, patience: Duration, done: impl Fn(&State) -> bool) {
        let deadline = Instant::now() + patience;
        let mut state = self.shared.lock();
        while !done(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.shared.arrived.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for EventSink {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accepted_events(state: &State) -> Vec<Value> {
    let accepted = state
        .posts
        .iter()
        .filter(|post| (200..300).contains(&post.answered));
    accepted.flat_map(|post| post.events().to_vec()).collect()
}

fn take(mut request: Request, shared: &Shared, seen: &impl Fn(&Post)) {
    let path = request.url().to_owned();
    let route = path.split('?').next().unwrap_or_default();
    if !["/v1/log_event", "/v1/rgstr"].contains(&route) {
        return answer(
            request,
            404,
            "{\"success\":false,\"message\":\"no such route\"}",
        );
    }
    if *request.method() != Method::Post {
        return answer(
            request,
            405,
            "{\"success\":false,\"message\":\"POST only\"}",
        );
    }
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|header| {
            let name = header.field.as_str().as_str().to_ascii_lowercase();
            (name, header.value.as_str().to_owned())
        })
        .collect();
    let body = read_body(&mut request).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut state = shared.lock();
    let status = match &body {
        None => 400,
        Some(_) => state.next_statuses.pop_front().unwrap_or(202),
    };
    let post = Post {
        path,
        headers,
        body: body.unwrap_or(Value::Null),
        answered: status,
    };
    seen(&post);
    state.posts.push(post);
    drop(state);
    shared.arrived.notify_all();
    let text = match status {
        200..300 => "{\"success\":true}",
        _ => "{\"success\":false}",
    };
    answer(request, status, text);
}

/// The body, unpacked if it is gzip (told by its first bytes, as more than one header announces it).
fn read_body(request: &mut Request) -> Option<Vec<u8>> {
    let mut raw = Vec::new();
    let reader = request.as_reader();
    reader.take(LARGEST_BODY).read_to_end(&mut raw).ok()?;
    if !raw.starts_with(&[0x1f, 0x8b]) {
        return Some(raw);
    }
    let mut plain = Vec::new();
    GzDecoder::new(raw.as_slice())
        .take(LARGEST_BODY)
        .read_to_end(&mut plain)
        .ok()?;
    Some(plain)
}

fn answer(request: Request, status: u16, body: &str) {
    let response = Response::from_string(body).with_status_code(status);
    let json = Header::from_bytes("content-type", "application/json");
    // A client that went away is its own affair.
    let _ = match json {
        Ok(json) => request.respond(response.with_header(json)),
        Err(()) => request.respond(response),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Client;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    const BODY: &[u8] =
        br#"{"events":[{"eventName":"statsig::gate_exposure"}],"statsigMetadata":{}}"#;

    fn sink() -> EventSink {
        EventSink::start().expect("loopback is there")
    }

    #[test]
    fn events_are_kept_plain_and_gzipped() {
        let sink = sink();
        let url = format!("{}v1/log_event", sink.url());
        let client = Client::new();
        let answer = client.post(&url, BODY, &[("statsig-api-key", "secret-x")]);
        let answer = answer.expect("answered");
        assert_eq!(
            (answer.status, answer.json()["success"].as_bool()),
            (202, Some(true))
        );

        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(BODY).expect("to memory");
        let packed = gzip.finish().expect("to memory");
        let url = format!("{}v1/rgstr?k=client-x", sink.url());
        client.post(&url, &packed, &[]).expect("answered");

        assert_eq!(sink.wait_for_events(2, Duration::from_secs(10)).len(), 2);
        let posts = sink.posts();
        assert_eq!(posts[0].header("statsig-api-key"), Some("secret-x"));
        assert_eq!(posts[1].path, "/v1/rgstr?k=client-x");
    }

    #[test]
    fn refusals_are_given_once_each_and_their_events_do_not_count() {
        let sink = sink();
        let url = format!("{}v1/log_event", sink.url());
        let client = Client::new();
        sink.answer_next_with(&[503]);
        let statuses = [0, 1].map(|_| client.post(&url, BODY, &[]).expect("answered").status);
        assert_eq!(statuses, [503, 202]);
        assert_eq!((sink.posts().len(), sink.events().len()), (2, 1));
    }

    #[test]
    fn what_is_no_event_post_is_refused() {
        let sink = sink();
        let client = Client::new();
        let url = |path: &str| format!("http://{}{path}", sink.addr);
        let get = client.get(&url("/v1/log_event"), &[]).expect("answered");
        let other = client.post(&url("/v1/other"), BODY, &[]).expect("answered");
        let bad = client
            .post(&url("/v1/log_event"), b"{", &[])
            .expect("answered");
        assert_eq!((get.status, other.status, bad.status), (405, 404, 400));
        assert!(sink.events().is_empty());
    }
}
