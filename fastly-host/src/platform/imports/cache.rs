//! `fastly_cache`: bytes kept for later requests.

use super::*;
use crate::platform::cache::Lifetime;

/// `CacheLookupOptions` of the ABI; the mask says that none of it is set.
#[repr(C)]
struct LookupOptions {
    request_headers: u32,
    service: u32,
    service_length: u32,
}

impl LookupOptions {
    const NONE: Self = Self {
        request_headers: 0,
        service: 0,
        service_length: 0,
    };
}

/// `CacheWriteOptions` of the ABI, 80 bytes, with numbers for the pointers that are not set.
#[repr(C)]
struct WriteOptions {
    max_age_ns: u64,
    request_headers: u32,
    vary_rule: [u32; 2],
    initial_age_ns: u64,
    stale_while_revalidate_ns: u64,
    surrogate_keys: [u32; 2],
    length: u64,
    user_metadata: *const u8,
    user_metadata_length: usize,
    edge_max_age_ns: u64,
    service: [u32; 2],
}

/// Which members of [`WriteOptions`] are set.
const WRITTEN: u32 = STALE_WHILE_REVALIDATE | LENGTH | USER_METADATA;
const STALE_WHILE_REVALIDATE: u32 = 1 << 4;
const LENGTH: u32 = 1 << 6;
const USER_METADATA: u32 = 1 << 7;

impl WriteOptions {
    fn new(lifetime: Lifetime, length: u64, metadata: &[u8]) -> Self {
        Self {
            max_age_ns: nanoseconds(lifetime.max_age_s),
            request_headers: 0,
            vary_rule: [0; 2],
            initial_age_ns: 0,
            stale_while_revalidate_ns: nanoseconds(lifetime.stale_s),
            surrogate_keys: [0; 2],
            length,
            user_metadata: metadata.as_ptr(),
            user_metadata_length: metadata.len(),
            edge_max_age_ns: 0,
            service: [0; 2],
        }
    }
}

fn nanoseconds(seconds: u32) -> u64 {
    u64::from(seconds).saturating_mul(1_000_000_000)
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
        pub(super) fn transaction_lookup_async(
            key: *const u8,
            length: usize,
            mask: u32,
            options: *const LookupOptions,
            busy: *mut u32,
        ) -> u32;
        pub(super) fn cache_busy_handle_wait(busy: u32, handle: *mut u32) -> u32;
        pub(super) fn close_busy(busy: u32) -> u32;
        pub(super) fn insert(
            key: *const u8,
            length: usize,
            mask: u32,
            options: *const WriteOptions,
            body: *mut u32,
        ) -> u32;
        pub(super) fn transaction_insert(
            handle: u32,
            mask: u32,
            options: *const WriteOptions,
            body: *mut u32,
        ) -> u32;
        pub(super) fn transaction_cancel(handle: u32) -> u32;
        pub(super) fn get_state(handle: u32, state: *mut u32) -> u32;
        pub(super) fn get_user_metadata(
            handle: u32,
            buffer: *mut u8,
            capacity: usize,
            written: *mut usize,
        ) -> u32;
        pub(super) fn get_body(
            handle: u32,
            mask: u32,
            options: *const GetBodyOptions,
            body: *mut u32,
        ) -> u32;
        pub(super) fn close(handle: u32) -> u32;
    }
}

/// Looks a key up; whether there is something, `get_state` says.
pub(crate) fn lookup(key: &[u8]) -> Result<u32, Status> {
    // SAFETY: `key` outlives the call, the options are constant, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::lookup(key.as_ptr(), key.len(), 0, &LookupOptions::NONE, out) })
}

/// Begins a look-up that may have to wait for another request's insert.
pub(crate) fn transaction_lookup_async(key: &[u8]) -> Result<u32, Status> {
    // SAFETY: `key` outlives the call, the options are constant, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe {
        host::transaction_lookup_async(key.as_ptr(), key.len(), 0, &LookupOptions::NONE, out)
    })
}

/// The look-up, when it is done; waits until then.
pub(crate) fn cache_busy_handle_wait(busy: u32) -> Result<u32, Status> {
    // SAFETY: `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::cache_busy_handle_wait(busy, out) })
}

/// Gives up waiting.
pub(crate) fn close_busy(busy: u32) -> Result<(), Status> {
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::close_busy(busy) })
}

/// Begins an insert: a body to write to, complete when it is closed.
pub(crate) fn insert(
    key: &[u8],
    lifetime: Lifetime,
    length: u64,
    metadata: &[u8],
) -> Result<u32, Status> {
    let options = WriteOptions::new(lifetime, length, metadata);
    // SAFETY: `key` and `metadata` outlive the call, `options` is a live local, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::insert(key.as_ptr(), key.len(), WRITTEN, &options, out) })
}

/// Begins the insert that a look-up obliged to.
pub(crate) fn transaction_insert(
    found: u32,
    lifetime: Lifetime,
    length: u64,
    metadata: &[u8],
) -> Result<u32, Status> {
    let options = WriteOptions::new(lifetime, length, metadata);
    // SAFETY: `metadata` outlives the call, `options` is a live local, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::transaction_insert(found, WRITTEN, &options, out) })
}

/// Leaves the insert to another request.
pub(crate) fn transaction_cancel(found: u32) -> Result<(), Status> {
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::transaction_cancel(found) })
}

/// What was found and what is to be done, as bits.
pub(crate) fn get_state(found: u32) -> Result<u32, Status> {
    let mut state = 0;
    // SAFETY: the pointer is to a live local.
    Status::check(unsafe { host::get_state(found, &mut state) })?;
    Ok(state)
}

/// The metadata of what was found; `None` when there is nothing.
pub(crate) fn get_user_metadata(found: u32, out: &mut Vec<u8>) -> Filled {
    // SAFETY: `fill` passes a buffer of the capacity it states.
    fill(out, |p, n, w| unsafe {
        host::get_user_metadata(found, p, n, w)
    })
}

/// What was found; `None` when there is nothing.
pub(crate) fn get_body(found: u32) -> Result<u32, Status> {
    let options = GetBodyOptions { from: 0, to: 0 };
    // SAFETY: `options` is a live local, `handle` passes a pointer to a live `u32`.
    handle(|out| unsafe { host::get_body(found, 0, &options, out) })
}

/// Gives a look-up back.
pub(crate) fn close(found: u32) -> Result<(), Status> {
    // SAFETY: passes numbers only.
    Status::check(unsafe { host::close(found) })
}
