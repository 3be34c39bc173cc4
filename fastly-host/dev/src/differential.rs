//! `cargo dev differential`: the engine and Statsig's own core asked the same generated questions.
//!
//! The tester is built in the profile of the tools: in cargo's own it would take longer to run than to build.

use crate::build_dirs::BuildDirs;
use crate::process::succeeds;
use crate::progress::{Failure, Outcome};
use crate::workspace::Workspace;
use std::process::Command;

/// The package; it brings Statsig's own core with its many crates, so it is a part of no other step.
pub const PACKAGE: &str = "statsig-differential";

/// The seed of the cases that every full test repeats.
pub const SEED: u64 = 20_261_122;

/// Cases of one run in the full test.
pub const CASES: usize = 20_000;

/// Fills in the arguments of a `cargo` that runs the tester; without a seed it takes a fresh one and prints it.
pub fn arguments(cargo: &mut Command, cases: usize, seed: Option<u64>) -> &mut Command {
    cargo
        .args(["run", "--profile", "tool", "-p", PACKAGE, "--"])
        .args(["--cases", &cases.to_string()]);
    if let Some(seed) = seed {
        cargo.args(["--seed", &seed.to_string()]);
    }
    cargo
}

/// Runs the tester by itself.
pub fn run(cases: usize, seed: Option<u64>, tally: bool) -> Outcome<()> {
    let workspace = Workspace::find()?;
    let dirs = BuildDirs::take(&workspace)?;
    let mut cargo = workspace.cargo();
    arguments(&mut cargo, cases, seed).env("CARGO_TARGET_DIR", dirs.native());
    if tally {
        cargo.arg("--tally");
    }
    match succeeds(&mut cargo)? {
        true => Ok(()),
        false => Err(Failure::new(
            "the engines disagree, or the tester does not build",
            "see above: each failure shows the smallest payload and user found, and both answers",
        )),
    }
}
