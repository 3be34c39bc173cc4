//! What is in force and why, as JSON.

use alloc::string::String;

use statsig_edge::{SpecKind, Table};

use crate::json::{self, List};
use crate::platform::clock;
use crate::specs::Specs;
use crate::statsig::Statsig;

/// Writes the status: `source` and `route` (null when there is none), `format`, `payload`, `lcut`, `generation`, `receivedAt` and
/// `checkedAt` (when the specs came from their source, when it last said that it has them), `age` (seconds since then), `table` (`bytes`,
/// `checksum`), `specs` (counts by kind), `warnings` (what the table leaves out or cannot answer, where it was compiled
/// here; null when it was found in the cache), `cache` (`state`, `errors`, `lastError`), `failures`
/// (sources that gave no usable specs, and why) and `lastError` (the last of these, else the cache's, or null).
///
/// ```
/// # #[cfg(feature = "drop-in")] {
/// # use statsig_edge::User;
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # use statsig_fastly::{Config, Specs, Statsig};
/// # let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples/specs.json"));
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("statsig", "specs", KvEntry::new(specs))
/// #     .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
/// # let (_, record) = fake::with(host, || {
/// # let config = Config::new().with_kv_store("statsig", "specs");
/// # let specs = Specs::load(&config);
/// # let statsig = Statsig::new(&config, &specs);
/// let mut json = String::new();
/// statsig_fastly::write_status(&statsig, &mut json);
/// assert!(json.starts_with(r#"{"source":"kv store","route":"direct","format":"json","payload":"v2","lcut":1767225600000"#), "{json}");
/// # });
/// # }
/// ```
pub fn write_status(statsig: &Statsig<'_>, out: &mut String) {
    let specs = statsig.specs();
    let mut status = List::object(out);
    let source = specs.source().map(|source| source.as_str());
    json::optional_text(source, status.member("source"));
    let route = source.map(|_| specs.route().as_str());
    json::optional_text(route, status.member("route"));
    if let Some(table) = statsig.table() {
        write_table(specs, table, &mut status);
    }
    write_warnings(specs, status.member("warnings"));
    write_cached(specs, status.member("cache"));
    let mut failures = List::array(status.member("failures"));
    for failure in specs.failures() {
        let mut object = List::object(failures.element());
        object.text("source", failure.source.as_str());
        json::message(object.member("error"), |out| failure.error.write(out));
        object.end();
    }
    failures.end();
    let place = status.member("lastError");
    match specs.failures().last() {
        Some(failure) => json::message(place, |out| failure.error.write(out)),
        None => write_cache_error(specs, place),
    }
    status.end();
}

fn write_cached(specs: &Specs<'_>, out: &mut String) {
    let cached = specs.cached();
    let mut object = List::object(out);
    object.text("state", cached.state.as_str());
    json::number(cached.errors.into(), object.member("errors"));
    write_cache_error(specs, object.member("lastError"));
    object.end();
}

fn write_cache_error(specs: &Specs<'_>, out: &mut String) {
    match specs.cached().last_error {
        Some(error) => json::message(out, |out| error.write(out)),
        None => out.push_str("null"),
    }
}

fn write_table(specs: &Specs<'_>, table: Table<'_>, status: &mut List<'_>) {
    status.text("format", specs.format().as_str());
    status.text("payload", if table.is_v1() { "v1" } else { "v2" });
    json::number(table.time(), status.member("lcut"));
    json::number(specs.generation(), status.member("generation"));
    json::number(specs.received_at(), status.member("receivedAt"));
    json::number(specs.checked_at(), status.member("checkedAt"));
    let now = clock::now_ms().unwrap_or_default();
    json::number(specs.age_s(now), status.member("age"));
    let mut object = List::object(status.member("table"));
    json::number(table.as_bytes().len() as u64, object.member("bytes"));
    json::pieces(object.member("checksum"), |out| {
        (0..16).rev().try_for_each(|at| {
            let digit = (table.checksum() >> (4_u32.saturating_mul(at)) & 0xF) as u32;
            out.write_char(char::from_digit(digit, 16).unwrap_or('0'))
        })
    });
    object.end();
    let mut counts = List::object(status.member("specs"));
    for (name, kind) in [
        ("gates", SpecKind::Gate),
        ("configs", SpecKind::DynamicConfig),
        ("layers", SpecKind::Layer),
    ] {
        json::number(table.specs(kind).count() as u64, counts.member(name));
    }
    let stores = table.parameter_stores().count() as u64;
    json::number(stores, counts.member("parameterStores"));
    counts.end();
}

