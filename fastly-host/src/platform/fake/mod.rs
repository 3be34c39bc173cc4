//! A host in memory, for native tests of everything above `imports`, in this crate and in others.
//!
//! [`with`] installs a [`Host`] for the current thread, runs a closure, and returns what the closure returned and the
//! [`Record`] of what it did: every call in order, every response, backend request and log line. The fake follows the
//! real host where callers can tell: handles die when they are consumed, the next request needs an answered one,
//! metadata that does not fit loses its look-up. Any call can be made to fail, KV and backends also in their own ways.
//! Without a host every call is [`Status::Unsupported`].

pub(crate) mod imports;
mod state;

use super::status::{KvCode, SendTag, Status};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use state::{STATE, State};

type Headers = Vec<(String, Vec<u8>)>;

/// What the platform holds and how it behaves.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// The time of day.
    pub now_ms: u64,
    /// Where the random numbers start.
    pub seed: u64,
    /// The request the execution is started for.
    pub request: ClientRequest,
    /// What `next_request` gives, in order.
    pub next_requests: VecDeque<ClientRequest>,
    /// KV stores by link name.
    pub kv: BTreeMap<String, BTreeMap<String, KvEntry>>,
    /// Config stores by link name.
    pub config: BTreeMap<String, BTreeMap<String, String>>,
    /// Secret stores by link name.
    pub secrets: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Geo answers; no data for any other address.
    pub geo: BTreeMap<IpAddr, String>,
    /// Backends by name, with what they answer in turn; the last reply is repeated.
    pub backends: BTreeMap<String, VecDeque<Reply>>,
    /// Log endpoints by name.
    pub log_endpoints: Vec<String>,
    /// The Core Cache by key.
    pub cache: BTreeMap<Vec<u8>, CacheItem>,
    /// Whether other requests are at what the cache lacks.
    pub cache_wait: Wait,
    /// Calls (`module.name`) that fail, and how.
    pub faults: BTreeMap<String, Status>,
    /// Calls that fail, by their number from 0 on, whichever they are.
    pub faults_at: BTreeMap<usize, Status>,
    /// Bodies are read in pieces of at most this size.
    pub read_at_most: Option<usize>,
    /// Bodies and log endpoints take at most this much at once.
    pub write_at_most: Option<usize>,
    /// No body's length is known.
    pub unknown_length: bool,
    /// Bodies end this many bytes before their announced length.
    pub end_early_by: usize,
    /// How often a pending request is polled in vain.
    pub polls_before_answer: u32,
}

impl Host {
    /// Adds a KV item.
    pub fn kv(mut self, store: &str, key: &str, entry: KvEntry) -> Self {
        self.kv
            .entry(store.into())
            .or_default()
            .insert(key.into(), entry);
        self
    }

    /// Adds a Config Store item.
    pub fn config(mut self, store: &str, key: &str, value: &str) -> Self {
        self.config
            .entry(store.into())
            .or_default()
            .insert(key.into(), value.into());
        self
    }

    /// Adds a secret.
    pub fn secret(mut self, store: &str, name: &str, plaintext: &[u8]) -> Self {
        self.secrets
            .entry(store.into())
            .or_default()
            .insert(name.into(), plaintext.into());
        self
    }

    /// Adds what geo knows about an address.
    pub fn geo(mut self, address: IpAddr, json: &str) -> Self {
        self.geo.insert(address, json.into());
        self
    }

    /// Adds a backend.
    pub fn backend(mut self, name: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.backends
            .insert(name.into(), replies.into_iter().collect());
        self
    }

    /// Adds a log endpoint.
    pub fn log_endpoint(mut self, name: &str) -> Self {
        self.log_endpoints.push(name.into());
        self
    }

    /// Makes a call (`module.name`) fail.
    pub fn fail(mut self, call: &str, status: Status) -> Self {
        self.faults.insert(call.into(), status);
        self
    }
}

/// A client's request.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    /// The method.
    pub method: String,
    /// The absolute URI; bytes, since the host does not promise text.
    pub uri: Vec<u8>,
    /// Headers, in order.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The request's identifier.
    pub id: String,
}

