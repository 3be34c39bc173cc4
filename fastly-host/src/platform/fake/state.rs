//! What the host in memory holds while a program runs.

use super::super::status::{SendTag, Status};
use super::{ClientRequest, Headers, Host, Record, Reply, SentResponse};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
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
    /// Look-ups in the cache, and bodies on their way into it with key and expiry.
    pub(super) found: BTreeMap<u32, Option<Vec<u8>>>,
    #[cfg(feature = "drop-in")]
    pub(super) inserts: BTreeMap<u32, (Vec<u8>, u64)>,
}

pub(super) struct BodyState {
    pub(super) bytes: Vec<u8>,
    pub(super) read: usize,
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
        self.bodies.insert(handle, BodyState { bytes, read: 0 });
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

    /// Keeps a body that was written for the cache.
    #[cfg(feature = "drop-in")]
    pub(super) fn finish_insert(&mut self, handle: u32) {
        if let (Some((key, expires_ms)), Some(body)) =
            (self.inserts.remove(&handle), self.bodies.get(&handle))
        {
            let bytes = body.bytes.clone();
            let item = super::CacheItem { bytes, expires_ms };
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
    if name.is_empty() || value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(Status::Error);
    }
    headers.retain(|header| !header.0.eq_ignore_ascii_case(name));
    headers.push((name.to_ascii_lowercase(), value.to_owned()));
    Ok(())
}
