//! Every fault at every source, alone and in pairs: the right source answers, the right reason is kept, the client gets its response,
//! and no event is lost silently.
//!
//! What is to be expected of a pair is put together from what is to be expected of each alone: the first of two sources that is sound
//! answers, and each one that was asked before has its own reason in the status.

mod common;

use std::convert::Infallible;

use serde_json::Value;
use statsig_edge::chunks::{ChunkError, Limits, publish};
use statsig_edge::compile::{CompileError, compile};
use statsig_edge::{Table, TableError, User};
use statsig_fastly::platform::fake::{self, Host, KvEntry, KvFault, Record, Reply};
use statsig_fastly::platform::{Error, KvCode, SendTag, Status, request::Request};
use statsig_fastly::{
    BareHandled, BareResponse, Config, Download, Events, Key, Source, SpecsError, Statsig,
    handle_bare, write_status,
};

/// Three payloads with a gate that tells which of them answers: by its rule.
fn specs(name: &str, time: u64) -> Vec<u8> {
    let gate = format!(
        r#""which":{{"type":"feature_gate","entity":"feature_gate","salt":"s","enabled":true,"defaultValue":false,"idType":"userID",
        "version":1,"rules":[{{"name":"{name}","id":"{name}","salt":"r","passPercentage":100,"returnValue":true,"idType":"userID",
        "conditions":["c"]}}]}}"#
    );
    format!(
        r#"{{"has_updates":true,"time":{time},"experiment_to_layer":{{}},"feature_gates":{{{gate}}},"dynamic_configs":{{}},
        "layer_configs":{{}},"condition_map":{{"c":{{"type":"public","operator":null,"field":null,"targetValue":null,
        "additionalValues":{{}},"idType":"userID"}}}}}}"#
    )
    .into_bytes()
}

fn table(name: &str, time: u64) -> Vec<u8> {
    compile(&specs(name, time)).unwrap().table
}

/// A source that can go wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Kv,
    ConfigStore,
    Download,
    Cache,
    Events,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    MissingStore,
    MissingKey,
    Empty,
    Truncated,
    FlippedBit,
    FutureVersion,
    HugeJson,
    NotJson,
    Outcome(KvCode),
    NoBody,
    LostChunk,
    CallFails,
    Refuses,
    Hangs,
    Half,
    Answers(u16),
    NoNews,
}

use Fault::*;

const FAULTS: [(At, &[Fault]); 5] = [
    (
        At::Kv,
        &[
            MissingStore,
            MissingKey,
            Empty,
            Truncated,
            FlippedBit,
            FutureVersion,
            HugeJson,
            NotJson,
            Outcome(KvCode::TooManyRequests),
            Outcome(KvCode::InternalError),
            Outcome(KvCode::Unknown),
            NoBody,
            CallFails,
        ],
    ),
    (
        At::ConfigStore,
        &[
            MissingStore,
            MissingKey,
            Empty,
            Truncated,
            FlippedBit,
            FutureVersion,
            NotJson,
            LostChunk,
            CallFails,
        ],
    ),
    (
        At::Download,
        &[
            MissingStore,
            Empty,
            Truncated,
            FlippedBit,
            FutureVersion,
            HugeJson,
            NotJson,
            Refuses,
            Hangs,
            Half,
            Answers(400),
            Answers(401),
            Answers(413),
            Answers(429),
            Answers(500),
            NoNews,
            CallFails,
        ],
    ),
    (
        At::Cache,
        &[Refuses, CallFails, Truncated, FlippedBit, Empty],
    ),
    (
        At::Events,
        &[
            MissingStore,
            Refuses,
            Hangs,
            Answers(400),
            Answers(401),
            Answers(413),
            Answers(429),
            Answers(500),
        ],
    ),
];

