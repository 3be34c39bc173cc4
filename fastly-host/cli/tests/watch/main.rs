//! `watch`, from start to SIGTERM.

mod process;
#[path = "../support/mod.rs"]
mod support;

use std::time::Instant;

use process::{Watch, get};
use serde_json::Value;
use support::fault::{Fault, any, status, writes};
use support::id_file::{lines, sorted};
use support::stores::{CONFIG, KV, Stores};
use support::{PATIENCE, Server, payload, reader};

const KEY: &str = "statsig-specs";

fn set_specs(server: &Server, specs: &[u8]) {
    server
        .state()
        .stores
        .specs
        .insert("v2".into(), specs.into());
}

#[test]
fn id_lists_come_along() {
    const LISTS: &str = "statsig-id-lists";
    let server = Server::start();
    set_specs(&server, &payload::demo());
    let set = |file_id: &str, time: i64, file: &[u8]| {
        server.state().stores.set_list("list", file_id, time, file);
    };
    let list = || reader::lists(&server.state().stores, LISTS).remove("list");
    set("a", 1, &lines('+', 0..10));
    let more = ["--kv-store", KV, "--id-lists", KV, "--json"];
    let watch = Watch::start(
        &server,
        &[&more[..], &["--id-lists-interval", "0.05"]].concat(),
    );
    watch.wait_for("\"published\"", 1);
    let synced: Value = serde_json::from_str(&watch.wait_for("\"synced\"", 1)).unwrap();
    assert_eq!(synced["ids"], 10, "{synced}");
    assert_eq!(list(), Some(sorted(0..10)));
    // A list that cannot be had keeps nothing else from coming.
    set("b", 2, b"<html>");
    watch.wait_for("\"failed\"", 1);
    set_specs(&server, &payload::later(&payload::demo(), |_| {}));
    watch.wait_for("\"published\"", 2);
    assert_eq!(list(), Some(sorted(0..10)));
    set("c", 3, &lines('+', 5..20));
    watch.wait_for("\"synced\"", 2);
    assert_eq!(list(), Some(sorted(5..20)));
    watch.end();
}

#[test]
fn what_is_new_is_published() {
    type Read = fn(&Stores, &str) -> Option<Vec<u8>>;
    let reads: [(&str, &str, Read); 2] = [
        ("--kv-store", KV, reader::kv_table),
        ("--config-store", CONFIG, reader::config_table),
    ];
    for (store, id, read) in reads {
        let server = Server::start();
        let mut specs = payload::demo();
        set_specs(&server, &specs);
        let watch = Watch::start(&server, &[store, id, "--json"]);
        for round in 1..=3 {
            let line = watch.wait_for("\"published\"", round);
            let event: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(event["payload"]["time"], payload::time(&specs), "{event}");
            assert_eq!(
                read(&server.state().stores, KEY),
                Some(payload::table(&specs))
            );
            specs = payload::later(&specs, |_| {});
            if round < 3 {
                set_specs(&server, &specs);
            }
        }
        // Polls without news say so to the server, and write nothing.
        let since = format!("sinceTime={}", payload::time(&specs) - 1_000);
        server.wait_for("polls without news", |state| {
            let polls = state
                .requests
                .iter()
                .filter(|(_, path, _)| path.contains(&since));
            polls.count() >= 2
        });
        let writes = server.state().writes;
        let lines = watch.end();
        assert_eq!(server.state().writes, writes);
        assert!(lines.last().unwrap().contains("stopped"), "{lines:?}");
        for line in &lines {
            let event: Value = serde_json::from_str(line).unwrap();
            assert!(
                event["time"].is_string() && event["event"].is_string(),
                "{line}"
            );
        }
        // A payload with a checksum is asked for by it.
        assert!(
            server.count("GET", "checksum=") > 0
                || !String::from_utf8_lossy(&specs).contains("\"checksum\":\"changed")
        );
    }
}

