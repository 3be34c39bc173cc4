//! `fastly_log`: named log endpoints.

use super::*;

mod host {
    #[link(wasm_import_module = "fastly_log")]
    unsafe extern "C" {
        pub(super) fn endpoint_get(name: *const u8, length: usize, endpoint: *mut u32) -> u32;
        pub(super) fn write(
            endpoint: u32,
            message: *const u8,
            length: usize,
            written: *mut usize,
        ) -> u32;
    }
}

/// An endpoint by name.
pub(crate) fn endpoint_get(name: &str) -> Result<u32, Status> {
    // SAFETY: `name` outlives the call, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::endpoint_get(name.as_ptr(), name.len(), out) })
}

/// Logs one line.
pub(crate) fn write(endpoint: u32, message: &[u8]) -> Result<usize, Status> {
    let mut written = 0;
    // SAFETY: `message` outlives the call, `written` is a live local.
    Status::check(unsafe { host::write(endpoint, message.as_ptr(), message.len(), &mut written) })?;
    Ok(written)
}
