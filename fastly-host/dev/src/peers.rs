//! Statsig's JavaScript as services: the folder `benches/peers-js`, with its packages from npm, kept outside the clone.

use crate::process::{output_of, run_logged};
use crate::progress::{Failure, Outcome, at, say};
use crate::workspace::cache_dir;
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The services: file without its ending, name of the module.
const SERVICES: [(&str, &str); 2] = [("node", "js-node"), ("serverless", "js-serverless")];
const SOURCES: [&str; 4] = ["node.js", "serverless.js", "service.js", "zlib.js"];
const PACKAGES: [&str; 2] = ["package.json", "package-lock.json"];

/// Node and npm, which are here.
pub(crate) struct Node(());

/// What was built.
pub(crate) struct Peers {
    /// Modules by name.
    pub(crate) modules: Vec<(&'static str, PathBuf)>,
    /// The packages used, with their versions, in one line.
    pub(crate) versions: String,
}

impl Node {
    /// Looks for both.
    pub(crate) fn find() -> Outcome<Self> {
        for program in ["node", "npm"] {
            if output_of(Command::new(program).arg("--version")).is_none() {
                return Err(Failure::new(
                    format!("{program} is not here: section P measures Statsig's JavaScript"),
                    "install Node 20 or newer with its npm, or leave `--peers` out: nothing else needs them",
                ));
            }
        }
        Ok(Self(()))
    }

    /// Installs the packages unless they are there, and builds the services into `out`.
    pub(crate) fn build(&self, sources: &Path, out: &Path) -> Outcome<Peers> {
        let dir = cache_dir()?.join("peers-js");
        std::fs::create_dir_all(&dir).map_err(at("create", &dir))?;
        let lock_path = dir.join("in-use");
        let lock = File::create(&lock_path).map_err(at("write", &lock_path))?;
        // Another run's installation is waited for.
        lock.lock().map_err(at("lock", &lock_path))?;
        for name in PACKAGES.into_iter().chain(SOURCES) {
            let from = sources.join(name);
            std::fs::copy(&from, dir.join(name)).map_err(at("copy", &from))?;
        }
        install(&dir)?;
        let mut modules = Vec::new();
        for (file, name) in SERVICES {
            say(format!("building {name}"));
            modules.push((name, service(&dir, file, name, out)?));
        }
        let manifest = dir.join("package.json");
        let text = std::fs::read_to_string(&manifest).map_err(at("read", &manifest))?;
        Ok(Peers {
            modules,
            versions: versions(&text),
        })
    }
}

/// Runs npm, unless the packages of this very lock file are there.
fn install(dir: &Path) -> Outcome<()> {
    let lock_file = dir.join("package-lock.json");
    let wanted = std::fs::read(&lock_file).map_err(at("read", &lock_file))?;
    let installed = dir.join("installed");
    if std::fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    // Not `npm ci`: it wants builds for every platform in the lock, among them some that a registry may not have.
    let mut command = Command::new("npm");
    command
        .args(["install", "--no-save", "--ignore-scripts"])
        .args(["--no-audit", "--no-fund"])
        .current_dir(dir);
    let label = "installing Statsig's JavaScript and Fastly's engine with npm";
    say(label);
    run_logged(label, &mut command, &dir.join("npm.log"))?;
    std::fs::write(&installed, wanted).map_err(at("write", &installed))
}

/// Bundles a service for the engine, then makes the module: the engine with the service's code loaded.
fn service(dir: &Path, file: &str, name: &str, out: &Path) -> Outcome<PathBuf> {
    let bundle = out.join(format!("{name}.js"));
    let module = out.join(format!("{name}.wasm"));
    let mut bundler = Command::new("node");
    bundler
        .args(["node_modules/esbuild/bin/esbuild", &format!("{file}.js")])
        .args(["--bundle", "--format=esm", "--platform=browser"])
        .args(["--external:fastly:*", "--alias:zlib=./zlib.js"])
        .arg(format!("--outfile={}", bundle.display()));
    let mut engine = Command::new("node");
    engine
        .arg("node_modules/.bin/js-compute-runtime")
        .args([&bundle, &module]);
    for (label, command) in [
        ("esbuild", &mut bundler),
        ("js-compute-runtime", &mut engine),
    ] {
        let log = out.join(format!("{name}.{label}.log"));
        run_logged(
            &format!("{label} of {name}"),
            command.current_dir(dir),
            &log,
        )?;
    }
    Ok(module)
}

/// The packages of a manifest, such as `` `a` 1.0, `b` 2.1 ``.
fn versions(manifest: &str) -> String {
    let manifest: Value = serde_json::from_str(manifest).unwrap_or_default();
    let packages = manifest["dependencies"].as_object().into_iter().flatten();
    let mut named: Vec<String> = packages
        .map(|(name, version)| format!("`{name}` {}", version.as_str().unwrap_or_default()))
        .collect();
    // `serde_json` keeps the text's order or not, as other packages ask of it.
    named.sort_unstable();
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_manifest() {
        let text = r#"{"dependencies": {"b": "2.1", "a/c": "1.0.3"}}"#;
        assert_eq!(versions(text), "`a/c` 1.0.3, `b` 2.1");
    }

    #[test]
    fn the_lock_names_no_host_to_get_packages_from() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/peers-js");
        let text = std::fs::read_to_string(folder.join("package-lock.json")).expect("a lock file");
        let lock: Value = serde_json::from_str(&text).expect("JSON");
        let packages = lock["packages"].as_object().expect("packages");
        assert!(packages.len() > 10);
        for (name, package) in packages {
            assert!(package.get("resolved").is_none(), "{name}");
            assert!(
                name.is_empty() || package["integrity"].is_string(),
                "{name}"
            );
        }
    }
}
