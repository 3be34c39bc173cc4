//! `publish` against a server that behaves, and misbehaves, as Fastly's does.

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use support::client::{Run, path, run};
use support::fault::{Fault, any, status, writes};
use support::stores::{CONFIG, KV};
use support::{Server, payload, reader};
use tempfile::TempDir;

const KEY: &str = "statsig-specs";

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Files(TempDir::new().unwrap())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let file = self.0.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        path(&file).to_owned()
    }
}

fn to_kv(server: &Server, specs: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["publish", "--specs", specs, "--kv-store", KV];
    arguments.extend(more);
    run(server, &arguments)
}

fn to_config(server: &Server, specs: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["publish", "--specs", specs, "--config-store", CONFIG];
    arguments.extend(more);
    run(server, &arguments)
}

#[test]
fn a_table_in_a_kv_store() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    let done = to_kv(&server, &specs, &["--json"]).expect(0).json();
    assert_eq!(done["written"], true, "{done}");
    let table = payload::table(&payload::demo());
    assert_eq!(
        reader::kv_table(&server.state().stores, KEY),
        Some(table.clone())
    );
    // The note says what a reader of the metadata needs.
    let item = server.state().stores.kv[KEY].clone();
    let note: serde_json::Value = serde_json::from_str(&item.metadata).unwrap();
    assert_eq!(note["time"], payload::time(&payload::demo()));
    assert_eq!(note["format"], "table");
    // Once more writes nothing, and reads no value either.
    let requests = server.state().requests.len();
    let done = to_kv(&server, &specs, &["--json"]).expect(0).json();
    assert_eq!(done["written"], false, "{done}");
    assert_eq!(server.state().writes, 1);
    assert_eq!(server.state().requests.len(), requests + 1);
    assert_eq!(server.state().stores.kv[KEY].generation, item.generation);
}

#[test]
fn json_is_published_as_it_is() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    to_kv(&server, &specs, &["--format", "json"]).expect(0);
    assert_eq!(&*server.state().stores.kv[KEY].value, payload::demo());
}

#[test]
fn an_item_without_a_note_is_compared_by_its_bytes() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    server.state().stores.put(KEY, &payload::demo(), "");
    let done = to_kv(&server, &specs, &["--format", "json", "--json"])
        .expect(0)
        .json();
    assert_eq!(done["written"], false, "{done}");
    // As a table it is another value.
    let done = to_kv(&server, &specs, &["--json"]).expect(0).json();
    assert_eq!(done["written"], true, "{done}");
}

#[test]
fn an_older_payload_is_refused() {
    let (server, files) = (Server::start(), Files::new());
    let old = files.write("old.json", &payload::demo());
    let new = files.write("new.json", &payload::later(&payload::demo(), |_| {}));
    for publish in [to_kv, to_config] {
        publish(&server, &new, &[]).expect(0);
        let refused = publish(&server, &old, &[]).expect(3);
        assert!(
            refused.err.contains("newer") && refused.err.contains("next: "),
            "{refused:?}"
        );
        publish(&server, &old, &["--force"]).expect(0);
    }
    let table = Some(payload::table(&payload::demo()));
    assert_eq!(reader::kv_table(&server.state().stores, KEY), table);
    assert_eq!(reader::config_table(&server.state().stores, KEY), table);
}

#[test]
fn a_payload_that_is_none_leaves_what_is_live() {
    let (server, files) = (Server::start(), Files::new());
    let good = files.write("good.json", &payload::demo());
    to_kv(&server, &good, &[]).expect(0);
    for (name, bytes, says) in [
        ("html", &b"<html>"[..], "byte 0"),
        ("cut", &payload::demo()[..5_000], "byte"),
        ("none", br#"{"has_updates":false}"#, "nothing changed"),
        (
            "empty",
            br#"{"has_updates":true,"time":99999999999999,"feature_gates":{},"dynamic_configs":{},
            "layer_configs":{},"condition_map":{},"experiment_to_layer":{}}"#,
            "no gate",
        ),
    ] {
        let bad = files.write(name, bytes);
        let failed = to_kv(&server, &bad, &[]);
        assert!(matches!(failed.code, Some(1 | 3)), "{failed:?}");
        assert!(failed.err.contains(says), "{failed:?}");
    }
    assert_eq!(server.state().writes, 1);
}

