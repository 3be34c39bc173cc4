//! Statsig's gates, experiments, configs and layers, evaluated in place from a rule table.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
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

#[cfg(any(feature = "compile", feature = "regex", test))]
extern crate alloc;
#[cfg(any(feature = "compile-regex", test))]
extern crate std;
