//! `fastly_async_io`: waiting for what is under way, no longer than wanted.

use super::*;

mod host {
    #[link(wasm_import_module = "fastly_async_io")]
    unsafe extern "C" {
        pub(super) fn select(
            handles: *const u32,
            count: usize,
            timeout_ms: u32,
            done: *mut u32,
        ) -> u32;
    }
}

/// Waits for one thing under way; whether it is done before the time is over. A time of 0 has no end.
pub(crate) fn select(handle: u32, timeout_ms: u32) -> Result<bool, Status> {
    const NONE: u32 = u32::MAX;
    let mut done = NONE;
    // SAFETY: both pointers are to live locals, of one handle as stated.
    Status::check(unsafe { host::select(&handle, 1, timeout_ms, &mut done) })?;
    Ok(done != NONE)
}
