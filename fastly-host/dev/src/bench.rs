//! `cargo dev bench` and `cargo dev size`: builds what is measured, then lets the runner in `benches/` measure it.

use crate::build_dirs::BuildDirs;
use crate::figures;
use crate::peer_requests;
use crate::peers::Node;
use crate::process::{output_of, succeeds};
use crate::progress::{Failure, Outcome, at, say};
use crate::requests;
use crate::service_build;
use crate::viceroy::Preparing;
use crate::wasm_toolchain::{Toolchain, WASM};
use crate::workspace::Workspace;
use clap::ValueEnum;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The package of what measures.
pub(crate) const RUNNER: &str = "statsig-benches";
const CASES: &str = "statsig-benches-cases";
const CORE_CASES: &str = "statsig-benches-core-cases";
const CASES_MODULE: Measured = library("cases", CASES, "");
const ENGINE_ALONE: &str = "statsig-benches-engine-alone";
const BARE: &str = service_build::BARE_PACKAGE;
const SERVICE: &str = service_build::PACKAGE;
const EMPTY_BARE: &str = "statsig-benches-empty-bare";
const EMPTY: &str = "statsig-benches-empty-services";

/// A module that is measured.
pub(crate) struct Measured {
    /// Its name in `budgets.toml`.
    pub(crate) name: &'static str,
    package: &'static str,
    /// Of the package, none by default.
    features: &'static str,
    /// The program of the package; without it the library.
    program: Option<&'static str>,
}

const fn library(name: &'static str, package: &'static str, features: &'static str) -> Measured {
    Measured {
        name,
        package,
        features,
        program: None,
    }
}

const fn program(
    name: &'static str,
    package: &'static str,
    program: &'static str,
    features: &'static str,
) -> Measured {
    Measured {
        name,
        package,
        features,
        program: Some(program),
    }
}

/// Builds of the engine alone.
const ENGINE_BUILDS: [Measured; 5] = [
    library("engine", ENGINE_ALONE, ""),
    library("engine-all-kinds", ENGINE_ALONE, "all-kinds"),
    library("engine-user-agent", ENGINE_ALONE, "all-kinds,user-agent"),
    library("engine-compile", ENGINE_ALONE, "all-kinds,compile"),
    library("engine-regex", ENGINE_ALONE, "all-kinds,regex"),
];

/// Whole services, ours and those without Statsig.
const SERVICE_BUILDS: [Measured; 16] = [
    library("bare-empty", EMPTY_BARE, ""),
    library("bare-kv", EMPTY_BARE, "kv"),
    library("bare-quiet", BARE, ""),
    library("bare", BARE, "events"),
    library("bare-reuse", BARE, "events,reuse"),
    library("bare-empty-reuse", EMPTY_BARE, "reuse"),
    library("bare-all", BARE, "all,events,messages,status"),
    library("bare-user-agent", BARE, "events,user-agent"),
    library("bare-drop-in", BARE, "events,drop-in"),
    library("bare-shared", BARE, "events,drop-in,core-cache"),
    program("fastly-url", EMPTY, "fastly-url", ""),
    program("fastly-handles", EMPTY, "fastly-handles", ""),
    program("fastly-kv", EMPTY, "fastly-kv", ""),
    program("service", SERVICE, SERVICE, ""),
    program("service-drop-in", SERVICE, SERVICE, "drop-in"),
    program(
        "service-everything",
        SERVICE,
        SERVICE,
        "all,drop-in,messages,regex,status,user-agent",
    ),
];

/// A section of the page that can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
pub enum Section {
    /// The table: opening, reading, compiling.
    T,
    /// Evaluation.
    E,
    /// Whole requests.
    R,
    /// Sizes of the modules.
    W,
}

