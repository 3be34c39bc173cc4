//! What is measured. The runner (`statsig-benches`) compiles it twice: as a native program that runs under callgrind,
//! one case for each process, and as a Wasm module whose executed instructions are counted.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

pub mod evaluation;
pub mod floor;
#[cfg(target_family = "wasm")]
mod guest;
#[cfg(not(target_family = "wasm"))]
pub mod measured;
pub mod payload;