impl ClientRequest {
    /// A GET from the local host.
    pub fn get(uri: &str) -> Self {
        Self {
            method: "GET".into(),
            uri: uri.into(),
            headers: Vec::new(),
            body: Vec::new(),
            ip: Some([127, 0, 0, 1].into()),
            id: "0123456789abcdef".into(),
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl Default for ClientRequest {
    fn default() -> Self {
        Self::get("http://localhost/")
    }
}

/// An item of a KV store.
#[derive(Clone, Debug)]
pub struct KvEntry {
    /// The value.
    pub value: Vec<u8>,
    /// The metadata.
    pub metadata: String,
    /// The generation.
    pub generation: u64,
    /// What goes wrong with it.
    pub fault: Option<KvFault>,
}

impl KvEntry {
    /// An item of generation 1 without metadata.
    pub fn new(value: &[u8]) -> Self {
        Self {
            value: value.into(),
            metadata: String::new(),
            generation: 1,
            fault: None,
        }
    }

    /// An item whose look-up ends so.
    pub fn failing(outcome: KvCode) -> Self {
        Self {
            fault: Some(KvFault::Outcome(outcome)),
            ..Self::new(b"")
        }
    }
}

/// An object of the Core Cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheItem {
    /// What was inserted.
    pub bytes: Vec<u8>,
    /// What was said about it.
    pub metadata: Vec<u8>,
    /// The time from which on it is stale.
    pub fresh_until_ms: u64,
    /// The time from which on it is not found.
    pub expires_ms: u64,
}

/// What other requests do with a key of the Core Cache that has nothing yet.
#[derive(Clone, Debug, Default)]
pub enum Wait {
    /// Nothing: there are none.
    #[default]
    Never,
    /// One is obliged to insert, and does not.
    Forever,
    /// One inserts this while the program waits.
    Filled(CacheItem),
}

/// What can go wrong with a KV item.
#[derive(Clone, Copy, Debug)]
pub enum KvFault {
    /// The look-up ends so, without a value.
    Outcome(KvCode),
    /// The look-up succeeds, but there is no body.
    NoBody,
}

/// What a backend does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers.
    Answer(u16, Vec<u8>),
    /// Answers, and of the body these bytes come; so many more were announced.
    Half(u16, Vec<u8>, usize),
    /// Takes the request, and nothing comes.
    Hang,
    /// The host does not even start sending.
    Refuse(Status),
    /// Sending starts, and fails.
    Fail(Status, SendTag),
}

impl Reply {
    /// An answer of this status and body.
    pub fn answer(status: u16, body: &[u8]) -> Self {
        Self::Answer(status, body.into())
    }
}

/// What a program did.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Every host call, as `module.name`, in order.
    pub calls: Vec<&'static str>,
    /// Responses sent to clients.
    pub responses: Vec<SentResponse>,
    /// Requests sent to backends; not those the host refused.
    pub sent: Vec<SentRequest>,
    /// Lines logged, with the endpoint's name.
    pub log_lines: Vec<(String, Vec<u8>)>,
    /// The Core Cache as the program left it.
    pub cache: BTreeMap<Vec<u8>, CacheItem>,
    /// Requests, responses, bodies and cache look-ups that were not given back.
    pub open_handles: usize,
}

impl Record {
    /// How often a call was made.
    pub fn count(&self, call: &str) -> usize {
        self.calls.iter().filter(|&&made| made == call).count()
    }
}

/// A response sent to a client.
#[derive(Clone, Debug)]
pub struct SentResponse {
    /// The status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl SentResponse {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        find(&self.headers, name)
    }
}

/// A request sent to a backend.
#[derive(Clone, Debug)]
pub struct SentRequest {
    /// The backend's name.
    pub backend: String,
    /// The method.
    pub method: String,
    /// The URI.
    pub uri: String,
    /// Headers, names in lower case.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// Whether it was kept out of the cache.
    pub pass: bool,
    /// Whether the program took the answer or the failure.
    pub answer_taken: bool,
    /// How many responses the client had at that time.
    pub after_responses: usize,
}

impl SentRequest {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        find(&self.headers, name)
    }
}

fn find<'h>(headers: &'h Headers, name: &str) -> Option<&'h [u8]> {
    headers
        .iter()
        .find(|header| header.0.eq_ignore_ascii_case(name))
        .map(|header| &header.1[..])
}

/// Runs a program on a host of this thread; hosts may nest.
pub fn with<T>(host: Host, run: impl FnOnce() -> T) -> (T, Record) {
    /// Puts the previous host back, also when the program panics.
    struct Restore(Option<State>);
    impl Drop for Restore {
        fn drop(&mut self) {
            STATE.set(self.0.take());
        }
    }
    let state = State {
        random: host.seed,
        host,
        ..State::default()
    };
    let restore = Restore(STATE.replace(Some(state)));
    let result = run();
    let record = record();
    drop(restore);
    (result, record)
}

/// Changes the host under a running program: time goes by, a store gets a new value.
pub fn change(change: impl FnOnce(&mut Host)) {
    STATE.with_borrow_mut(|state| {
        if let Some(state) = state {
            change(&mut state.host);
        }
    });
}

/// What the running program has done so far.
pub fn record() -> Record {
    STATE.with_borrow(|state| {
        let Some(state) = state else {
            return Record::default();
        };
        let open_handles = [
            state.bodies.len(),
            state.requests.len(),
            state.responses.len(),
            state.found.len(),
            state.busy.len(),
        ]
        .into_iter()
        .sum();
        Record {
            open_handles,
            cache: state.host.cache.clone(),
            ..state.record.clone()
        }
    })
}
