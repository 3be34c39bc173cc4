//! The functions of the real `imports`, with the same signatures, on the host in memory.
//!
//! Each does what its call's documentation and Viceroy do where a caller can tell.

use super::super::status::{Filled, KvCode, NO_HANDLE, SendTag, Status};
use super::state::{AnyRequest, PendingState, State, aside, call, set};
use super::{ClientRequest, KvFault, Reply, SentRequest, SentResponse, find};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Writes a value to the spare capacity of `out`.
fn fill(
    name: &'static str,
    out: &mut Vec<u8>,
    act: impl FnOnce(&mut State) -> Result<Vec<u8>, Status>,
) -> Filled {
    let value = call(name, act).map_err(|status| (status, 0))?;
    if value.len() > out.spare_capacity_mut().len() {
        return Err((Status::BufferTooSmall, value.len()));
    }
    out.extend_from_slice(&value);
    Ok(value.len())
}

pub(crate) mod http_req {
    use super::*;

    pub(crate) fn body_downstream_get() -> Result<(u32, u32), Status> {
        call("fastly_http_req.body_downstream_get", |state| {
            if core::mem::replace(&mut state.started, true) {
                return Err(Status::Error);
            }
            let request = state.host.request.clone();
            Ok(state.client_request(request))
        })
    }

    pub(crate) fn method_get(request: u32, out: &mut Vec<u8>) -> Filled {
        fill("fastly_http_req.method_get", out, |state| {
            Ok(state.request(request)?.request.method.clone().into_bytes())
        })
    }

    pub(crate) fn uri_get(request: u32, out: &mut Vec<u8>) -> Filled {
        fill("fastly_http_req.uri_get", out, |state| {
            Ok(state.request(request)?.request.uri.clone())
        })
    }

    pub(crate) fn header_value_get(request: u32, name: &str, out: &mut Vec<u8>) -> Filled {
        fill("fastly_http_req.header_value_get", out, |state| {
            let value = find(&state.request(request)?.request.headers, name);
            Ok(value.ok_or(Status::InvalidArgument)?.to_owned())
        })
    }

    pub(crate) fn new() -> Result<u32, Status> {
        call("fastly_http_req.new", |state| {
            let handle = state.handle();
            let request = ClientRequest {
                ip: None,
                id: String::new(),
                ..ClientRequest::default()
            };
            state.requests.insert(
                handle,
                AnyRequest {
                    request,
                    pass: false,
                },
            );
            Ok(handle)
        })
    }

    pub(crate) fn close(request: u32) -> Result<(), Status> {
        call("fastly_http_req.close", |state| {
            state
                .requests
                .remove(&request)
                .map(|_| ())
                .ok_or(Status::BadHandle)
        })
    }

    pub(crate) fn method_set(request: u32, method: &str) -> Result<(), Status> {
        call("fastly_http_req.method_set", |state| {
            state.request(request)?.request.method = method.to_owned();
            Ok(())
        })
    }

    pub(crate) fn uri_set(request: u32, uri: &str) -> Result<(), Status> {
        call("fastly_http_req.uri_set", |state| {
            state.request(request)?.request.uri = uri.into();
            Ok(())
        })
    }

    pub(crate) fn header_insert(request: u32, name: &str, value: &[u8]) -> Result<(), Status> {
        call("fastly_http_req.header_insert", |state| {
            set(&mut state.request(request)?.request.headers, name, value)
        })
    }

    pub(crate) fn cache_override_set_pass(request: u32) -> Result<(), Status> {
        call("fastly_http_req.cache_override_set", |state| {
            state.request(request)?.pass = true;
            Ok(())
        })
    }

