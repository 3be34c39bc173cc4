//! Developer tasks behind `cargo dev …`, for Unix: the Wasm toolchain, Viceroy, a local event sink, the steps of a full test.
//!
//! The binary is a thin command line over these modules. The integration tests of the service
//! (`tests/service.rs`) use the same pieces: [`event_sink`], [`run_config`], [`viceroy_server`], [`http`] and [`harness`].
#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("`cargo dev` needs a Unix system (on Windows: WSL)");

pub mod bench;
pub mod build_dirs;
pub mod chromium;
pub mod debian;
pub mod differential;
pub mod event_sink;
pub mod faulty_backend;
pub mod figures;
pub mod fuzz;
pub mod fuzz_coverage;
pub mod harness;
pub mod http;
pub mod native;
pub mod package;
mod peer_requests;
mod peers;
pub mod process;
pub mod progress;
mod requests;
pub mod run_config;
pub mod samples;
pub mod serve;
pub mod service_build;
pub mod soak;
mod test_run;
pub mod test_steps;
pub mod viceroy;
pub mod viceroy_server;
pub mod wasm_toolchain;
pub mod workspace;
