//! `cargo dev size`: the sizes of modules against checked-in budgets, and their imports against a list.
//!
//! A budget has `bytes`, `imports` (a name may end in `*`), and perhaps `beyond`: how many bytes more than another module
//! this one may have.

use std::collections::BTreeMap;

use crate::sizes::Size;
use crate::{Arguments, read};

/// Prints a table; an error names what is beyond its budget.
pub(crate) fn check(arguments: &Arguments) -> Result<(), String> {
    let path = arguments.path("budgets")?;
    let text = String::from_utf8(read(&path)?).map_err(|error| error.to_string())?;
    let budgets: BTreeMap<String, toml::Table> =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut sizes = BTreeMap::new();
    for (name, file) in arguments.modules() {
        sizes.insert(name, Size::of(&read(&file)?)?);
    }
    let mut beyond = Vec::new();
    println!(
        "{:<24} {:>8} {:>8} {:>8}   more than",
        "module", "bytes", "budget", "gzip"
    );
    for (name, _) in arguments.modules() {
        let (Some(size), Some(budget)) = (sizes.get(name), budgets.get(name)) else {
            return Err(format!("{}: no budget for {name}", path.display()));
        };
        let mut more = String::new();
        if let Some(limits) = budget.get("beyond").and_then(toml::Value::as_table) {
            for (other, allowed) in limits {
                let base = sizes
                    .get(other.as_str())
                    .ok_or_else(|| format!("{name} is compared with {other}, which is none"))?;
                let added = size.bytes.saturating_sub(base.bytes);
                let allowed = allowed.as_integer().unwrap_or(0);
                more.push_str(&format!("   {other}: {added} of {allowed}"));
                if added as i64 > allowed {
                    beyond.push(format!(
                        "{name} has {added} bytes more than {other}, {allowed} are allowed"
                    ));
                }
            }
        }
        let bytes = budget
            .get("bytes")
            .and_then(toml::Value::as_integer)
            .unwrap_or(0);
        println!(
            "{name:<24} {:>8} {bytes:>8} {:>8}{more}",
            size.bytes, size.gzip
        );
        if size.bytes as i64 > bytes {
            beyond.push(format!(
                "{name} has {} bytes, {bytes} are allowed",
                size.bytes
            ));
        }
        let listed: Vec<&str> = match budget.get("imports") {
            Some(toml::Value::Array(list)) => list.iter().filter_map(toml::Value::as_str).collect(),
            _ => Vec::new(),
        };
        let allows = |import: &str| {
            listed.iter().any(|entry| match entry.strip_suffix('*') {
                Some(start) => import.starts_with(start),
                None => import == *entry,
            })
        };
        for import in size.imports.iter().filter(|import| !allows(import)) {
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