    pub(crate) fn send_async(request: u32, body: u32, backend: &str) -> Result<u32, Status> {
        // The host keeps both, whatever comes.
        let (mut taken, mut bytes) = (None, Err(Status::BadHandle));
        aside(|state| {
            taken = state.requests.remove(&request);
            bytes = state.take_body(body);
        });
        call("fastly_http_req.send_async", |state| {
            let (taken, body) = (taken.ok_or(Status::BadHandle)?, bytes?);
            let replies = state
                .host
                .backends
                .get_mut(backend)
                .ok_or(Status::InvalidArgument)?;
            let reply = if replies.len() > 1 {
                replies.pop_front()
            } else {
                replies.front().cloned()
            };
            let reply = match reply.ok_or(Status::Error)? {
                Reply::Refuse(status) => return Err(status),
                reply => reply,
            };
            let sent = state.record.sent.len();
            state.record.sent.push(SentRequest {
                backend: backend.to_owned(),
                method: taken.request.method,
                uri: String::from_utf8(taken.request.uri).map_err(|_| Status::Error)?,
                headers: taken.request.headers,
                body,
                pass: taken.pass,
                answer_taken: false,
                after_responses: state.record.responses.len(),
            });
            let (handle, polls) = (state.handle(), state.host.polls_before_answer);
            state
                .pending
                .insert(handle, PendingState { sent, reply, polls });
            Ok(handle)
        })
    }

    pub(crate) fn pending_req_wait_v2(pending: u32) -> Result<(u32, u32), (Status, SendTag)> {
        let mut result = Err((Status::Unsupported, SendTag::Unspecified));
        call("fastly_http_req.pending_req_wait_v2", |state| {
            result = state.finish(pending);
            Ok(())
        })
        .map_err(|status| (status, SendTag::Unspecified))?;
        result
    }

    pub(crate) fn pending_req_poll_v2(
        pending: u32,
    ) -> Result<Option<(u32, u32)>, (Status, SendTag)> {
        let mut result = Ok(None);
        call("fastly_http_req.pending_req_poll_v2", |state| {
            match state.pending.get_mut(&pending) {
                Some(waiting) if waiting.polls > 0 => {
                    waiting.polls = waiting.polls.saturating_sub(1)
                }
                _ => result = state.finish(pending).map(Some),
            }
            Ok(())
        })
        .map_err(|status| (status, SendTag::Unspecified))?;
        result
    }
}

pub(crate) mod http_downstream {
    use super::*;

    pub(crate) fn downstream_client_ip_addr(
        request: u32,
        octets: &mut [u8; 16],
    ) -> Result<usize, Status> {
        call(
            "fastly_http_downstream.downstream_client_ip_addr",
            |state| match state.request(request)?.request.ip {
                Some(IpAddr::V4(address)) => {
                    octets
                        .iter_mut()
                        .zip(address.octets())
                        .for_each(|(slot, octet)| *slot = octet);
                    Ok(4)
                }
                Some(IpAddr::V6(address)) => {
                    *octets = address.octets();
                    Ok(16)
                }
                None => Ok(0),
            },
        )
    }

    pub(crate) fn downstream_client_request_id(request: u32, out: &mut Vec<u8>) -> Filled {
        fill(
            "fastly_http_downstream.downstream_client_request_id",
            out,
            |state| Ok(state.request(request)?.request.id.clone().into_bytes()),
        )
    }

    pub(crate) fn next_request(_timeout_ms: Option<u64>) -> Result<u32, Status> {
        call("fastly_http_downstream.next_request", |state| {
            let handle = state.handle();
            state.promises.insert(handle, ());
            Ok(handle)
        })
    }

    pub(crate) fn next_request_wait(promise: u32) -> Result<(u32, u32), Status> {
        call("fastly_http_downstream.next_request_wait", |state| {
            state.promises.remove(&promise).ok_or(Status::BadHandle)?;
            if !state.answered {
                return Err(Status::Unsupported);
            }
            let request = state.host.next_requests.pop_front().ok_or(Status::None)?;
            state.answered = false;
            Ok(state.client_request(request))
        })
    }
}

pub(crate) mod http_body {
    use super::*;