#[test]
fn every_outage_is_survived() {
    let server = Server::start();
    let mut specs = payload::demo();
    set_specs(&server, &specs);
    let watch = Watch::start(
        &server,
        &["--kv-store", KV, "--retries", "0", "--timeout", "0.3"],
    );
    watch.wait_for("published:", 1);
    for (round, fault) in [
        status(500),
        status(401),
        Fault::DropBefore,
        Fault::Truncate,
        Fault::Stall,
        Fault::Answer(200, Vec::new(), b"<html>maintenance</html>".to_vec()),
        Fault::Answer(200, Vec::new(), b"{\"has_updates\":true".to_vec()),
        Fault::Answer(
            200,
            Vec::new(),
            b"{\"has_updates\":true,\"time\":1}".to_vec(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let live = server.state().stores.kv[KEY].generation;
        let failed = |line: &&String| line.contains(" failed: ");
        let failures = watch.lines.0.lock().unwrap().iter().filter(failed).count();
        server.forget();
        server.fault(
            |head| head.path.contains("download_config_specs"),
            0,
            usize::MAX,
            fault.clone(),
        );
        specs = payload::later(&specs, |_| {});
        set_specs(&server, &specs);
        if !matches!(fault, Fault::Answer(200, _, ref body) if body.ends_with(b"1}")) {
            watch.wait_for(" failed: ", failures + 2);
        } else {
            server.wait_for("polls", |state| state.requests.len() > 3);
        }
        assert_eq!(server.state().stores.kv[KEY].generation, live, "{fault:?}");
        server.forget();
        // It ends, and what came meanwhile is published.
        watch.wait_for(" published: ", round + 2);
        assert_eq!(
            reader::kv_table(&server.state().stores, KEY),
            Some(payload::table(&specs))
        );
    }
    // The same on the other side.
    for fault in [
        status(500),
        status(503),
        Fault::DropBefore,
        Fault::DropAfter,
    ] {
        let failed = |line: &&String| line.contains(" failed: ");
        let failures = watch.lines.0.lock().unwrap().iter().filter(failed).count();
        server.forget();
        server.fault(writes, 0, usize::MAX, fault.clone());
        specs = payload::later(&specs, |_| {});
        set_specs(&server, &specs);
        watch.wait_for(" failed: ", failures + 1);
        server.forget();
        let table = payload::table(&specs);
        server.wait_for("the new table", |state| {
            reader::kv_table(&state.stores, KEY).as_ref() == Some(&table)
        });
    }
    watch.end();
}

#[test]
fn an_older_payload_from_a_lagging_server_is_left_alone() {
    let server = Server::start();
    let newer = payload::later(&payload::demo(), |_| {});
    set_specs(&server, &newer);
    let watch = Watch::start(&server, &["--kv-store", KV, "--recheck", "0"]);
    watch.wait_for("published", 1);
    set_specs(&server, &payload::demo());
    watch.wait_for("refused", 2);
    assert_eq!(
        reader::kv_table(&server.state().stores, KEY),
        Some(payload::table(&newer))
    );
    watch.end();
}

#[test]
fn a_store_that_somebody_else_wrote_is_healed() {
    let server = Server::start();
    set_specs(&server, &payload::demo());
    let watch = Watch::start(&server, &["--kv-store", KV, "--recheck", "0.2"]);
    watch.wait_for("published", 1);
    server.state().stores.put(KEY, b"{\"time\":5}", "");
    watch.wait_for("published", 2);
    assert!(reader::kv_table(&server.state().stores, KEY).is_some());
    watch.end();
}

#[test]
fn health_and_metrics() {
    let server = Server::start();
    set_specs(&server, &payload::demo());
    let watch = Watch::start(
        &server,
        &[
            "--kv-store",
            KV,
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--unhealthy-after",
            "0.5",
            "--retries",
            "0",
        ],
    );
    let line: Value = serde_json::from_str(&watch.wait_for("\"listening\"", 1)).unwrap();
    let address = line["address"].as_str().unwrap();
    watch.wait_for("\"published\"", 1);
    let metric = |name: &str| -> f64 {
        let (status, text) = get(address, "/metrics");
        assert_eq!(status, 200);
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("statsig_fastly_{name} ")));
        line.unwrap_or_else(|| panic!("{name}: {text}"))
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    };
    assert_eq!(metric("publications_total"), 1.0);
    assert_eq!(
        metric("payload_time_ms"),
        payload::time(&payload::demo()) as f64
    );
    assert!(metric("polls_total") >= 1.0 && metric("in_step_timestamp_seconds") > 1e9);
    assert_eq!(get(address, "/healthz"), (200, "ok\n".into()));
    assert_eq!(get(address, "/other").0, 404);
    server.fault(any, 0, usize::MAX, status(500));
    let until = Instant::now() + PATIENCE;
    loop {
        let (status, reason) = get(address, "/healthz");
        if status == 503 {
            assert!(reason.contains("in step"), "{reason}");
            break;
        }
        assert!(Instant::now() < until);
    }
    assert!(metric("failures_total") >= 1.0);
    server.forget();
    let until = Instant::now() + PATIENCE;
    while get(address, "/healthz").0 != 200 {
        assert!(Instant::now() < until);
    }
    watch.end();
}

#[test]
fn it_stops_at_once_also_while_it_waits() {
    // For the next poll, for an hour.
    let server = Server::start();
    set_specs(&server, &payload::demo());
    let watch = Watch::start(&server, &["--kv-store", KV, "--interval", "3600"]);
    watch.wait_for("published", 1);
    watch.end();
    // For a server that says nothing, and for the pause before the next try.
    for fault in [Fault::Stall, status(500)] {
        let server = Server::start();
        server.fault(any, 0, usize::MAX, fault);
        let more = [
            "--kv-store",
            KV,
            "--timeout",
            "3600",
            "--retries",
            "1000",
            "--retry-pause",
            "3600",
        ];
        let watch = Watch::start(&server, &more);
        server.wait_for("a request", |state| !state.requests.is_empty());
        watch.end();
    }
}

#[test]
fn killed_at_any_write_it_goes_on_after_a_restart() {
    let server = Server::start();
    set_specs(&server, &payload::demo());
    let watch = Watch::start(&server, &["--config-store", CONFIG]);
    watch.wait_for("published", 1);
    watch.end();
    let count = server.state().writes;
    let newer = payload::later(&payload::demo(), |_| {});
    let before = server.state().stores.clone();
    let tables = [payload::table(&payload::demo()), payload::table(&newer)];
    for number in 0..count {
        for fault in [Fault::KillBefore, Fault::KillDuring, Fault::KillAfter] {
            server.forget();
            server.state().stores = before.clone();
            set_specs(&server, &newer);
            server.fault(writes, number, 1, fault);
            let mut watch = Watch::start(&server, &["--config-store", CONFIG]);
            assert_eq!(watch.child.wait().unwrap().code(), None);
            let seen = reader::config_table(&server.state().stores, KEY).unwrap();
            assert!(tables.contains(&seen));
            let watch = Watch::start(&server, &["--config-store", CONFIG]);
            watch.wait_for("statsig-specs: ", 1);
            assert_eq!(
                reader::config_table(&server.state().stores, KEY).as_ref(),
                Some(&tables[1])
            );
            watch.end();
        }
    }
}
