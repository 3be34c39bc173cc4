//! Writing for people and for machines. Everything passes [`redact`].

use std::io::{ErrorKind, IsTerminal, Write};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::secret::redact;
use crate::watch::event::Log;

/// How a command writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// JSON for machines, one value a line.
    pub json: bool,
    /// Where notes are events.
    pub log: Option<Log>,
}

impl Output {
    /// The result: text for people or JSON for machines.
    pub(crate) fn result(self, text: &str, json: &Value) -> Result<()> {
        match self.json {
            true => print(&json.to_string()),
            false => print(text),
        }
    }

    /// Something to know that is not the result, on standard error.
    pub(crate) fn note(self, text: &str) {
        if let Some(log) = self.log {
            return log.event("note", text, serde_json::json!({}));
        }
        match self.json {
            true => eprintln!("{}", redact(&serde_json::json!({"note": text}).to_string())),
            false => eprintln!("{}", redact(text)),
        }
    }

    /// A warning, on standard error.
    pub(crate) fn warning(self, text: &str) {
        if let Some(log) = self.log {
            return log.event("warning", text, serde_json::json!({}));
        }
        match self.json {
            true => eprintln!(
                "{}",
                redact(&serde_json::json!({"warning": text}).to_string())
            ),
            false => eprintln!("{} {}", emphasis("warning:"), redact(text)),
        }
    }
}

/// Bold, where standard error is a terminal and nobody has set `NO_COLOR`.
fn emphasis(text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match !plain && std::io::stderr().is_terminal() {
        true => format!("\u{1b}[1m{text}\u{1b}[0m"),
        false => text.to_owned(),
    }
}

/// Prints a line. A reader that has gone away, such as `head`, is no error.
pub(crate) fn print(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", redact(line)).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.context("writing to standard output"),
    }
}
