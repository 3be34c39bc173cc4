//! `completions`: scripts for shells.

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::Cli;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  statsig-fastly completions bash > /etc/bash_completion.d/statsig-fastly
  statsig-fastly completions fish > ~/.config/fish/completions/statsig-fastly.fish")]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut command = Cli::command();
    let mut script = Vec::new();
    generate(arguments.shell, &mut command, "statsig-fastly", &mut script);
    crate::output::print(String::from_utf8_lossy(&script).trim_end())
}
