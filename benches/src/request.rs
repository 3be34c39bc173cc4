//! Whole requests: a service's module is run once, from `_start` to its end, by a host that is the least of Compute: one
//! request, one KV item, one secret, a backend that takes every event. Its instructions are counted as in `guest`.
//!
//! The host's own work costs nothing here; what a request costs a machine is in the CPU times of `cargo dev bench`.

use std::collections::BTreeMap;

use wasmi::{Caller, Engine, ExternType, Func, Instance, Linker, Memory, Module, Store, Val};

use crate::count::{COUNTER, instrument};

/// What one run of a module took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// Instructions until the client had its answer.
    pub(crate) until_answer: u64,
    /// Instructions in all.
    pub(crate) total: u64,
    /// Of several requests: instructions and host calls when the module was ready for the next one.
    pub(crate) ready: Vec<(u64, usize)>,
    /// Memory at the end, in pages of 64 KiB.
    pub(crate) pages: u64,
    /// Calls of the host, in order.
    pub(crate) host_calls: Vec<String>,
    /// The answer.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) body: Vec<u8>,
    /// Requests to backends.
    pub(crate) sent: u64,
    /// What was called and is not there.
    pub(crate) missing: Vec<String>,
    /// What is in the Core Cache at the end.
    pub(crate) cache: Cache,
    /// Instructions by function, most first.
    pub(crate) functions: Vec<(String, u64)>,
}

/// The Core Cache, by key: what is said about an item, and its bytes.
pub(crate) type Cache = BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)>;

/// What a module is given.
pub(crate) struct Given<'g> {
    /// The request's URI.
    pub(crate) uri: &'g str,
    /// The value of the KV item.
    pub(crate) value: &'g [u8],
    /// What the Core Cache holds.
    pub(crate) cache: Cache,
    /// How many requests there are, one like the other.
    pub(crate) requests: usize,
}

const USER_AGENT: &[u8] = b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
const CLIENT: [u8; 4] = [203, 0, 113, 7];
const SECRET: &[u8] = b"secret-0123456789";
const GEO: &[u8] = br#"{"as_name":"fastly","city":"berlin","country_code":"DE","latitude":52.5}"#;

/// Statuses of the ABI.
const OK: i32 = 0;
const INVALID: i32 = 2;
const BUFFER: i32 = 4;
const UNSUPPORTED: i32 = 5;
const NONE: i32 = 10;

#[derive(Default)]
struct Host {
    uri: Vec<u8>,
    value: Vec<u8>,
    requests: usize,
    memory: Option<Memory>,
    counters: Vec<wasmi::Global>,
    bodies: BTreeMap<u32, (Vec<u8>, usize)>,
    /// Look-ups in the cache: the key, and whether to insert it. Bodies on their way there: key and what is said about them.
    found: BTreeMap<u32, (Vec<u8>, bool)>,
    inserts: BTreeMap<u32, (Vec<u8>, Vec<u8>)>,
    next: u32,
    done: Request,
}

/// Runs a module once.
pub(crate) fn run(wasm: &[u8], given: &Given<'_>) -> Result<Request, String> {
    let text = |error: wasmi::Error| error.to_string();
    let counted = instrument(wasm)?;
    let engine = Engine::default();
    let module = Module::new(&engine, &counted.module).map_err(text)?;
    let mut store = Store::new(
        &engine,
        Host {
            uri: given.uri.into(),
            value: given.value.to_vec(),
            requests: given.requests,
            done: Request {
                cache: given.cache.clone(),
                ..Request::default()
            },
            ..Host::default()
        },
    );
    let mut linker = Linker::<Host>::new(&engine);
    for import in module.imports() {
        let ExternType::Func(shape) = import.ty() else {
            return Err(format!("{} is no function", import.name()));
        };
        let name = format!("{}.{}", import.module(), import.name());
        let function = Func::new(&mut store, shape.clone(), move |caller, given, results| {
            let result = called(caller, &name, given);
            if let Some(slot) = results.first_mut() {
                *slot = Val::I32(result);
            }
            Ok(())
        });
        linker
            .define(import.module(), import.name(), function)
            .map_err(|error| error.to_string())?;
    }
    let instance: Instance = linker
        .instantiate_and_start(&mut store, &module)
        .map_err(text)?;
    let memory = instance.get_memory(&store, "memory");
    store.data_mut().memory = memory;
    store.data_mut().counters = (0..counted.functions.len())
        .filter_map(|at| instance.get_global(&store, &format!("{COUNTER}{at}")))
        .collect();
    let start = instance
        .get_func(&store, "_start")
        .ok_or("the module exports no _start")?;
    if let Err(error) = start.call(&mut store, &[], &mut []) {
        let missing = &store.data().done.missing;
        return Err(format!("{error}; called, but not there: {missing:?}"));
    }
    let total = executed(&store, &store.data().counters);
    let pages = memory.map_or(0, |memory| memory.size(&store));
    let counters = std::mem::take(&mut store.data_mut().counters);
    let mut functions: Vec<(String, u64)> = counted
        .functions
        .into_iter()
        .zip(counters.iter().map(|counter| counter.get(&store)))
        .map(|(name, count)| (name, count.i64().unwrap_or(0) as u64))
        .collect();
    functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let done = &mut store.data_mut().done;
    (done.total, done.pages) = (total, pages);
    done.functions = functions;
    Ok(std::mem::take(done))
}

