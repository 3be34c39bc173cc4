//! `cargo dev bench`: measures everything, in one run, and writes the report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use statsig_benches_cases::evaluation::CASES;
use statsig_benches_cases::payload::Reading;
use statsig_edge::{SpecKind, Table};

use crate::callgrind::{Heap, Native};
use crate::guest::{Executed, Guest};
use crate::sizes::Size;
use crate::{Arguments, evaluation_payload, read, report, synthetic};

/// A payload of the T table.
pub(crate) struct Payload {
    pub(crate) name: &'static str,
    pub(crate) json: Vec<u8>,
    pub(crate) table: Vec<u8>,
    /// A gate that it has.
    pub(crate) gate: String,
    json_file: PathBuf,
    table_file: PathBuf,
}

impl Payload {
    /// Bytes of a section of the table.
    pub(crate) fn section(&self, name: &str) -> u32 {
        self.sections()
            .find(|(known, _)| *known == name)
            .map_or(0, |(_, size)| size)
    }

    pub(crate) fn sections(&self) -> impl Iterator<Item = (&'static str, u32)> {
        Table::open(&self.table)
            .ok()
            .into_iter()
            .flat_map(|table| table.section_sizes().collect::<Vec<_>>())
    }
}

/// Everything measured, by key: the words of the native case, or of the guest's call.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) native: BTreeMap<String, Executed>,
    pub(crate) heap: BTreeMap<String, Heap>,
    pub(crate) guest: BTreeMap<String, Executed>,
    pub(crate) sizes: Vec<(String, Size)>,
    pub(crate) payloads: Vec<Payload>,
}

/// What a run can be restricted to.
struct Selection<'a>(Option<&'a str>);

impl Selection<'_> {
    fn has(&self, key: &str) -> bool {
        self.0.is_none_or(|only| key.contains(only))
    }
}

pub(crate) fn bench(arguments: &Arguments) -> Result<(), String> {
    let scratch = arguments.path("scratch")?;
    let selection = Selection(arguments.optional("only"));
    let mut measured = Measured::default();
    for (name, file) in arguments.modules() {
        measured
            .sizes
            .push((name.to_owned(), Size::of(&read(&file)?)?));
    }
    measured.payloads = payloads(&scratch)?;
    let evaluation = compile(&evaluation_payload::payload().into_bytes())?;
    let evaluation_file = scratch.join("evaluation.table");
    write(&evaluation_file, &evaluation)?;

    eprintln!("counting Wasm instructions");
    guest(
        &mut measured,
        &read(&arguments.path("cases")?)?,
        &evaluation,
        &selection,
    )?;
    eprintln!("counting native instructions under callgrind");
    let native = Native::new(&arguments.path("native")?, &scratch)?;
    run_native(&mut measured, &native, &evaluation_file, &selection)?;

    if let Some(count) = arguments
        .optional("profile")
        .and_then(|count| count.parse().ok())
    {
        report::profiles(&measured, count);
    }
    if selection.0.is_some() {
        print!("{}", report::measurements(&measured));
        return Ok(());
    }
    let results = arguments.path("results")?;
    write(&results, report::page(&measured).as_bytes())?;
    println!("written: {}", results.display());
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn compile(json: &[u8]) -> Result<Vec<u8>, String> {
    Ok(statsig_edge::compile::compile(json)
        .map_err(|error| error.to_string())?
        .table)
}

fn payloads(scratch: &Path) -> Result<Vec<Payload>, String> {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/data/payloads");
    let unpack = |name: &str| -> Result<Vec<u8>, String> {
        let mut json = Vec::new();
        let packed = read(&engine.join(name))?;
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut json)
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(json)
    };
    let all = [
        ("demo", unpack("demo_proj_dcs.json.gz")?),
        ("eval", unpack("eval_proj_dcs.json.gz")?),
        ("v1", unpack("v1/rulesets_e2e_full_dcs.json.gz")?),
        ("4MB", synthetic::payload(4_000_000).into_bytes()),
        ("20MB", synthetic::payload(20_000_000).into_bytes()),
    ];
    let mut payloads = Vec::new();
    for (name, json) in all {
        let table = compile(&json)?;
        let gate = {
            let opened = Table::open(&table).map_err(|error| error.to_string())?;
            let gate = opened
                .specs(SpecKind::Gate)
                .next()
                .ok_or("a payload without gates")?;
            gate.name().to_owned()
        };
        let json_file = scratch.join(format!("{name}.json"));
        let table_file = scratch.join(format!("{name}.table"));
        write(&json_file, &json)?;
        write(&table_file, &table)?;
        payloads.push(Payload {
            name,
            json,
            table,
            gate,
            json_file,
            table_file,
        });
    }
    Ok(payloads)
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
    // The long ones first, so that none is left alone at the end.
    jobs.retain(|(key, _)| selection.has(key) || key == "hash" || key == "compression");
    let queue = Mutex::new(jobs);
    let done = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((key, words)) = take(&queue) {
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    let counted = native
                        .count(&words)
                        .and_then(|executed| Ok((executed, native.heap(&words)?)));
                    lock(&done).push((key, counted));
                }
            });
        }
    });
    for (key, counted) in done.into_inner().unwrap_or_default() {
        let (executed, heap) = counted?;
        let key = key.strip_prefix("T ").unwrap_or(&key).to_owned();
        measured.native.insert(key.clone(), executed);
        measured.heap.insert(key, heap);
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn take<T>(queue: &Mutex<Vec<T>>) -> Option<T> {
    lock(queue).pop()
}
