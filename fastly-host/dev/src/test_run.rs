//! What the steps of `cargo dev test` do.

mod command;
mod optional;
mod wasm;

use crate::bench;
use crate::build_dirs::BuildDirs;
use crate::differential;
use crate::fuzz;
use crate::harness::{VICEROY_VAR, WASM_VAR};
use crate::package;
use crate::progress::{Failure, Outcome, say};
use crate::service_build::{self, BARE, BARE_FOR_TABLES, Form};
use crate::test_steps::Step;
use crate::viceroy::{Preparing, Viceroy};
use crate::wasm_toolchain::Toolchain;
use crate::workspace::Workspace;
use command::{component, failed, must_succeed};
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
