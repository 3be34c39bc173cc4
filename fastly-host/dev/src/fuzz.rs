//! `cargo dev fuzz`: the targets of `fuzz/` under libFuzzer.
//!
//! cargo-fuzz is taken from PATH, or built once into the cache folder. It asks for a nightly compiler because of options that a stable
//! one has too when it is told so: coverage is all we need of them, and safe code needs no sanitizer. All targets are built
//! at once, then run one after another from the corpora in the repository; what they add stays outside of it.

use crate::build_dirs::BuildDirs;
use crate::process::{output_of, run_logged, succeeds};
use crate::progress::{Failure, Outcome, at, say};
use crate::workspace::{Workspace, cache_dir, cargo};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "0.13.2";

/// How long each target runs in the full test.
pub const SECONDS: u32 = 20;

/// Where the full test begins. It tries the same inputs in the same order and at most so many, so that it says the same of the same code
/// on a faster machine too; campaigns begin anywhere and go on.
pub const SEED: u32 = 20_261_123;
const REPEATABLE: [&str; 3] = ["-runs=200000", "-entropic=0", "-reload=0"];

/// The longest that one input may take, in seconds.
const PATIENCE: u32 = 60;

/// What a run finds and where it builds.
struct Fuzzer {
    /// The folder `fuzz` of the clone.
    root: PathBuf,
    path: OsString,
    target_dir: PathBuf,
    /// Inputs that runs before have added.
    work: PathBuf,
}

/// Builds the targets and runs those named, or all, for so many seconds each, from this seed or any.
pub fn run(
    workspace: &Workspace,
    dirs: &BuildDirs,
    only: &[String],
    seconds: u32,
    seed: Option<u32>,
) -> Outcome<()> {
    let root = workspace.root.join("fuzz");
    let targets = targets(&root)?;
    if let Some(unknown) = only.iter().find(|name| !targets.contains(name)) {
        return Err(Failure::new(
            format!("there is no target `{unknown}`"),
            format!("take one of {}", targets.join(", ")),
        ));
    }
    let fuzzer = Fuzzer {
        path: prepare()?,
        target_dir: dirs.native().join("fuzz"),
        work: workspace.run_dir("fuzz")?,
        root,
    };
    fuzzer.build()?;
    for target in targets {
        if only.is_empty() || only.contains(&target) {
            fuzzer.run(&target, seconds, seed)?;
        }
    }
    Ok(())
}

/// The targets' names, in order.
pub(crate) fn targets(root: &Path) -> Outcome<Vec<String>> {
    let dir = root.join("fuzz_targets");
    let entries = std::fs::read_dir(&dir).map_err(at("read", &dir))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            Some(path.file_stem()?.to_str()?.to_owned()).filter(|_| is_rust)
        })
        .collect();
    names.sort();
    Ok(names)
}

/// The PATH on which `cargo fuzz` is.
fn prepare() -> Outcome<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if output_of(cargo().args(["fuzz", "--version"])).is_some() {
        return Ok(path);
    }
    let cache = cache_dir()?;
    let root = cache.join(format!("cargo-fuzz-{VERSION}"));
    let bin = root.join("bin");
    if output_of(Command::new(bin.join("cargo-fuzz")).arg("--version")).is_none() {
        say(format!(
            "cargo-fuzz {VERSION} is not on this machine: building it once (about a minute)"
        ));
        let mut command = cargo();
        command
            .args(["install", "cargo-fuzz", "--version", VERSION, "--locked"])
            .args(["--force", "--color", "never", "--root"])
            .arg(&root)
            .current_dir(&cache)
            .env("CARGO_TARGET_DIR", cache.join("cargo-fuzz-build"))
            .env_remove("RUSTFLAGS");
        run_logged(
            "cargo install cargo-fuzz",
            &mut command,
            &cache.join("cargo-fuzz.log"),
        )?;
        let _ = std::fs::remove_dir_all(cache.join("cargo-fuzz-build"));
    }
    let others = std::env::split_paths(&path);
    std::env::join_paths(std::iter::once(bin).chain(others)).map_err(|error| {
        Failure::new(
            format!("PATH cannot be extended: {error}"),
            "set STATSIG_DEV_CACHE to a folder whose name has no colon",
        )
    })
}

impl Fuzzer {
    fn cargo_fuzz(&self, subcommand: &str) -> Command {
        let mut command = cargo();
        command
            .args(["fuzz", subcommand, "--sanitizer", "none", "--target-dir"])
            .arg(&self.target_dir)
            .current_dir(&self.root)
            .env("PATH", &self.path)
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTFLAGS");
        command
    }

    fn build(&self) -> Outcome<()> {
        say("    cargo fuzz build");
        match succeeds(&mut self.cargo_fuzz("build"))? {
            true => Ok(()),
            false => Err(Failure::new(
                "the fuzz targets do not build",
                "see above; libFuzzer's own part needs a C++ compiler",
            )),
        }
    }

    fn run(&self, target: &str, seconds: u32, seed: Option<u32>) -> Outcome<()> {
        say(format!("    {target}, {seconds} s"));
        let work = self.work.join(target);
        std::fs::create_dir_all(&work).map_err(at("create", &work))?;
        let mut command = self.cargo_fuzz("run");
        command
            .arg(target)
            .arg(&work)
            .args(["corpus", "regressions"].iter().filter_map(|kind| {
                let inputs = self.root.join(kind).join(target);
                inputs.is_dir().then_some(inputs)
            }))
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .args(seed.map(|seed| format!("-seed={seed}")))
            .args(seed.iter().flat_map(|_| REPEATABLE))
            .arg(format!("-timeout={PATIENCE}"))
            .args(["-max_len=4096", "-verbosity=0", "-print_final_stats=1"]);
        if let Some(words) = dictionary(target) {
            let words = self.root.join("dictionaries").join(words);
            command.arg(format!("-dict={}", words.display()));
        }
        match succeeds(&mut command)? {
            true => Ok(()),
            false => Err(Failure::new(
                format!("`{target}` found something"),
                format!(
                    "mend it, and put the file that is named above into {}",
                    self.root.join("regressions").join(target).display()
                ),
            )),
        }
    }
}

/// The words that help a target.
fn dictionary(target: &str) -> Option<&'static str> {
    match target {
        "compile" | "event_body" | "user_json" => Some("json.dict"),
        "cookie" => Some("cookie.dict"),
        "user_agent" => Some("user_agent.dict"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_found_and_dictionaries_are_there() {
        let workspace = Workspace::find().expect("tests run inside the workspace");
        let root = workspace.root.join("fuzz");
        let targets = targets(&root).expect("readable");
        assert!(targets.iter().any(|name| name == "compile"));
        for words in targets.iter().filter_map(|name| dictionary(name)) {
            assert!(root.join("dictionaries").join(words).is_file());
        }
    }
}
