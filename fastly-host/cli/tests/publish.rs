//! `publish` against a server that behaves as Fastly's does.

mod support;

use std::time::Duration;

use support::client::run;
use support::publish::{Files, KEY, to_config, to_kv};
use support::stores::{CONFIG, KV};
use support::{Server, payload, reader};

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
