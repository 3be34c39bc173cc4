//! `compile`: config specs to a rule table.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use statsig_fastly::table_key_id;

use crate::output::Output;
use crate::signing::Signing;
use crate::specs::{Specs, human_size};

/// Compile config specs into a rule table
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  statsig-fastly compile --specs specs.json --output specs.table
  curl -s \"$SPECS_URL\" | statsig-fastly compile --specs - --output - > specs.table
  STATSIG_TABLE_KEY=… statsig-fastly compile --specs specs.json --output specs.table --sign-key-id tables-2026")]
pub(crate) struct Arguments {
    /// Statsig's config specs as JSON (v1 or v2); `-` for standard input
    #[arg(long, value_name = "FILE")]
    specs: PathBuf,
    /// Where to write the table; `-` for standard output
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// Compiles, writes, and says what was left out.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let specs = Specs::read(&arguments.specs)?;
    let table = arguments.signing.sign(specs.bytes().to_vec())?;
    let to_stdout = arguments.output == Path::new("-");
    if to_stdout {
        // What stays behind in a buffer is lost without a word.
        let mut stdout = std::io::stdout();
        stdout
            .write_all(&table)
            .and_then(|()| stdout.flush())
            .context("writing the table to standard output")?;
    } else {
        replace(&arguments.output, &table)
            .with_context(|| format!("writing {}", arguments.output.display()))?;
    }
    let say = |line: String| match to_stdout {
        true => eprintln!("{line}"),
        false => println!("{line}"),
    };
    if output.json {
        let warnings: Vec<String> = specs.warnings.iter().map(ToString::to_string).collect();
        say(
            json!({"table_bytes": table.len(), "key_id": table_key_id(&table), "json_bytes": specs.json_bytes,
            "time": specs.table()?.time(), "warnings": warnings})
            .to_string(),
        );
        return Ok(());
    }
    for warning in &specs.warnings {
        eprintln!("warning: {warning}");
    }
    let from = match specs.json_bytes {
        Some(bytes) => format!(", from {} of JSON", human_size(bytes)),
        None => " (it was a table already)".into(),
    };
    let signed = table_key_id(&table).map_or(String::new(), |id| format!(", signed with key {id}"));
    say(format!(
        "{}: {}{from}{signed}",
        arguments.output.display(),
        human_size(table.len())
    ));
    Ok(())
}

/// Writes beside the file, under a name that nobody else has, and renames, so that a reader never sees half a table.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut beside = tempfile::Builder::new();
    // Other than what is private to a run, a table is for whoever may read what this user writes.
    #[cfg(unix)]
    beside.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = beside.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
