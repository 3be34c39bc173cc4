//! A compiler for `wasm32-wasip1`, and one for a target that has no `std`: found, or fetched by rustup, or made from Debian's.

use crate::build_dirs::compiler_key;
use crate::debian;
use crate::process::{output_of, run_logged};
use crate::progress::{Outcome, say};
use crate::workspace::{Workspace, cache_dir};
use std::path::Path;
use std::process::Command;

/// The target that Fastly Compute runs.
pub const WASM: &str = "wasm32-wasip1";
/// A bare-metal target: what builds for it cannot use `std`.
pub const NO_STD: &str = "thumbv7em-none-eabi";

/// Whose compiler builds for a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Toolchain {
    /// The active toolchain, with the target's standard library.
    Active,
    /// Debian's `rustc-web`, with a standard library built here.
    Debian,
}

impl Toolchain {
    /// Makes sure that [`WASM`] can be built, and says by whom.
    pub fn for_wasm() -> Outcome<Self> {
        if active_has(WASM, "std")? {
            return Ok(Self::Active);
        }
        say(format!(
            "the Debian compiler for {WASM}: looking at what is there"
        ));
        debian::prepare_wasm()?;
        Ok(Self::Debian)
    }

    /// Makes sure that [`NO_STD`] can be built, and says by whom.
    pub fn for_no_std() -> Outcome<Self> {
        if active_has(NO_STD, "core")? {
            return Ok(Self::Active);
        }
        debian::prepare_compiler()?;
        Ok(Self::Debian)
    }

    /// `cargo` of this toolchain at the workspace's root, for [`WASM`].
    pub fn cargo_for_wasm(self, workspace: &Workspace) -> Command {
        match self {
            Self::Active => workspace.cargo(),
            Self::Debian => debian::cargo(&workspace.root),
        }
    }

    /// `cargo build` for [`NO_STD`] at the workspace's root; Debian's compiler builds `core` and `alloc` on the way.
    pub fn cargo_build_for_no_std(self, workspace: &Workspace) -> Command {
        let mut command = match self {
            Self::Active => workspace.cargo(),
            Self::Debian => debian::cargo_with_own_std(&workspace.root),
        };
        command.args(["build", "--target", NO_STD]);
        if self == Self::Debian {
            command.args(["-Z", "build-std=core,alloc"]);
        }
        command
    }

    /// The compiler's version as a folder name: artifacts of two compilers never meet.
    pub fn key(self) -> Outcome<String> {
        compiler_key(match self {
            Self::Active => "rustc",
            Self::Debian => debian::RUSTC,
        })
    }
}

/// Whether the active toolchain has, or could fetch, a target's standard library (`crate_name` of it).
fn active_has(target: &str, crate_name: &str) -> Outcome<bool> {
    // Tries the third way on a machine that has the others.
    if std::env::var("STATSIG_DEV_TOOLCHAIN").is_ok_and(|value| value == "debian") {
        return Ok(false);
    }
    if has_library(target, crate_name) {
        return Ok(true);
    }
    if output_of(Command::new("rustup").arg("--version")).is_none() {
        say(format!(
            "rustup is not here, so `rustup target add {target}` cannot be tried"
        ));
        return Ok(false);
    }
    say(format!(
        "rustup target add {target}: the active toolchain lacks it"
    ));
    let log = cache_dir()?.join("rustup-target.log");
    let added = run_logged(
        &format!("rustup target add {target}"),
        Command::new("rustup").args(["target", "add", target]),
        &log,
    );
    match added {
        Ok(()) if has_library(target, crate_name) => Ok(true),
        _ => {
            say(format!(
                "rustup could not add {target}: going on with Debian's compiler"
            ));
            Ok(false)
        }
    }
}

fn has_library(target: &str, crate_name: &str) -> bool {
    output_of(Command::new("rustc").args(["--print", "target-libdir", "--target", target]))
        .is_some_and(|dir| holds_library(Path::new(&dir), crate_name))
}

/// Whether a folder holds `lib<name>-….rlib`.
pub fn holds_library(dir: &Path, name: &str) -> bool {
    let start = format!("lib{name}-");
    std::fs::read_dir(dir).is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| {
                let file = entry.file_name();
                let file = file.to_string_lossy();
                file.starts_with(&start) && file.ends_with(".rlib")
            })
        })
    })
}
