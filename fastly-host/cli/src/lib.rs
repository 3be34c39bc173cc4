//! The publisher's command line, as a library: `statsig-fastly` is a thin `main` over it.
//!
//! Each command is a module with its arguments and its `run`.

pub mod commands;
pub mod explanation;
pub mod output;
pub mod specs;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{compile, evaluate, explain, inspect};

/// Statsig's config specs, compiled for the edge.
#[derive(Debug, Parser)]
#[command(name = "statsig-fastly", version, about, propagate_version = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 usage.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compile(compile::Arguments),
    Inspect(inspect::Arguments),
    Evaluate(evaluate::Arguments),
    Explain(explain::Arguments),
}

impl Cli {
    /// Runs the command; an error is one line on standard error and exit code 1.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Compile(arguments) => compile::run(&arguments),
            Command::Inspect(arguments) => inspect::run(&arguments),
            Command::Evaluate(arguments) => evaluate::run(&arguments),
            Command::Explain(arguments) => explain::run(&arguments),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("statsig-fastly: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}
