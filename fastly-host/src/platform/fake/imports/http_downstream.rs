//! `fastly_http_downstream`: about the client, and the sandbox's next request.

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
