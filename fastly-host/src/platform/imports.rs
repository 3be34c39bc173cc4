//! The host's functions, as safe functions of the same names. Wasm only.
//!
//! This is the one module with `unsafe` code. Each host module is a Rust module; its `host` part is the declaration to
//! the letter of the Compute ABI (pointers and `usize` are 32 bits wide, a result of 0 is success), the rest wraps it:
//! slices instead of pointer and length, results instead of out-pointers. Buffers are filled in the spare capacity of a
//! `Vec`. The wrappers add no policy; `fake::imports` has the same signatures for native tests.
#![allow(
    unsafe_code,
    reason = "foreign functions can only be called so; nothing outside this file needs it"
)]

use super::status::{Filled, KvCode, NO_HANDLE, SendTag, Status};
use alloc::vec::Vec;

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

/// `fastly_http_req`: the client's request, and requests to backends.
pub(crate) mod http_req {
    use super::*;

    /// `SendErrorDetail` of the ABI, 20 bytes; only the tag is read.
    #[repr(C)]
    struct ErrorDetail {
        tag: u32,
        mask: u32,
        dns_error_rcode: u16,
        dns_error_info_code: u16,
        tls_alert_id: u8,
        h2_error_frame: u8,
        h2_error_code: u32,
    }

    impl ErrorDetail {
        /// Asks for every field, as the host expects it.
        const ASK: Self = Self {
            tag: 0,
            mask: 0b11111,
            dns_error_rcode: 0,
            dns_error_info_code: 0,
            tls_alert_id: 0,
            h2_error_frame: 0,
            h2_error_code: 0,
        };
    }

    mod host {
        use super::ErrorDetail;
        #[link(wasm_import_module = "fastly_http_req")]
        unsafe extern "C" {
            pub(super) fn body_downstream_get(request: *mut u32, body: *mut u32) -> u32;
            pub(super) fn method_get(
                request: u32,
                buffer: *mut u8,
                capacity: usize,
                written: *mut usize,
            ) -> u32;
            pub(super) fn uri_get(
                request: u32,
                buffer: *mut u8,
                capacity: usize,
                written: *mut usize,
            ) -> u32;
            pub(super) fn header_value_get(
                request: u32,
                name: *const u8,
                name_length: usize,
                buffer: *mut u8,
                capacity: usize,
                written: *mut usize,
            ) -> u32;
            pub(super) fn new(request: *mut u32) -> u32;
            pub(super) fn close(request: u32) -> u32;
            pub(super) fn method_set(request: u32, method: *const u8, length: usize) -> u32;
            pub(super) fn uri_set(request: u32, uri: *const u8, length: usize) -> u32;
            pub(super) fn header_insert(
                request: u32,
                name: *const u8,
                name_length: usize,
                value: *const u8,
                value_length: usize,
            ) -> u32;
            pub(super) fn cache_override_set(request: u32, tag: u32, ttl: u32, stale: u32) -> u32;
            pub(super) fn send_async(
                request: u32,
                body: u32,
                backend: *const u8,
                length: usize,
                pending: *mut u32,
            ) -> u32;
            pub(super) fn pending_req_wait_v2(
                pending: u32,
                detail: *mut ErrorDetail,
                response: *mut u32,
                body: *mut u32,
            ) -> u32;
            pub(super) fn pending_req_poll_v2(
                pending: u32,
                detail: *mut ErrorDetail,
                done: *mut i32,
                response: *mut u32,
                body: *mut u32,
            ) -> u32;
        }
    }

    /// The client's request and its body; once per execution.
    pub(crate) fn body_downstream_get() -> Result<(u32, u32), Status> {
        let (mut request, mut body) = (NO_HANDLE, NO_HANDLE);
        // SAFETY: both pointers are to live locals of the type written.
        Status::check(unsafe { host::body_downstream_get(&mut request, &mut body) })?;
        Ok((request, body))
    }