/// What is to be seen of a fault at a source of specs.
fn reason(at: At, fault: Fault, length: usize) -> SpecsError {
    use SpecsError::{Chunks, Compile, Platform, Table as Bad};
    match (at, fault) {
        (At::ConfigStore, Truncated) => Chunks(ChunkError::Line(2)),
        (At::ConfigStore, FlippedBit) => Chunks(ChunkError::Checksum),
        (At::ConfigStore, FutureVersion) => Chunks(ChunkError::Version(2)),
        (_, MissingStore) => Platform(Error::UnknownName),
        (_, MissingKey) => Platform(Error::NotFound),
        (_, Empty | NotJson) => Compile(CompileError::NotJson(0)),
        (_, Truncated) => Bad(TableError::Length(length as u32, length - 1)),
        (_, FlippedBit) => Bad(TableError::Checksum),
        (_, FutureVersion) => Bad(TableError::Version(7)),
        (_, HugeJson) => Platform(Error::TooLarge),
        (_, Half) => Platform(Error::Truncated),
        (_, Outcome(KvCode::TooManyRequests)) => Platform(Error::TooManyRequests),
        (_, Outcome(_) | NoBody) => Platform(Error::StoreFailed),
        (_, LostChunk) => SpecsError::MissingChunk(1),
        (_, CallFails) => Platform(Error::Host(Status::LimitExceeded)),
        (_, Refuses) => Platform(Error::Unreachable),
        (_, Hangs) => Platform(Error::Timeout),
        (_, Answers(status)) => SpecsError::Status(status),
        (_, NoNews) => Compile(CompileError::NoUpdates),
    }
}

/// The bytes of a value with something wrong.
fn spoil(mut bytes: Vec<u8>, fault: Fault) -> Vec<u8> {
    match fault {
        Empty => Vec::new(),
        Truncated => {
            bytes.pop();
            bytes
        }
        FlippedBit => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            bytes
        }
        FutureVersion => {
            bytes[4..6].copy_from_slice(&7_u16.to_le_bytes());
            bytes
        }
        HugeJson => {
            let mut huge = specs("huge", 1);
            huge.resize(30_000_000, b' ');
            huge
        }
        NotJson => b"<html>".to_vec(),
        NoNews => br#"{"has_updates":false}"#.to_vec(),
        _ => bytes,
    }
}

fn kv(host: Host, name: &str, fault: Option<Fault>) -> Host {
    let mut entry = KvEntry::new(&spoil(table(name, 30), fault.unwrap_or(NoBody)));
    let key = match fault {
        Some(MissingKey) => "other",
        _ => "specs",
    };
    match fault {
        Some(MissingStore) => return host,
        Some(Outcome(code)) => entry.fault = Some(KvFault::Outcome(code)),
        Some(NoBody) => entry.fault = Some(KvFault::NoBody),
        _ => {}
    }
    let host = host.kv("statsig", key, entry);
    match fault {
        Some(CallFails) => host.fail("fastly_kv_store.lookup_wait_v2", Status::LimitExceeded),
        _ => host,
    }
}

fn config_store(mut host: Host, name: &str, fault: Option<Fault>) -> Host {
    let limits = Limits::CONFIG_STORE.with_value_chars(400);
    let publication = publish(&table(name, 20), "specs", None, &limits).unwrap();
    if fault == Some(MissingStore) {
        return host;
    }
    let (mut key, mut manifest) = publication.manifest;
    match fault {
        Some(MissingKey) => key = "other".into(),
        Some(Empty) => manifest.clear(),
        Some(Truncated) => manifest.truncate(manifest.find('\n').unwrap() + 4),
        Some(FutureVersion) => manifest = manifest.replace("chunks 1", "chunks 2"),
        Some(NotJson) => manifest = "<html>".into(),
        Some(CallFails) => host = host.fail("fastly_config_store.get", Status::LimitExceeded),
        _ => {}
    }
    host = host.config("statsig", &key, &manifest);
    for (number, (key, mut text)) in publication.chunks.into_iter().enumerate() {
        if number == 1 && fault == Some(LostChunk) {
            continue;
        }
        if number == 1 && fault == Some(FlippedBit) {
            let swapped = match &text[..1] {
                "A" => "B",
                _ => "A",
            };
            text.replace_range(..1, swapped);
        }
        host = host.config("statsig", &key, &text);
    }
    host
}

