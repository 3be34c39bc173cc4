//! `cargo dev bench`: measures everything, in one run, and writes the report.

use std::path::Path;

use statsig_benches_cases::evaluation::CASES;
use statsig_benches_cases::payload::Reading;

use crate::callgrind::{Native, count_all};
use crate::guest::Guest;
use crate::measured::{Measured, Part, Selection};
use crate::payloads::{compile, payloads};
use crate::sizes::{Size, optimised};
use crate::{Arguments, core, evaluation_payload, read, report, requests, write};

pub(crate) fn bench(arguments: &Arguments) -> Result<(), String> {
    let scratch = arguments.path("scratch")?;
    let selection = Selection::of(arguments);
    let mut measured = Measured {
        ran: selection.parts.clone(),
        ..Measured::default()
    };
    let sizes = selection.parts.contains(&Part::Sizes);
    for (name, file) in arguments.modules() {
        let mut size = Size::of(&read(&file)?)?;
        if sizes {
            eprintln!("size of {name}");
            size.optimised = optimised(&file, &scratch)?;
        }
        measured.sizes.push((name.to_owned(), size));
    }
    measured.payloads = payloads(&scratch)?;
    let json = evaluation_payload::payload().into_bytes();
    let evaluation = compile(&json)?;
    let evaluation_files = [
        scratch.join("evaluation.json"),
        scratch.join("evaluation.table"),
    ];
    let [json_file, table_file] = &evaluation_files;
    write(json_file, &json)?;
    write(table_file, &evaluation)?;

    measured.machine = match arguments.path("machine") {
        Ok(path) => Some(String::from_utf8(read(&path)?).map_err(|error| error.to_string())?),
        Err(_) => None,
    };
    if selection.parts.contains(&Part::Requests) {
        eprintln!("whole requests");
        requests::run(&mut measured, arguments, &selection)?;
    }
    if selection.parts.contains(&Part::Table) || selection.parts.contains(&Part::Evaluation) {
        eprintln!("counting Wasm instructions");
        let cases = read(&arguments.path("cases")?)?;
        guest(&mut measured, &cases, &evaluation, &selection)?;
        eprintln!("counting native instructions under callgrind");
        let native = Native::new(&arguments.path("native")?, &scratch)?;
        run_native(&mut measured, &native, table_file, &selection)?;
        eprintln!("counting those of statsig-rust");
        let native = Native::new(&arguments.path("core")?, &scratch)?;
        core::run(&mut measured, &native, &evaluation_files, &selection)?;
    }

    if let Some(count) = arguments
        .optional("profile")
        .and_then(|count| count.parse().ok())
    {
        report::profiles(&measured, count);
    }
    if selection.only.is_some() {
        print!("{}", report::sections(&measured).concat());
        return Ok(());
    }
    report::write(&arguments.path("results")?, &measured)
}

fn guest(
    measured: &mut Measured,
    wasm: &[u8],
    evaluation: &[u8],
    selection: &Selection<'_>,
) -> Result<(), String> {
    let mut guest = Guest::new(wasm)?;
    guest.give(evaluation)?;
    for (name, which) in [("compression", 0), ("hash", 1)] {
        measured
            .guest
            .insert(name.into(), guest.call("floor", &[which])?);
    }
    for (at, case) in CASES.iter().enumerate() {
        for (word, exposures) in [("plain", 0), ("exposures", 1)] {
            let key = format!("{} {word}", case.id);
            if selection.has(&key) {
                let executed = guest.call("evaluate", &[at as i32, exposures])?;
                measured.guest.insert(key, executed);
            }
        }
    }
    for payload in &measured.payloads {
        let key = |task: &str| format!("{task} {}", payload.name);
        if selection.has(&key("T")) {
            let mut guest = Guest::new(wasm)?;
            guest.give(&payload.table)?;
            measured.guest.insert(key("open"), guest.call("open", &[])?);
            let mut with_name = payload.table.clone();
            with_name.extend_from_slice(payload.gate.as_bytes());
            guest.give(&with_name)?;
            let executed = guest.call("lookup", &[payload.table.len() as i32])?;
            measured.guest.insert(key("lookup"), executed);
        }
        for (at, (name, reading)) in Reading::ALL.iter().enumerate() {
            // The largest takes minutes in an interpreter and says nothing that the others do not.
            let too_large = payload.json.len() > 10_000_000;
            if *reading == Reading::Memcpy
                || too_large
                || !selection.has(&format!("T {}", key(name)))
            {
                continue;
            }
            let mut guest = Guest::new(wasm)?;
            guest.give(&payload.json)?;
            measured
                .guest
                .insert(key(name), guest.call("reading", &[at as i32])?);
        }
    }
    Ok(())
}

fn run_native(
    measured: &mut Measured,
    native: &Native,
    evaluation: &Path,
    selection: &Selection<'_>,
) -> Result<(), String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut jobs: Vec<(String, Vec<String>)> = vec![
        ("compression".into(), vec!["compression".into()]),
        ("hash".into(), vec!["hash".into()]),
    ];
    for case in CASES {
        for word in ["plain", "exposures"] {
            let words = ["evaluate", case.id, word].map(String::from);
            let words = words.into_iter().chain([text(evaluation)]).collect();
            jobs.push((format!("{} {word}", case.id), words));
        }
    }
    for payload in &measured.payloads {
        let table = text(&payload.table_file);
        let mut add = |task: &str, words: Vec<String>| {
            jobs.push((format!("T {task} {}", payload.name), words))
        };
        add("open", vec!["open".into(), table.clone()]);
        add("verify", vec!["verify".into(), table.clone()]);
        add("lookup", vec!["lookup".into(), table, payload.gate.clone()]);
        for (name, _) in Reading::ALL {
            add(
                name,
                vec!["read".into(), name.into(), text(&payload.json_file)],
            );
        }
    }
    jobs.retain(|(key, _)| selection.has(key) || key == "hash" || key == "compression");
    for (key, executed, heap) in count_all(native, jobs)? {
        let key = key.strip_prefix("T ").unwrap_or(&key).to_owned();
        measured.native.insert(key.clone(), executed);
        measured.heap.insert(key, heap);
    }
    Ok(())
}
