//! `fastly_http_body`: bytes in transit.

use super::*;

mod host {
    #[link(wasm_import_module = "fastly_http_body")]
    unsafe extern "C" {
        pub(super) fn new(body: *mut u32) -> u32;
        pub(super) fn read(body: u32, buffer: *mut u8, capacity: usize, read: *mut usize) -> u32;
        pub(super) fn write(
            body: u32,
            bytes: *const u8,
            length: usize,
            end: u32,
            written: *mut usize,
        ) -> u32;
        pub(super) fn close(body: u32) -> u32;
        pub(super) fn append(to: u32, from: u32) -> u32;
        pub(super) fn known_length(body: u32, length: *mut u64) -> u32;
    }
}

/// An empty body.
pub(crate) fn new() -> Result<u32, Status> {
    // SAFETY: `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::new(out) })
}

/// Reads on, into the spare capacity of `out`; 0 is the end.
pub(crate) fn read(body: u32, out: &mut Vec<u8>) -> Result<usize, Status> {
    // SAFETY: `fill` passes a buffer of the capacity it states.
    fill(out, |p, n, w| unsafe { host::read(body, p, n, w) }).map_err(|(status, _)| status)
}

/// Appends bytes; the host may take fewer.
pub(crate) fn write(body: u32, bytes: &[u8]) -> Result<usize, Status> {
    const BACK: u32 = 0;
    let mut written = 0;
    // SAFETY: `bytes` outlives the call, `written` is a live local.
    Status::check(unsafe { host::write(body, bytes.as_ptr(), bytes.len(), BACK, &mut written) })?;
    Ok(written)
}

/// Gives a body back; ends one that is being streamed.
pub(crate) fn close(body: u32) -> Result<(), Status> {
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::close(body) })
}

/// Moves all of `from` to the end of `to`.
pub(crate) fn append(to: u32, from: u32) -> Result<(), Status> {
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::append(to, from) })
}

/// What is left to read; `None` when the host cannot know.
pub(crate) fn known_length(body: u32) -> Result<u64, Status> {
    let mut length = 0;
    // SAFETY: the pointer is to a live local.
    Status::check(unsafe { host::known_length(body, &mut length) })?;
    Ok(length)
}
