//! `cargo dev soak`: the service under many requests at once for long, while its specs change.

use crate::build_dirs::BuildDirs;
use crate::harness::{VICEROY_VAR, WASM_VAR};
use crate::process::succeeds;
use crate::progress::{Failure, Outcome};
use crate::service_build;
use crate::viceroy::Preparing;
use crate::wasm_toolchain::Toolchain;
use crate::workspace::Workspace;

/// How many requests, for `tests/soak.rs`.
pub const REQUESTS_VAR: &str = "STATSIG_SOAK_REQUESTS";

/// How many at a time.
pub const CONCURRENCY: usize = 32;

/// Prepares what is needed and asks so often.
pub fn run(requests: u64) -> Outcome<()> {
    let workspace = Workspace::find()?;
    let dirs = BuildDirs::take(&workspace)?;
    let preparing = Preparing::begin()?;
    let toolchain = Toolchain::for_wasm()?;
    let form = service_build::BARE_BY_SETTINGS;
    let module = service_build::build(&workspace, &dirs, toolchain, form)?;
    let viceroy = preparing.wait()?;
    let mut command = workspace.cargo();
    command
        .args(["test", "-p", "statsig-fastly-dev", "--test", "soak"])
        .args(["--", "--nocapture"])
        .env("CARGO_TARGET_DIR", dirs.native())
        .env(WASM_VAR, module.path)
        .env(VICEROY_VAR, viceroy.path)
        .env(REQUESTS_VAR, requests.to_string());
    match succeeds(&mut command)? {
        true => Ok(()),
        false => Err(Failure::new(
            "an answer was wrong",
            "see above; the log of Viceroy lies beside the module",
        )),
    }
}
