//! The host's functions, as safe functions of the same names. Wasm only.
//!
//! This is the one module with `unsafe` code. Each host module is a file; its `host` part is the declaration to
//! the letter of the Compute ABI (pointers and `usize` are 32 bits wide, a result of 0 is success), the rest wraps it:
//! slices instead of pointer and length, results instead of out-pointers. Buffers are filled in the spare capacity of a
//! `Vec`. The wrappers add no policy; `fake::imports` has the same signatures for native tests.
#![allow(
    unsafe_code,
    reason = "foreign functions can only be called so; nothing outside this module needs it"
)]

use super::status::{Filled, KvCode, NO_HANDLE, SendTag, Status};
use alloc::vec::Vec;

pub(crate) mod async_io;
pub(crate) mod cache;
pub(crate) mod config_store;
pub(crate) mod geo;
pub(crate) mod http_body;
pub(crate) mod http_downstream;
pub(crate) mod http_req;
pub(crate) mod http_resp;
pub(crate) mod kv_store;
pub(crate) mod log;
pub(crate) mod secret_store;
pub(crate) mod wasi;

/// Lets a host call write to the spare capacity of `out`, as `(buffer, capacity, nwritten)`.
fn fill(out: &mut Vec<u8>, call: impl FnOnce(*mut u8, usize, *mut usize) -> u32) -> Filled {
    let spare = out.spare_capacity_mut();
    let (buffer, capacity) = (spare.as_mut_ptr().cast::<u8>(), spare.len());
    let mut written = 0;
    let result = Status::check(call(buffer, capacity, &mut written));
    match result {
        Ok(()) => {
            // A host that claims to have written more than it was given room for is not believed.
            let written = written.min(capacity);
            let length = out.len().saturating_add(written);
            // SAFETY: `length` is within the capacity, and the host has written the `written` bytes after the old end.
            unsafe { out.set_len(length) };
            Ok(written)
        }
        Err(status) => Err((status, written)),
    }
}

/// A call with one handle to give back.
fn handle(call: impl FnOnce(*mut u32) -> u32) -> Result<u32, Status> {
    let mut handle = NO_HANDLE;
    Status::check(call(&mut handle))?;
    if handle == NO_HANDLE {
        Err(Status::None)
    } else {
        Ok(handle)
    }
}
