//! What the steps of `cargo dev test` do.

use crate::bench;
use crate::build_dirs::BuildDirs;
use crate::chromium;
use crate::differential;
use crate::fuzz;
use crate::harness::{VICEROY_VAR, WASM_VAR};
use crate::package;
use crate::process::{output_of, succeeds};
use crate::progress::{Failure, Outcome, say};
use crate::service_build::{self, BARE, BARE_FOR_TABLES, Form};
use crate::test_steps::Step;
use crate::viceroy::{Preparing, Viceroy};
use crate::wasm_toolchain::{NO_STD, Toolchain, WASM};
use crate::workspace::Workspace;
use std::path::PathBuf;
use std::process::Command;

const ENGINE: &str = "statsig-edge";
const HOST: &str = "statsig-fastly";
const SERVICE: &str = service_build::PACKAGE;
const BARE_SERVICE: &str = service_build::BARE_PACKAGE;
const TEST_SERVICES: &str = service_build::TEST_PACKAGE;
const C_ABI: &str = service_build::C_ABI_PACKAGE;
const DEV: &str = "statsig-fastly-dev";
const CLI: &str = "statsig-fastly-cli";
const OPENFEATURE: &str = "statsig-openfeature";
const DIFFERENTIAL: &str = differential::PACKAGE;
/// What brings many crates of its own, or is built for Wasm: left out of the steps for the workspace.
const APART: [&str; 11] = [
    SERVICE,
    BARE_SERVICE,
    TEST_SERVICES,
    C_ABI,
    DIFFERENTIAL,
    bench::RUNNER,
    "statsig-benches-cases",
    "statsig-benches-core-cases",
    "statsig-benches-empty-bare",
    "statsig-benches-empty-services",
    "statsig-benches-engine-alone",
];

/// The crates that are released, in the order of their dependencies.
const RELEASED: [&str; 8] = ["-p", ENGINE, "-p", HOST, "-p", CLI, "-p", OPENFEATURE];

/// Names the built module to the tests of [`C_ABI`].
const C_ABI_VAR: &str = "STATSIG_C_ABI_WASM";

/// The services that are asked over HTTP, by which test, and which of its questions if not all.
const FORMS: [(Form, &str, &str, Option<&str>); 8] = [
    (service_build::SERVICE, DEV, "service", None),
    (service_build::README, CLI, "quick_start", None),
    (service_build::BY_REQUEST, DEV, "faults", None),
    (BARE, DEV, "service", None),
    (BARE_FOR_TABLES, DEV, "service", Some("a_published_table")),
    (service_build::BARE_BY_SETTINGS, DEV, "sources", None),
    (service_build::BARE_BY_SETTINGS, DEV, "soak", None),
    (service_build::BARE_BY_SETTINGS, CLI, "edge", None),
];

fn apart() -> impl Iterator<Item = &'static str> {
    APART.into_iter().flat_map(|package| ["--exclude", package])
}

/// What the steps share; prepared when first needed.
pub(crate) struct Run {
    workspace: Workspace,
    dirs: BuildDirs,
    preparing: Option<Preparing>,
    viceroy: Option<Viceroy>,
    wasm: Option<Toolchain>,
    modules: Vec<(Form, PathBuf)>,
}

impl Run {
    pub(crate) fn new(steps: &[Step]) -> Outcome<Self> {
        let workspace = Workspace::find()?;
        let needs_viceroy = [Step::Service, Step::Browser]
            .iter()
            .any(|step| steps.contains(step));
        Ok(Self {
            dirs: BuildDirs::take(&workspace)?,
            preparing: needs_viceroy.then(Preparing::begin).transpose()?,
            workspace,
            viceroy: None,
            wasm: None,
            modules: Vec::new(),
        })
    }

