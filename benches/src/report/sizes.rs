//! Section W: size of the modules.

use std::fmt::Write;

use super::{short, spaced};
use crate::measured::Measured;

pub(super) fn section(measured: &Measured) -> String {
    let mut page = String::from(
        "## W: size of the module\n\nBytes without custom sections (profile `edge`). What each is: `fastly-host/dev/src/bench.rs`; what each may weigh:\n\
         `budgets.toml`, checked by `cargo dev size`.\n\n\
         | id | bytes | gzip | code | data | rest |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (name, size) in &measured.sizes {
        let (code, data) = (size.section("code"), size.section("data"));
        let _ = writeln!(
            page,
            "| W-{name} | {} | {} | {} | {} | {} |",
            spaced(size.bytes as u64),
            spaced(size.gzip as u64),
            spaced(code as u64),
            spaced(data as u64),
            spaced((size.bytes - code - data) as u64)
        );
    }
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
