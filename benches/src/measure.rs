//! `cargo dev bench`: measures everything, in one run, and writes the report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use statsig_benches_cases::evaluation::CASES;
use statsig_benches_cases::payload::Reading;
use statsig_edge::{SpecKind, Table};

use crate::callgrind::{Heap, Native};
use crate::first_version::first_version;
use crate::guest::{Executed, Guest};
use crate::request::{self, Cache, Given, Request};
use crate::sizes::Size;
use crate::{Arguments, core, evaluation_payload, read, report, synthetic};

/// A payload of the T table.
pub(crate) struct Payload {
    pub(crate) name: &'static str,
    pub(crate) json: Vec<u8>,
    pub(crate) table: Vec<u8>,
    /// A gate that it has.
    pub(crate) gate: String,
    pub(crate) json_file: PathBuf,
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
    pub(crate) requests: Vec<(&'static Row, Request)>,
    /// The section that the runs under Viceroy gave.
    pub(crate) machine: Option<String>,
    /// What was asked for.
    pub(crate) ran: Vec<Part>,
}

/// A part of the page that can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Opening, reading and compiling.
    Table,
    /// Checks.
    Evaluation,
    /// Whole requests.
    Requests,
    /// Sizes of modules.
    Sizes,
}

impl Part {
    const ALL: [Part; 4] = [Part::Table, Part::Evaluation, Part::Requests, Part::Sizes];

    /// What the ids of its cases begin with.
    pub(crate) fn letter(self) -> char {
        match self {
            Part::Table => 'T',
            Part::Evaluation => 'E',
            Part::Requests => 'R',
            Part::Sizes => 'W',
        }
    }
}

/// What a run is restricted to: parts, and what has a text in its key.
pub(crate) struct Selection<'a> {
    parts: Vec<Part>,
    only: Option<&'a str>,
}

impl<'a> Selection<'a> {
    /// `parts=TERW only=TEXT`, each of which may be missing.
    fn of(arguments: &'a Arguments) -> Self {
        let letters = arguments.optional("parts");
        let asked = |part: &Part| letters.is_none_or(|all| all.contains(part.letter()));
        Self {
            parts: Part::ALL.into_iter().filter(asked).collect(),
            only: arguments.optional("only"),
        }
    }

    /// A key begins with the letter of its part.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.parts.iter().any(|part| key.starts_with(part.letter()))
            && self.only.is_none_or(|only| key.contains(only))
    }
}

