//! The targets, each beside what was measured for it.

use super::page::Target;
use super::{ratio, spaced};
use crate::measured::Measured;

/// The rows whose figures this run has: those of the sections that ran.
pub(super) fn rows(measured: &Measured) -> Vec<Target> {
    let native = |key: &str| {
        measured
            .native
            .get(key)
            .map_or(0, |executed| executed.total)
    };
    let guest = |key: &str| measured.guest.get(key).map_or(0, |executed| executed.total);
    let heap = |key: &str| measured.heap.get(key).copied().unwrap_or_default();
    let payload = |name: &str| {
        measured
            .payloads
            .iter()
            .find(|payload| payload.name == name)
    };
    let mut rows = Vec::new();
    let mut row = |id: &str, target: &str, value: String| {
        if measured
            .ran
            .iter()
            .any(|part| id.starts_with(part.letter()))
        {
            rows.push(Target {
                id: id.to_owned(),
                target: target.to_owned(),
                measured: value,
            });
        }
    };
    row(
        "T1 open",
        "the same for 22 KB and 20 MB, under 2,000, no heap",
        format!(
            "native {} and {}, Wasm {} and {}, {} blocks",
            native("open demo"),
            native("open 20MB"),
            guest("open demo"),
            guest("open 20MB"),
            heap("open 20MB").blocks
        ),
    );
    if let (Some(eval), Some(four)) = (payload("eval"), payload("4MB")) {
        let values = u64::from(eval.section("values"));
        row(
            "T2 size",
            "eval: 80 KB beside the values, 285 KB with them; 4 MB: 42 %",
            format!(
                "{} + {values} = {} bytes; {} %",
                eval.table.len() as u64 - values,
                eval.table.len(),
                four.table.len() * 100 / four.json.len()
            ),
        );
        let compile = heap("compile eval").peak;
        row(
            "T3 compile",
            "native 1.5 × `serde_json` typed; eval in Wasm 15 M; peak at most input + 2 × output",
            format!(
                "eval {} ×, 4 MB {} ×, v1 {} ×; {} M (`serde_json` typed {} M, to `Value` {} M); peak {} of {} bytes",
                ratio(native("compile eval"), native("serde-typed eval")),
                ratio(native("compile 4MB"), native("serde-typed 4MB")),
                ratio(native("compile v1"), native("serde-typed v1")),
                ratio(guest("compile eval"), 1_000_000),
                ratio(guest("serde-typed eval"), 1_000_000),
                ratio(guest("serde-value eval"), 1_000_000),
                spaced(compile),
                spaced((eval.json.len() + 2 * eval.table.len()) as u64)
            ),
        );
    }
    let compression = native("compression");
    row(
        "E1 50 % gate, native",
        "1.5 × one soft SHA-256 compression",
        format!(
            "{} of {compression}: {} ×",
            native("E-half plain"),
            ratio(native("E-half plain"), compression)
        ),
    );
    let core = |word: &str| native(&format!("core E-half new {word}"));
    row(
        "E1 50 % gate, native, beside `statsig-rust`",
        "at least 10 × fewer for a new user",
        format!(
            "{} × fewer ({} to {}), with its exposure {} × ({} to {}), with the making of its user object besides {} ×; a tenth \
             would be less than the one compression",
            ratio(core("plain"), native("E-half plain")),
            spaced(core("plain")),
            spaced(native("E-half plain")),
            ratio(core("exposures"), native("E-half exposures")),
            spaced(core("exposures")),
            spaced(native("E-half exposures")),
            ratio(
                core("exposures") + native("core user"),
                native("E-half exposures")
            ),
        ),
    );
    row(
        "E2 50 % gate, Wasm",
        "7,000",
        format!(
            "{} (one compression {}, one hash {})",
            guest("E-half plain"),
            guest("compression"),
            guest("hash")
        ),
    );
    row(
        "E3 gate without a hash",
        "native 300, Wasm 800",
        format!(
            "{} and {}",
            native("E-public plain"),
            guest("E-public plain")
        ),
    );
    row(
        "E4 20 list tests and one hash, Wasm",
        "9,000",
        guest("E-scan plain").to_string(),
    );
    row(
        "E5 experiment in a layer, one parameter, exposure, Wasm",
        "20,000",
        guest("E-layer exposures").to_string(),
    );
    let size = |name: &str| {
        measured
            .sizes
            .iter()
            .find(|(known, _)| known == name)
            .map_or(0, |(_, size)| size.bytes)
    };
    row(
        "W1 engine alone",
        "40 KB with every operator, user agents and regexes apart",
        format!(
            "{} bytes; all kinds {}; with user agents {}",
            size("engine"),
            size("engine-all-kinds"),
            size("engine-user-agent")
        ),
    );
    let beyond = |module: &str, base: &str| size(module).saturating_sub(size(base));
    row(
        "W2 bare service",
        "64 KB",
        format!(
            "{} bytes; without events {}; without Statsig {}",
            size("bare"),
            size("bare-quiet"),
            size("bare-kv")
        ),
    );
    row(
        "W3 service on the `fastly` crate",
        "60 KB more than the same without Statsig",
        format!(
            "{} bytes more ({} to {})",
            beyond("service", "fastly-url"),
            size("service"),
            size("fastly-url")
        ),
    );
    row(
        "W4 drop-in",
        "40 KB more than W2 or W3",
        format!(
            "{} bytes more than W2, {} more than W3",
            beyond("bare-drop-in", "bare"),
            beyond("service-drop-in", "service")
        ),
    );
    if let Some(machine) = &measured.machine {
        row(
            "R1 request on a published table",
            "1.10 × reading the same value, at 0.43 MB and at 4 MB of JSON",
            ratios(machine, "R1", "bare-quiet"),
        );
        row(
            "R2 request on JSON, its table in the cache",
            "1.25 × R1, at both",
            ratios(machine, "R2", "bare-shared"),
        );
        row(
            "R3 sandbox reuse",
            "no store read; 1.2 × an empty reused request",
            ratios(machine, "R3", "bare-reuse"),
        );
    }
    rows
}

/// The ratios in a section's lines of an id and a module, each with its spread.
fn ratios(section: &str, id: &str, module: &str) -> String {
    let begin = format!("| {id} | `{module}` | ");
    let lines = section.lines().filter_map(|line| line.strip_prefix(&begin));
    let ratios: Vec<&str> = lines.filter_map(|line| line.split(" | ").nth(2)).collect();
    ratios.join(" and ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_ratios_of_a_line_are_found() {
        let section = "| R1 | `bare` | eval.table | 3 | 2.04 (1 to 2) | `kv` | x |\n\
                       | R1 | `quiet` | eval.table | 1 | 1.03 (1 to 2) | `kv` | x |\n\
                       | R1 | `quiet` | 4MB.table | 2 | 1.10 (1 to 3) | `kv` | x |\n";
        assert_eq!(
            super::ratios(section, "R1", "quiet"),
            "1.03 (1 to 2) and 1.10 (1 to 3)"
        );
    }
}
