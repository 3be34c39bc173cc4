//! Commands that a step runs: what becomes of a failure, and parts of the toolchain that may not be there.

use crate::process::{output_of, run_logged, succeeds};
use crate::progress::{Failure, Outcome, say};
use crate::test_steps::Step;
use crate::workspace::{cache_dir, cargo};
use std::path::PathBuf;
use std::process::Command;

pub(super) fn must_succeed(step: Step, command: &mut Command) -> Outcome<()> {
    say(format!("    {}", spelled(command)));
    if succeeds(command)? {
        return Ok(());
    }
    Err(failed(step, &spelled(command)))
}

pub(super) fn failed(step: Step, command: &str) -> Failure {
    let name = step.name();
    Failure::new(
        format!("step `{name}` failed at `{command}`"),
        format!("correct what it says above, then `cargo dev test --only {name}`"),
    )
}

/// A command as one would type it.
pub(super) fn spelled(command: &Command) -> String {
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
pub(super) fn component(name: &str, subcommand: &str) -> Outcome<()> {
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
