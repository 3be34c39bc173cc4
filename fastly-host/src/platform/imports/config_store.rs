//! `fastly_config_store`: short texts by key.

use super::*;

mod host {
    #[link(wasm_import_module = "fastly_config_store")]
    unsafe extern "C" {
        pub(super) fn open(name: *const u8, length: usize, store: *mut u32) -> u32;
        pub(super) fn get(
            store: u32,
            key: *const u8,
            length: usize,
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

/// The value of a key; `None` when there is no such key.
pub(crate) fn get(store: u32, key: &str, out: &mut Vec<u8>) -> Filled {
    // SAFETY: `key` outlives the call, `fill` passes a buffer of the capacity it states.
    fill(out, |p, n, w| unsafe {
        host::get(store, key.as_ptr(), key.len(), p, n, w)
    })
}
