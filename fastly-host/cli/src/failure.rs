//! What goes wrong, said with its cause, a next step, and an exit code.

use std::fmt;
use std::process::ExitCode;

use serde_json::json;

use crate::secret::redact;

/// Which exit code a problem ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something failed: exit code 1.
    Failed,
    /// The command line or the surroundings are not as they should be: exit code 2.
    Usage,
    /// Nothing was done because doing it would have been wrong: exit code 3.
    Refused,
}

impl Kind {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Refused => 3,
        }
    }
}

/// An error that knows what to do about it.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: Kind,
    message: String,
    next_step: String,
}

impl Problem {
    /// Exit code 1.
    pub(crate) fn failed(
        message: impl Into<String>,
        next_step: impl Into<String>,
    ) -> anyhow::Error {
        Self::error(Kind::Failed, message.into(), next_step.into())
    }

    /// Exit code 2.
    pub(crate) fn usage(message: impl Into<String>, next_step: impl Into<String>) -> anyhow::Error {
        Self::error(Kind::Usage, message.into(), next_step.into())
    }

    /// Exit code 3.
    pub(crate) fn refused(
        message: impl Into<String>,
        next_step: impl Into<String>,
    ) -> anyhow::Error {
        Self::error(Kind::Refused, message.into(), next_step.into())
    }

    fn error(kind: Kind, message: String, next_step: String) -> anyhow::Error {
        anyhow::Error::new(Problem {
            kind,
            message,
            next_step,
        })
    }

    /// The first one in an error's chain of causes.
    fn of(error: &anyhow::Error) -> Option<&Problem> {
        error.chain().find_map(|cause| cause.downcast_ref())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// Which kind an error is; failed, if it does not say.
pub(crate) fn kind(error: &anyhow::Error) -> Kind {
    Problem::of(error).map_or(Kind::Failed, |problem| problem.kind)
}

/// The error in one line, without secrets.
pub(crate) fn message(error: &anyhow::Error) -> String {
    redact(&format!("{error:#}")).replace(['\n', '\r'], " ")
}

/// Says the error on standard error, for people or as a line of JSON, and gives the exit code.
pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    let code = kind(error).code();
    let next_step = Problem::of(error).map(|problem| redact(&problem.next_step));
    if json {
        let said = json!({"error": message(error), "next_step": next_step, "exit_code": code});
        eprintln!("{said}");
    } else {
        eprintln!("statsig-fastly: {}", message(error));
        if let Some(next_step) = next_step {
            eprintln!("  next: {next_step}");
        }
    }
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_kind_is_found_below_what_was_added() {
        let refused: anyhow::Result<()> = Err(Problem::refused("newer", "force it"));
        let error = refused.context("publishing").unwrap_err();
        assert_eq!(kind(&error), Kind::Refused);
        assert_eq!(message(&error), "publishing: newer");
        assert_eq!(kind(&anyhow::anyhow!("plain")), Kind::Failed);
    }
}
