//! Secrets: where they come from, and how they are kept out of everything this program writes.
//!
//! A secret is taken from an environment variable or a file, never from an argument, which every user of the machine could
//! read in the process list. All text that leaves the program passes [`redact`], so that a secret which a server repeats
//! in its answer, or which stands in an address, is not shown either.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

use crate::failure::Problem;

/// What stands where a secret stood.
const COVERED: &str = "[secret]";

/// The secrets this process has read.
static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn known() -> MutexGuard<'static, Vec<String>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A text that must not be shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps the text; from now on [`redact`] covers it.
    pub fn new(text: &str) -> Self {
        let mut known = known();
        for form in [text.to_owned(), percent_encoded(text)] {
            if !form.is_empty() && !known.contains(&form) {
                known.push(form);
            }
        }
        // A secret that contains another is covered whole.
        known.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Secret(text.to_owned())
    }

    /// Reads the file if one is named, else the environment variable.
    ///
    /// `what` names the secret in messages, such as "Fastly API token".
    pub fn read(what: &str, variable: &str, option: &str, file: Option<&Path>) -> Result<Self> {
        let text = match file {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("reading the {what} from {}", path.display()))?,
            None => std::env::var(variable).map_err(|_| {
                Problem::usage(
                    format!("no {what}"),
                    format!("set {variable}, or name a file with {option}"),
                )
            })?,
        };
        let text = text.trim();
        // It goes into a header or an address.
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let from = file.map_or(variable.to_owned(), |path| path.display().to_string());
            return Err(Problem::usage(
                format!(
                    "the {what} in {from} is empty or has blanks or other odd characters in it"
                ),
                format!("put the {what}, and nothing else, into {from}"),
            ));
        }
        Ok(Self::new(text))
    }

    /// The secret itself, for the request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The secret as a segment of an address.
    pub fn in_path(&self) -> String {
        percent_encoded(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({COVERED})")
    }
}

/// The variables that hold secrets.
pub const VARIABLES: [&str; 3] = [
    "FASTLY_API_TOKEN",
    "STATSIG_SECRET_KEY",
    "STATSIG_TABLE_KEY",
];

/// Covers what the environment holds, also where a command does not need it.
pub fn cover_environment() {
    for variable in VARIABLES {
        if let Ok(text) = std::env::var(variable) {
            Secret::new(text.trim());
        }
    }
}

/// The text with every known secret covered.
pub fn redact(text: &str) -> String {
    let mut out = text.to_owned();
    for secret in known().iter() {
        if out.contains(secret.as_str()) {
            out = out.replace(secret.as_str(), COVERED);
        }
    }
    out
}

/// All but letters, digits and `-._~` as `%XX`: safe in a path segment and in a query value.
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into());
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_covered_in_every_form() {
        let secret = Secret::new("secret-a/b+c");
        assert_eq!(secret.expose(), "secret-a/b+c");
        assert_eq!(secret.in_path(), "secret-a%2Fb%2Bc");
        let text = format!("key {} at /{}.json", secret.expose(), secret.in_path());
        assert_eq!(redact(&text), "key [secret] at /[secret].json");
        assert_eq!(format!("{secret:?}"), "Secret([secret])");
    }

    #[test]
    fn the_longer_secret_is_covered_first() {
        Secret::new("inner-key");
        Secret::new("the-inner-key-and-more");
        assert_eq!(redact("x the-inner-key-and-more y"), "x [secret] y");
    }
}
