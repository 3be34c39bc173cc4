//! Section T: size of the tables, and what opening, reading and compiling cost.

use std::fmt::Write;

use statsig_benches_cases::payload::Reading;

use super::{cell, spaced};
use crate::measured::Measured;

pub(super) fn section(measured: &Measured) -> String {
    let mut page = String::from("## T: the table\n\n");
    page.push_str("| payload | JSON bytes | table bytes | of the JSON | values | beside the values |\n| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for payload in &measured.payloads {
        let (json, table, values) = (
            payload.json.len() as u64,
            payload.table.len() as u64,
            u64::from(payload.section("values")),
        );
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} % | {} | {} |",
            payload.name,
            spaced(json),
            spaced(table),
            table * 100 / json,
            spaced(values),
            spaced(table - values)
        );
    }
    page.push_str(
        "\nSize by section, in bytes; sections that are empty everywhere are left out.\n\n",
    );
    let names: Vec<&str> = measured
        .payloads
        .iter()
        .map(|payload| payload.name)
        .collect();
    let names = names.join(" | ");
    let _ = writeln!(page, "| section | {} |", names);
    let _ = writeln!(page, "| --- |{}", " ---: |".repeat(measured.payloads.len()));
    let sections: Vec<&str> = measured.payloads.first().map_or(Vec::new(), |payload| {
        payload.sections().map(|(name, _)| name).collect()
    });
    for section in sections {
        let sizes: Vec<u32> = measured
            .payloads
            .iter()
            .map(|payload| payload.section(section))
            .collect();
        if sizes.iter().any(|&size| size > 8) {
            let sizes: Vec<String> = sizes.iter().map(|&size| spaced(u64::from(size))).collect();
            let _ = writeln!(page, "| {section} | {} |", sizes.join(" | "));
        }
    }
    page.push_str("\nInstructions. In brackets the most heap at one time, in bytes.\n\n");
    let _ = writeln!(page, "| id | what it isolates | {} |", names);
    let _ = writeln!(
        page,
        "| --- | --- |{}",
        " ---: |".repeat(measured.payloads.len())
    );
    let mut rows: Vec<(String, &str)> = vec![
        (
            "open".into(),
            "Opening: magic, version, length, section bounds.",
        ),
        (
            "lookup".into(),
            "Finding a gate by its name in an opened table.",
        ),
        (
            "verify".into(),
            "The checksum of the whole table, on demand.",
        ),
    ];
    rows.extend(Reading::ALL.map(|(name, reading)| {
        (
            name.to_owned(),
            match reading {
                Reading::Compile => "Statsig's JSON into a rule table.",
                Reading::Typed => {
                    "Peer: `serde_json` into structs that borrow, config values left as text."
                }
                Reading::Value => "Peer: `serde_json::Value`.",
                Reading::Ignored => "Peer: `serde_json` passing over everything.",
                Reading::Memcpy => "Peer: a copy of the JSON.",
            },
        )
    }));
    let native_only = (
        "core-initialise".to_owned(),
        "Peer: `statsig-rust` started on the payload, the first in its process; its own thread's instructions. It reads v2 only.",
    );
    for (task, isolates) in rows.iter().chain([&native_only]) {
        let cells: Vec<String> = measured
            .payloads
            .iter()
            .map(|payload| {
                let key = format!("{task} {}", payload.name);
                let heap = measured.heap.get(&key).copied().unwrap_or_default();
                match heap.peak {
                    0 => cell(measured.native.get(&key)),
                    peak => format!("{} ({})", cell(measured.native.get(&key)), spaced(peak)),
                }
            })
            .collect();
        let _ = writeln!(
            page,
            "| T-{task} native | {isolates} | {} |",
            cells.join(" | ")
        );
    }
    for (task, isolates) in &rows {
        let cells: Vec<String> = measured
            .payloads
            .iter()
            .map(|payload| cell(measured.guest.get(&format!("{task} {}", payload.name))))
            .collect();
        if cells.iter().any(|cell| cell != "–") {
            let _ = writeln!(
                page,
                "| T-{task} Wasm | {isolates} | {} |",
                cells.join(" | ")
            );
        }
    }
    page.push('\n');
    page
}