    /// Does what a step is.
    pub(crate) fn step(&mut self, step: Step) -> Outcome<()> {
        match step {
            Step::Fmt => {
                component("rustfmt", "fmt")?;
                self.cargo(step, |cargo| cargo.args(["fmt", "--all", "--check"]))
                    .map_err(|failure| failure.advise("run `cargo fmt --all`"))
            }
            Step::Clippy => {
                component("clippy", "clippy")?;
                self.cargo(step, |cargo| {
                    cargo.args(["clippy", "--workspace"]).args(apart()).args([
                        "--all-targets",
                        "--all-features",
                        "--",
                        "-D",
                        "warnings",
                    ])
                })
            }
            Step::Native => {
                self.cargo(step, |cargo| {
                    cargo
                        .args(["test", "--workspace"])
                        .args(apart())
                        .arg("--all-features")
                })?;
                self.cargo(step, |cargo| {
                    cargo.args(["test", "-p", ENGINE, "--no-default-features"])
                })
            }
            Step::Differential => {
                component("clippy", "clippy")?;
                self.cargo(step, |cargo| {
                    cargo
                        .args(["clippy", "--profile", "tool", "-p", DIFFERENTIAL])
                        .args(["--all-targets", "--", "-D", "warnings"])
                })?;
                self.cargo(step, |cargo| {
                    cargo.args(["test", "--profile", "tool", "-p", DIFFERENTIAL])
                })?;
                for seed in [Some(differential::SEED), None] {
                    self.cargo(step, |cargo| {
                        differential::arguments(cargo, differential::CASES, seed)
                    })?;
                }
                Ok(())
            }
            Step::Fuzz => fuzz::run(
                &self.workspace,
                &self.dirs,
                &[],
                fuzz::SECONDS,
                Some(fuzz::SEED),
            ),
            Step::Miri => self.miri(),
            Step::Deny => self.deny(),
            Step::Docs => self.cargo(step, |cargo| {
                cargo
                    .args(["doc", "--workspace"])
                    .args(apart())
                    .args(["--no-deps", "--all-features"])
                    .env("RUSTDOCFLAGS", "-D warnings")
            }),
            Step::Package => match package::verify(&self.workspace, &RELEASED)? {
                true => Ok(()),
                false => Err(failed(step, "cargo package")),
            },
            Step::NoStd => self.no_std(),
            Step::Wasm => {
                self.lint_for_wasm()?;
                self.openfeature_for_wasm()?;
                self.modules.clear();
                FORMS
                    .iter()
                    .try_for_each(|(form, ..)| self.module(*form).map(drop))
            }
            Step::Size => {
                self.cargo(step, |cargo| {
                    cargo
                        .args(["clippy", "--profile", "tool", "-p", bench::RUNNER])
                        .args(["--all-targets", "--", "-D", "warnings"])
                })?;
                self.cargo(step, |cargo| {
                    cargo.args(["test", "--profile", "tool", "-p", bench::RUNNER])
                })?;
                let toolchain = self.toolchain()?;
                bench::size_in(&self.workspace, &self.dirs, toolchain)
            }
            Step::Embedding => {
                let module = self.module(service_build::C_ABI)?;
                self.cargo(step, |cargo| {
                    cargo
                        .args(["test", "-p", C_ABI, "--test", "hosts"])
                        .env(C_ABI_VAR, module)
                })
            }
            Step::Service => {
                for (form, package, test, only) in FORMS {
                    let module = self.module(form)?;
                    let viceroy = self.viceroy()?;
                    say(format!("    {}", form.file));
                    self.cargo(step, |cargo| {
                        cargo
                            .args(["test", "-p", package, "--test", test, "--"])
                            .args(only)
                            .env(WASM_VAR, module)
                            .env(VICEROY_VAR, viceroy.path)
                    })?;
                }
                Ok(())
            }
            Step::Browser => self.browser(),
        }
    }

    /// A machine without a browser, and without the right to install one, is told how and goes on.
    fn browser(&mut self) -> Outcome<()> {
        let chromium = match chromium::prepare() {
            Ok(found) => found,
            Err(failure) => {
                say(format!("    skipped: {failure}"));
                return Ok(());
            }
        };
        let pictures = self.workspace.run_dir("browser")?;
        for form in [
            service_build::SERVICE_INSPECTED,
            service_build::BARE_INSPECTED,
        ] {
            let module = self.module(form)?;
            let viceroy = self.viceroy()?;
            say(format!("    {}", form.file));
            self.cargo(Step::Browser, |cargo| {
                cargo
                    .args(["test", "-p", DEV, "--test", "inspector"])
                    .env(WASM_VAR, module)
                    .env(VICEROY_VAR, viceroy.path)
                    .env(chromium::CHROMIUM_VAR, &chromium)
                    .env(chromium::PICTURES_VAR, &pictures)
            })?;
        }
        say(format!("    pictures: {}", pictures.display()));
        Ok(())
    }

