//! The page that `cargo dev bench` writes, a file for each section, and the profiles it can print.

mod core;
mod evaluation;
mod page;
pub(crate) mod peers;
mod profile;
mod provenance;
mod requests;
mod sizes;
mod table;
mod targets;

use std::path::Path;

use crate::guest::Executed;
use crate::measured::{Measured, Part};
use page::Page;

pub(crate) use profile::profiles;

/// The sections that were measured, as text.
pub(crate) fn sections(measured: &Measured) -> Vec<String> {
    let ran = |part: Part| measured.ran.contains(&part);
    let mut sections = Vec::new();
    if ran(Part::Table) {
        sections.push(table::section(measured));
    }
    if ran(Part::Evaluation) {
        sections.push(evaluation::section(measured) + &core::section(measured));
    }
    if ran(Part::Requests) {
        sections.push(requests::section(measured));
        sections.extend(measured.machine.clone());
    }
    if ran(Part::Sizes) {
        sections.push(sizes::section(measured));
    }
    sections
}

/// Writes what was measured into the page; the other sections stay as they are.
pub(crate) fn write(path: &Path, measured: &Measured) -> Result<(), String> {
    change(path, |page, from| {
        for section in sections(measured) {
            page.put(&section, from);
        }
        page.put_targets(&targets::rows(measured), from);
    })
}

/// Reads the page, changes it and writes it; `change` is given the page and what says where the figures are from.
fn change(path: &Path, change: impl FnOnce(&mut Page, &provenance::From)) -> Result<(), String> {
    let mut page = Page::read(&std::fs::read_to_string(path).unwrap_or_default());
    change(&mut page, &provenance::From::here());
    std::fs::write(path, page.text()).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("written: {}", path.display());
    Ok(())
}

/// A number in groups: `1,234,567`.
fn spaced(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn cell(executed: Option<&Executed>) -> String {
    executed.map_or("–".into(), |executed| spaced(executed.total))
}

fn ratio(part: u64, whole: u64) -> String {
    format!("{:.2}", part as f64 / whole.max(1) as f64)
}

/// A function's name as one writes it, without the hash of its instance.
fn short(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