    /// The method.
    pub(crate) fn method_get(request: u32, out: &mut Vec<u8>) -> Filled {
        // SAFETY: `fill` passes a buffer of the capacity it states.
        fill(out, |p, n, w| unsafe { host::method_get(request, p, n, w) })
    }

    /// The absolute URI.
    pub(crate) fn uri_get(request: u32, out: &mut Vec<u8>) -> Filled {
        // SAFETY: `fill` passes a buffer of the capacity it states.
        fill(out, |p, n, w| unsafe { host::uri_get(request, p, n, w) })
    }

    /// The first value of a header; an absent one is `InvalidArgument`.
    pub(crate) fn header_value_get(request: u32, name: &str, out: &mut Vec<u8>) -> Filled {
        // SAFETY: `name` outlives the call, `fill` passes a buffer of the capacity it states.
        fill(out, |p, n, w| unsafe {
            host::header_value_get(request, name.as_ptr(), name.len(), p, n, w)
        })
    }

    /// A new request.
    pub(crate) fn new() -> Result<u32, Status> {
        // SAFETY: `handle` passes a pointer to a live `u32`.
        handle(|out| unsafe { host::new(out) })
    }

    /// Gives a request back.
    pub(crate) fn close(request: u32) -> Result<(), Status> {
        // SAFETY: passes numbers only.
        Status::check(unsafe { host::close(request) })
    }

    /// Sets the method.
    pub(crate) fn method_set(request: u32, method: &str) -> Result<(), Status> {
        // SAFETY: `method` outlives the call.
        Status::check(unsafe { host::method_set(request, method.as_ptr(), method.len()) })
    }

    /// Sets the absolute URI.
    pub(crate) fn uri_set(request: u32, uri: &str) -> Result<(), Status> {
        // SAFETY: `uri` outlives the call.
        Status::check(unsafe { host::uri_set(request, uri.as_ptr(), uri.len()) })
    }

    /// Sets a header, replacing what it had.
    pub(crate) fn header_insert(request: u32, name: &str, value: &[u8]) -> Result<(), Status> {
        // SAFETY: both slices outlive the call.
        Status::check(unsafe {
            host::header_insert(
                request,
                name.as_ptr(),
                name.len(),
                value.as_ptr(),
                value.len(),
            )
        })
    }

    /// Keeps a request out of the cache.
    pub(crate) fn cache_override_set_pass(request: u32) -> Result<(), Status> {
        const PASS: u32 = 1;
        // SAFETY: passes numbers only.
        Status::check(unsafe { host::cache_override_set(request, PASS, 0, 0) })
    }

    /// Starts sending; the host keeps request and body, also when it refuses.
    pub(crate) fn send_async(request: u32, body: u32, backend: &str) -> Result<u32, Status> {
        // SAFETY: `backend` outlives the call, `handle` passes a pointer to a live `u32`.
        handle(|out| unsafe {
            host::send_async(request, body, backend.as_ptr(), backend.len(), out)
        })
    }

    /// Waits for the answer's head: response and body.
    pub(crate) fn pending_req_wait_v2(pending: u32) -> Result<(u32, u32), (Status, SendTag)> {
        let (mut detail, mut response, mut body) = (ErrorDetail::ASK, NO_HANDLE, NO_HANDLE);
        // SAFETY: all pointers are to live locals of the types written.
        let result =
            unsafe { host::pending_req_wait_v2(pending, &mut detail, &mut response, &mut body) };
        Status::check(result).map_err(|status| (status, SendTag::from_code(detail.tag)))?;
        if response == NO_HANDLE {
            return Err((Status::Error, SendTag::from_code(detail.tag)));
        }
        Ok((response, body))
    }