fn executed(store: impl wasmi::AsContext, counters: &[wasmi::Global]) -> u64 {
    counters
        .iter()
        .map(|counter| counter.get(&store).i64().unwrap_or(0) as u64)
        .sum()
}

/// One call of the host.
struct Call<'c> {
    caller: Caller<'c, Host>,
    words: Vec<u64>,
}

impl Call<'_> {
    fn word(&self, at: usize) -> usize {
        self.words.get(at).copied().unwrap_or(0) as usize
    }

    fn host(&mut self) -> &mut Host {
        self.caller.data_mut()
    }

    fn write(&mut self, place: usize, bytes: &[u8]) {
        if let Some(memory) = self.caller.data().memory {
            // A module that gives a wrong place gets nothing.
            let _ = memory.write(&mut self.caller, place, bytes);
        }
    }

    fn read(&self, place: usize, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        if let Some(memory) = self.caller.data().memory {
            let _ = memory.read(&self.caller, place, &mut bytes);
        }
        bytes
    }

    /// Gives a number to the pointer that is this argument.
    fn give(&mut self, argument: usize, number: u32) {
        self.write(self.word(argument), &number.to_le_bytes());
    }

    /// Gives bytes to a buffer: its place, its capacity and the place for the count are arguments from `first` on.
    fn fill(&mut self, first: usize, bytes: &[u8]) -> i32 {
        self.give(first + 2, bytes.len() as u32);
        if bytes.len() > self.word(first + 1) {
            return BUFFER;
        }
        self.write(self.word(first), bytes);
        OK
    }

    fn handle(&mut self, argument: usize) -> i32 {
        let host = self.host();
        host.next += 1;
        let handle = host.next;
        self.give(argument, handle);
        OK
    }

    fn body(&mut self, argument: usize, bytes: Vec<u8>) -> i32 {
        self.handle(argument);
        let host = self.host();
        let handle = host.next;
        host.bodies.insert(handle, (bytes, 0));
        OK
    }
}

impl Call<'_> {
    /// What the cache has for a look-up, which is the first argument.
    fn found(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let handle = self.word(0) as u32;
        let host = self.host();
        let (key, _) = host.found.get(&handle)?;
        host.done.cache.get(key).cloned()
    }

    /// Begins an insert, whose options are this argument and whose body is the next.
    fn insert(&mut self, key: Vec<u8>, options: usize) -> i32 {
        // Where the options say what is to be kept beside the bytes.
        let place = self.word(options) + 56;
        let word = |at: usize| {
            let bytes = self.read(at, 4);
            bytes.try_into().map_or(0, u32::from_le_bytes) as usize
        };
        let metadata = self.read(word(place), word(place + 4));
        self.body(options + 1, Vec::new());
        let host = self.host();
        host.inserts.insert(host.next, (key, metadata));
        OK
    }
}

