//! Writing to standard output.

use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};

/// Prints a line. A reader that has gone away, such as `head`, is no error.
pub fn print(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.context("writing to standard output"),
    }
}
