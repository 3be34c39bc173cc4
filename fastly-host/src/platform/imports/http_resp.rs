//! `fastly_http_resp`: the answer to the client, and answers of backends.

use super::*;

mod host {
    #[link(wasm_import_module = "fastly_http_resp")]
    unsafe extern "C" {
        pub(super) fn new(response: *mut u32) -> u32;
        pub(super) fn close(response: u32) -> u32;
        pub(super) fn status_get(response: u32, status: *mut u16) -> u32;
        pub(super) fn status_set(response: u32, status: u16) -> u32;
        pub(super) fn header_insert(
            response: u32,
            name: *const u8,
            name_length: usize,
            value: *const u8,
            value_length: usize,
        ) -> u32;
        pub(super) fn header_append(
            response: u32,
            name: *const u8,
            name_length: usize,
            value: *const u8,
            value_length: usize,
        ) -> u32;
        pub(super) fn send_downstream(response: u32, body: u32, streaming: u32) -> u32;
    }
}

/// A new response, with status 200.
pub(crate) fn new() -> Result<u32, Status> {
    // SAFETY: `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::new(out) })
}

/// Gives a response back.
pub(crate) fn close(response: u32) -> Result<(), Status> {
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::close(response) })
}

/// The status code.
pub(crate) fn status_get(response: u32) -> Result<u16, Status> {
    let mut status = 0;
    // SAFETY: the pointer is to a live local.
    Status::check(unsafe { host::status_get(response, &mut status) })?;
    Ok(status)
}

/// Sets the status code.
pub(crate) fn status_set(response: u32, status: u16) -> Result<(), Status> {
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::status_set(response, status) })
}

/// Sets a header, replacing what it had.
pub(crate) fn header_insert(response: u32, name: &str, value: &[u8]) -> Result<(), Status> {
    // SAFETY: both slices outlive the call.
    Status::check(unsafe {
        host::header_insert(
            response,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

/// Adds a header to those that it has.
pub(crate) fn header_append(response: u32, name: &str, value: &[u8]) -> Result<(), Status> {
    // SAFETY: both slices outlive the call.
    Status::check(unsafe {
        host::header_append(
            response,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

/// Answers the client with a complete response; the host keeps both.
pub(crate) fn send_downstream(response: u32, body: u32) -> Result<(), Status> {
    const COMPLETE: u32 = 0;
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::send_downstream(response, body, COMPLETE) })
}
