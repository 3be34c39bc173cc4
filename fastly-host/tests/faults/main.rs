//! Every fault at every source, alone and in pairs: the right source answers, the right reason is kept, the client gets its response,
//! and no event is lost silently.
//!
//! What is to be expected of a pair is put together from what is to be expected of each alone: the first of two sources that is sound
//! answers, and each one that was asked before has its own reason in the status.

#[path = "../common/mod.rs"]
mod common;
mod costs;
mod fault;
mod stores;

use std::convert::Infallible;

use serde_json::Value;
use statsig_edge::User;
use statsig_edge::compile::compile;
use statsig_fastly::platform::fake::{self, Host};
use statsig_fastly::platform::{KvCode, request::Request};
use statsig_fastly::{
    BareHandled, BareResponse, Config, Download, Events, Key, Source, SpecsError, Statsig,
    handle_bare, write_status,
};

use fault::Fault::*;
use fault::{At, Fault, all, reason};
use stores::{cache, config_store, download, events, kv};

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