fn download(host: Host, name: &str, fault: Option<Fault>) -> Host {
    let whole = table(name, 10);
    let reply = match fault {
        Some(MissingStore) => return host,
        Some(Refuses) => Reply::Fail(Status::Error, SendTag::Unreachable),
        Some(Hangs) => Reply::Hang,
        Some(Half) => Reply::Half(200, whole[..whole.len() / 2].to_vec(), whole.len() / 2),
        Some(Answers(status)) => Reply::answer(status, b"no"),
        Some(CallFails) => Reply::Refuse(Status::LimitExceeded),
        fault => Reply::Answer(200, spoil(whole, fault.unwrap_or(NoBody))),
    };
    host.backend("cdn", [reply])
}

fn events(host: Host, fault: Option<Fault>) -> Host {
    let reply = match fault {
        Some(MissingStore) => return host,
        Some(Refuses) => Reply::Fail(Status::Error, SendTag::Unreachable),
        Some(Hangs) => Reply::Hang,
        Some(Answers(status)) => Reply::answer(status, b"no"),
        _ => Reply::answer(202, br#"{"success":true}"#),
    };
    host.backend("events", [reply])
}

/// What the cache has, and how it behaves.
fn cache(mut host: Host, config: &Config<'_>, fault: Fault) -> Host {
    match fault {
        Refuses => host.fail("fastly_cache.transaction_insert", Status::LimitExceeded),
        CallFails => host.fail("fastly_cache.lookup", Status::Unsupported),
        fault => {
            // An earlier request left something that is spoilt by now.
            let sound = events(kv(Host::default(), "kv", None), None);
            let (_, record) = fake::with(sound, || run(config));
            host.cache = record.cache;
            for item in host.cache.values_mut() {
                item.bytes = spoil(std::mem::take(&mut item.bytes), fault);
            }
            host
        }
    }
}

const DOWNLOAD_KEY: Key<'static> = Key::Secret("secret-abc");

fn config(bootstrap: &[u8]) -> Config<'_> {
    Config::new()
        .with_kv_store("statsig", "specs")
        .with_config_store("statsig", "specs")
        .with_download(Download::new("cdn", DOWNLOAD_KEY))
        .with_bootstrap(bootstrap)
        .with_events(Events::new("events", Key::Secret("k")))
        .with_checksums()
        .with_status_header("x-statsig")
}

struct Seen {
    handled: BareHandled,
    rule: String,
    status: Value,
    failures: Vec<(Source, SpecsError)>,
}

fn run(config: &Config<'_>) -> Seen {
    let (mut rule, mut status, mut failures) = (String::new(), String::new(), Vec::new());
    let handled = handle_bare(config, |_: &mut Request, statsig: &Statsig<'_>| {
        let gate = statsig.gate(&User::new().with_user_id("u"), "which");
        rule = gate.rule_id().to_string();
        let specs = statsig.specs();
        failures.extend(
            specs
                .failures()
                .iter()
                .map(|failure| (failure.source, failure.error.clone())),
        );
        write_status(statsig, &mut status);
        Ok::<_, Infallible>(BareResponse::new(200, "text/plain", "yes"))
    });
    Seen {
        handled: handled.unwrap(),
        rule,
        status: serde_json::from_str(&status).unwrap(),
        failures,
    }
}