    pub(crate) fn new() -> Result<u32, Status> {
        call("fastly_http_body.new", |state| Ok(state.body(Vec::new())))
    }

    pub(crate) fn read(body: u32, out: &mut Vec<u8>) -> Result<usize, Status> {
        call("fastly_http_body.read", |state| {
            let at_most = state
                .host
                .read_at_most
                .unwrap_or(usize::MAX)
                .min(out.spare_capacity_mut().len());
            let body = state.bodies.get_mut(&body).ok_or(Status::BadHandle)?;
            let end = body.bytes.len().saturating_sub(state.host.end_early_by);
            let rest = body.bytes.get(body.read..end).unwrap_or_default();
            let part = rest.get(..at_most).unwrap_or(rest);
            out.extend_from_slice(part);
            body.read = body.read.saturating_add(part.len());
            Ok(part.len())
        })
    }

    pub(crate) fn write(body: u32, bytes: &[u8]) -> Result<usize, Status> {
        call("fastly_http_body.write", |state| {
            let part = state
                .host
                .write_at_most
                .and_then(|at_most| bytes.get(..at_most))
                .unwrap_or(bytes);
            let body = state.bodies.get_mut(&body).ok_or(Status::BadHandle)?;
            body.bytes.extend_from_slice(part);
            Ok(part.len())
        })
    }

    pub(crate) fn close(body: u32) -> Result<(), Status> {
        call("fastly_http_body.close", |state| {
            state.finish_insert(body);
            state.take_body(body).map(|_| ())
        })
    }

    pub(crate) fn append(to: u32, from: u32) -> Result<(), Status> {
        call("fastly_http_body.append", |state| {
            let bytes = state.take_body(from)?;
            state
                .bodies
                .get_mut(&to)
                .ok_or(Status::BadHandle)?
                .bytes
                .extend(bytes);
            Ok(())
        })
    }

    pub(crate) fn known_length(body: u32) -> Result<u64, Status> {
        call("fastly_http_body.known_length", |state| {
            let body = state.bodies.get(&body).ok_or(Status::BadHandle)?;
            if state.host.unknown_length {
                return Err(Status::None);
            }
            let length = body.bytes.len().saturating_add(body.missing);
            Ok(length.saturating_sub(body.read) as u64)
        })
    }
}

pub(crate) mod http_resp {
    use super::*;

    pub(crate) fn new() -> Result<u32, Status> {
        call("fastly_http_resp.new", |state| {
            let handle = state.handle();
            let response = SentResponse {
                status: 200,
                headers: Vec::new(),
                body: Vec::new(),
            };
            state.responses.insert(handle, response);
            Ok(handle)
        })
    }

    pub(crate) fn close(response: u32) -> Result<(), Status> {
        call("fastly_http_resp.close", |state| {
            state
                .responses
                .remove(&response)
                .map(|_| ())
                .ok_or(Status::BadHandle)
        })
    }

    pub(crate) fn status_get(response: u32) -> Result<u16, Status> {
        call("fastly_http_resp.status_get", |state| {
            state
                .responses
                .get(&response)
                .map(|response| response.status)
                .ok_or(Status::BadHandle)
        })
    }

    pub(crate) fn status_set(response: u32, status: u16) -> Result<(), Status> {
        call("fastly_http_resp.status_set", |state| {
            if !(100..=999).contains(&status) {
                return Err(Status::InvalidArgument);
            }
            state
                .responses
                .get_mut(&response)
                .ok_or(Status::BadHandle)?
                .status = status;
            Ok(())
        })
    }

    pub(crate) fn header_insert(response: u32, name: &str, value: &[u8]) -> Result<(), Status> {
        call("fastly_http_resp.header_insert", |state| {
            set(
                &mut state
                    .responses
                    .get_mut(&response)
                    .ok_or(Status::BadHandle)?
                    .headers,
                name,
                value,
            )
        })
    }

