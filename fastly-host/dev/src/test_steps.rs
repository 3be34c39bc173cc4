//! `cargo dev test`: everything a change has to pass, in order of how soon it can fail, with a table at the end.
//!
//! Viceroy, if it has to be built, is built in the background meanwhile; only the last steps wait for it. What each step does is in
//! `test_run`.

use crate::progress::{Outcome, say, spoken};
use crate::test_run::Run;
use clap::ValueEnum;
use std::time::{Duration, Instant};

/// One part of the full test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Formatting of every package.
    Fmt,
    /// Lints of everything that builds for this machine.
    Clippy,
    /// Unit, integration and documentation tests on this machine.
    Native,
    /// The engine against Statsig's own core on generated cases: always the same ones, then fresh ones.
    Differential,
    /// The fuzz targets, for a few seconds each; the corpora are also replayed by the tests on this machine.
    Fuzz,
    /// The reader of tables under Miri, where that is installed.
    Miri,
    /// The licences and sources of what the project depends on (`.cargo/deny.toml`), where cargo-deny is installed.
    Deny,
    /// The documentation builds without a warning.
    Docs,
    /// The crates that are released build from what their packages hold.
    Package,
    /// The engine builds for a target that has no `std`.
    NoStd,
    /// Host crate and services: lints for Wasm, and the built modules.
    Wasm,
    /// The modules against what they may weigh and import (`benches/budgets.toml`).
    Size,
    /// The engine with a C interface, in hosts that are not Fastly's.
    Embedding,
    /// The modules under Viceroy, asked over HTTP.
    Service,
    /// The inspector in a real browser, where there is one or Debian's can be installed.
    Browser,
}

impl Step {
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    fn title(self) -> &'static str {
        match self {
            Self::Fmt => "formatting",
            Self::Clippy => "lints",
            Self::Native => "tests on this machine",
            Self::Differential => "the engine against Statsig's own core",
            Self::Fuzz => "fuzz targets",
            Self::Miri => "the reader of tables under Miri",
            Self::Deny => "licences and sources of dependencies",
            Self::Docs => "documentation",
            Self::Package => "the crates as they are released",
            Self::NoStd => "the engine for a target without std",
            Self::Wasm => "the services for Wasm",
            Self::Size => "modules against their budgets",
            Self::Embedding => "the engine in other hosts",
            Self::Service => "the services under Viceroy, over HTTP",
            Self::Browser => "the inspector in a real browser",
        }
    }
}

/// Which steps run, and whether a failed one ends the run.
pub struct Selection {
    /// If not empty, only these.
    pub only: Vec<Step>,
    /// Not these.
    pub skip: Vec<Step>,
    /// Go on after a failure.
    pub keep_going: bool,
}

impl Selection {
    fn steps(&self) -> Vec<Step> {
        let chosen = |step: &Step| {
            (self.only.is_empty() || self.only.contains(step)) && !self.skip.contains(step)
        };
        Step::value_variants()
            .iter()
            .copied()
            .filter(chosen)
            .collect()
    }
}

/// Runs the selected steps; an error if one failed.
pub fn test(selection: &Selection) -> Outcome<()> {
    let begin = Instant::now();
    let steps = selection.steps();
    let mut run = Run::new(&steps)?;
    let mut table: Vec<(Step, &str, Duration)> = Vec::new();
    let mut first_failure = None;
    for (index, &step) in steps.iter().enumerate() {
        if first_failure.is_some() && !selection.keep_going {
            table.push((step, "not run", Duration::ZERO));
            continue;
        }
        say(format!(
            "\n==> [{}/{}] {}: {}",
            index + 1,
            steps.len(),
            step.name(),
            step.title()
        ));
        let started = Instant::now();
        let result = run.step(step);
        let word = if result.is_ok() { "passed" } else { "FAILED" };
        say(format!(
            "==> {} {word} in {}",
            step.name(),
            spoken(started.elapsed())
        ));
        if let Err(failure) = result {
            say(format!("    {failure}"));
            first_failure.get_or_insert(failure);
        }
        table.push((step, word, started.elapsed()));
    }
    println!();
    for (step, word, time) in &table {
        println!(
            "  {:<12} {:<40} {word:<8} {:>12}",
            step.name(),
            step.title(),
            spoken(*time)
        );
    }
    println!("  {:<62} {:>12}\n", "in all", spoken(begin.elapsed()));
    match first_failure {
        None => Ok(()),
        Some(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(only: &[Step], skip: &[Step]) -> Vec<Step> {
        Selection {
            only: only.to_vec(),
            skip: skip.to_vec(),
            keep_going: false,
        }
        .steps()
    }

    #[test]
    fn steps_are_selected_in_their_order() {
        assert_eq!(selection(&[], &[]), Step::value_variants());
        let two = [Step::Native, Step::Fmt];
        assert_eq!(selection(&two, &[]), [Step::Fmt, Step::Native]);
        assert_eq!(selection(&two, &[Step::Native]), [Step::Fmt]);
    }
}