pub(crate) fn bench(arguments: &Arguments) -> Result<(), String> {
    let scratch = arguments.path("scratch")?;
    let selection = Selection::of(arguments);
    let mut measured = Measured {
        ran: selection.parts.clone(),
        ..Measured::default()
    };
    for (name, file) in arguments.modules() {
        measured
            .sizes
            .push((name.to_owned(), Size::of(&read(&file)?)?));
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
        requests(&mut measured, arguments, &selection)?;
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

/// A line of the table of whole requests.
pub(crate) struct Row {
    /// What it belongs to.
    pub(crate) id: &'static str,
    /// The module, by its name in `budgets.toml`.
    pub(crate) module: &'static str,
    /// The payload, and whether the store holds it as a table.
    pub(crate) value: (&'static str, bool),
    /// Whether an earlier request has left its table in the cache.
    pub(crate) cached: bool,
    /// Path and query.
    pub(crate) path: &'static str,
    /// What it isolates.
    pub(crate) isolates: &'static str,
}

const GATE: &str = "/gate/test_50_50?userID=user-1";

const fn row(
    id: &'static str,
    module: &'static str,
    value: (&'static str, bool),
    path: &'static str,
    isolates: &'static str,
) -> Row {
    Row {
        id,
        module,
        value,
        cached: false,
        path,
        isolates,
    }
}

/// A second request on JSON.
const fn cached(row: Row) -> Row {
    Row {
        cached: true,
        ..row
    }
}

const EVAL: (&str, bool) = ("eval", true);
const LARGE: (&str, bool) = ("4MB", true);
const EVAL_JSON: (&str, bool) = ("eval", false);
const LARGE_JSON: (&str, bool) = ("4MB", false);

#[rustfmt::skip]
pub(crate) const ROWS: [Row; 22] = [
    row("R0", "bare-empty", EVAL, GATE, "taking a request and answering it"),
    row("R0", "bare-kv", EVAL, GATE, "besides, reading the table of 0.43 MB JSON"),
    row("R0", "bare-kv", LARGE, GATE, "the same with the table of 4 MB JSON"),
    row("R1", "bare-quiet", EVAL, GATE, "a gate with a hash, no events"),
    row("R1", "bare-quiet", LARGE, "/gate/checkout_editor_5?userID=user-1", "the same in a large table"),
    row("R1", "bare", EVAL, GATE, "the same with its exposure sent"),
    row("R1", "bare", EVAL, "/experiment/test_experiment_no_targeting?userID=user-2", "an experiment and its exposure"),
    row("R1", "bare", EVAL, "/layer/Basic_test_layer/value?userID=user-2", "a layer's parameter and its exposure"),
    row("R2", "bare-kv", EVAL_JSON, GATE, "reading the JSON itself"),
    row("R2", "bare-kv", LARGE_JSON, GATE, "the same, 4 MB"),
    row("R2", "bare-drop-in", EVAL_JSON, GATE, "compiling the JSON, then the gate: the first request on a value"),
    row("R2", "bare-drop-in", LARGE_JSON, "/gate/checkout_editor_5?userID=user-1", "the same, 4 MB"),
    cached(row("R2", "bare-drop-in", EVAL_JSON, GATE, "the next one: its table is in the cache")),
    cached(row("R2", "bare-drop-in", LARGE_JSON, "/gate/checkout_editor_5?userID=user-1", "the same, 4 MB")),
    row("R2", "bare-drop-in", EVAL, GATE, "a table, in the build that could compile"),
    row("R3", "bare-empty-reuse", EVAL, GATE, "the second request of a sandbox that does nothing"),
    row("R3", "bare-reuse", EVAL, GATE, "the second request of a sandbox: the store is not read, the exposure is a repeat"),
    row("W3", "fastly-handles", EVAL, GATE, "the `fastly` crate by handles"),
    row("W3", "fastly-url", EVAL, GATE, "the `fastly` crate by `Request` and `Response`"),
    row("W3", "fastly-kv", EVAL, GATE, "the table read by the `fastly` crate"),
    row("W3", "service", EVAL, GATE, "our service on the `fastly` crate, exposure sent"),
    row("W3", "service", EVAL, "/layer/Basic_test_layer/value?userID=user-2", "a layer's parameter there"),
];

fn requests(
    measured: &mut Measured,
    arguments: &Arguments,
    selection: &Selection<'_>,
) -> Result<(), String> {
    for row in &ROWS {
        if !selection.has(&format!("R request {} {}", row.id, row.module)) {
            continue;
        }
        let (name, table) = row.value;
        let payload = measured
            .payloads
            .iter()
            .find(|payload| payload.name == name)
            .ok_or_else(|| format!("no payload {name}"))?;
        let value = if table { &payload.table } else { &payload.json };
        let uri = format!("http://127.0.0.1:7676{}", row.path);
        let module = read(&arguments.path(&format!("module:{}", row.module))?)?;
        let mut given = Given {
            uri: &uri,
            value,
            cache: Cache::new(),
            requests: 3,
        };
        let run = |given: &Given<'_>| {
            request::run(&module, given)
                .map_err(|error| format!("{} {}: {error}", row.module, row.path))
        };
        if row.cached {
            given.cache = run(&given)?.cache;
        }
        let done = run(&given)?;
        if done.status != 200 {
            let body = String::from_utf8_lossy(&done.body).into_owned();
            return Err(format!(
                "{} {}: {} {body}",
                row.module, row.path, done.status
            ));
        }
        measured.requests.push((row, done));
    }
    Ok(())
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

/// Counts each case, named by its key, on all processors; the last ones first, which take longest.
pub(crate) fn count_all(
    native: &Native,
    jobs: Vec<(String, Vec<String>)>,
) -> Result<Vec<(String, Executed, Heap)>, String> {
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
                        .and_then(|executed| Ok((key, executed, native.heap(&words)?)));
                    lock(&done).push(counted);
                }
            });
        }
    });
    done.into_inner().unwrap_or_default().into_iter().collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn take<T>(queue: &Mutex<Vec<T>>) -> Option<T> {
    lock(queue).pop()
}

/// `request MODULE VALUE URI`: one request, printed.
pub(crate) fn one_request(words: &[String]) -> Result<(), String> {
    let [module, value, uri] = words else {
        return Err("say `request MODULE VALUE URI`".into());
    };
    let value = read(value.as_ref())?;
    let mut given = Given {
        uri,
        value: &value,
        cache: Cache::new(),
        requests: 3,
    };
    let module = read(module.as_ref())?;
    let mut done = request::run(&module, &given)?;
    if !done.cache.is_empty() {
        println!("the first one left a table in the cache; this is the second");
        given.cache = done.cache;
        done = request::run(&module, &given)?;
    }
    println!("{} {}", done.status, String::from_utf8_lossy(&done.body));
    println!(
        "{} instructions until the answer, {} in all, {} pages, {} host calls, {} requests sent, missing {:?}",
        done.until_answer,
        done.total,
        done.pages,
        done.host_calls.len(),
        done.sent,
        done.missing
    );
    println!("{}", done.host_calls.join(" "));
    println!("ready for the next one: {:?}", done.ready);
    for (name, count) in done.functions.iter().take(25) {
        println!("{count:>10} {name}");
    }
    Ok(())
}

/// The payloads as files `NAME.json` and `NAME.table`, two of them as `NAME.v1.json` besides.
pub(crate) fn write_payloads(folder: &Path) -> Result<(), String> {
    for payload in payloads(folder)? {
        if ["eval", "4MB"].contains(&payload.name) {
            let json = first_version(&payload.json).ok_or("a payload that is not v2")?;
            write(&folder.join(format!("{}.v1.json", payload.name)), &json)?;
        }
    }
    Ok(())
}