    pub(crate) fn send_downstream(response: u32, body: u32) -> Result<(), Status> {
        // The host keeps both, whatever comes.
        let (mut taken, mut bytes) = (None, Err(Status::BadHandle));
        aside(|state| {
            taken = state.responses.remove(&response);
            bytes = state.take_body(body);
        });
        call("fastly_http_resp.send_downstream", |state| {
            let (taken, body) = (taken.ok_or(Status::BadHandle)?, bytes?);
            if core::mem::replace(&mut state.answered, true) {
                return Err(Status::Error);
            }
            state.record.responses.push(SentResponse { body, ..taken });
            Ok(())
        })
    }
}

pub(crate) mod kv_store {
    use super::*;

    pub(crate) fn open(name: &str) -> Result<u32, Status> {
        call("fastly_kv_store.open", |state| {
            if !state.host.kv.contains_key(name) {
                return Err(Status::InvalidArgument);
            }
            Ok(state.name(name))
        })
    }

    pub(crate) fn lookup(store: u32, key: &str) -> Result<u32, Status> {
        call("fastly_kv_store.lookup", |state| {
            let store = state.named(store)?.clone();
            if key.is_empty() || key.len() > 1024 {
                return Err(Status::InvalidArgument);
            }
            let handle = state.handle();
            state.keys.insert(handle, (store, key.to_owned()));
            Ok(handle)
        })
    }

    pub(crate) fn lookup_wait_v2(
        pending: u32,
        metadata: &mut [u8],
    ) -> Result<(u32, u64, KvCode), Status> {
        call("fastly_kv_store.lookup_wait_v2", |state| {
            let (store, key) = state.keys.remove(&pending).ok_or(Status::BadHandle)?;
            let Some(entry) = state.host.kv.get(&store).and_then(|store| store.get(&key)) else {
                return Ok((NO_HANDLE, 0, KvCode::NotFound));
            };
            match entry.fault {
                Some(KvFault::Outcome(outcome)) => return Ok((NO_HANDLE, 0, outcome)),
                Some(KvFault::NoBody) => return Ok((NO_HANDLE, 0, KvCode::Ok)),
                None => {}
            }
            if entry.metadata.len() > metadata.len() {
                return Err(Status::BufferTooSmall);
            }
            let (value, generation) = (entry.value.clone(), entry.generation);
            Ok((state.body(value), generation, KvCode::Ok))
        })
    }
}

pub(crate) mod async_io {
    use super::*;

    pub(crate) fn select(handle: u32, timeout_ms: u32) -> Result<bool, Status> {
        call("fastly_async_io.select", |state| {
            if let Some(key) = state.busy.get(&handle).cloned() {
                return state.wait_for_insert(&key, timeout_ms);
            }
            let pending = state.pending.get(&handle).ok_or(Status::BadHandle)?;
            let hangs = matches!(pending.reply, super::Reply::Hang);
            if hangs {
                state.host.now_ms = state.host.now_ms.saturating_add(timeout_ms.into());
            }
            Ok(!hangs)
        })
    }
}

pub(crate) mod cache {
    use super::*;
    use crate::platform::cache::Lifetime;
    use crate::platform::fake::state::Looked;

    pub(crate) fn lookup(key: &[u8]) -> Result<u32, Status> {
        call("fastly_cache.lookup", |state| {
            let looked = Looked {
                key: key.to_owned(),
                item: state.usable(key),
                must_insert: false,
            };
            Ok(state.looked(looked))
        })
    }

    pub(crate) fn transaction_lookup_async(key: &[u8]) -> Result<u32, Status> {
        call("fastly_cache.transaction_lookup_async", |state| {
            let handle = state.handle();
            state.busy.insert(handle, key.to_owned());
            Ok(handle)
        })
    }