    /// Like the wait, but `None` while there is no answer yet.
    pub(crate) fn pending_req_poll_v2(
        pending: u32,
    ) -> Result<Option<(u32, u32)>, (Status, SendTag)> {
        let (mut detail, mut response, mut body) = (ErrorDetail::ASK, NO_HANDLE, NO_HANDLE);
        let mut done = 0;
        // SAFETY: all pointers are to live locals of the types written.
        let result = unsafe {
            host::pending_req_poll_v2(pending, &mut detail, &mut done, &mut response, &mut body)
        };
        Status::check(result).map_err(|status| (status, SendTag::from_code(detail.tag)))?;
        match (done, response) {
            (0, _) => Ok(None),
            (_, NO_HANDLE) => Err((Status::Error, SendTag::from_code(detail.tag))),
            _ => Ok(Some((response, body))),
        }
    }
}

/// `fastly_http_downstream`: about the client, and the sandbox's next request.
pub(crate) mod http_downstream {
    use super::*;

    #[repr(C)]
    struct NextRequestOptions {
        timeout_ms: u64,
    }

    mod host {
        use super::NextRequestOptions;
        #[link(wasm_import_module = "fastly_http_downstream")]
        unsafe extern "C" {
            pub(super) fn downstream_client_ip_addr(
                request: u32,
                octets: *mut u8,
                written: *mut usize,
            ) -> u32;
            pub(super) fn downstream_client_request_id(
                request: u32,
                buffer: *mut u8,
                capacity: usize,
                written: *mut usize,
            ) -> u32;
            pub(super) fn next_request(
                mask: u32,
                options: *const NextRequestOptions,
                promise: *mut u32,
            ) -> u32;
            pub(super) fn next_request_wait(promise: u32, request: *mut u32, body: *mut u32)
            -> u32;
        }
    }

    /// The client's address: 4 or 16 octets.
    pub(crate) fn downstream_client_ip_addr(
        request: u32,
        octets: &mut [u8; 16],
    ) -> Result<usize, Status> {
        let mut written = 0;
        // SAFETY: the host writes 16 octets at most, `written` is a live local.
        Status::check(unsafe {
            host::downstream_client_ip_addr(request, octets.as_mut_ptr(), &mut written)
        })?;
        Ok(written)
    }

    /// The platform's name for this request.
    pub(crate) fn downstream_client_request_id(request: u32, out: &mut Vec<u8>) -> Filled {
        // SAFETY: `fill` passes a buffer of the capacity it states.
        fill(out, |p, n, w| unsafe {
            host::downstream_client_request_id(request, p, n, w)
        })
    }

    /// Offers to take another request: a promise.
    pub(crate) fn next_request(timeout_ms: Option<u64>) -> Result<u32, Status> {
        const TIMEOUT: u32 = 1 << 1;
        let mask = if timeout_ms.is_some() { TIMEOUT } else { 0 };
        let options = NextRequestOptions {
            timeout_ms: timeout_ms.unwrap_or(0),
        };
        // SAFETY: `options` is a live local, `handle` passes a pointer to a live `u32`.
        handle(|out| unsafe { host::next_request(mask, &options, out) })
    }

    /// Waits for the promised request; `None` is the end of the session, `Unsupported` an unanswered request.
    pub(crate) fn next_request_wait(promise: u32) -> Result<(u32, u32), Status> {
        let (mut request, mut body) = (NO_HANDLE, NO_HANDLE);
        // SAFETY: both pointers are to live locals of the type written.
        Status::check(unsafe { host::next_request_wait(promise, &mut request, &mut body) })?;
        if request == NO_HANDLE {
            Err(Status::None)
        } else {
            Ok((request, body))
        }
    }
}

/// `fastly_http_body`: bytes in transit.
pub(crate) mod http_body {
    use super::*;

    mod host {
        #[link(wasm_import_module = "fastly_http_body")]
        unsafe extern "C" {
            pub(super) fn new(body: *mut u32) -> u32;
            pub(super) fn read(
                body: u32,
                buffer: *mut u8,
                capacity: usize,
                read: *mut usize,
            ) -> u32;
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
        Status::check(unsafe {
            host::write(body, bytes.as_ptr(), bytes.len(), BACK, &mut written)
        })?;
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
}

/// `fastly_http_resp`: the answer to the client, and answers of backends.
pub(crate) mod http_resp {
    use super::*;

