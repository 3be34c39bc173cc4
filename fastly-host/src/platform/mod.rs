//! The platform: every exchange with the Fastly Compute host.
//!
//! Three floors, each knowing only the one below:
//!
//! 1. `imports`, the host's functions as safe Rust functions; the only `unsafe` code of the crate;
//! 2. the modules here, one concept each: typed handles that cannot be used twice, buffers that grow within named
//!    limits, one [`Error`];
//! 3. the rest of the crate, which knows nothing of handles.
//!
//! Nothing here panics, prints or keeps state. What the host holds for us (a request, a body) is given back when its
//! value is dropped, so a reused sandbox does not fill up. On targets other than Wasm `imports` is the fake host of
//! [`fake`], so that everything above can be tested natively, faults included.

pub(crate) mod async_io;
pub mod backend;
pub mod body;
mod buffer;
pub mod cache;
pub mod clock;
pub mod config_store;
pub(crate) mod decimal;
mod error;
pub mod geo;
pub(crate) mod ip;
pub mod kv;
pub mod log;
pub mod percent;
pub mod random;
pub mod request;
pub mod response;
pub(crate) mod scan;
pub mod secret_store;
mod status;

#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
pub mod fake;
#[cfg(target_arch = "wasm32")]
mod imports;

#[cfg(not(target_arch = "wasm32"))]
use fake::imports;

pub use error::Error;
pub use status::{KvCode, SendTag, Status};
