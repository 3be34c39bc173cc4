//! From publishing to the decision: what the publisher wrote into the stores is what a service under Viceroy answers from. Run by
//! `cargo dev test`, which builds the service.

mod support;

use serde_json::{Value, json};
use statsig_fastly_dev::harness::Service;
use support::Server;
use support::client::run;
use support::id_file::lines;
use support::publish::{Files, KEY, to_config, to_kv};
use support::stores::KV;

/// ID lists, by their number of ids.
const LISTS: [(&str, u32); 3] = [("one", 1), ("thousand", 1_000), ("million", 1_000_001)];

/// A gate for each list, and a config that is long enough for several chunks.
fn specs() -> Vec<u8> {
    let rule = |condition: &str, value: Value| {
        json!({"id": "r", "name": "r", "salt": "s", "idType": "userID", "passPercentage": 100,
            "conditions": [condition], "returnValue": value})
    };
    let spec = |kind: &str, fallback: Value, rule: Value| {
        json!({"type": kind, "entity": kind, "salt": "s", "enabled": true, "idType": "userID",
            "defaultValue": fallback, "rules": [rule], "version": 1})
    };
    let mut conditions = json!({"all": {"type": "public", "idType": "userID"}});
    let mut gates = json!({});
    for (list, _) in LISTS {
        conditions[list] = json!({"type": "unit_id", "operator": "in_segment_list", "idType": "userID",
            "targetValue": list});
        gates[list] = spec("feature_gate", false.into(), rule(list, true.into()));
    }
    let value = json!({"answer": 42, "padding": "x".repeat(20_000)});
    let config = spec("dynamic_config", json!({}), rule("all", value));
    json!({"has_updates": true, "time": 7, "feature_gates": gates, "dynamic_configs": {"config": config},
        "layer_configs": {}, "experiment_to_layer": {}, "condition_map": conditions})
    .to_string()
    .into_bytes()
}

/// The service on what the server's stores hold.
fn serve(name: &str, server: &Server, source: &str) -> Service {
    let folder = tempfile::tempdir().unwrap();
    server.state().stores.write_for_viceroy(folder.path());
    let settings = format!("{source}\nid-lists = statsig/statsig-id-lists\nchecksums = on");
    let stored = |file: &str| -> toml::Table {
        let file = folder.path().join(file).to_string_lossy().into_owned();
        [("format", "json".to_owned()), ("file", file)]
            .map(|(key, value)| (key.to_owned(), value.into()))
            .into_iter()
            .collect()
    };
    let settings: toml::Table = [("statsig-settings".to_owned(), settings.into())]
        .into_iter()
        .collect();
    // The Config Store's file is read again at every opening.
    let folder_stays = stored("config.json");
    let service = Service::start_with(name, |config| {
        config
            .local_value(&["kv_stores", "statsig"], stored("kv.json"))
            .local_value(&["config_stores", "flags"], folder_stays)
            .local_value(&["config_stores", "statsig", "format"], "inline-toml")
            .local_value(&["config_stores", "statsig", "contents"], settings)
    });
    let _ = folder.keep();
    service
}

fn assert_answers(service: &Service, source: &str, format: &str) {
    let status = service.get("/status").json();
    assert_eq!(
        (&status["source"], &status["format"], &status["lcut"]),
        (&source.into(), &format.into(), &7.into()),
        "{status}"
    );
    let config = service.get("/config/config?userID=user-0").json();
    assert_eq!(config["value"]["answer"], 42, "{config}");
    for (list, ids) in LISTS {
        for (id, member) in [(0, true), (ids - 1, true), (ids, false), (ids + 7, false)] {
            let answer = service.get(&format!("/gate/{list}?userID=user-{id}"));
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert_eq!(
                answer.json()["value"],
                member,
                "user-{id} in {list}: {}",
                answer.body
            );
        }
    }
}

#[test]
fn what_is_published_is_what_is_decided() {
    let (server, files) = (Server::start(), Files::new());
    for (list, ids) in LISTS {
        server
            .state()
            .stores
            .set_list(list, &format!("file-{list}"), 1, &lines('+', 0..ids));
    }
    run(&server, &["sync-id-lists", "--kv-store", KV]).expect(0);
    let path = files.write("specs.json", &specs());
    to_config(&server, &path, &[]).expect(0);
    assert!(server.state().stores.config.len() > 2, "not chunked");
    to_kv(&server, &path, &["--format", "json"]).expect(0);
    let kv = format!("kv = statsig/{KEY}");
    assert_answers(&serve("edge-json", &server, &kv), "kv store", "json");
    to_kv(&server, &path, &["--format", "table"]).expect(0);
    assert_answers(&serve("edge-table", &server, &kv), "kv store", "table");
    let config = format!("config-store = flags/{KEY}");
    assert_answers(
        &serve("edge-chunks", &server, &config),
        "config store",
        "table",
    );
}