fn called(caller: Caller<'_, Host>, name: &str, given: &[Val]) -> i32 {
    let words = given.iter().map(|word| match word {
        Val::I32(number) => u64::from(*number as u32),
        Val::I64(number) => *number as u64,
        _ => 0,
    });
    let mut call = Call {
        words: words.collect(),
        caller,
    };
    call.host().done.host_calls.push(name.to_owned());
    match name {
        "fastly_abi.init" => OK,
        "fastly_http_req.body_downstream_get" => {
            call.handle(0);
            call.body(1, Vec::new())
        }
        "fastly_http_req.method_get" => call.fill(1, b"GET"),
        "fastly_http_req.uri_get" => {
            let uri = call.host().uri.clone();
            call.fill(1, &uri)
        }
        "fastly_http_req.header_value_get" => {
            let header = call.read(call.word(1), call.word(2));
            match header.eq_ignore_ascii_case(b"user-agent") {
                true => call.fill(3, USER_AGENT),
                false => INVALID,
            }
        }
        "fastly_http_downstream.downstream_client_ip_addr"
        | "fastly_http_downstream.downstream_server_ip_addr"
        | "fastly_http_req.downstream_client_ip_addr" => {
            // With or without the request in front.
            let octets = usize::from(name.starts_with("fastly_http_downstream"));
            call.write(call.word(octets), &CLIENT);
            call.give(octets + 1, CLIENT.len() as u32);
            OK
        }
        "fastly_http_req.header_values_get" => {
            // One value, ended by a zero, and the cursor for no more.
            call.write(call.word(6), &(-1_i64).to_le_bytes());
            let header = call.read(call.word(1), call.word(2));
            let value = match header.eq_ignore_ascii_case(b"user-agent") {
                true => [USER_AGENT, b"\0"].concat(),
                false => Vec::new(),
            };
            call.give(7, value.len() as u32);
            call.write(call.word(3), &value);
            OK
        }
        "fastly_http_downstream.fastly_key_is_valid" => {
            call.give(1, 0);
            OK
        }
        "fastly_http_downstream.downstream_client_request_id" => call.fill(1, b"request-1"),
        "fastly_http_downstream.next_request" => {
            let so_far = executed(&call.caller, &call.caller.data().counters);
            let host = call.host();
            host.done.ready.push((so_far, host.done.host_calls.len()));
            call.handle(2)
        }
        "fastly_http_downstream.next_request_wait" => {
            if call.host().done.ready.len() >= call.host().requests {
                return NONE;
            }
            call.handle(1);
            call.body(2, Vec::new())
        }
        "fastly_http_body.new" => call.body(0, Vec::new()),
        "fastly_http_body.write" => {
            let bytes = call.read(call.word(1), call.word(2));
            let handle = call.word(0) as u32;
            if let Some((body, _)) = call.host().bodies.get_mut(&handle) {
                body.extend_from_slice(&bytes);
            }
            call.give(4, bytes.len() as u32);
            OK
        }
        "fastly_http_body.append" => {
            let (to, from) = (call.word(0) as u32, call.word(1) as u32);
            let bodies = &mut call.host().bodies;
            let (more, _) = bodies.remove(&from).unwrap_or_default();
            if let Some((body, _)) = bodies.get_mut(&to) {
                body.extend_from_slice(&more);
            }
            OK
        }
        "fastly_http_body.read" => {
            let (handle, room) = (call.word(0) as u32, call.word(2));
            let bytes = match call.host().bodies.get_mut(&handle) {
                Some((body, at)) => {
                    let end = body.len().min(*at + room);
                    let bytes = body.get(*at..end).unwrap_or_default().to_vec();
                    *at = end;
                    bytes
                }
                None => return INVALID,
            };
            call.give(3, bytes.len() as u32);
            call.write(call.word(1), &bytes);
            OK
        }
        "fastly_http_body.known_length" => {
            let handle = call.word(0) as u32;
            let length = call.host().bodies.get(&handle).map(|(body, _)| body.len());
            call.write(call.word(1), &(length.unwrap_or(0) as u64).to_le_bytes());
            OK
        }
        "fastly_http_resp.new" | "fastly_http_req.new" => call.handle(0),
        "fastly_http_resp.status_get" => {
            call.write(call.word(1), &202_u16.to_le_bytes());
            OK
        }
        "fastly_http_resp.status_set" => {
            call.host().done.status = call.word(1) as u16;
            OK
        }
        "fastly_http_resp.send_downstream" => {
            let so_far = executed(&call.caller, &call.caller.data().counters);
            let body = call.word(1) as u32;
            let host = call.host();
            let (body, _) = host.bodies.remove(&body).unwrap_or_default();
            host.done.until_answer = so_far;
            host.done.body = body;
            if host.done.status == 0 {
                host.done.status = 200;
            }
            OK
        }
        "fastly_kv_store.open" | "fastly_secret_store.open" => call.handle(2),
        "fastly_kv_store.lookup" => call.handle(5),
        "fastly_kv_store.lookup_wait_v2" => {
            let value = call.host().value.clone();
            call.body(1, value);
            call.give(4, 0);
            call.write(call.word(5), &7_u64.to_le_bytes());
            // Found.
            call.give(6, 1);
            OK
        }
        "fastly_cache.lookup" | "fastly_cache.transaction_lookup_async" => {
            let key = call.read(call.word(0), call.word(1));
            call.handle(4);
            let host = call.host();
            let obliges = name.ends_with("async") && !host.done.cache.contains_key(&key);
            host.found.insert(host.next, (key, obliges));
            OK
        }
        "fastly_async_io.select" => {
            call.give(3, 0);
            OK
        }
        "fastly_cache.cache_busy_handle_wait" => {
            let busy = call.word(0) as u32;
            call.give(1, busy);
            OK
        }
        "fastly_cache.get_state" => {
            let found = call.found();
            let handle = call.word(0) as u32;
            let obliges = call.host().found.get(&handle);
            let obliges = obliges.is_some_and(|(_, obliges)| *obliges);
            let state = (u32::from(found.is_some()) * 0b11) | (u32::from(obliges) << 3);
            call.give(1, state);
            OK
        }
        "fastly_cache.get_user_metadata" => match call.found() {
            Some((metadata, _)) => call.fill(1, &metadata),
            None => NONE,
        },
        "fastly_cache.get_body" => match call.found() {
            Some((_, bytes)) => call.body(3, bytes),
            None => NONE,
        },
        "fastly_cache.insert" => {
            let key = call.read(call.word(0), call.word(1));
            call.insert(key, 3)
        }
        "fastly_cache.transaction_insert" => {
            let handle = call.word(0) as u32;
            let key = call.host().found.get(&handle).map(|(key, _)| key.clone());
            call.insert(key.unwrap_or_default(), 2)
        }
        "fastly_http_body.close" => {
            let handle = call.word(0) as u32;
            let host = call.host();
            let (bytes, _) = host.bodies.remove(&handle).unwrap_or_default();
            if let Some((key, metadata)) = host.inserts.remove(&handle) {
                host.done.cache.insert(key, (metadata, bytes));
            }
            OK
        }
        "fastly_secret_store.get" => call.handle(3),
        "fastly_secret_store.plaintext" => call.fill(1, SECRET),
        "fastly_geo.lookup" => call.fill(2, GEO),
        "fastly_http_req.send_async" => {
            call.host().done.sent += 1;
            call.handle(4)
        }
        "fastly_http_req.pending_req_wait_v2" => {
            call.handle(2);
            call.body(3, br#"{"success":true}"#.to_vec())
        }
        "wasi_snapshot_preview1.clock_time_get" => {
            let now: u64 = 1_790_000_000_000_000_000;
            call.write(call.word(2), &now.to_le_bytes());
            OK
        }
        "wasi_snapshot_preview1.random_get" => {
            let bytes = vec![0x5A; call.word(1)];
            call.write(call.word(0), &bytes);
            OK
        }
        "wasi_snapshot_preview1.environ_sizes_get" => {
            call.give(0, 0);
            call.give(1, 0);
            OK
        }
        "fastly_cache.close"
        | "fastly_cache.close_busy"
        | "fastly_cache.transaction_cancel"
        | "fastly_http_req.close"
        | "fastly_http_resp.close"
        | "fastly_http_req.method_set"
        | "fastly_http_req.uri_set"
        | "fastly_http_req.cache_override_set"
        | "fastly_http_req.header_insert"
        | "fastly_http_resp.header_insert"
        | "fastly_http_resp.header_append"
        | "fastly_http_resp.header_values_set"
        | "fastly_http_resp.version_set"
        | "fastly_http_resp.http_keepalive_mode_set"
        | "fastly_http_resp.framing_headers_mode_set"
        | "wasi_snapshot_preview1.environ_get"
        | "wasi_snapshot_preview1.fd_write" => OK,
        other => {
            call.host().done.missing.push(other.to_owned());
            UNSUPPORTED
        }
    }
}
