//! `fastly_http_req`: the client's request, and requests to backends.

use super::*;

/// `SendErrorDetail` of the ABI, 20 bytes; only the tag is read.
#[repr(C)]
struct ErrorDetail {
    tag: u32,
    mask: u32,
    dns_error_rcode: u16,
    dns_error_info_code: u16,
    tls_alert_id: u8,
    h2_error_frame: u8,
    h2_error_code: u32,
}

impl ErrorDetail {
    /// Asks for every field, as the host expects it.
    const ASK: Self = Self {
        tag: 0,
        mask: 0b11111,
        dns_error_rcode: 0,
        dns_error_info_code: 0,
        tls_alert_id: 0,
        h2_error_frame: 0,
        h2_error_code: 0,
    };
}

mod host {
    use super::ErrorDetail;
    #[link(wasm_import_module = "fastly_http_req")]
    unsafe extern "C" {
        pub(super) fn body_downstream_get(request: *mut u32, body: *mut u32) -> u32;
        pub(super) fn method_get(
            request: u32,
            buffer: *mut u8,
            capacity: usize,
            written: *mut usize,
        ) -> u32;
        pub(super) fn uri_get(
            request: u32,
            buffer: *mut u8,
            capacity: usize,
            written: *mut usize,
        ) -> u32;
        pub(super) fn header_value_get(
            request: u32,
            name: *const u8,
            name_length: usize,
            buffer: *mut u8,
            capacity: usize,
            written: *mut usize,
        ) -> u32;
        pub(super) fn new(request: *mut u32) -> u32;
        pub(super) fn close(request: u32) -> u32;
        pub(super) fn method_set(request: u32, method: *const u8, length: usize) -> u32;
        pub(super) fn uri_set(request: u32, uri: *const u8, length: usize) -> u32;
        pub(super) fn header_insert(
            request: u32,
            name: *const u8,
            name_length: usize,
            value: *const u8,
            value_length: usize,
        ) -> u32;
        pub(super) fn cache_override_set(request: u32, tag: u32, ttl: u32, stale: u32) -> u32;
        pub(super) fn send_async(
            request: u32,
            body: u32,
            backend: *const u8,
            length: usize,
            pending: *mut u32,
        ) -> u32;
        pub(super) fn pending_req_wait_v2(
            pending: u32,
            detail: *mut ErrorDetail,
            response: *mut u32,
            body: *mut u32,
        ) -> u32;
        pub(super) fn pending_req_poll_v2(
            pending: u32,
            detail: *mut ErrorDetail,
            done: *mut i32,
            response: *mut u32,
            body: *mut u32,
        ) -> u32;
    }
}

/// The client's request and its body; once per execution.
pub(crate) fn body_downstream_get() -> Result<(u32, u32), Status> {
    let (mut request, mut body) = (NO_HANDLE, NO_HANDLE);
    // SAFETY: both pointers are to live locals of the type written.
    Status::check(unsafe { host::body_downstream_get(&mut request, &mut body) })?;
    Ok((request, body))
}

/// The method.
pub(crate) fn method_get(request: u32, out: &mut Vec<u8>) -> Filled {
    // SAFETY: `fill` passes a buffer of the capacity it states.
    fill(out, |p, n, w| unsafe { host::method_get(request, p, n, w) })
}

/// The absolute URI.
pub(crate) fn uri_get(request: u32, out: &mut Vec<u8>) -> Filled {
    // SAFETY: `fill` passes a buffer of the capacity it states.
    fill(out, |p, n, w| unsafe { host::uri_get(request, p, n, w) })
}

/// The first value of a header; an absent one is `InvalidArgument`.
pub(crate) fn header_value_get(request: u32, name: &str, out: &mut Vec<u8>) -> Filled {
    // SAFETY: `name` outlives the call, `fill` passes a buffer of the capacity it states.
    fill(out, |p, n, w| unsafe {
        host::header_value_get(request, name.as_ptr(), name.len(), p, n, w)
    })
}

/// A new request.
pub(crate) fn new() -> Result<u32, Status> {
    // SAFETY: `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::new(out) })
}

/// Gives a request back.
pub(crate) fn close(request: u32) -> Result<(), Status> {
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::close(request) })
}

/// Sets the method.
pub(crate) fn method_set(request: u32, method: &str) -> Result<(), Status> {
    // SAFETY: `method` outlives the call.
    Status::check(unsafe { host::method_set(request, method.as_ptr(), method.len()) })
}

/// Sets the absolute URI.
pub(crate) fn uri_set(request: u32, uri: &str) -> Result<(), Status> {
    // SAFETY: `uri` outlives the call.
    Status::check(unsafe { host::uri_set(request, uri.as_ptr(), uri.len()) })
}

/// Sets a header, replacing what it had.
pub(crate) fn header_insert(request: u32, name: &str, value: &[u8]) -> Result<(), Status> {
    // SAFETY: both slices outlive the call.
    Status::check(unsafe {
        host::header_insert(
            request,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

/// Keeps a request out of the cache.
pub(crate) fn cache_override_set_pass(request: u32) -> Result<(), Status> {
    const PASS: u32 = 1;
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::cache_override_set(request, PASS, 0, 0) })
}

/// Starts sending; the host keeps request and body, also when it refuses.
pub(crate) fn send_async(request: u32, body: u32, backend: &str) -> Result<u32, Status> {
    // SAFETY: `backend` outlives the call, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::send_async(request, body, backend.as_ptr(), backend.len(), out) })
}

/// Waits for the answer's head: response and body.
pub(crate) fn pending_req_wait_v2(pending: u32) -> Result<(u32, u32), (Status, SendTag)> {
    let (mut detail, mut response, mut body) = (ErrorDetail::ASK, NO_HANDLE, NO_HANDLE);
    // SAFETY: all pointers are to live locals of the types written.
    let result =
        unsafe { host::pending_req_wait_v2(pending, &mut detail, &mut response, &mut body) };
    Status::check(result).map_err(|status| (status, SendTag::from_code(detail.tag)))?;
    if response == NO_HANDLE {
        return Err((Status::Error, SendTag::from_code(detail.tag)));
    }
    Ok((response, body))
}

/// Like the wait, but `None` while there is no answer yet.
pub(crate) fn pending_req_poll_v2(pending: u32) -> Result<Option<(u32, u32)>, (Status, SendTag)> {
    let (mut detail, mut response, mut body) = (ErrorDetail::ASK, NO_HANDLE, NO_HANDLE);
    let mut done = 0;
    // SAFETY: all pointers are to live locals of the types written.
    let result = unsafe {
        host::pending_req_poll_v2(pending, &mut detail, &mut done, &mut response, &mut body)
    };
    Status::check(result).map_err(|status| (status, SendTag::from_code(detail.tag)))?;
    match (done, response) {
        (0, _) => Ok(None),
        (_, NO_HANDLE) => Err((Status::Error, SendTag::from_code(detail.tag))),
        _ => Ok(Some((response, body))),
    }
}
