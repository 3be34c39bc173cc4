//! The publisher's command line, as a library: `statsig-fastly` is a thin `main` over it.
//!
//! Each command is a module with its arguments and its `run`. What they share: requests with retries (`http`), Fastly's
//! API (`fastly`), Statsig's CDN (`statsig`), publishing (`publication`), ID lists (`id_lists`), comparing (`compare`).

mod commands;
mod compare;
pub mod explanation;
mod failure;
mod fastly;
mod http;
mod id_lists;
mod output;
mod progress;
mod publication;
pub mod secret;
mod signing;
pub mod specs;
mod statsig;
mod stop;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{
    compile, completions, diff, evaluate, explain, gc, inspect, publish, sync_id_lists, verify,
};
use output::Output;

/// Statsig's config specs, compiled for the edge and published there.
#[derive(Debug, Parser)]
#[command(name = "statsig-fastly", version, about, propagate_version = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 refused because it would have been wrong."
)]
pub struct Cli {
    /// Write for machines: results as JSON on standard output, errors as JSON on standard error
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compile(compile::Arguments),
    Inspect(inspect::Arguments),
    Evaluate(evaluate::Arguments),
    Explain(explain::Arguments),
    Diff(diff::Arguments),
    Verify(verify::Arguments),
    Publish(publish::Arguments),
    SyncIdLists(sync_id_lists::Arguments),
    Watch(commands::watch::Arguments),
    Gc(gc::Arguments),
    Completions(completions::Arguments),
}

impl Cli {
    /// Runs the command; an error is said on standard error, with a next step where there is one.
    pub fn run(self) -> ExitCode {
        secret::cover_environment();
        let output = Output {
            json: self.json,
            log: None,
        };
        let done = match self.command {
            Command::Compile(arguments) => compile::run(&arguments, output),
            Command::Inspect(arguments) => inspect::run(&arguments, output),
            Command::Evaluate(arguments) => evaluate::run(&arguments),
            Command::Explain(arguments) => explain::run(&arguments, output),
            Command::Diff(arguments) => diff::run(&arguments, output),
            Command::Verify(arguments) => verify::run(&arguments, output),
            Command::Publish(arguments) => publish::run(&arguments, output),
            Command::SyncIdLists(arguments) => sync_id_lists::run(&arguments, output),
            Command::Watch(arguments) => commands::watch::run(&arguments, output),
            Command::Gc(arguments) => gc::run(&arguments, output),
            Command::Completions(arguments) => completions::run(&arguments),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failure::report(&error, output.json),
        }
    }
}
