//! The page that `cargo dev bench` writes, and the profiles it can print.

use std::fmt::Write;
use std::process::Command;

use statsig_benches_cases::evaluation::CASES;
use statsig_benches_cases::payload::Reading;

use crate::guest::Executed;
use crate::measure::Measured;

/// A number with thin groups: `1,234,567`.
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

/// The whole page.
pub(crate) fn page(measured: &Measured) -> String {
    let mut page = String::from(
        "# Results\n\nWritten by `cargo dev bench`; nothing here is edited by hand. Lower is better everywhere.\n\n",
    );
    let _ = writeln!(
        page,
        "- Machine: {}, {}",
        processor(),
        output("uname", &["-srm"])
    );
    let _ = writeln!(page, "- Compiler: {}", output("rustc", &["--version"]));
    let _ = writeln!(
        page,
        "- Native instructions: {}, release profile, SHA-256 without the processor's own instructions",
        output("valgrind", &["--version"])
    );
    page.push_str(
        "- Wasm instructions: executed instructions of the module (`opt-level = \"s\"`, wasm32-wasip1), counted by the module\n\
         \x20 itself after a rewriting that adds a counter to every straight run of instructions (`benches/src/count.rs`). What counts\n\
         \x20 is what counts as Wasmtime's fuel; `memory.copy` counts one, whatever it moves.\n\
         - Both are the same in every run on the same compiler. Each case has run once before it is counted.\n\n",
    );
    page.push_str(&targets(measured));
    page.push_str(&measurements(measured));
    page
}

/// Whole requests in instructions of the guest.
fn requests(measured: &Measured) -> String {
    if measured.requests.is_empty() {
        return String::new();
    }
    let mut page = String::from(
        "## Whole requests: instructions of the module\n\n\
         One instance, one request, against a host that does the least (`benches/src/request.rs`). Pages are of 64 KiB; 17 are\n\
         there at the start (stack and data).\n\n\
         | id | module | store | path | until the answer | in all | host calls | pages | isolates |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (row, done) in &measured.requests {
        let (name, table) = row.value;
        // Of a sandbox that goes on, the second request.
        let (total, calls) = match done.ready[..] {
            [(begin, calls_begin), (end, calls_end), ..] => (end - begin, calls_end - calls_begin),
            _ => (done.total, done.host_calls.len()),
        };
        let until_answer = match done.ready.is_empty() {
            true => spaced(done.until_answer),
            false => "–".into(),
        };
        let _ = writeln!(
            page,
            "| {} | `{}` | {name} {} | `{}` | {} | {} | {} | {} | {} |",
            row.id,
            row.module,
            if table { "table" } else { "JSON" },
            row.path,
            until_answer,
            spaced(total),
            calls,
            done.pages,
            row.isolates
        );
    }
    page.push('\n');
    page
}

/// The tables alone.
pub(crate) fn measurements(measured: &Measured) -> String {
    [
        tables(measured),
        evaluations(measured),
        requests(measured),
        measured.machine.clone().unwrap_or_default(),
        sizes(measured),
    ]
    .concat()
}

fn targets(measured: &Measured) -> String {
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
    let mut page =
        String::from("## Against the targets\n\n| id | target | measured |\n| --- | --- | --- |\n");
    let mut row = |id: &str, target: &str, value: String| {
        let _ = writeln!(page, "| {id} | {target} | {value} |");
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
    page.push('\n');
    page
}

fn tables(measured: &Measured) -> String {
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
    for (task, isolates) in &rows {
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

fn evaluations(measured: &Measured) -> String {
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

fn sizes(measured: &Measured) -> String {
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

/// A function's name as one writes it, without the hash of its instance.
fn short(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// Prints where the instructions go.
pub(crate) fn profiles(measured: &Measured, count: usize) {
    for (side, all) in [("Wasm", &measured.guest), ("native", &measured.native)] {
        for (key, executed) in all {
            println!("\n{side} {key}: {}", spaced(executed.total));
            for (name, cost) in executed.functions.iter().take(count) {
                println!("  {:>12} {}", spaced(*cost), short(name));
            }
        }
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or("unknown".into(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model
        .map_or("unknown processor", |(_, model)| model)
        .to_owned()
}