/// Every way in which a request can fail, at every request of a publication: it is published all the same.
#[test]
fn one_failure_anywhere_is_survived() {
    let (server, files) = (Server::start(), Files::new());
    let old = files.write("old.json", &payload::demo());
    let new = payload::later(&payload::demo(), |_| {});
    let new_file = files.write("new.json", &new);
    let faults = [
        status(500),
        status(502),
        status(503),
        status(504),
        status(408),
        status(429),
        Fault::Answer(429, vec![("retry-after".into(), "0".into())], Vec::new()),
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Truncate,
        Fault::Slow,
    ];
    type Read = fn(&support::stores::Stores, &str) -> Option<Vec<u8>>;
    type Publish = fn(&Server, &str, &[&str]) -> Run;
    let stores: [(Publish, Read); 2] =
        [(to_kv, reader::kv_table), (to_config, reader::config_table)];
    for (publish, read) in stores {
        publish(&server, &old, &["--force"]).expect(0);
        server.forget();
        let (kv, config) = {
            let state = server.state();
            (state.stores.kv.clone(), state.stores.config.clone())
        };
        publish(&server, &new_file, &[]).expect(0);
        let requests = server.state().requests.len();
        assert!(requests >= 2, "{requests}");
        for fault in &faults {
            for number in 0..requests {
                server.forget();
                {
                    let mut state = server.state();
                    state.stores.kv = kv.clone();
                    state.stores.config = config.clone();
                }
                server.fault(any, number, 1, fault.clone());
                let done = publish(&server, &new_file, &[]);
                assert_eq!(done.code, Some(0), "{fault:?} at {number}: {done:?}");
                let state = server.state();
                let table = read(&state.stores, KEY);
                assert_eq!(table, Some(payload::table(&new)), "{fault:?} at {number}");
            }
        }
    }
}

/// A failure that does not go away ends the run with a reason, and what is live stays.
#[test]
fn a_lasting_failure_is_reported() {
    let (server, files) = (Server::start(), Files::new());
    let old = files.write("old.json", &payload::demo());
    let new = files.write("new.json", &payload::later(&payload::demo(), |_| {}));
    for publish in [to_kv, to_config] {
        publish(&server, &old, &["--force"]).expect(0);
        for (fault, says) in [
            (status(401), "401"),
            (status(403), "check the key"),
            (status(404), "404"),
            (status(500), "tries"),
            (status(301), "redirect"),
            (Fault::DropBefore, "tries"),
        ] {
            server.forget();
            server.fault(writes, 0, usize::MAX, fault.clone());
            let failed = publish(&server, &new, &["--retries", "2"]).expect(1);
            assert!(
                failed.err.contains(says) && failed.err.contains("next: "),
                "{failed:?}"
            );
            let failed = publish(&server, &new, &["--retries", "0", "--json"]).expect(1);
            let said = failed.err.lines().last().unwrap();
            let said: serde_json::Value = serde_json::from_str(said).unwrap();
            assert_eq!(said["exit_code"], 1, "{said}");
            assert!(server.state().history.is_empty());
        }
        server.forget();
        let state = server.state();
        let (kv, config) = (
            reader::kv_table(&state.stores, KEY),
            reader::config_table(&state.stores, KEY),
        );
        for table in [kv, config].into_iter().flatten() {
            assert_eq!(table, payload::table(&payload::demo()));
        }
    }
}

#[test]
fn a_silent_server_is_given_up() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    server.fault(any, 0, 1, Fault::Stall);
    to_kv(&server, &specs, &["--timeout", "0.3"]).expect(0);
    server.fault(any, 0, usize::MAX, Fault::Stall);
    let failed = to_kv(&server, &specs, &["--timeout", "0.1", "--retries", "1"]).expect(1);
    assert!(failed.err.contains("no answer in time"), "{failed:?}");
}

