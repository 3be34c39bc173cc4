//! What the publisher talks to, for tests: one TCP server that behaves as Fastly's API and Statsig's CDN do, and that can
//! be told to misbehave at any request; and the publisher as a child process.
//!
//! The server keeps the stores as they were after every write, so that a test can be a reader at any time.

#![allow(dead_code, unreachable_pub)] // each test uses a part

pub mod client;
mod fastly_config;
mod fastly_kv;
pub mod fault;
mod http;
pub use http::{Head, Stream};
pub mod id_file;
pub mod payload;
pub mod publish;
pub mod reader;
mod statsig;
pub mod stores;

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use fault::{Fault, Rule};
use http::{Request, Response};
use stores::Stores;

/// What a test waits for at most; reached only when something is wrong.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The secrets of a run. Nothing that the publisher writes may hold one.
pub const TOKEN: &str = "fastly-token-Zx81/+test";
pub const SECRET_KEY: &str = "secret-Qk4nZJ0vTest/81";

/// Everything that the server knows.
pub struct State {
    /// The stores and Statsig's data, now.
    pub stores: Stores,
    /// The stores after every write.
    pub history: Vec<Stores>,
    /// Every request: method, path with query, status.
    pub requests: Vec<(String, String, u16)>,
    /// How many requests were writes.
    pub writes: usize,
    rules: VecDeque<Rule>,
    client: Option<u32>,
    /// Requests that are held.
    held: usize,
    may_go: bool,
}

pub struct Server {
    pub address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Server {
    pub fn start() -> Self {
        Self::start_within("http", |stream| {
            // Pieces are sent as they are written.
            let _ = stream.set_nodelay(true);
            Some(stream)
        })
    }

    /// What is said on each connection is within what `wrap` makes of it.
    pub fn start_within<S: Stream + 'static>(
        scheme: &'static str,
        wrap: impl Fn(TcpStream) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let wrap = Arc::new(wrap);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                stores: Stores::new(&format!("{scheme}://{address}")),
                history: Vec::new(),
                requests: Vec::new(),
                writes: 0,
                rules: VecDeque::new(),
                client: None,
                held: 0,
                may_go: false,
            }),
            changed: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, wrap) = (Arc::clone(&own), Arc::clone(&wrap));
                std::thread::spawn(move || {
                    if let Some(stream) = wrap(stream) {
                        serve(&shared, stream);
                    }
                });
            }
        });
        Server {
            address,
            scheme,
            shared,
        }
    }

    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The state, to look at or to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    /// From now on the next `times` requests that fit, after `skip` of them, meet with the fault.
    pub fn fault(
        &self,
        when: impl Fn(&Head) -> bool + Send + 'static,
        skip: usize,
        times: usize,
        fault: Fault,
    ) {
        self.state().rules.push_back(Rule {
            when: Box::new(when),
            skip,
            times,
            fault,
        });
    }

    /// Forgets faults, requests and history; the stores stay.
    pub fn forget(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.requests.clear();
        state.history.clear();
        state.writes = 0;
        state.client = None;
        (state.held, state.may_go) = (0, false);
    }

    /// Waits until a request is held.
    pub fn wait_for_held(&self) {
        self.wait_for("a request to be held", |state| state.held > 0);
    }

    /// Lets go what is held.
    pub fn let_go(&self) {
        self.state().may_go = true;
        self.shared.changed.notify_all();
    }

    /// Which process faults kill.
    pub fn set_client(&self, id: u32) {
        self.state().client = Some(id);
        self.shared.changed.notify_all();
    }

    /// Waits until the state is as it should be.
    pub fn wait_for(&self, what: &str, ready: impl Fn(&State) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.state();
        while !ready(&state) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "waited in vain for {what}: {:?}",
                state.requests
            );
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// How many requests have this method and a path that contains this.
    pub fn count(&self, method: &str, part: &str) -> usize {
        let fits = |(m, path, _): &&(String, String, u16)| m == method && path.contains(part);
        self.state().requests.iter().filter(fits).count()
    }
}

