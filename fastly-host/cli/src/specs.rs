//! Config specs as the commands take them: Statsig's JSON in either format, or a rule table.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use statsig_edge::compile::{Warning, compile};
use statsig_edge::{Table, is_table};

/// The bytes of a file; `-` is standard input.
pub fn read_input(path: &Path) -> Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("reading standard input")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// A rule table, with the warnings of its compilation if it was compiled just now.
pub struct Specs {
    table: Vec<u8>,
    /// What the table leaves out or cannot answer.
    pub warnings: Vec<Warning>,
    /// The size of the JSON it was compiled from.
    pub json_bytes: Option<usize>,
}

impl Specs {
    /// Takes a table as it is, checksum verified, and compiles JSON.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        if is_table(&bytes) {
            Table::open(&bytes)?.verify()?;
            return Ok(Specs {
                table: bytes,
                warnings: Vec::new(),
                json_bytes: None,
            });
        }
        let compiled = compile(&bytes)?;
        Ok(Specs {
            table: compiled.table,
            warnings: compiled.warnings,
            json_bytes: Some(bytes.len()),
        })
    }

    /// Reads a file, or standard input for `-`.
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(read_input(path)?).with_context(|| path.display().to_string())
    }

    /// The table's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.table
    }

    /// The opened table.
    pub fn table(&self) -> Result<Table<'_>> {
        Ok(Table::open(&self.table)?)
    }
}

/// A size for people: `64.9 KB`.
pub fn human_size(bytes: usize) -> Cow<'static, str> {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        _ => format!("{:.2} MB", bytes as f64 / 1e6),
    }
    .into()
}