#[test]
fn a_value_that_is_too_large_says_what_would_fit() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::eval());
    server.state().stores.max_value = 50_000;
    let failed = to_kv(&server, &specs, &["--format", "json"]).expect(1);
    assert!(
        failed.err.contains("larger than this KV store takes"),
        "{failed:?}"
    );
    assert!(failed.err.contains("--format table needs"), "{failed:?}");
    let failed = to_kv(&server, &specs, &[]).expect(1);
    assert!(failed.err.contains("--target-app"), "{failed:?}");
    // One more than fits, as a server says it that reads all of it before it answers.
    server.state().stores.max_value = usize::MAX;
    server.fault(writes, 0, 1, status(413));
    let failed = to_kv(&server, &specs, &[]).expect(1);
    assert!(
        failed.err.contains("larger than this KV store takes"),
        "{failed:?}"
    );
    // A config store: JSON of more than one value, a table of more than 15.
    let failed = to_config(&server, &specs, &["--format", "json"]).expect(1);
    assert!(failed.err.contains("characters"), "{failed:?}");
    let failed = to_config(&server, &specs, &[]);
    let fits = payload::table(&payload::eval()).len() <= 90_000;
    assert_eq!(failed.code == Some(0), fits, "{failed:?}");
    if !fits {
        assert!(failed.err.contains("KV"), "{failed:?}");
    }
}

#[test]
fn rate_limits_are_waited_for_or_reported() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    // Longer than one is willing to wait.
    server.state().stores.allowance = Some((0, now + 3_000));
    let failed = to_kv(&server, &specs, &["--max-wait", "5"]).expect(1);
    assert!(
        failed.err.contains("rate limit") && failed.err.contains("--max-wait"),
        "{failed:?}"
    );
    assert_eq!(
        server.count("PUT", KEY),
        1,
        "no second try before the limit is lifted"
    );
    // A short one is waited for; the write comes once, after it.
    server.forget();
    server.state().stores.allowance = Some((0, now + 2));
    let done = to_kv(&server, &specs, &[]).expect(0);
    assert!(done.err.contains("waiting"), "{done:?}");
    assert!(reader::kv_table(&server.state().stores, KEY).is_some());
    // One that is announced to be used up is not run into: 2 writes left, and the config store takes 2.
    server.forget();
    let soon = SystemTime::now() + Duration::from_secs(2);
    let soon = soon.duration_since(UNIX_EPOCH).unwrap().as_secs();
    server.state().stores.allowance = Some((1, soon));
    to_config(&server, &specs, &[]).expect(0);
    let refused = server
        .state()
        .requests
        .iter()
        .filter(|(_, _, status)| *status == 429)
        .count();
    assert_eq!(refused, 0);
}

/// Somebody else writes between our look and our write.
#[test]
fn a_lost_race_is_looked_at_again() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    server.state().stores.put(KEY, b"{}", "");
    // The first write is answered as if the generation had changed.
    server.fault(writes, 0, 1, status(412));
    to_kv(&server, &specs, &[]).expect(0);
    assert!(reader::kv_table(&server.state().stores, KEY).is_some());
    // Always.
    let newer = files.write("newer.json", &payload::later(&payload::demo(), |_| {}));
    server.fault(writes, 0, usize::MAX, status(412));
    let refused = to_kv(&server, &newer, &[]).expect(3);
    assert!(refused.err.contains("another publisher"), "{refused:?}");
}

#[test]
fn the_generation_is_the_condition() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    to_kv(&server, &specs, &[]).expect(0);
    assert_eq!(server.count("PUT", "add=true&background_fetch=true"), 1);
    let newer = files.write("newer.json", &payload::later(&payload::demo(), |_| {}));
    to_kv(&server, &newer, &[]).expect(0);
    assert_eq!(server.count("PUT", "add=true"), 1);
    assert_eq!(server.count("PUT", "background_fetch=true"), 2);
}

#[test]
fn a_proxy_without_head_is_asked_with_get() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    to_kv(&server, &specs, &[]).expect(0);
    server.fault(|head| head.method == "HEAD", 0, usize::MAX, status(405));
    let done = to_kv(&server, &specs, &["--json"]).expect(0).json();
    assert_eq!(done["written"], false, "{done}");
}

#[test]
fn chunks_in_a_config_store() {
    let (server, files) = (Server::start(), Files::new());
    let mut expected = Vec::new();
    let mut specs = payload::demo();
    for round in 0..4 {
        let file = files.write("specs.json", &specs);
        let done = to_config(&server, &file, &["--json", "--grace", "0"])
            .expect(0)
            .json();
        assert_eq!(done["written"], true, "{done}");
        assert_eq!(done["store"]["generation"], round + 1, "{done}");
        expected.push(payload::table(&specs));
        let again = to_config(&server, &file, &["--json"]).expect(0).json();
        assert_eq!(again["written"], false, "{again}");
        specs = payload::later(&specs, |_| {});
    }
    // At no time did a reader see anything but one of these, and no older one after a newer one.
    let state = server.state();
    let mut last = 0;
    for stores in &state.history {
        let Some(table) = reader::config_table(stores, KEY) else {
            assert_eq!(last, 0);
            continue;
        };
        let at = expected.iter().position(|known| *known == table).unwrap();
        assert!(at >= last);
        last = at;
    }
    assert_eq!(last, 3);
    // With no time of grace only the last generations are left: the current one, the one before, and what was the one
    // before when the current one was written.
    let generations: std::collections::BTreeSet<&str> = state
        .stores
        .config
        .keys()
        .filter_map(|key| key.split('.').nth(1))
        .collect();
    assert!(generations.len() <= 3, "{generations:?}");
}