    mod host {
        #[link(wasm_import_module = "fastly_http_resp")]
        unsafe extern "C" {
            pub(super) fn new(response: *mut u32) -> u32;
            pub(super) fn close(response: u32) -> u32;
            pub(super) fn status_get(response: u32, status: *mut u16) -> u32;
            pub(super) fn status_set(response: u32, status: u16) -> u32;
            pub(super) fn header_insert(
                response: u32,
                name: *const u8,
                name_length: usize,
                value: *const u8,
                value_length: usize,
            ) -> u32;
            pub(super) fn send_downstream(response: u32, body: u32, streaming: u32) -> u32;
        }
    }

    /// A new response, with status 200.
    pub(crate) fn new() -> Result<u32, Status> {
        // SAFETY: `handle` passes a pointer to a live `u32`.
        handle(|out| unsafe { host::new(out) })
    }

    /// Gives a response back.
    pub(crate) fn close(response: u32) -> Result<(), Status> {
        // SAFETY: passes numbers only.
        Status::check(unsafe { host::close(response) })
    }

    /// The status code.
    pub(crate) fn status_get(response: u32) -> Result<u16, Status> {
        let mut status = 0;
        // SAFETY: the pointer is to a live local.
        Status::check(unsafe { host::status_get(response, &mut status) })?;
        Ok(status)
    }

    /// Sets the status code.
    pub(crate) fn status_set(response: u32, status: u16) -> Result<(), Status> {
        // SAFETY: passes numbers only.
        Status::check(unsafe { host::status_set(response, status) })
    }

    /// Sets a header, replacing what it had.
    pub(crate) fn header_insert(response: u32, name: &str, value: &[u8]) -> Result<(), Status> {
        // SAFETY: both slices outlive the call.
        Status::check(unsafe {
            host::header_insert(
                response,
                name.as_ptr(),
                name.len(),
                value.as_ptr(),
                value.len(),
            )
        })
    }

    /// Answers the client with a complete response; the host keeps both.
    pub(crate) fn send_downstream(response: u32, body: u32) -> Result<(), Status> {
        const COMPLETE: u32 = 0;
        // SAFETY: passes numbers only.
        Status::check(unsafe { host::send_downstream(response, body, COMPLETE) })
    }
}

/// `fastly_kv_store`: one value by key.
pub(crate) mod kv_store {
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
}

/// `fastly_cache`: bytes kept for later requests.
#[cfg(feature = "drop-in")]
pub(crate) mod cache {
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
}

/// `fastly_config_store`: short texts by key.
pub(crate) mod config_store {
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
}

/// `fastly_secret_store`: secrets by name.
pub(crate) mod secret_store {
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
}

/// `fastly_geo`: where an address is.
pub(crate) mod geo {
    use super::*;

    mod host {
        #[link(wasm_import_module = "fastly_geo")]
        unsafe extern "C" {
            pub(super) fn lookup(
                octets: *const u8,
                length: usize,
                buffer: *mut u8,
                capacity: usize,
                written: *mut usize,
            ) -> u32;
        }
    }

    /// A JSON text about an address of 4 or 16 octets; may be empty.
    pub(crate) fn lookup(octets: &[u8], out: &mut Vec<u8>) -> Filled {
        // SAFETY: `octets` outlives the call, `fill` passes a buffer of the capacity it states.
        fill(out, |p, n, w| unsafe {
            host::lookup(octets.as_ptr(), octets.len(), p, n, w)
        })
    }
}

/// `fastly_log`: named log endpoints.
pub(crate) mod log {
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
        Status::check(unsafe {
            host::write(endpoint, message.as_ptr(), message.len(), &mut written)
        })?;
        Ok(written)
    }
}

/// `wasi_snapshot_preview1`: clock and randomness. Its errors are not Fastly's, so they have no name here.
pub(crate) mod wasi {
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
}
