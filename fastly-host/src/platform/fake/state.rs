//! What the host in memory holds while a program runs.

use super::super::status::{SendTag, Status};
use super::{CacheItem, ClientRequest, Headers, Host, Record, Reply, SentResponse, Wait};
use crate::platform::cache::Lifetime;
use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use std::thread_local;

thread_local! {
    pub(super) static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// The host and everything the program holds a handle of.
#[derive(Default)]
pub(super) struct State {
    pub(super) host: Host,
    pub(super) record: Record,
    pub(super) random: u64,
    pub(super) last_handle: u32,
    /// The client's request has been handed out; it has been answered.
    pub(super) started: bool,
    pub(super) answered: bool,
    pub(super) requests: BTreeMap<u32, AnyRequest>,
    pub(super) responses: BTreeMap<u32, SentResponse>,
    pub(super) bodies: BTreeMap<u32, BodyState>,
    /// Stores, secrets, endpoints and look-ups: by name, and by store and key.
    pub(super) names: BTreeMap<u32, String>,
    pub(super) keys: BTreeMap<u32, (String, String)>,
    pub(super) pending: BTreeMap<u32, PendingState>,
    pub(super) promises: BTreeMap<u32, ()>,
    /// Look-ups in the cache, done and not done; keys that a look-up is obliged to insert.
    pub(super) found: BTreeMap<u32, Looked>,
    pub(super) busy: BTreeMap<u32, Vec<u8>>,
    pub(super) obliged: BTreeSet<Vec<u8>>,
    /// Bodies on their way into the cache.
    pub(super) inserts: BTreeMap<u32, (Vec<u8>, CacheItem)>,
}

pub(super) struct BodyState {
    pub(super) bytes: Vec<u8>,
    pub(super) read: usize,
    /// Bytes that were announced and do not come.
    pub(super) missing: usize,
}

/// A look-up in the cache that is done.
pub(super) struct Looked {
    pub(super) key: Vec<u8>,
    pub(super) item: Option<CacheItem>,
    pub(super) must_insert: bool,
}

/// A client's request, or one being made.
pub(super) struct AnyRequest {
    pub(super) request: ClientRequest,
    pub(super) pass: bool,
}

pub(super) struct PendingState {
    pub(super) sent: usize,
    pub(super) reply: Reply,
    pub(super) polls: u32,
}

impl State {
    pub(super) fn handle(&mut self) -> u32 {
        self.last_handle = self.last_handle.wrapping_add(1);
        self.last_handle
    }

    pub(super) fn body(&mut self, bytes: Vec<u8>) -> u32 {
        let handle = self.handle();
        self.bodies.insert(
            handle,
            BodyState {
                bytes,
                read: 0,
                missing: 0,
            },
        );
        handle
    }

    pub(super) fn name(&mut self, name: &str) -> u32 {
        let handle = self.handle();
        self.names.insert(handle, name.to_owned());
        handle
    }

    pub(super) fn named(&self, handle: u32) -> Result<&String, Status> {
        self.names.get(&handle).ok_or(Status::BadHandle)
    }

    pub(super) fn client_request(&mut self, request: ClientRequest) -> (u32, u32) {
        let body = self.body(request.body.clone());
        let handle = self.handle();
        self.requests.insert(
            handle,
            AnyRequest {
                request,
                pass: false,
            },
        );
        (handle, body)
    }

    pub(super) fn request(&mut self, handle: u32) -> Result<&mut AnyRequest, Status> {
        self.requests.get_mut(&handle).ok_or(Status::BadHandle)
    }

    pub(super) fn looked(&mut self, looked: Looked) -> u32 {
        let handle = self.handle();
        self.found.insert(handle, looked);
        handle
    }

    /// What the cache has for a key, fresh or stale.
    pub(super) fn usable(&self, key: &[u8]) -> Option<CacheItem> {
        let item = self.host.cache.get(key)?;
        (self.host.now_ms < item.expires_ms).then(|| item.clone())
    }

    /// Waits for the request that is obliged to insert a key; whether there is something to wait for no longer.
    pub(super) fn wait_for_insert(&mut self, key: &[u8], timeout_ms: u32) -> Result<bool, Status> {
        if self.usable(key).is_some() {
            return Ok(true);
        }
        match &self.host.cache_wait {
            Wait::Filled(item) => {
                self.host.cache.insert(key.to_owned(), item.clone());
                Ok(true)
            }
            Wait::Never if !self.obliged.contains(key) => Ok(true),
            Wait::Never | Wait::Forever => {
                self.host.now_ms = self.host.now_ms.saturating_add(timeout_ms.into());
                Ok(false)
            }
        }
    }

    pub(super) fn begin_insert(
        &mut self,
        key: Vec<u8>,
        lifetime: Lifetime,
        metadata: &[u8],
    ) -> u32 {
        let ms = |seconds: u32| u64::from(seconds).saturating_mul(1_000);
        let fresh_until_ms = self.host.now_ms.saturating_add(ms(lifetime.max_age_s));
        let item = CacheItem {
            bytes: Vec::new(),
            metadata: metadata.to_owned(),
            fresh_until_ms,
            expires_ms: fresh_until_ms.saturating_add(ms(lifetime.stale_s)),
        };
        let body = self.body(Vec::new());
        self.inserts.insert(body, (key, item));
        body
    }

    /// Keeps a body that was written for the cache.
    pub(super) fn finish_insert(&mut self, handle: u32) {
        if let (Some((key, mut item)), Some(body)) =
            (self.inserts.remove(&handle), self.bodies.get(&handle))
        {
            item.bytes = body.bytes.clone();
            self.obliged.remove(&key);
            self.host.cache.insert(key, item);
        }
    }

    pub(super) fn take_body(&mut self, handle: u32) -> Result<Vec<u8>, Status> {
        let mut body = self.bodies.remove(&handle).ok_or(Status::BadHandle)?;
        Ok(body.bytes.split_off(body.read))
    }

    /// Ends a pending request.
    pub(super) fn finish(&mut self, handle: u32) -> Result<(u32, u32), (Status, SendTag)> {
        let bad = (Status::BadHandle, SendTag::Unspecified);
        let pending = self.pending.remove(&handle).ok_or(bad)?;
        if let Some(sent) = self.record.sent.get_mut(pending.sent) {
            sent.answer_taken = true;
        }
        match pending.reply {
            Reply::Answer(status, bytes) => {
                let (response, body) = (self.handle(), self.body(bytes));
                let head = SentResponse {
                    status,
                    headers: Vec::new(),
                    body: Vec::new(),
                };
                self.responses.insert(response, head);
                Ok((response, body))
            }
            Reply::Half(status, bytes, missing) => {
                let (response, body) = (self.handle(), self.body(bytes));
                if let Some(body) = self.bodies.get_mut(&body) {
                    body.missing = missing;
                }
                let head = SentResponse {
                    status,
                    headers: Vec::new(),
                    body: Vec::new(),
                };
                self.responses.insert(response, head);
                Ok((response, body))
            }
            // Nobody waits for that long: the platform's own limit.
            Reply::Hang => Err((Status::Error, SendTag::Timeout)),
            Reply::Fail(status, tag) => Err((status, tag)),
            Reply::Refuse(status) => Err((status, SendTag::Unspecified)),
        }
    }
}

/// Records a call, fails it if it is to fail, else does it.
pub(super) fn call<T>(
    name: &'static str,
    act: impl FnOnce(&mut State) -> Result<T, Status>,
) -> Result<T, Status> {
    STATE.with_borrow_mut(|state| {
        let state = state.as_mut().ok_or(Status::Unsupported)?;
        let number = state.record.calls.len();
        state.record.calls.push(name);
        let host = &state.host;
        match host.faults.get(name).or(host.faults_at.get(&number)) {
            Some(&status) => Err(status),
            None => act(state),
        }
    })
}

/// Does without recording, for what happens even when a call fails.
pub(super) fn aside(act: impl FnOnce(&mut State)) {
    STATE.with_borrow_mut(|state| {
        if let Some(state) = state {
            act(state);
        }
    });
}

pub(super) fn set(headers: &mut Headers, name: &str, value: &[u8]) -> Result<(), Status> {
    let earlier = headers.len();
    append(headers, name, value)?;
    let mut at = 0_usize;
    headers.retain(|header| {
        at = at.saturating_add(1);
        at > earlier || !header.0.eq_ignore_ascii_case(name)
    });
    Ok(())
}

/// Adds a header.
pub(super) fn append(headers: &mut Headers, name: &str, value: &[u8]) -> Result<(), Status> {
    if name.is_empty() || value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(Status::Error);
    }
    headers.push((name.to_ascii_lowercase(), value.to_owned()));
    Ok(())
}
