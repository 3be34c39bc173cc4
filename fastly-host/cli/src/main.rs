//! `statsig-fastly`: the publisher's command line.

use std::process::ExitCode;

use clap::Parser;
use statsig_fastly_cli::secret::redact;

fn main() -> ExitCode {
    // A panic's message may hold a secret, too.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{}", redact(&panic.to_string()))
    }));
    statsig_fastly_cli::Cli::parse().run()
}
