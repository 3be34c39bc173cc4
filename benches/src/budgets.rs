//! `cargo dev size`: the sizes of modules against checked-in budgets, and their imports against a list.

use std::collections::BTreeMap;

use crate::sizes::Size;
use crate::{Arguments, read};

/// Prints a table; an error names what is beyond its budget.
pub(crate) fn check(arguments: &Arguments) -> Result<(), String> {
    let path = arguments.path("budgets")?;
    let text = String::from_utf8(read(&path)?).map_err(|error| error.to_string())?;
    let budgets: BTreeMap<String, toml::Table> =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut beyond = Vec::new();
    println!(
        "{:<28} {:>8} {:>8} {:>8}",
        "module", "bytes", "budget", "gzip"
    );
    for (name, file) in arguments.modules() {
        let size = Size::of(&read(&file)?)?;
        let budget = budgets
            .get(name)
            .ok_or_else(|| format!("{}: no budget for {name}", path.display()))?;
        let bytes = budget
            .get("bytes")
            .and_then(toml::Value::as_integer)
            .unwrap_or(0);
        println!("{name:<28} {:>8} {bytes:>8} {:>8}", size.bytes, size.gzip);
        if size.bytes as i64 > bytes {
            beyond.push(format!(
                "{name} has {} bytes, {bytes} are allowed",
                size.bytes
            ));
        }
        let allowed: Vec<&str> = match budget.get("imports") {
            Some(toml::Value::Array(list)) => list.iter().filter_map(toml::Value::as_str).collect(),
            _ => Vec::new(),
        };
        for import in size
            .imports
            .iter()
            .filter(|import| !allowed.contains(&import.as_str()))
        {
            beyond.push(format!("{name} imports {import}, which is not on its list"));
        }
    }
    match beyond.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{}\nbudgets and lists: {}",
            beyond.join("\n"),
            path.display()
        )),
    }
}