/// Answers the requests of one connection.
fn serve(shared: &Shared, mut stream: impl Stream) {
    let mut buffered = Vec::new();
    while let Some(head) = http::read_head(&mut stream, &mut buffered) {
        let fault = take_fault(shared, &head);
        let is_write =
            !matches!(head.method.as_str(), "GET" | "HEAD") && !head.path.contains("get_id_lists");
        if let Some(Fault::KillDuring) = fault {
            // Half of the body is on its way.
            let half = head.length() / 2;
            http::read_body(&mut stream, &mut buffered, half);
            kill_client(shared);
            return;
        }
        // As a server that does not want to read what it will not take.
        let early = stores::refuses(&shared.lock().stores, &head);
        if early.is_none() && head.header("expect").is_some() {
            http::send_continue(&mut stream);
        }
        if let Some(response) = early {
            record(shared, &head, response.status);
            let _ = http::send(&mut stream, &head, &response, None);
            return;
        }
        let length = head.length();
        let Some(body) = http::read_body(&mut stream, &mut buffered, length) else {
            return;
        };
        let request = Request { head, body };
        let head = &request.head;
        match &fault {
            Some(Fault::DropBefore) => {
                record(shared, head, 0);
                return;
            }
            Some(Fault::Stall) => {
                record(shared, head, 0);
                // Until the client gives up.
                http::wait_for_end(&mut stream);
                return;
            }
            Some(Fault::Hold) => {
                let mut state = shared.lock();
                state.held += 1;
                shared.changed.notify_all();
                while !state.may_go {
                    state = shared.changed.wait(state).unwrap();
                }
            }
            Some(Fault::KillBefore) => {
                kill_client(shared);
                return;
            }
            Some(Fault::Answer(status, headers, body)) => {
                let mut response = Response::new(*status, body.clone());
                response.headers.extend(headers.clone());
                record(shared, head, *status);
                if http::send(&mut stream, head, &response, None).is_err() {
                    return;
                }
                continue;
            }
            _ => {}
        }
        let response = {
            let mut state = shared.lock();
            let failing = match &fault {
                Some(Fault::PartialBatch(_, lines)) => lines.clone(),
                _ => Vec::new(),
            };
            let mut response = state.stores.answer(&request, &failing);
            if let Some(Fault::PartialBatch(status, _)) = &fault {
                response.status = *status;
            }
            if is_write && response.status < 300 {
                let now = state.stores.clone();
                state.history.push(now);
            }
            if is_write {
                state.writes += 1;
            }
            response
        };
        match &fault {
            Some(Fault::KillAfter) => {
                kill_client(shared);
                return;
            }
            Some(Fault::DropAfter) => {
                record(shared, head, 0);
                return;
            }
            _ => {}
        }
        record(shared, head, response.status);
        if http::send(&mut stream, head, &response, fault.as_ref()).is_err() {
            return;
        }
    }
}

fn take_fault(shared: &Shared, head: &Head) -> Option<Fault> {
    let mut state = shared.lock();
    for rule in &mut state.rules {
        if rule.times == 0 || !(rule.when)(head) {
            continue;
        }
        if rule.skip > 0 {
            rule.skip -= 1;
            continue;
        }
        rule.times -= 1;
        return Some(rule.fault.clone());
    }
    None
}

fn record(shared: &Shared, head: &Head, status: u16) {
    let entry = (head.method.clone(), head.target.clone(), status);
    shared.lock().requests.push(entry);
    shared.changed.notify_all();
}

/// Kills the client with a signal that it cannot catch.
fn kill_client(shared: &Shared) {
    let mut state = shared.lock();
    let id = loop {
        match state.client {
            Some(id) => break id,
            None => state = shared.changed.wait(state).unwrap(),
        }
    };
    drop(state);
    let done = std::process::Command::new("kill")
        .args(["-9", &id.to_string()])
        .status();
    assert!(done.is_ok_and(|status| status.success()), "killing {id}");
}
