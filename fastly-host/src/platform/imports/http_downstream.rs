//! `fastly_http_downstream`: about the client, and the sandbox's next request.

use super::*;

#[repr(C)]
struct NextRequestOptions {
    timeout_ms: u64,
}

mod host {
    use super::NextRequestOptions;
    #[link(wasm_import_module = "fastly_http_downstream")]
    unsafe extern "C" {
        pub(super) fn downstream_client_ip_addr(
            request: u32,
            octets: *mut u8,
            written: *mut usize,
        ) -> u32;
        pub(super) fn downstream_client_request_id(
            request: u32,
            buffer: *mut u8,
            capacity: usize,
            written: *mut usize,
        ) -> u32;
        pub(super) fn next_request(
            mask: u32,
            options: *const NextRequestOptions,
            promise: *mut u32,
        ) -> u32;
        pub(super) fn next_request_wait(promise: u32, request: *mut u32, body: *mut u32) -> u32;
    }
}

/// The client's address: 4 or 16 octets.
pub(crate) fn downstream_client_ip_addr(
    request: u32,
    octets: &mut [u8; 16],
) -> Result<usize, Status> {
    let mut written = 0;
    // SAFETY: the host writes 16 octets at most, `written` is a live local.
    Status::check(unsafe {
        host::downstream_client_ip_addr(request, octets.as_mut_ptr(), &mut written)
    })?;
    Ok(written)
}

/// The platform's name for this request.
pub(crate) fn downstream_client_request_id(request: u32, out: &mut Vec<u8>) -> Filled {
    // SAFETY: `fill` passes a buffer of the capacity it states.
    fill(out, |p, n, w| unsafe {
        host::downstream_client_request_id(request, p, n, w)
    })
}

/// Offers to take another request: a promise.
pub(crate) fn next_request(timeout_ms: Option<u64>) -> Result<u32, Status> {
    const TIMEOUT: u32 = 1 << 1;
    let mask = if timeout_ms.is_some() { TIMEOUT } else { 0 };
    let options = NextRequestOptions {
        timeout_ms: timeout_ms.unwrap_or(0),
    };
    // SAFETY: `options` is a live local, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::next_request(mask, &options, out) })
}

/// Waits for the promised request; `None` is the end of the session, `Unsupported` an unanswered request.
pub(crate) fn next_request_wait(promise: u32) -> Result<(u32, u32), Status> {
    let (mut request, mut body) = (NO_HANDLE, NO_HANDLE);
    // SAFETY: both pointers are to live locals of the type written.
    Status::check(unsafe { host::next_request_wait(promise, &mut request, &mut body) })?;
    if request == NO_HANDLE {
        Err(Status::None)
    } else {
        Ok((request, body))
    }
}