    pub(crate) fn cache_busy_handle_wait(busy: u32) -> Result<u32, Status> {
        let mut key = Err(Status::BadHandle);
        aside(|state| key = state.busy.remove(&busy).ok_or(Status::BadHandle));
        call("fastly_cache.cache_busy_handle_wait", |state| {
            let key = key?;
            let item = state.usable(&key);
            let now = state.host.now_ms;
            let fresh = item.as_ref().is_some_and(|item| now < item.fresh_until_ms);
            let must_insert = !fresh && state.obliged.insert(key.clone());
            Ok(state.looked(Looked {
                key,
                item,
                must_insert,
            }))
        })
    }

    pub(crate) fn close_busy(busy: u32) -> Result<(), Status> {
        call("fastly_cache.close_busy", |state| {
            let busy = state.busy.remove(&busy);
            busy.map(|_| ()).ok_or(Status::BadHandle)
        })
    }

    pub(crate) fn insert(
        key: &[u8],
        lifetime: Lifetime,
        _length: u64,
        metadata: &[u8],
    ) -> Result<u32, Status> {
        call("fastly_cache.insert", |state| {
            Ok(state.begin_insert(key.to_owned(), lifetime, metadata))
        })
    }

    pub(crate) fn transaction_insert(
        found: u32,
        lifetime: Lifetime,
        _length: u64,
        metadata: &[u8],
    ) -> Result<u32, Status> {
        call("fastly_cache.transaction_insert", |state| {
            let looked = state.found.get_mut(&found).ok_or(Status::BadHandle)?;
            if !core::mem::take(&mut looked.must_insert) {
                return Err(Status::BadHandle);
            }
            let key = looked.key.clone();
            Ok(state.begin_insert(key, lifetime, metadata))
        })
    }

    pub(crate) fn transaction_cancel(found: u32) -> Result<(), Status> {
        call("fastly_cache.transaction_cancel", |state| {
            let looked = state.found.get_mut(&found).ok_or(Status::BadHandle)?;
            if !core::mem::take(&mut looked.must_insert) {
                return Err(Status::BadHandle);
            }
            let key = looked.key.clone();
            state.obliged.remove(&key);
            Ok(())
        })
    }

    pub(crate) fn get_state(found: u32) -> Result<u32, Status> {
        call("fastly_cache.get_state", |state| {
            let now = state.host.now_ms;
            let looked = state.found.get(&found).ok_or(Status::BadHandle)?;
            let stale = |item: &crate::platform::fake::CacheItem| now >= item.fresh_until_ms;
            let item = looked.item.as_ref();
            Ok(match item {
                Some(item) if stale(item) => 0b111,
                Some(_) => 0b011,
                None => 0,
            } | u32::from(looked.must_insert) << 3)
        })
    }

    pub(crate) fn get_user_metadata(found: u32, out: &mut Vec<u8>) -> Filled {
        fill("fastly_cache.get_user_metadata", out, |state| {
            let looked = state.found.get(&found).ok_or(Status::BadHandle)?;
            Ok(looked.item.as_ref().ok_or(Status::None)?.metadata.clone())
        })
    }

    pub(crate) fn get_body(found: u32) -> Result<u32, Status> {
        call("fastly_cache.get_body", |state| {
            let looked = state.found.get(&found).ok_or(Status::BadHandle)?;
            let bytes = looked.item.as_ref().ok_or(Status::None)?.bytes.clone();
            Ok(state.body(bytes))
        })
    }

    pub(crate) fn close(found: u32) -> Result<(), Status> {
        call("fastly_cache.close", |state| {
            let looked = state.found.remove(&found).ok_or(Status::BadHandle)?;
            if looked.must_insert {
                state.obliged.remove(&looked.key);
            }
            Ok(())
        })
    }
}

pub(crate) mod config_store {
    use super::*;

    pub(crate) fn open(name: &str) -> Result<u32, Status> {
        call("fastly_config_store.open", |state| {
            if !state.host.config.contains_key(name) {
                return Err(Status::BadHandle);
            }
            Ok(state.name(name))
        })
    }