    /// Runs the active toolchain's cargo on the shared target folder.
    fn cargo(
        &self,
        step: Step,
        arguments: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Outcome<()> {
        let mut command = self.workspace.cargo();
        arguments(&mut command).env("CARGO_TARGET_DIR", self.dirs.native());
        must_succeed(step, &mut command)
    }

    /// Advisories are not among the checks: their database is fetched from elsewhere than crates are.
    fn deny(&self) -> Outcome<()> {
        let mut version = self.workspace.cargo();
        if output_of(version.args(["deny", "--version"])).is_none() {
            say("    skipped: cargo-deny is not on this machine (`cargo install cargo-deny`)");
            return Ok(());
        }
        for folder in ["", "fuzz"] {
            let mut command = self.workspace.cargo();
            command
                .args(["deny", "--locked", "--config"])
                .arg(self.workspace.root.join(".cargo/deny.toml"))
                .args(["check", "licenses", "bans", "sources"])
                .current_dir(self.workspace.root.join(folder));
            must_succeed(Step::Deny, &mut command)?;
        }
        Ok(())
    }

    /// Miri is a part of nightly compilers alone: without it there is nothing to do.
    fn miri(&self) -> Outcome<()> {
        let nightly = || {
            let mut command = Command::new("rustup");
            command
                .args(["run", "nightly", "cargo", "miri"])
                .current_dir(&self.workspace.root)
                .env_remove("CARGO");
            command
        };
        // What it needs is asked for by name, so that cargo-miri does not ask for it in the middle.
        let mut parts = Command::new("rustup");
        parts.args([
            "component",
            "add",
            "--toolchain",
            "nightly",
            "miri",
            "rust-src",
        ]);
        if output_of(&mut parts).is_none() || output_of(nightly().arg("--version")).is_none() {
            say(
                "    skipped: this machine has no nightly compiler with Miri (`rustup +nightly component add miri rust-src`)",
            );
            return Ok(());
        }
        let mut command = nightly();
        command
            .args(["test", "-p", ENGINE, "--features", "compile"])
            .args(["--test", "miri"])
            .env("CARGO_TARGET_DIR", self.dirs.native().join("miri"));
        must_succeed(Step::Miri, &mut command)
    }

    fn no_std(&self) -> Outcome<()> {
        let toolchain = Toolchain::for_no_std()?;
        say(format!("{NO_STD}, by {}", toolchain.key()?));
        let mut command = toolchain.cargo_build_for_no_std(&self.workspace);
        command
            .args(["-p", ENGINE, "--no-default-features"])
            .args(["--features", "user-agent,compile"])
            .env("CARGO_TARGET_DIR", self.dirs.cross(&toolchain.key()?));
        must_succeed(Step::NoStd, &mut command)
    }

    /// Clippy for Wasm where it can be had. Debian's compiler comes without: then clippy looks at the code as code for this machine,
    /// which leaves out what is marked for Wasm alone.
    fn lint_for_wasm(&mut self) -> Outcome<()> {
        component("clippy", "clippy")?;
        let toolchain = self.toolchain()?;
        // One by one: the features of one would be those of the others, and the bare service is without `std`.
        for name in [HOST, SERVICE, BARE_SERVICE, TEST_SERVICES, C_ABI] {
            let mut command = self.workspace.cargo();
            command.args(["clippy", "-p", name]);
            match toolchain {
                Toolchain::Active => command
                    .args(["--target", WASM])
                    .env("CARGO_TARGET_DIR", self.dirs.cross(&toolchain.key()?)),
                Toolchain::Debian => command.env("CARGO_TARGET_DIR", self.dirs.native()),
            };
            must_succeed(Step::Wasm, command.args(["--", "-D", "warnings"]))?;
        }
        Ok(())
    }

    /// The provider with its SDK, in the example that a service would be.
    fn openfeature_for_wasm(&mut self) -> Outcome<()> {
        let toolchain = self.toolchain()?;
        let mut command = toolchain.cargo_for_wasm(&self.workspace);
        command
            .args(["build", "--profile", "edge", "--target", WASM])
            .args([
                "-p",
                OPENFEATURE,
                "--features",
                "fastly",
                "--example",
                "edge",
            ])
            .env("CARGO_TARGET_DIR", self.dirs.cross(&toolchain.key()?));
        must_succeed(Step::Wasm, &mut command)
    }

    fn toolchain(&mut self) -> Outcome<Toolchain> {
        if self.wasm.is_none() {
            self.wasm = Some(Toolchain::for_wasm()?);
        }
        self.wasm.ok_or_else(unprepared)
    }

    fn module(&mut self, form: Form) -> Outcome<PathBuf> {
        if let Some((_, path)) = self.modules.iter().find(|(built, _)| *built == form) {
            return Ok(path.clone());
        }
        let toolchain = self.toolchain()?;
        let built = service_build::build(&self.workspace, &self.dirs, toolchain, form)?;
        self.modules.push((form, built.path.clone()));
        Ok(built.path)
    }

    fn viceroy(&mut self) -> Outcome<Viceroy> {
        if let Some(preparing) = self.preparing.take() {
            self.viceroy = Some(preparing.wait()?);
        }
        self.viceroy.clone().ok_or_else(unprepared)
    }
}

fn unprepared() -> Failure {
    Failure::new("an earlier step of the set-up failed", "see above")
}

fn must_succeed(step: Step, command: &mut Command) -> Outcome<()> {
    say(format!("    {}", spelled(command)));
    if succeeds(command)? {
        return Ok(());
    }
    Err(failed(step, &spelled(command)))
}

fn failed(step: Step, command: &str) -> Failure {
    let name = step.name();
    Failure::new(
        format!("step `{name}` failed at `{command}`"),
        format!("correct what it says above, then `cargo dev test --only {name}`"),
    )
}

/// A command as one would type it.
fn spelled(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let program = program
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let words = command
        .get_args()
        .map(|word| word.to_string_lossy().into_owned());
    let words: Vec<String> = program.into_iter().chain(words).collect();
    words.join(" ")
}

/// Makes sure that `cargo <subcommand>` is there, with rustup's help where it is not.
fn component(name: &str, subcommand: &str) -> Outcome<()> {
    use crate::process::run_logged;
    use crate::workspace::{cache_dir, cargo};
    if output_of(cargo().args([subcommand, "--version"])).is_some() {
        return Ok(());
    }
    say(format!("rustup component add {name}"));
    run_logged(
        "rustup component add",
        Command::new("rustup").args(["component", "add", name]),
        &cache_dir()?.join("rustup-component.log"),
    )
    .map_err(|failure| failure.advise(format!("install `{name}` for this toolchain")))
}
