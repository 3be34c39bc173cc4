//! `inspect`: what is in a rule table.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use statsig_edge::{Entity, SpecKind, Table};

use crate::output::Output;
use crate::signing::Signing;
use crate::specs::{Specs, human_size};

/// Show what is in config specs: sizes by section, counts, signature, warnings
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  statsig-fastly inspect --specs specs.json
  statsig-fastly inspect --specs specs.table --json | jq .counts")]
pub(crate) struct Arguments {
    /// Config specs as JSON (v1 or v2) or as a rule table; `-` for standard input
    #[arg(long, value_name = "FILE")]
    specs: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// Prints the summary.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<()> {
    let specs = Specs::read(&arguments.specs)?;
    let table = specs.table()?;
    let signature = arguments.signing.check(specs.bytes())?;
    let counts = counts(&table);
    let format = if table.is_v1() { "v1" } else { "v2" };
    let stores = table.parameter_stores().count();
    if output.json {
        let sections: serde_json::Map<_, _> = table
            .section_sizes()
            .map(|(name, size)| (name.to_owned(), json!(size)))
            .collect();
        let counts: serde_json::Map<_, _> = counts
            .into_iter()
            .map(|(name, count)| (name.to_owned(), json!(count)))
            .collect();
        let warnings: Vec<String> = specs.warnings.iter().map(ToString::to_string).collect();
        println!(
            "{}",
            json!({"payload_format": format, "time": table.time(),
                "checksum": format!("{:016x}", table.checksum()),
                "signature": signature.json(),
                "table_bytes": table.as_bytes().len(), "json_bytes": specs.json_bytes,
                "sections": sections, "counts": counts, "parameter_stores": stores,
                "unsupported": table.unsupported_conditions(),
                "patterns_for_an_engine": table.engine_patterns().collect::<Vec<_>>(),
                "warnings": warnings})
        );
        return Ok(());
    }
    println!("payload   {format}, time {}", table.time());
    println!("checksum  {:016x}", table.checksum());
    println!("signature {}", signature.text());
    let from = specs.json_bytes.map_or(String::new(), |json| {
        let share = table.as_bytes().len() as f64 * 100.0 / json as f64;
        format!(" ({share:.0} % of its JSON, {})", human_size(json))
    });
    println!("table     {}{from}", human_size(table.as_bytes().len()));
    for (name, size) in table.section_sizes().filter(|(_, size)| *size > 0) {
        println!("  {name:<18}{:>10}", human_size(size as usize));
    }
    println!("specs");
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        println!("  {name:<18}{count:>10}");
    }
    if stores > 0 {
        println!("  {:<18}{stores:>10}", "parameter store");
    }
    match table.unsupported_conditions() {
        0 => {}
        count => println!("conditions answered as unsupported: {count}"),
    }
    for pattern in table.engine_patterns() {
        println!("pattern that needs a regex engine: {pattern:?}");
    }
    for warning in &specs.warnings {
        println!("warning: {warning}");
    }
    Ok(())
}

/// How many specs of each entity there are.
fn counts(table: &Table<'_>) -> Vec<(&'static str, usize)> {
    let kinds = [SpecKind::Gate, SpecKind::DynamicConfig, SpecKind::Layer];
    let entities: Vec<Entity> = kinds
        .into_iter()
        .flat_map(|kind| table.specs(kind))
        .map(|spec| spec.entity())
        .collect();
    let names = [
        Entity::FeatureGate,
        Entity::Segment,
        Entity::Holdout,
        Entity::DynamicConfig,
        Entity::Experiment,
        Entity::Autotune,
        Entity::Layer,
        Entity::Other,
    ];
    names
        .into_iter()
        .map(|entity| {
            let name = match entity {
                Entity::Other => "without entity",
                entity => entity.as_str(),
            };
            (
                name,
                entities.iter().filter(|found| **found == entity).count(),
            )
        })
        .collect()
}
