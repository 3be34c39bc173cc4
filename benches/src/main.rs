//! The runner behind `cargo dev bench` and `cargo dev size`, which build what it is given:
//!
//! - `bench native=FILE core=FILE cases=FILE module:NAME=FILE… machine=FILE scratch=FOLDER results=FILE [parts=TERW]
//!   [only=TEXT] [profile=COUNT]`
//! - `peers machine=FILE module:NAME=FILE… results=FILE`
//! - `size budgets=FILE module:NAME=FILE…`
//! - `payloads FOLDER`: writes the payloads there: as JSON, as tables and, where a peer reads nothing newer, as v1
//! - `request MODULE VALUE URI`: the instructions of one request
//! - `functions COUNT FILE`: the largest functions of a module
#![forbid(unsafe_code)]

mod budgets;
mod callgrind;
mod core;
mod count;
mod evaluation_payload;
mod first_version;
mod guest;
mod measure;
mod measured;
mod payloads;
mod report;
mod request;
mod requests;
mod sizes;
mod synthetic;

use std::path::PathBuf;
use std::process::ExitCode;

/// What the command line says, as `key=value`.
pub(crate) struct Arguments(Vec<(String, String)>);

impl Arguments {
    fn optional(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }

    fn path(&self, key: &str) -> Result<PathBuf, String> {
        self.optional(key)
            .map(PathBuf::from)
            .ok_or_else(|| format!("`{key}=…` is missing"))
    }

    /// The modules whose size counts, by name.
    fn modules(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        self.0
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix("module:")?, PathBuf::from(value))))
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let task = words.next().unwrap_or_default();
    if task == "request" {
        let words: Vec<String> = words.collect();
        return finish(requests::one_request(&words));
    }
    if task == "payloads" {
        let folder = words.next().unwrap_or_default();
        return finish(payloads::write_payloads(folder.as_ref()));
    }
    if task == "functions" {
        let count = words.next().and_then(|count| count.parse().ok());
        let file = words.next().unwrap_or_default();
        return finish(sizes::print(file.as_ref(), count.unwrap_or(usize::MAX)));
    }
    let arguments = Arguments(
        words
            .map(|word| {
                word.split_once('=')
                    .map_or((word.clone(), String::new()), |(k, v)| (k.into(), v.into()))
            })
            .collect(),
    );
    let done = match task.as_str() {
        "bench" => measure::bench(&arguments),
        "peers" => report::peers::write(&arguments),
        "size" => budgets::check(&arguments),
        _ => Err("say `bench` or `size`; `cargo dev bench` and `cargo dev size` do".into()),
    };
    finish(done)
}

fn finish(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub(crate) fn write(path: &std::path::Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
