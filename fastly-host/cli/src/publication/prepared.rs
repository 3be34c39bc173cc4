//! A payload, made ready for a store.

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::json;
use statsig_edge::compile::{Compiled, compile};
use statsig_edge::{SpecKind, Table, is_table};
use statsig_fastly::table_key_id;

use super::filter::Filter;
use super::note::Note;
use crate::failure::Problem;
use crate::signing::Signing;
use crate::specs::human_size;

/// What lies in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A rule table, which the edge opens as it is
    Table,
    /// Statsig's JSON, which the edge compiles; Statsig's own helper reads it too
    Json,
}

impl Format {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Json => "json",
        }
    }
}

/// What to make of a payload.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What to publish")]
pub(crate) struct Recipe {
    /// What lies in the store
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    #[command(flatten)]
    pub filter: Filter,
    /// Publish also what is older than what is live, and a payload without any spec
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub signing: Signing,
}

/// A payload, made ready.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// What is written.
    pub value: Vec<u8>,
    /// Its note.
    pub note: Note,
    /// Its format.
    pub format: Format,
    /// The table, also when the value is JSON; without a signature.
    pub table: Vec<u8>,
    /// The size of the JSON it comes from, if it was not a table already.
    pub json_bytes: Option<usize>,
    /// What is worth knowing about it.
    pub warnings: Vec<String>,
    /// What was left out on purpose.
    pub selection: Option<String>,
}

impl Recipe {
    /// Compiles, and thereby checks, a payload; a table is taken as it is.
    pub(crate) fn prepare(&self, bytes: Vec<u8>) -> Result<Prepared> {
        if self.format == Format::Json && self.signing.sign_key_id.is_some() {
            return Err(Problem::usage(
                "Statsig's JSON has no place for a signature",
                "publish a table, or without --sign-key-id",
            ));
        }
        if is_table(&bytes) {
            return self.prepare_table(bytes);
        }
        let mut warnings = Vec::new();
        let mut selection = None;
        let json = match self.filter.is_empty() {
            true => bytes,
            false => {
                // What is no payload is said as the compiler says it.
                checked(&bytes)?;
                let filtered = self.filter.apply(&bytes)?;
                selection = Some(format!("{} of {} specs", filtered.kept, filtered.of));
                let needed = filtered.needed.into_iter();
                warnings.extend(needed.map(|name| {
                    format!("{name} is excluded, but another spec needs it: it stays")
                }));
                filtered.json
            }
        };
        let compiled = checked(&json)?;
        warnings.extend(compiled.warnings.iter().map(ToString::to_string));
        let json_bytes = Some(json.len());
        let value = match self.format {
            Format::Table => self.signing.sign(compiled.table.clone())?,
            Format::Json => json,
        };
        self.finish(value, compiled.table, json_bytes, warnings, selection)
    }

    fn prepare_table(&self, bytes: Vec<u8>) -> Result<Prepared> {
        if self.format == Format::Json || !self.filter.is_empty() {
            return Err(Problem::usage(
                "a rule table cannot be turned back into JSON, nor filtered",
                "give Statsig's JSON as --specs",
            ));
        }
        let table = Table::open(&bytes)?;
        table.verify()?;
        let table = table.as_bytes().to_vec();
        self.finish(self.signing.sign(bytes)?, table, None, Vec::new(), None)
    }

    fn finish(
        &self,
        value: Vec<u8>,
        table: Vec<u8>,
        json_bytes: Option<usize>,
        warnings: Vec<String>,
        selection: Option<String>,
    ) -> Result<Prepared> {
        let opened = Table::open(&table)?;
        let kinds = [SpecKind::Gate, SpecKind::DynamicConfig, SpecKind::Layer];
        if !self.force
            && !kinds
                .into_iter()
                .any(|kind| opened.specs(kind).next().is_some())
        {
            return Err(Problem::refused(
                "the payload has no gate, no config and no layer",
                "check the source; --force publishes it all the same",
            ));
        }
        let note = Note::of(&value, opened.time(), self.format.name());
        Ok(Prepared {
            value,
            note,
            format: self.format,
            table,
            json_bytes,
            warnings,
            selection,
        })
    }
}

fn checked(json: &[u8]) -> Result<Compiled> {
    compile(json).context("the payload is not published, what is live stays")
}

impl Prepared {
    /// Sizes, for people.
    pub(crate) fn describe(&self) -> String {
        let value = human_size(self.value.len());
        let mut text = format!("{} of {value}", self.note.format);
        if let (Format::Table, Some(bytes)) = (self.format, self.json_bytes) {
            text += &format!(", from {} of JSON", human_size(bytes));
        }
        if let Some(id) = table_key_id(&self.value) {
            text += &format!(", signed with key {id}");
        }
        if let Some(selection) = &self.selection {
            text += &format!(", {selection}");
        }
        text
    }

    /// The same for machines.
    pub(crate) fn json(&self) -> serde_json::Value {
        json!({"format": self.note.format, "bytes": self.value.len(), "table_bytes": self.table.len(),
            "json_bytes": self.json_bytes, "time": self.note.time, "sha256": self.note.sha256,
            "key_id": table_key_id(&self.value), "selection": self.selection, "warnings": self.warnings})
    }
}
