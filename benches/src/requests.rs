//! Whole requests: which ones section R has.

use crate::measured::{Measured, Selection};
use crate::request::{self, Cache, Given};
use crate::{Arguments, read};

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
    cached(row("R2", "bare-shared", EVAL_JSON, GATE, "the next one: its table is in the cache")),
    cached(row("R2", "bare-shared", LARGE_JSON, "/gate/checkout_editor_5?userID=user-1", "the same, 4 MB")),
    row("R2", "bare-drop-in", EVAL, GATE, "a table, in the build that could compile"),
    row("R3", "bare-empty-reuse", EVAL, GATE, "the second request of a sandbox that does nothing"),
    row("R3", "bare-reuse", EVAL, GATE, "the second request of a sandbox: the store is not read, the exposure is a repeat"),
    row("W3", "fastly-handles", EVAL, GATE, "the `fastly` crate by handles"),
    row("W3", "fastly-url", EVAL, GATE, "the `fastly` crate by `Request` and `Response`"),
    row("W3", "fastly-kv", EVAL, GATE, "the table read by the `fastly` crate"),
    row("W3", "service", EVAL, GATE, "our service on the `fastly` crate, exposure sent"),
    row("W3", "service", EVAL, "/layer/Basic_test_layer/value?userID=user-2", "a layer's parameter there"),
];

/// Runs what the selection has.
pub(crate) fn run(
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
        let once = |given: &Given<'_>| {
            request::run(&module, given)
                .map_err(|error| format!("{} {}: {error}", row.module, row.path))
        };
        if row.cached {
            given.cache = once(&given)?.cache;
        }
        let done = once(&given)?;
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
