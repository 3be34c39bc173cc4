//! The Wasm service: built in the `edge` profile, in a target folder of its own, and put where a run finds it.

use crate::build_dirs::BuildDirs;
use crate::process::Running;
use crate::progress::{Failure, Outcome, at, say, spoken};
use crate::wasm_toolchain::{Toolchain, WASM};
use crate::workspace::Workspace;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

/// The service's package.
pub const PACKAGE: &str = "statsig-fastly-service";

/// A built module.
pub struct Module {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: usize,
    /// Its size in bytes as gzip.
    pub gzip: usize,
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, size, gzip } = self;
        write!(f, "{}: {size} bytes, {gzip} as gzip", path.display())
    }
}

/// The service's folder.
pub fn service_dir(workspace: &Workspace) -> Outcome<&Path> {
    workspace.member(PACKAGE).ok_or_else(|| {
        Failure::new(
            format!("the workspace has no package {PACKAGE}"),
            "run the command in a complete clone",
        )
    })
}

/// Builds the service and copies its module into the clone's `target/dev-run/service`.
pub fn build(workspace: &Workspace, dirs: &BuildDirs, toolchain: Toolchain) -> Outcome<Module> {
    let manifest = service_dir(workspace)?.join("Cargo.toml");
    let begin = Instant::now();
    say(format!("building {PACKAGE} for {WASM}"));
    let mut command = toolchain.cargo_for_wasm(workspace);
    command
        .args([
            "build",
            "--profile",
            "edge",
            "--target",
            WASM,
            "-p",
            PACKAGE,
        ])
        .arg("--message-format=json-render-diagnostics")
        .env("CARGO_TARGET_DIR", dirs.cross(&toolchain.key()?))
        .stdout(Stdio::piped());
    let mut running = Running::in_own_group(&mut command)?;
    let mut built = None;
    if let (Some(stdout), _) = running.pipes() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            built = module_in(&line, &manifest).or(built);
        }
    }
    let status = running.wait()?;
    let again = "correct what the compiler says above, then `cargo dev build-service`";
    if !status.success() {
        return Err(Failure::new("the service did not compile", again));
    }
    let built = built.ok_or_else(|| {
        Failure::new(
            format!("the build of {PACKAGE} gave no .wasm file"),
            "make the package a program (src/main.rs) or a cdylib",
        )
    })?;
    let path = workspace
        .run_dir("service")?
        .join(format!("{PACKAGE}.wasm"));
    let bytes = std::fs::read(&built).map_err(at("read", &built))?;
    std::fs::write(&path, &bytes).map_err(at("write", &path))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let packed = gzip.write_all(&bytes).and_then(|()| gzip.finish());
    let module = Module {
        size: bytes.len(),
        gzip: packed.map_err(at("compress", &path))?.len(),
        path,
    };
    say(format!("built in {}: {module}", spoken(begin.elapsed())));
    Ok(module)
}

/// The module in one of cargo's artifact messages, if it is of the package with this manifest.
fn module_in(message: &str, manifest: &Path) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let ours = message["reason"] == "compiler-artifact"
        && message["manifest_path"].as_str().map(Path::new) == Some(manifest);
    ours.then_some(())?;
    let mut files = message["filenames"].as_array()?.iter();
    let file = files.find_map(|file| file.as_str().filter(|file| file.ends_with(".wasm")));
    file.map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_found_among_the_artifacts() {
        let message = r#"{"reason":"compiler-artifact","manifest_path":"/w/s/Cargo.toml",
            "filenames":["/t/libs.rlib","/t/s.wasm"]}"#;
        let found = module_in(message, Path::new("/w/s/Cargo.toml"));
        assert_eq!(found, Some(PathBuf::from("/t/s.wasm")));
        assert_eq!(module_in(message, Path::new("/w/x/Cargo.toml")), None);
        assert_eq!(module_in("no JSON", Path::new("/w/s/Cargo.toml")), None);
    }
}
