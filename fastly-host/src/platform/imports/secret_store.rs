//! `fastly_secret_store`: secrets by name.

use super::*;

mod host {
    #[link(wasm_import_module = "fastly_secret_store")]
    unsafe extern "C" {
        pub(super) fn open(name: *const u8, length: usize, store: *mut u32) -> u32;
        pub(super) fn get(store: u32, name: *const u8, length: usize, secret: *mut u32) -> u32;
        pub(super) fn plaintext(
            secret: u32,
            buffer: *mut u8,
            capacity: usize,
            written: *mut usize,
        ) -> u32;
    }
}

/// Opens a store by its link name.
pub(crate) fn open(name: &str) -> Result<u32, Status> {
    // SAFETY: `name` outlives the call, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::open(name.as_ptr(), name.len(), out) })
}

/// A secret's handle; `None` when there is no such secret.
pub(crate) fn get(store: u32, name: &str) -> Result<u32, Status> {
    // SAFETY: `name` outlives the call, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::get(store, name.as_ptr(), name.len(), out) })
}

/// What the secret is.
pub(crate) fn plaintext(secret: u32, out: &mut Vec<u8>) -> Filled {
    // SAFETY: `fill` passes a buffer of the capacity it states.
    fill(out, |p, n, w| unsafe { host::plaintext(secret, p, n, w) })
}
