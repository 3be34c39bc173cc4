//! The bare service without Statsig: takes the request and answers; with `kv` it reads the value that ours reads, by the
//! same calls, and touches every page of it.
#![cfg_attr(target_family = "wasm", no_std)]
#![cfg(target_family = "wasm")]

extern crate alloc;

// The bare service's own.
#[path = "../../../fastly-host/bare-service/src/heap.rs"]
mod heap;

use statsig_fastly::platform::Error;
use statsig_fastly::platform::request::Request;
use statsig_fastly::platform::response::Response;

// `memcmp` and its like: on this target they are the C library's.
#[link(name = "c")]
unsafe extern "C" {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[unsafe(no_mangle)]
extern "C" fn _start() {
    let mut request = Request::from_client().ok();
    while let Some(taken) = request {
        // Without an answer of ours the host gives one.
        let _ = answer();
        drop(taken);
        request = if cfg!(feature = "reuse") {
            Request::next(None).ok().flatten()
        } else {
            None
        };
    }
}

#[cfg(feature = "kv")]
fn sum() -> Result<u64, Error> {
    use statsig_fastly::platform::kv::Store;
    let value = Store::open("statsig")?
        .lookup("statsig-specs")?
        .read_all()?;
    Ok(value
        .iter()
        .step_by(4096)
        .map(|&byte| u64::from(byte))
        .sum())
}

#[cfg(not(feature = "kv"))]
fn sum() -> Result<u64, Error> {
    Ok(0)
}

fn answer() -> Result<(), Error> {
    let sum = sum()?;
    let mut response = Response::new(200)?;
    response.set_header("content-type", b"application/json")?;
    response.set_header("cache-control", b"private, no-store")?;
    // An odd and an even sum have different bodies: the sum is needed.
    response.send(if sum & 1 == 0 {
        b"{\"even\":true}"
    } else {
        b"{\"even\":false}"
    })
}
