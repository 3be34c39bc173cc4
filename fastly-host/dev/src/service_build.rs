//! The Wasm services: built in the `edge` profile, in a target folder of their own, and put where a run finds them.

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

/// The service's package; it has the manifest for both.
pub const PACKAGE: &str = "statsig-fastly-service";

/// The package of the service without the `fastly` crate.
pub const BARE_PACKAGE: &str = "statsig-fastly-bare-service";

/// The package of the engine with a C interface.
pub const C_ABI_PACKAGE: &str = "statsig-edge-c-abi";

/// The package of services that tests alone have.
pub const TEST_PACKAGE: &str = "statsig-fastly-test-services";

/// What can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The package.
    pub package: &'static str,
    /// The features instead of the package's own choice.
    pub features: Option<&'static str>,
    /// The name of the file; of a package with several programs, that of one.
    pub file: &'static str,
}

/// The service, with every feature.
pub const SERVICE: Form = Form {
    package: PACKAGE,
    features: None,
    file: PACKAGE,
};

/// The bare service, with every feature.
pub const BARE: Form = Form {
    package: BARE_PACKAGE,
    features: None,
    file: BARE_PACKAGE,
};

/// The service with the inspector besides, as `cargo dev serve` runs it.
pub const SERVICE_INSPECTED: Form = Form {
    package: PACKAGE,
    features: Some("all,drop-in,inspector,regex,status,sticky,user-agent"),
    file: "statsig-fastly-service-inspected",
};

/// The bare service with the inspector besides.
pub const BARE_INSPECTED: Form = Form {
    package: BARE_PACKAGE,
    features: Some("all,drop-in,events,inspector,log-endpoint,regex,status,sticky,user-agent"),
    file: "statsig-fastly-bare-service-inspected",
};

/// The bare service for tables alone, as it is to be deployed.
pub const BARE_FOR_TABLES: Form = Form {
    package: BARE_PACKAGE,
    features: Some("all,events,status,user-agent"),
    file: "statsig-fastly-bare-service-for-tables",
};

/// The bare service whose sources of specs are in a Config Store.
pub const BARE_BY_SETTINGS: Form = Form {
    package: BARE_PACKAGE,
    features: Some("drop-in,settings,status"),
    file: "statsig-fastly-bare-service-by-settings",
};

/// The README's example.
pub const README: Form = Form {
    package: TEST_PACKAGE,
    features: None,
    file: "statsig-fastly-readme",
};

/// The service whose requests say how it is configured.
pub const BY_REQUEST: Form = Form {
    package: TEST_PACKAGE,
    features: None,
    file: "statsig-fastly-by-request",
};

/// The engine with a C interface, for other hosts.
pub const C_ABI: Form = Form {
    package: C_ABI_PACKAGE,
    features: None,
    file: C_ABI_PACKAGE,
};

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
    package_dir(workspace, PACKAGE)
}

fn package_dir<'w>(workspace: &'w Workspace, package: &str) -> Outcome<&'w Path> {
    workspace.member(package).ok_or_else(|| {
        Failure::new(
            format!("the workspace has no package {package}"),
            "run the command in a complete clone",
        )
    })
}

/// Builds a service and copies its module into the clone's `target/dev-run/service`.
pub fn build(
    workspace: &Workspace,
    dirs: &BuildDirs,
    toolchain: Toolchain,
    form: Form,
) -> Outcome<Module> {
    let manifest = package_dir(workspace, form.package)?.join("Cargo.toml");
    let begin = Instant::now();
    say(format!("building {} for {WASM}", form.file));
    let mut command = toolchain.cargo_for_wasm(workspace);
    command
        .args([
            "build",
            "--profile",
            "edge",
            "--target",
            WASM,
            "-p",
            form.package,
        ])
        .args(
            form.features
                .map(|features| ["--no-default-features", "--features", features])
                .iter()
                .flatten(),
        )
        .arg("--message-format=json-render-diagnostics")
        .env("CARGO_TARGET_DIR", dirs.cross(&toolchain.key()?))
        .stdout(Stdio::piped());
    let mut running = Running::in_own_group(&mut command)?;
    let mut built: Option<PathBuf> = None;
    if let (Some(stdout), _) = running.pipes() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let module = module_in(&line, &manifest);
            let is_named = |path: &PathBuf| path.file_stem() == Some(form.file.as_ref());
            if !built.as_ref().is_some_and(is_named) {
                built = module.or(built);
            }
        }
    }
    let status = running.wait()?;
    let again = "correct what the compiler says above, then `cargo dev build-service`";
    if !status.success() {
        return Err(Failure::new("the service did not compile", again));
    }
    let built = built.ok_or_else(|| {
        Failure::new(
            format!("the build of {} gave no .wasm file", form.package),
            "make the package a program (src/main.rs) or a cdylib",
        )
    })?;
    let path = workspace
        .run_dir("service")?
        .join(format!("{}.wasm", form.file));
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