/// Measures all sections or some; of these everything, or what has `only` in its id; `profile` functions of each case
/// are printed.
pub fn bench(sections: &[Section], only: Option<String>, profile: Option<usize>) -> Outcome<()> {
    let has = |section: Section| sections.is_empty() || sections.contains(&section);
    let counts_native = has(Section::T) || has(Section::E);
    if counts_native && output_of(Command::new("valgrind").arg("--version")).is_none() {
        return Err(Failure::new(
            "valgrind is not here: native instructions are counted by its callgrind",
            "install it (Debian: `sudo apt-get install valgrind`), then run the command again",
        ));
    }
    let workspace = Workspace::find()?;
    let build = Build {
        dirs: &BuildDirs::take(&workspace)?,
        toolchain: Toolchain::for_wasm()?,
        run_dir: workspace.run_dir("bench")?,
        workspace: &workspace,
    };
    let mut arguments = Vec::new();
    if has(Section::W) {
        arguments.extend(build.modules(&ENGINE_BUILDS)?);
    }
    if has(Section::W) || has(Section::R) {
        let mut services = Vec::new();
        for one in &SERVICE_BUILDS {
            services.push((one.name, build.module(one)?));
        }
        let whole = services.iter();
        arguments.extend(whole.map(|(name, path)| pair(&format!("module:{name}"), path)));
        let machine = only
            .as_deref()
            .is_none_or(|only| "R machine".contains(only));
        if has(Section::R) && machine {
            build.payloads()?;
            let viceroy = Preparing::begin()?.wait()?;
            let section = requests::measure(&workspace, &viceroy, &build.run_dir, &services)?;
            arguments.push(pair("machine", &build.write("machine.md", &section)?));
        }
    }
    if counts_native {
        arguments.push(pair("cases", &build.module(&CASES_MODULE)?));
        arguments.push(pair("native", &build.native(CASES, "release")?));
        arguments.push(pair("core", &build.native(CORE_CASES, "release")?));
    }
    arguments.push(pair("scratch", &build.run_dir));
    arguments.push(pair("results", &build.runner_dir()?.join("RESULTS.md")));
    if !sections.is_empty() {
        let letters: String = sections.iter().map(|one| format!("{one:?}")).collect();
        arguments.push(format!("parts={letters}").into());
    }
    let writes = only.is_none();
    arguments.extend(only.map(|only| format!("only={only}").into()));
    arguments.extend(profile.map(|count| format!("profile={count}").into()));
    build.run("bench", &arguments)?;
    if writes {
        figures::write(&workspace.root)?;
    }
    Ok(())
}

/// Measures section P: Statsig's JavaScript on Fastly's engine, and ours in the same rounds.
pub fn peers() -> Outcome<()> {
    let node = Node::find()?;
    let workspace = Workspace::find()?;
    let build = Build {
        dirs: &BuildDirs::take(&workspace)?,
        toolchain: Toolchain::for_wasm()?,
        run_dir: workspace.run_dir("bench")?,
        workspace: &workspace,
    };
    let viceroy = Preparing::begin()?;
    let mut modules = Vec::new();
    let ours = SERVICE_BUILDS.iter();
    for one in ours.filter(|one| peer_requests::OURS.contains(&one.name)) {
        modules.push((one.name, build.module(one)?));
    }
    let peers = node.build(&build.runner_dir()?.join("peers-js"), &build.run_dir)?;
    modules.extend(peers.modules);
    build.payloads()?;
    let viceroy = viceroy.wait()?;
    let section = peer_requests::measure(
        &workspace,
        &viceroy,
        &build.run_dir,
        &modules,
        &peers.versions,
    )?;
    let mut arguments = vec![
        pair("machine", &build.write("peers.md", &section)?),
        pair("results", &build.runner_dir()?.join("RESULTS.md")),
    ];
    let all = modules.iter();
    arguments.extend(all.map(|(name, path)| pair(&format!("module:{name}"), path)));
    build.run("peers", &arguments)?;
    figures::write(&workspace.root)
}

