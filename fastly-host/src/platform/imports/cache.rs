//! `fastly_cache`: bytes kept for later requests.

use super::*;

/// `CacheLookupOptions` of the ABI; the mask says that none of it is set.
#[repr(C)]
struct LookupOptions {
    request_headers: u32,
    service: u32,
    service_length: u32,
}

/// `CacheWriteOptions` of the ABI, 80 bytes, with numbers for the pointers that are not set.
#[derive(Default)]
#[repr(C)]
struct WriteOptions {
    max_age_ns: u64,
    request_headers: u32,
    vary_rule: [u32; 2],
    initial_age_ns: u64,
    stale_while_revalidate_ns: u64,
    surrogate_keys: [u32; 2],
    length: u64,
    user_metadata: [u32; 2],
    edge_max_age_ns: u64,
    service: [u32; 2],
}

/// `CacheGetBodyOptions` of the ABI; the mask says that none of it is set.
#[repr(C)]
struct GetBodyOptions {
    from: u64,
    to: u64,
}

mod host {
    use super::{GetBodyOptions, LookupOptions, WriteOptions};
    #[link(wasm_import_module = "fastly_cache")]
    unsafe extern "C" {
        pub(super) fn lookup(
            key: *const u8,
            length: usize,
            mask: u32,
            options: *const LookupOptions,
            handle: *mut u32,
        ) -> u32;
        pub(super) fn insert(
            key: *const u8,
            length: usize,
            mask: u32,
            options: *const WriteOptions,
            body: *mut u32,
        ) -> u32;
        pub(super) fn get_body(
            handle: u32,
            mask: u32,
            options: *const GetBodyOptions,
            body: *mut u32,
        ) -> u32;
        pub(super) fn get_length(handle: u32, length: *mut u64) -> u32;
        pub(super) fn close(handle: u32) -> u32;
    }
}

/// Looks a key up; whether there is something, `get_body` says.
pub(crate) fn lookup(key: &[u8]) -> Result<u32, Status> {
    let options = LookupOptions {
        request_headers: 0,
        service: 0,
        service_length: 0,
    };
    // SAFETY: `key` outlives the call, `options` is a live local, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::lookup(key.as_ptr(), key.len(), 0, &options, out) })
}

/// Begins an insert: a body to write to, complete when it is closed.
pub(crate) fn insert(key: &[u8], max_age_ns: u64, length: u64) -> Result<u32, Status> {
    const LENGTH: u32 = 1 << 6;
    let options = WriteOptions {
        max_age_ns,
        length,
        ..WriteOptions::default()
    };
    // SAFETY: `key` outlives the call, `options` is a live local, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::insert(key.as_ptr(), key.len(), LENGTH, &options, out) })
}

/// What was found; `None` when there is nothing.
pub(crate) fn get_body(found: u32) -> Result<u32, Status> {
    let options = GetBodyOptions { from: 0, to: 0 };
    // SAFETY: `options` is a live local, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::get_body(found, 0, &options, out) })
}

/// The length of what was found; `None` when the host does not know.
pub(crate) fn get_length(found: u32) -> Result<u64, Status> {
    let mut length = 0;
    // SAFETY: the pointer is to a live local.
    Status::check(unsafe { host::get_length(found, &mut length) })?;
    Ok(length)
}

/// Gives a look-up back.
pub(crate) fn close(found: u32) -> Result<(), Status> {
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::close(found) })
}
