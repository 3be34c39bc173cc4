//! Statsig on Fastly Compute.
//!
//! [`platform`] is the lower half: everything that talks to the host, on raw imports, without the `fastly` crate.
#![no_std]
#![deny(unsafe_code, missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;
// The fake host keeps its state in a thread local.
#[cfg(not(target_arch = "wasm32"))]
extern crate std;

pub mod encode;
mod json;
pub mod platform;
pub mod report;
