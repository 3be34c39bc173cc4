//! Steps that build for Wasm, or for a target without `std`.

use super::command::{component, must_succeed};
use super::{
    BARE_SERVICE, C_ABI, ENGINE, HOST, OPENFEATURE, Run, SERVICE, TEST_SERVICES, unprepared,
};
use crate::progress::{Outcome, say};
use crate::service_build::{self, Form};
use crate::test_steps::Step;
use crate::wasm_toolchain::{NO_STD, Toolchain, WASM};
use std::path::PathBuf;

impl Run {
    pub(super) fn no_std(&self) -> Outcome<()> {
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
    pub(super) fn lint_for_wasm(&mut self) -> Outcome<()> {
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
    pub(super) fn openfeature_for_wasm(&mut self) -> Outcome<()> {
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

    pub(super) fn toolchain(&mut self) -> Outcome<Toolchain> {
        if self.wasm.is_none() {
            self.wasm = Some(Toolchain::for_wasm()?);
        }
        self.wasm.ok_or_else(unprepared)
    }

    pub(super) fn module(&mut self, form: Form) -> Outcome<PathBuf> {
        if let Some((_, path)) = self.modules.iter().find(|(built, _)| *built == form) {
            return Ok(path.clone());
        }
        let toolchain = self.toolchain()?;
        let built = service_build::build(&self.workspace, &self.dirs, toolchain, form)?;
        self.modules.push((form, built.path.clone()));
        Ok(built.path)
    }
}