/// Measures the modules and compares them with their budgets.
pub fn size() -> Outcome<()> {
    let workspace = Workspace::find()?;
    let dirs = BuildDirs::take(&workspace)?;
    size_in(&workspace, &dirs, Toolchain::for_wasm()?)
}

/// [`size`] within a run that has its folders and its compiler.
pub(crate) fn size_in(
    workspace: &Workspace,
    dirs: &BuildDirs,
    toolchain: Toolchain,
) -> Outcome<()> {
    let build = Build {
        workspace,
        dirs,
        toolchain,
        run_dir: workspace.run_dir("bench")?,
    };
    let mut arguments = build.modules(&ENGINE_BUILDS)?;
    arguments.extend(build.modules(&SERVICE_BUILDS)?);
    arguments.push(pair("budgets", &build.runner_dir()?.join("budgets.toml")));
    build.run("size", &arguments)
}

fn pair(key: &str, path: &Path) -> OsString {
    let mut word = OsString::from(key);
    word.push("=");
    word.push(path);
    word
}

struct Build<'w> {
    workspace: &'w Workspace,
    dirs: &'w BuildDirs,
    toolchain: Toolchain,
    run_dir: PathBuf,
}

impl Build<'_> {
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
        if [CASES, CORE_CASES].contains(&package) {
            // SHA-256 in plain code, as on Compute.
            dir = self.dirs.measured();
            command.env("RUSTFLAGS", "--cfg sha2_backend=\"soft\"");
        }
        self.must_build(package, command.env("CARGO_TARGET_DIR", &dir))?;
        Ok(dir.join(profile).join(package))
    }

    /// A module with its names, copied to a file of its own.
    fn module(&self, measured: &Measured) -> Outcome<PathBuf> {
        let Measured {
            name,
            package,
            features,
            program,
        } = measured;
        let dir = self.dirs.cross(&self.toolchain.key()?);
        let mut command = self.toolchain.cargo_for_wasm(self.workspace);
        command
            .args(["build", "--profile", "edge"])
            .args(["--config", "profile.edge.strip=false"])
            .args(["--target", WASM, "-p", package])
            .args(["--no-default-features", "--features", features])
            .env("CARGO_TARGET_DIR", &dir);
        let file = match program {
            Some(program) => {
                command.args(["--bin", program]);
                (*program).to_owned()
            }
            None => {
                command.arg("--lib");
                package.replace('-', "_")
            }
        };
        self.must_build(name, &mut command)?;
        let built = dir.join(WASM).join("edge").join(format!("{file}.wasm"));
        let copy = self.run_dir.join(format!("{name}.wasm"));
        std::fs::copy(&built, &copy).map_err(at("copy", &built))?;
        Ok(copy)
    }

    fn modules(&self, all: &[Measured]) -> Outcome<Vec<OsString>> {
        all.iter()
            .map(|one| Ok(pair(&format!("module:{}", one.name), &self.module(one)?)))
            .collect()
    }

    /// The payloads as files in the run's folder.
    fn payloads(&self) -> Outcome<()> {
        self.run_words(&["payloads".into(), self.run_dir.clone().into()])
    }

    fn write(&self, name: &str, text: &str) -> Outcome<PathBuf> {
        let path = self.run_dir.join(name);
        std::fs::write(&path, text).map_err(at("write", &path))?;
        Ok(path)
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
        let mut words = vec![OsString::from(task)];
        words.extend_from_slice(arguments);
        self.run_words(&words)
    }

    fn run_words(&self, words: &[OsString]) -> Outcome<()> {
        let runner = self.native(RUNNER, "tool")?;
        if succeeds(Command::new(runner).args(words))? {
            return Ok(());
        }
        let task = words.first().map(|task| task.to_string_lossy());
        Err(Failure::new(
            format!("`{}` failed", task.unwrap_or_default()),
            "see above",
        ))
    }
}
