//! `fastly_http_req`: the client's request, and requests to backends.

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

pub(crate) fn pending_req_poll_v2(pending: u32) -> Result<Option<(u32, u32)>, (Status, SendTag)> {
    let mut result = Ok(None);
    call("fastly_http_req.pending_req_poll_v2", |state| {
        match state.pending.get_mut(&pending) {
            Some(waiting) if waiting.polls > 0 => waiting.polls = waiting.polls.saturating_sub(1),
            _ => result = state.finish(pending).map(Some),
        }
        Ok(())
    })
    .map_err(|status| (status, SendTag::Unspecified))?;
    result
}
