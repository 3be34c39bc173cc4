//! `cargo dev bench` and `cargo dev size`: builds what is measured, then lets the runner in `benches/` measure it.

use crate::build_dirs::BuildDirs;
use crate::process::{output_of, succeeds};
use crate::progress::{Failure, Outcome, at, say};
use crate::wasm_toolchain::{Toolchain, WASM};
use crate::workspace::Workspace;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const RUNNER: &str = "statsig-benches";
const CASES: &str = "statsig-benches-cases";
const ENGINE_ALONE: &str = "statsig-benches-engine-alone";

/// Builds of the engine alone whose size counts, by the features of [`ENGINE_ALONE`].
const ENGINE_BUILDS: [(&str, &str); 5] = [
    ("engine", ""),
    ("engine-all-kinds", "all-kinds"),
    ("engine-user-agent", "all-kinds,user-agent"),
    ("engine-compile", "all-kinds,compile"),
    ("engine-regex", "all-kinds,regex"),
];

/// Measures everything, or what has `only` in its id; `profile` functions of each case are printed.
pub fn bench(only: Option<String>, profile: Option<usize>) -> Outcome<()> {
    if output_of(Command::new("valgrind").arg("--version")).is_none() {
        return Err(Failure::new(
            "valgrind is not here: native instructions are counted by its callgrind",
            "install it (Debian: `sudo apt-get install valgrind`), then run the command again",
        ));
    }
    let build = Build::begin()?;
    let mut arguments = build.engine_alone()?;
    arguments.push(pair("cases", &build.wasm(CASES, "")?));
    arguments.push(pair("native", &build.native(CASES, "release")?));
    arguments.push(pair("scratch", &build.run_dir));
    arguments.push(pair("results", &build.runner_dir()?.join("RESULTS.md")));
    arguments.extend(only.map(|only| format!("only={only}").into()));
    arguments.extend(profile.map(|count| format!("profile={count}").into()));
    build.run("bench", &arguments)
}

/// Measures the modules and compares them with their budgets.
pub fn size() -> Outcome<()> {
    let build = Build::begin()?;
    let mut arguments = build.engine_alone()?;
    arguments.push(pair("budgets", &build.runner_dir()?.join("budgets.toml")));
    build.run("size", &arguments)
}

fn pair(key: &str, path: &Path) -> OsString {
    let mut word = OsString::from(key);
    word.push("=");
    word.push(path);
    word
}

struct Build {
    workspace: Workspace,
    dirs: BuildDirs,
    toolchain: Toolchain,
    run_dir: PathBuf,
}

impl Build {
    fn begin() -> Outcome<Self> {
        let workspace = Workspace::find()?;
        Ok(Self {
            dirs: BuildDirs::take(&workspace)?,
            toolchain: Toolchain::for_wasm()?,
            run_dir: workspace.run_dir("bench")?,
            workspace,
        })
    }

    fn runner_dir(&self) -> Outcome<&Path> {
        self.workspace.member(RUNNER).ok_or_else(|| {
            Failure::new(
                format!("the workspace has no package {RUNNER}"),
                "run the command in a complete clone",
            )
        })
    }

    /// The program of a package, built for this machine.
    fn native(&self, package: &str, profile: &str) -> Outcome<PathBuf> {
        let mut command = self.workspace.cargo();
        command.args([
            "build",
            "--profile",
            profile,
            "-p",
            package,
            "--bin",
            package,
        ]);
        let mut dir = self.dirs.native().to_owned();
        if package == CASES {
            // SHA-256 in plain code, as on Compute.
            dir = self.dirs.measured();
            command.env("RUSTFLAGS", "--cfg sha2_backend=\"soft\"");
        }
        self.must_build(package, command.env("CARGO_TARGET_DIR", &dir))?;
        Ok(dir.join(profile).join(package))
    }

    /// The module of a package with these features, with its names, copied to a file of its own.
    fn wasm(&self, package: &str, features: &str) -> Outcome<PathBuf> {
        let dir = self.dirs.cross(&self.toolchain.key()?);
        let mut command = self.toolchain.cargo_for_wasm(&self.workspace);
        command
            .args([
                "build",
                "--profile",
                "edge",
                "--config",
                "profile.edge.strip=false",
            ])
            .args([
                "--target",
                WASM,
                "-p",
                package,
                "--lib",
                "--features",
                features,
            ])
            .env("CARGO_TARGET_DIR", &dir);
        self.must_build(package, &mut command)?;
        let built = dir
            .join(WASM)
            .join("edge")
            .join(format!("{}.wasm", package.replace('-', "_")));
        let name = format!("{package}-{}.wasm", features.replace(',', "-"));
        let copy = self.run_dir.join(name);
        std::fs::copy(&built, &copy).map_err(at("copy", &built))?;
        Ok(copy)
    }

    fn engine_alone(&self) -> Outcome<Vec<OsString>> {
        ENGINE_BUILDS
            .iter()
            .map(|(name, features)| {
                let module = self.wasm(ENGINE_ALONE, features)?;
                Ok(pair(&format!("alone:{name}"), &module))
            })
            .collect()
    }

    fn must_build(&self, package: &str, command: &mut Command) -> Outcome<()> {
        say(format!("building {package}"));
        if succeeds(command.arg("--quiet"))? {
            return Ok(());
        }
        Err(Failure::new(
            format!("{package} did not compile"),
            "correct what the compiler says above, then run the command again",
        ))
    }

    fn run(&self, task: &str, arguments: &[OsString]) -> Outcome<()> {
        let runner = self.native(RUNNER, "tool")?;
        if succeeds(Command::new(runner).arg(task).args(arguments))? {
            return Ok(());
        }
        Err(Failure::new(format!("`{task}` failed"), "see above"))
    }
}