/// Some faults at some sources, and what is to be seen.
fn check(faults: &[(At, Fault)], shared: bool) {
    let of = |at: At| {
        let fault = faults.iter().find(|(known, _)| *known == at);
        fault.map(|(_, fault)| *fault)
    };
    let bootstrap = specs("bootstrap", 1);
    let mut config = config(&bootstrap);
    if shared {
        config = config.with_core_cache();
    }
    let mut host = kv(Host::default(), "kv", of(At::Kv));
    host = config_store(host, "config_store", of(At::ConfigStore));
    host = events(download(host, "download", of(At::Download)), of(At::Events));
    if let Some(fault) = of(At::Cache) {
        host = cache(host, &config, fault);
    }
    let (seen, record) = fake::with(host, || run(&config));
    let context = format!("{faults:?} {shared}");

    // The right source, and a reason for each one before it.
    let sources = [
        (At::Kv, Source::KvStore, "kv", 30),
        (At::ConfigStore, Source::ConfigStore, "config_store", 20),
        (At::Download, Source::Download, "download", 10),
    ];
    let mut reasons = Vec::new();
    let mut expected = ("bootstrap", "bootstrap");
    for (at, source, name, time) in sources {
        match of(at) {
            Some(fault) => {
                let length = table(name, time).len();
                reasons.push((source, reason(at, fault, length)));
            }
            None => {
                expected = (name, source.as_str());
                break;
            }
        }
    }
    assert_eq!(seen.rule, expected.0, "{context}");
    assert_eq!(seen.failures, reasons, "{context}");
    assert_eq!(seen.status["source"], expected.1, "{context}");
    let cache_fault = of(At::Cache).filter(|_| shared);
    assert_eq!(
        seen.status["lastError"].is_null(),
        reasons.is_empty() && cache_fault.is_none(),
        "{context}: {}",
        seen.status
    );

    // The client has its answer, which says what was in force.
    assert_eq!(record.responses.len(), 1, "{context}");
    assert_eq!(
        (record.responses[0].status, &record.responses[0].body[..]),
        (200, &b"yes"[..])
    );
    let header = record.responses[0].header("x-statsig").unwrap();
    let header = std::str::from_utf8(header).unwrap();
    let dashed = expected.1.replace(' ', "-");
    assert!(header.starts_with(&dashed), "{context}: {header}");
    assert_eq!(
        header.contains("error="),
        !seen.status["lastError"].is_null()
    );

    // No event is lost silently.
    let summary = seen.handled.events;
    assert!(summary.logged >= 1, "{context}");
    let accounted = summary.delivered + summary.handed_over + summary.dropped;
    assert_eq!(summary.logged, accounted, "{context}");
    assert_eq!(
        summary.delivered,
        match of(At::Events) {
            Some(_) => 0,
            None => summary.logged,
        },
        "{context}"
    );
    assert_eq!(
        summary.last_error.is_some(),
        of(At::Events).is_some(),
        "{context}"
    );
    // The request and its body, which go with the execution.
    assert_eq!(record.open_handles, 2, "{context}");
}

