//! `wasi_snapshot_preview1`: clock and randomness. Its errors are not Fastly's, so they have no name here.

use super::*;

mod host {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub(super) fn clock_time_get(id: u32, precision: u64, nanoseconds: *mut u64) -> u32;
        pub(super) fn random_get(buffer: *mut u8, length: usize) -> u32;
    }
}

/// Nanoseconds since 1970.
pub(crate) fn clock_time_get_realtime() -> Result<u64, Status> {
    const REALTIME: u32 = 0;
    const PRECISION_NS: u64 = 1_000_000;
    let mut nanoseconds = 0;
    // SAFETY: the pointer is to a live local.
    match unsafe { host::clock_time_get(REALTIME, PRECISION_NS, &mut nanoseconds) } {
        0 => Ok(nanoseconds),
        _ => Err(Status::Error),
    }
}

/// Fills a buffer with random bytes.
pub(crate) fn random_get(buffer: &mut [u8]) -> Result<(), Status> {
    // SAFETY: the buffer has the length stated.
    match unsafe { host::random_get(buffer.as_mut_ptr(), buffer.len()) } {
        0 => Ok(()),
        _ => Err(Status::Error),
    }
}
