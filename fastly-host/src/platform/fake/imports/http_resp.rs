//! `fastly_http_resp`: the answer to the client, and answers of backends.

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

pub(crate) fn header_append(response: u32, name: &str, value: &[u8]) -> Result<(), Status> {
    call("fastly_http_resp.header_append", |state| {
        append(
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
