//! The host: what it has, and what each of its functions does.

use std::collections::BTreeMap;

use wasmi::{Caller, Memory, Val};

use super::call::Call;
use super::{Request, executed};

const USER_AGENT: &[u8] = b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
const CLIENT: [u8; 4] = [203, 0, 113, 7];
const SECRET: &[u8] = b"secret-0123456789";
const GEO: &[u8] = br#"{"as_name":"fastly","city":"berlin","country_code":"DE","latitude":52.5}"#;

/// Statuses of the ABI.
pub(super) const OK: i32 = 0;
const INVALID: i32 = 2;
pub(super) const BUFFER: i32 = 4;
const UNSUPPORTED: i32 = 5;
const NONE: i32 = 10;

#[derive(Default)]
pub(super) struct Host {
    pub(super) uri: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) requests: usize,
    pub(super) memory: Option<Memory>,
    pub(super) counters: Vec<wasmi::Global>,
    pub(super) bodies: BTreeMap<u32, (Vec<u8>, usize)>,
    /// Look-ups in the cache: the key, and whether to insert it. Bodies on their way there: key and what is said about them.
    pub(super) found: BTreeMap<u32, (Vec<u8>, bool)>,
    pub(super) inserts: BTreeMap<u32, (Vec<u8>, Vec<u8>)>,
    pub(super) next: u32,
    pub(super) done: Request,
}

pub(super) fn called(caller: Caller<'_, Host>, name: &str, given: &[Val]) -> i32 {
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
