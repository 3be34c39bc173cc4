//! Section W: size of the modules.

use std::fmt::Write;

use super::{short, spaced};
use crate::measured::Measured;

pub(super) fn section(measured: &Measured) -> String {
    let mut page = String::from(
        "## W: size of the module\n\nBytes without custom sections (profile `edge`). What each is: `fastly-host/dev/src/bench.rs`; what each may weigh:\n\
         `budgets.toml`, checked by `cargo dev size`.\n\n\
         `wasm-opt -Oz` is Binaryen's optimiser as a step after the build, which nothing here does by itself; `–` where it was not installed.\n\n\
         | id | bytes | gzip | code | data | rest | `wasm-opt -Oz` |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (name, size) in &measured.sizes {
        let (code, data) = (size.section("code"), size.section("data"));
        let _ = writeln!(
            page,
            "| W-{name} | {} | {} | {} | {} | {} | {} |",
            spaced(size.bytes as u64),
            spaced(size.gzip as u64),
            spaced(code as u64),
            spaced(data as u64),
            spaced((size.bytes - code - data) as u64),
            size.optimised
                .map_or("–".into(), |bytes| spaced(bytes as u64))
        );
    }
    page += &by_part(measured);
    // Of a build with more features the rest is in these.
    let shown = ["engine-all-kinds", "engine-compile", "bare"];
    for (name, size) in &measured.sizes {
        if !shown.contains(&name.as_str()) {
            continue;
        }
        let _ = writeln!(
            page,
            "\nW-{name}, largest functions:\n\n| bytes | function |\n| ---: | --- |"
        );
        for (function, bytes) in size.functions.iter().take(30) {
            let _ = writeln!(
                page,
                "| {} | `{}` |",
                spaced(*bytes as u64),
                short(function)
            );
        }
    }
    page
}

/// Modules whose code is listed by part, side by side.
const BY_PART: [&str; 6] = [
    "engine",
    "engine-all-kinds",
    "engine-compile",
    "bare",
    "bare-drop-in",
    "service",
];

/// Parts that are smaller than this in every module are not listed.
const LISTED: usize = 400;

fn by_part(measured: &Measured) -> String {
    let size = |name: &&str| measured.sizes.iter().find(|(known, _)| known == name);
    let modules: Vec<_> = BY_PART.iter().filter_map(size).collect();
    let mut rows: Vec<(String, Vec<usize>)> = Vec::new();
    for (column, (_, size)) in modules.iter().enumerate() {
        for (part, bytes) in size.parts() {
            let at = rows.iter().position(|(known, _)| *known == part);
            let at = at.unwrap_or_else(|| {
                rows.push((part, vec![0; modules.len()]));
                rows.len() - 1
            });
            if let Some(cell) = rows
                .get_mut(at)
                .and_then(|(_, cells)| cells.get_mut(column))
            {
                *cell = bytes;
            }
        }
    }
    let largest = |cells: &[usize]| cells.iter().copied().max().unwrap_or(0);
    let small = rows.extract_if(.., |(_, cells)| largest(cells) < LISTED);
    let mut rest = vec![0; modules.len()];
    for (_, cells) in small {
        for (sum, bytes) in rest.iter_mut().zip(cells) {
            *sum += bytes;
        }
    }
    rows.sort_by_key(|(_, cells)| std::cmp::Reverse(largest(cells)));
    rows.push((format!("parts below {LISTED} bytes"), rest));
    let mut page = String::from("\nCode by part: the crate, and in ours the module.\n\n| part |");
    for (name, _) in &modules {
        let _ = write!(page, " {name} |");
    }
    page.push_str("\n| --- |");
    page.push_str(&" ---: |".repeat(modules.len()));
    page.push('\n');
    for (part, cells) in &rows {
        let _ = write!(page, "| {part} |");
        for bytes in cells {
            let cell = match bytes {
                0 => "–".to_owned(),
                bytes => spaced(*bytes as u64),
            };
            let _ = write!(page, " {cell} |");
        }
        page.push('\n');
    }
    page
}
