//! Section E: what a check costs, ours.

use std::fmt::Write;

use statsig_benches_cases::evaluation::CASES;

use super::cell;
use crate::measured::Measured;

pub(super) fn section(measured: &Measured) -> String {
    let mut page = String::from(
        "## E: evaluation\n\nInstructions of one check on an opened table with a user at hand, without and with its exposure recorded.\n\n\
         | id | what it isolates | native | with exposure | Wasm | with exposure |\n| --- | --- | ---: | ---: | ---: | ---: |\n",
    );
    for (key, isolates) in [
        ("compression", "Floor: one SHA-256 compression."),
        ("hash", "Floor: the SHA-256 of a short text by `sha2`."),
    ] {
        let _ = writeln!(
            page,
            "| F-{key} | {isolates} | {} | | {} | |",
            cell(measured.native.get(key)),
            cell(measured.guest.get(key))
        );
    }
    for case in CASES {
        let key = |word: &str| format!("{} {word}", case.id);
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            case.id,
            case.isolates,
            cell(measured.native.get(&key("plain"))),
            cell(measured.native.get(&key("exposures"))),
            cell(measured.guest.get(&key("plain"))),
            cell(measured.guest.get(&key("exposures"))),
        );
    }
    page.push('\n');
    page
}