    pub(crate) fn get(store: u32, key: &str, out: &mut Vec<u8>) -> Filled {
        fill("fastly_config_store.get", out, |state| {
            let store = state
                .host
                .config
                .get(state.named(store)?)
                .ok_or(Status::BadHandle)?;
            Ok(store.get(key).ok_or(Status::None)?.clone().into_bytes())
        })
    }
}

pub(crate) mod secret_store {
    use super::*;

    pub(crate) fn open(name: &str) -> Result<u32, Status> {
        call("fastly_secret_store.open", |state| {
            if !state.host.secrets.contains_key(name) {
                return Err(Status::None);
            }
            Ok(state.name(name))
        })
    }

    pub(crate) fn get(store: u32, name: &str) -> Result<u32, Status> {
        call("fastly_secret_store.get", |state| {
            let store = state.named(store)?.clone();
            if !state
                .host
                .secrets
                .get(&store)
                .is_some_and(|store| store.contains_key(name))
            {
                return Err(Status::None);
            }
            let handle = state.handle();
            state.keys.insert(handle, (store, name.to_owned()));
            Ok(handle)
        })
    }

    pub(crate) fn plaintext(secret: u32, out: &mut Vec<u8>) -> Filled {
        fill("fastly_secret_store.plaintext", out, |state| {
            let (store, name) = state.keys.get(&secret).ok_or(Status::BadHandle)?;
            state
                .host
                .secrets
                .get(store)
                .and_then(|store| store.get(name))
                .cloned()
                .ok_or(Status::BadHandle)
        })
    }
}

pub(crate) mod geo {
    use super::*;

    pub(crate) fn lookup(octets: &[u8], out: &mut Vec<u8>) -> Filled {
        fill("fastly_geo.lookup", out, |state| {
            let address = match octets.len() {
                4 => octets
                    .first_chunk::<4>()
                    .map(|&octets| IpAddr::from(octets)),
                _ => octets
                    .first_chunk::<16>()
                    .map(|&octets| IpAddr::from(octets)),
            };
            let address = address.ok_or(Status::InvalidArgument)?;
            Ok(state
                .host
                .geo
                .get(&address)
                .cloned()
                .unwrap_or_default()
                .into_bytes())
        })
    }
}

pub(crate) mod log {
    use super::*;

    pub(crate) fn endpoint_get(name: &str) -> Result<u32, Status> {
        call("fastly_log.endpoint_get", |state| {
            if !state
                .host
                .log_endpoints
                .iter()
                .any(|endpoint| endpoint == name)
            {
                return Err(Status::InvalidArgument);
            }
            Ok(state.name(name))
        })
    }

    pub(crate) fn write(endpoint: u32, message: &[u8]) -> Result<usize, Status> {
        call("fastly_log.write", |state| {
            let name = state.named(endpoint)?.clone();
            let part = state
                .host
                .write_at_most
                .and_then(|at_most| message.get(..at_most))
                .unwrap_or(message);
            state.record.log_lines.push((name, part.to_owned()));
            Ok(part.len())
        })
    }
}

pub(crate) mod wasi {
    use super::*;

    pub(crate) fn clock_time_get_realtime() -> Result<u64, Status> {
        call("wasi_snapshot_preview1.clock_time_get", |state| {
            Ok(state.host.now_ms.saturating_mul(1_000_000))
        })
    }

    /// SplitMix64, so that a test sees the same numbers every time.
    pub(crate) fn random_get(buffer: &mut [u8]) -> Result<(), Status> {
        call("wasi_snapshot_preview1.random_get", |state| {
            for chunk in buffer.chunks_mut(8) {
                state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut bits = state.random;
                bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                bits ^= bits >> 31;
                chunk
                    .iter_mut()
                    .zip(bits.to_le_bytes())
                    .for_each(|(slot, byte)| *slot = byte);
            }
            Ok(())
        })
    }
}
