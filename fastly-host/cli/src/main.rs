//! `statsig-fastly`: the publisher's command line.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    statsig_fastly_cli::Cli::parse().run()
}