#[test]
fn old_chunks_stay_for_the_time_of_grace() {
    let (server, files) = (Server::start(), Files::new());
    let mut specs = payload::demo();
    for _ in 0..3 {
        let file = files.write("specs.json", &specs);
        to_config(&server, &file, &["--grace", "600"]).expect(0);
        specs = payload::later(&specs, |_| {});
    }
    let has = |generation: &str| {
        let prefix = format!("{KEY}.{generation}.");
        server
            .state()
            .stores
            .config
            .keys()
            .any(|key| key.starts_with(&prefix))
    };
    let gc = |more: &[&str]| {
        let mut arguments = vec!["gc", "--config-store", CONFIG, "--json"];
        arguments.extend(more);
        run(&server, &arguments).expect(0).json()
    };
    assert_eq!(gc(&[])["deleted"], serde_json::json!([]));
    assert!(has("1") && has("2") && has("3"));
    server.state().stores.ahead = Duration::from_secs(601);
    let would = gc(&["--dry-run"]);
    assert!(
        !would["deleted"].as_array().unwrap().is_empty() && has("1"),
        "{would}"
    );
    gc(&[]);
    assert!(!has("1") && has("2") && has("3"));
    let state = server.state();
    assert!(reader::config_table(&state.stores, KEY).is_some());
}

#[test]
fn a_dry_run_says_what_would_change_and_writes_nothing() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    for publish in [to_kv, to_config] {
        let said = publish(&server, &specs, &["--dry-run"]).expect(0);
        assert!(
            said.out.contains("would publish") && said.out.contains("nothing is live"),
            "{said:?}"
        );
        assert_eq!(server.state().writes, 0);
        publish(&server, &specs, &["--format", "table"]).expect(0);
        let newer = payload::later(&payload::demo(), |value| {
            let gates = value["feature_gates"].as_object_mut().unwrap();
            let (name, gate) = gates
                .iter()
                .next()
                .map(|(n, g)| (n.clone(), g.clone()))
                .unwrap();
            gates.insert("brand_new_gate".into(), gate);
            gates.remove(&name);
        });
        let newer = files.write("newer.json", &newer);
        let said = publish(&server, &newer, &["--dry-run", "--json"])
            .expect(0)
            .json();
        assert_eq!(said["written"], false);
        let changes = said["changes"].as_array().unwrap();
        assert!(
            changes
                .iter()
                .any(|c| c["what"] == "added" && c["name"] == "brand_new_gate"),
            "{said}"
        );
        assert!(changes.iter().any(|c| c["what"] == "removed"), "{said}");
        server.forget();
    }
}

#[test]
fn usage_errors_are_told_from_failures() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    run(&server, &["publish", "--specs", &specs]).expect(2);
    run(&server, &["publish", "--kv-store", KV]).expect(2);
    run(
        &server,
        &[
            "publish",
            "--specs",
            &specs,
            "--kv-store",
            KV,
            "--config-store",
            CONFIG,
        ],
    )
    .expect(2);
    run(
        &server,
        &[
            "publish",
            "--specs",
            &specs,
            "--kv-store",
            KV,
            "--key",
            "a?b",
        ],
    )
    .expect(2);
    run(
        &server,
        &[
            "publish",
            "--specs",
            &specs,
            "--kv-store",
            KV,
            "--fastly-url",
            "http://fastly.example",
        ],
    )
    .expect(2);
    let mut command =
        support::client::command(&server, &["publish", "--specs", &specs, "--kv-store", KV]);
    let run =
        support::client::ended(command.env_remove("FASTLY_API_TOKEN").spawn().unwrap()).expect(2);
    assert!(run.err.contains("FASTLY_API_TOKEN"), "{run:?}");
    assert!(server.state().requests.is_empty());
}