#[cfg(feature = "drop-in")]
fn write_warnings(specs: &Specs<'_>, out: &mut String) {
    use crate::table_cache::CacheState;
    use statsig_edge::compile::WarningKind;
    if matches!(specs.cached().state, CacheState::Found | CacheState::Stale) {
        out.push_str("null");
        return;
    }
    let mut list = List::array(out);
    for warning in specs.warnings() {
        // This build has the engine that the pattern needs.
        if cfg!(feature = "regex") && matches!(warning.kind, WarningKind::PatternNeedsEngine(_)) {
            continue;
        }
        json::message(list.element(), |out| write!(out, "{warning}"));
    }
    list.end();
}

#[cfg(not(feature = "drop-in"))]
fn write_warnings(_: &Specs<'_>, out: &mut String) {
    out.push_str("[]");
}

/// Writes the status as the value of a header: the source (or `none`), then what [`write_status`] has under these names:
/// `kv-store; route=direct; lcut=1767981029384; generation=7; age=0; bytes=291044; error="…"`.
///
/// ```
/// # #[cfg(feature = "drop-in")] {
/// # use statsig_edge::User;
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # use statsig_fastly::{Config, Specs, Statsig};
/// # let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples/specs.json"));
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("statsig", "specs", KvEntry::new(specs))
/// #     .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
/// # let (_, record) = fake::with(host, || {
/// # let config = Config::new().with_kv_store("statsig", "specs");
/// # let specs = Specs::load(&config);
/// # let statsig = Statsig::new(&config, &specs);
/// let mut value = String::new();
/// statsig_fastly::write_status_header(statsig.specs(), &mut value);
/// assert!(value.starts_with("kv-store; route=direct; lcut=1767225600000; generation=1; age=0; bytes="), "{value}");
/// # });
/// # }
/// ```
pub fn write_status_header(specs: &Specs<'_>, out: &mut String) {
    let dashed = |text: &str, out: &mut String| {
        out.extend(
            text.chars()
                .map(|char| if char == ' ' { '-' } else { char }),
        );
    };
    dashed(specs.source().map_or("none", |source| source.as_str()), out);
    if let Some(table) = specs.table() {
        out.push_str("; route=");
        dashed(specs.route().as_str(), out);
        let now = clock::now_ms().unwrap_or_default();
        for (name, number) in [
            ("lcut", table.time()),
            ("generation", specs.generation()),
            ("age", specs.age_s(now)),
            ("bytes", table.as_bytes().len() as u64),
        ] {
            out.push_str("; ");
            out.push_str(name);
            out.push('=');
            json::number(number, out);
        }
    }
    let mut error = String::new();
    match (specs.failures().last(), specs.cached().last_error) {
        (Some(failure), _) => {
            error.push_str(failure.source.as_str());
            error.push_str(": ");
            // A `String` takes everything.
            let _ = failure.error.write(&mut error);
        }
        (None, Some(cached)) => {
            let _ = cached.write(&mut error);
        }
        (None, None) => return,
    }
    out.push_str("; error=\"");
    // What a header cannot hold, and what would end the text.
    out.extend(error.chars().map(|char| match char {
        ' '..='~' if char != '"' && char != '\\' => char,
        _ => '?',
    }));
    out.push('"');
}
