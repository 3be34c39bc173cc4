//! `fastly_kv_store`: one value by key.

use super::*;

mod host {
    #[link(wasm_import_module = "fastly_kv_store")]
    unsafe extern "C" {
        pub(super) fn open(name: *const u8, length: usize, store: *mut u32) -> u32;
        pub(super) fn lookup(
            store: u32,
            key: *const u8,
            length: usize,
            mask: u32,
            config: *const u32,
            pending: *mut u32,
        ) -> u32;
        pub(super) fn lookup_wait_v2(
            pending: u32,
            body: *mut u32,
            metadata: *mut u8,
            metadata_capacity: usize,
            metadata_written: *mut usize,
            generation: *mut u64,
            outcome: *mut u32,
        ) -> u32;
    }
}

/// Opens a store by its link name.
pub(crate) fn open(name: &str) -> Result<u32, Status> {
    // SAFETY: `name` outlives the call, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::open(name.as_ptr(), name.len(), out) })
}

/// Starts a look-up.
pub(crate) fn lookup(store: u32, key: &str) -> Result<u32, Status> {
    let reserved = 0;
    // SAFETY: `key` outlives the call, the configuration is a live `u32`, as is what `handle` passes.
    handle(|out| unsafe { host::lookup(store, key.as_ptr(), key.len(), 0, &reserved, out) })
}

/// Ends a look-up, whatever comes: body and generation. The metadata's bytes go to `metadata` and stay unused.
pub(crate) fn lookup_wait_v2(
    pending: u32,
    metadata: &mut [u8],
) -> Result<(u32, u64, KvCode), Status> {
    let (mut body, mut generation, mut outcome) = (NO_HANDLE, 0, 0);
    let mut metadata_written = 0;
    // SAFETY: the buffer has the length stated, the other pointers are to live locals of the types written.
    let result = unsafe {
        host::lookup_wait_v2(
            pending,
            &mut body,
            metadata.as_mut_ptr(),
            metadata.len(),
            &mut metadata_written,
            &mut generation,
            &mut outcome,
        )
    };
    Status::check(result)?;
    Ok((body, generation, KvCode::from_code(outcome)))
}