fn all() -> impl Iterator<Item = (At, Fault)> {
    let one = |(at, faults): (At, &'static [Fault])| faults.iter().map(move |fault| (at, *fault));
    FAULTS.into_iter().flat_map(one)
}

#[test]
fn every_fault_alone() {
    for shared in [false, true] {
        check(&[], shared);
        for fault in all() {
            check(&[fault], shared);
        }
    }
}

#[test]
fn every_pair_of_faults() {
    let mut pairs = 0;
    // Thirty megabytes for each of their pairs would take minutes, and alone they are tried above.
    let all: Vec<_> = all().filter(|(_, fault)| *fault != HugeJson).collect();
    for (number, &first) in all.iter().enumerate() {
        for &second in all.iter().skip(number + 1) {
            if first.0 != second.0 {
                check(&[first, second], false);
                check(&[first, second], true);
                pairs += 1;
            }
        }
    }
    assert!(pairs > 700, "{pairs}");
}

#[test]
fn every_source_at_once() {
    for kv in [MissingStore, Empty, Outcome(KvCode::TooManyRequests)] {
        for config_store in [MissingKey, LostChunk] {
            for download in [Hangs, Answers(500), Half] {
                for shared in [false, true] {
                    let faults = [
                        (At::Kv, kv),
                        (At::ConfigStore, config_store),
                        (At::Download, download),
                        (At::Cache, Refuses),
                    ];
                    // Bootstrap bytes are not put into the cache, so that it cannot refuse them.
                    check(&faults[..3], shared);
                }
            }
        }
    }
}

/// With the same table in hand, in a sandbox that goes on, no fault takes it away.
#[test]
fn the_last_good_table_stays_in_force() {
    let bootstrap = specs("bootstrap", 1);
    let config = config(&bootstrap).with_max_age(0);
    for (at, fault) in all().filter(|(at, _)| *at == At::Kv) {
        let host = events(kv(Host::default(), "kv", None), None);
        let ((), record) = fake::with(host, || {
            let mut specs = statsig_fastly::Specs::load(&config);
            let before = specs.table().unwrap().checksum();
            fake::change(|host| {
                let changed = kv(Host::default(), "kv", Some(fault));
                (host.kv, host.faults) = (changed.kv, changed.faults);
                // Another generation, so that the value is read.
                for item in host.kv.values_mut().flat_map(|store| store.values_mut()) {
                    item.generation = 2;
                }
            });
            let asked = specs.sync_config_specs(&config);
            assert_eq!(asked, statsig_fastly::Asked::Failed, "{fault:?}");
            assert_eq!(specs.table().map(|table| table.checksum()), Some(before));
            assert_eq!(specs.source(), Some(Source::KvStore));
            let length = table("kv", 30).len();
            assert_eq!(specs.failures()[0].error, reason(at, fault, length));
        });
        assert_eq!(record.open_handles, 0);
    }
}

fn lookups(record: &Record) -> [usize; 5] {
    [
        record.count("fastly_config_store.get"),
        record.count("fastly_kv_store.lookup"),
        record.count("fastly_cache.lookup") + record.count("fastly_cache.transaction_lookup_async"),
        record.sent.len(),
        record.calls.len(),
    ]
}

/// What a request costs: Config Store look-ups, KV look-ups, cache look-ups, backend requests, host calls.
#[test]
fn a_request_costs_exactly_this() {
    let one = |config: &Config<'_>, host: Host| {
        let (handled, record) = fake::with(host, || {
            handle_bare(config, |_: &mut Request, _: &Statsig<'_>| {
                Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
            })
        });
        assert!(handled.is_ok());
        (lookups(&record), record.cache)
    };
    let kv_only = Config::new().with_kv_store("statsig", "specs");
    let stored = |value: &[u8]| Host::default().kv("statsig", "specs", KvEntry::new(value));
    let published = one(&kv_only, stored(&table("t", 1))).0;
    let (compiled, cache) = one(&kv_only, stored(&specs("t", 1)));
    let again = Host {
        cache,
        ..stored(&specs("t", 1))
    };
    let compiled_before = one(&kv_only, again).0;

    let shared = kv_only.with_core_cache();
    let (shared_first, cache) = one(&shared, stored(&table("t", 1)));
    let again = Host {
        cache,
        ..Host::default()
    };
    let shared_again = one(&shared, again).0;

    let bare = Config::new().with_config_store("statsig", "specs");
    let limits = Limits::CONFIG_STORE;
    // As much as nearly fills the largest table.
    let large = |configs: usize| {
        let values: Vec<String> = (0..configs)
            .map(|at| {
                format!(
                    r#""c{at}":{{"type":"dynamic_config","entity":"dynamic_config","salt":"s","enabled":true,
                    "defaultValue":{{"v":"{at:0>900}"}},"idType":"userID","version":1,"rules":[]}}"#
                )
            })
            .collect();
        let filled = format!(r#""dynamic_configs":{{{}}}"#, values.join(","));
        let text = String::from_utf8(specs("t", 1)).unwrap();
        let text = text.replace(r#""dynamic_configs":{}"#, &filled);
        compile(text.as_bytes()).unwrap().table
    };
    let fits = |table: &Vec<u8>| table.len() <= limits.largest();
    let large = (80..).map(large).take_while(fits).last().unwrap();
    let publication = publish(&large, "specs", None, &limits).unwrap();
    assert_eq!(publication.chunks.len(), 15, "{}", large.len());
    let mut host =
        Host::default().config("statsig", &publication.manifest.0, &publication.manifest.1);
    for (key, value) in &publication.chunks {
        host = host.config("statsig", key, value);
    }
    assert!(Table::open(&large).is_ok());
    let in_chunks = one(&bare, host).0;

    let downloading = Config::new().with_download(Download::new("cdn", DOWNLOAD_KEY));
    let host = Host::default().backend("cdn", [Reply::answer(200, &table("t", 1))]);
    let downloaded = one(&downloading, host).0;

    // The request and its answer are five host calls.
    assert_eq!(
        [
            published,
            compiled,
            compiled_before,
            shared_first,
            shared_again,
            in_chunks,
            downloaded,
        ],
        [
            [0, 1, 0, 0, 12],
            [0, 1, 2, 0, 24],
            [0, 1, 1, 0, 18],
            [0, 1, 2, 0, 24],
            [0, 0, 1, 0, 12],
            [16, 0, 0, 0, 22],
            [0, 0, 0, 1, 20],
        ]
    );
}
