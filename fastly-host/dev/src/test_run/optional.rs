//! Steps that a machine may lack the tools for: then they are left out, and it says how to get them.

use super::command::must_succeed;
use super::{DEV, ENGINE, Run};
use crate::chromium;
use crate::harness::{VICEROY_VAR, WASM_VAR};
use crate::process::output_of;
use crate::progress::{Outcome, say};
use crate::service_build;
use crate::test_steps::Step;
use std::process::Command;

impl Run {
    /// A machine without a browser, and without the right to install one, is told how and goes on.
    pub(super) fn browser(&mut self) -> Outcome<()> {
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

    /// Advisories are not among the checks: their database is fetched from elsewhere than crates are.
    pub(super) fn deny(&self) -> Outcome<()> {
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
    pub(super) fn miri(&self) -> Outcome<()> {
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
}
