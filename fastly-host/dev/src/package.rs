//! The step `package`: the crates that are released build from what their packages hold, each upon the packages of the others.
//!
//! Cargo gives the packages to each other through a registry in the build folder. What comes from a registry never changes under
//! one version, so cargo neither unpacks nor compiles it a second time: in a folder that is used again, a crate would be
//! built upon the others as they were packed the first time. Hence a folder that no run had before.

use crate::process::succeeds;
use crate::progress::{Outcome, at};
use crate::workspace::Workspace;
use std::time::{SystemTime, UNIX_EPOCH};

/// Packs and builds the packages that `released` selects for cargo; whether that succeeded.
///
/// Compiles their dependencies anew each time, a minute or so.
pub fn verify(workspace: &Workspace, released: &[&str]) -> Outcome<bool> {
    let parent = workspace.run_dir("package")?;
    // What an interrupted run left; and the next run finds nothing to remove.
    std::fs::remove_dir_all(&parent).map_err(at("remove", &parent))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let dir = parent.join(now.unwrap_or_default().as_nanos().to_string());
    let mut cargo = workspace.cargo();
    cargo
        .args(["package", "--allow-dirty"])
        .args(released)
        .env("CARGO_TARGET_DIR", &dir)
        .env("CARGO_BUILD_BUILD_DIR", &dir)
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    let built = succeeds(&mut cargo)?;
    std::fs::remove_dir_all(&parent).map_err(at("remove", &parent))?;
    Ok(built)
}
