//! The built service under Viceroy, over HTTP. Run by `cargo dev test`, which builds both.

#[path = "../../tests/common/mod.rs"]
mod common;

use serde_json::Value;
use statsig_fastly_cli::specs::Specs;
use statsig_fastly_dev::harness::Service;
use statsig_fastly_dev::http::query_value;
use statsig_fastly_dev::samples::SAMPLES;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn unpack(path: &str) -> Vec<u8> {
    let path = project(path);
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// The service with other bytes as its store's value.
fn with_specs(name: &str, specs: &[u8]) -> Service {
    let folder = std::env::temp_dir().join(format!("statsig-service-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    std::fs::write(&file, specs).unwrap();
    let service = Service::start_with(name, |config| {
        config.kv_file("statsig", "statsig-specs", &file)
    });
    // Viceroy has read it.
    std::fs::remove_file(&file).unwrap();
    service
}

/// Everything about a user. An empty agent, so that the test's own does not become the user's.
fn all(service: &Service, user: &Value) -> Value {
    let path = format!("/all?user={}", query_value(&user.to_string()));
    let answer = service.get_with(&path, &[("user-agent", "")]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

/// The recordings name a data store as the source of the specs; the service says `Bootstrap`.
fn rename_source(value: &mut Value) {
    match value {
        Value::String(reason) => {
            if let Some(class) = reason.strip_prefix("Adapter(DataStore):") {
                *reason = format!("Bootstrap:{class}");
            }
        }
        Value::Array(array) => array.iter_mut().for_each(rename_source),
        Value::Object(object) => object.values_mut().for_each(rename_source),
        _ => {}
    }
}

fn assert_golden(service: &Service, mut golden: Value) {
    common::expand_large(&mut golden);
    rename_source(&mut golden["results"]);
    for user in golden["users"].as_array().unwrap() {
        let id = user["id"].as_str().unwrap();
        let ours = all(service, &user["user"]);
        let difference = common::difference(&ours, &golden["results"][id], id);
        assert_eq!(difference, None);
    }
}

/// One run, several questions: Viceroy compiles the module at every start.
#[test]
fn the_bundled_project() {
    let service = Service::start("bundled");
    assert_decisions_and_exposures(&service);
    assert_wrong_requests(&service);
    assert_golden(&service, common::eval_golden());
}

#[test]
fn the_demo_project_as_json() {
    let service = with_specs("demo-json", common::DEMO_SPECS);
    assert_golden(&service, common::demo_golden());
    // The answers after the first were those of the table that it left.
    let status = service.get("/status").json();
    assert_eq!(status["source"], "kv store", "{status}");
    assert_eq!(status["format"], "json", "{status}");
    let cache = serde_json::json!({"state": "found", "errors": 0, "lastError": null});
    assert_eq!(status["cache"], cache, "{status}");
}

#[test]
fn a_published_table() {
    let specs = Specs::from_bytes(common::EVAL_SPECS.to_vec()).unwrap();
    let service = with_specs("eval-table", specs.bytes());
    let status = service.get("/status").json();
    assert_eq!(status["format"], "table", "{status}");
    assert_eq!(status["table"]["bytes"], specs.bytes().len(), "{status}");
    assert_golden(&service, common::eval_golden());
}

/// What Statsig's console writes into a store.
#[test]
fn v1_payloads_agree() {
    let agreed = unpack("fastly-host/cli/tests/data/v1/agreed.json.gz");
    let mut agreed: Value = serde_json::from_slice(&agreed).unwrap();
    common::expand_large(&mut agreed);
    let mut compared = 0;
    for payload in ["rulesets_e2e_full_dcs", "dcs_response"] {
        let specs = unpack(&format!("engine/tests/data/payloads/v1/{payload}.json.gz"));
        let service = with_specs(payload, &specs);
        for user in agreed["users"].as_array().unwrap() {
            let id = user["id"].as_str().unwrap();
            let ours = all(&service, &user["user"]);
            for (section, specs) in agreed["results"][payload][id].as_object().unwrap() {
                for (name, expected) in specs.as_object().unwrap() {
                    let ours = &ours[section][name];
                    for (field, expected) in expected.as_object().unwrap() {
                        let context = format!("{payload} {id} {section} {name} {field}");
                        let difference = common::difference(&ours[field], expected, &context);
                        assert_eq!(difference, None);
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 6_000, "{compared}");
}

fn assert_decisions_and_exposures(service: &Service) {
    for sample in SAMPLES {
        let answer = service.get(&sample.path());
        assert_eq!(answer.status, 200, "{}: {}", sample.path(), answer.body);
        let decision = answer.json();
        let name = sample.name.split('/').next().unwrap();
        assert_eq!(decision["name"], name);
        assert_eq!(decision["reason"], "Bootstrap:Recognized");
    }
    let events = service.sink.wait_for_events(SAMPLES.len(), PATIENCE);
    assert_eq!(events.len(), SAMPLES.len());
    let posts = service.sink.posts();
    for sample in SAMPLES {
        let (name, key) = match sample.kind {
            "gate" => ("statsig::gate_exposure", "gate"),
            "layer" => ("statsig::layer_exposure", "config"),
            _ => ("statsig::config_exposure", "config"),
        };
        let spec = sample.name.split('/').next().unwrap();
        // What a request does after its answer takes its time: the posts come in any order.
        let of_sample = posts.iter().map(|post| (post, &post.events()[0]));
        let (post, event) = of_sample
            .into_iter()
            .find(|(_, event)| event["eventName"] == name && event["metadata"][key] == spec)
            .unwrap_or_else(|| panic!("no {name} of {spec}"));
        assert_eq!(post.path, "/v1/log_event");
        assert_eq!(post.header("statsig-api-key"), Some("secret-local-run"));
        assert_eq!(event["metadata"]["reason"], "Bootstrap:Recognized");
        assert!(
            event["user"]["userID"]
                .as_str()
                .unwrap()
                .starts_with("user-"),
            "{event}"
        );
        assert!(event["secondaryExposures"].is_array(), "{event}");
    }
}

fn assert_wrong_requests(service: &Service) {
    for (path, status) in [
        ("/nonsense", 404),
        ("/gate/no_such_gate?userID=u", 404),
        ("/layer/Basic_test_layer/no_such_parameter?userID=u", 404),
        ("/gate/test_public?user=%7B", 400),
        ("/gate/test_public?user=%7B%22custom%22:3%7D", 400),
    ] {
        let answer = service.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(
            answer.json()["error"].is_string(),
            "{path}: {}",
            answer.body
        );
    }
}

/// Everything that can recur, on the module's own stack of a megabyte: an answer or a depth error, never a trap.
#[test]
fn recursion_ends_on_the_stack_of_compute() {
    let specs = std::fs::read(project("engine/tests/data/recursion.json")).unwrap();
    let service = with_specs("recursion", &specs);
    let user = serde_json::json!({"userID": "u"});
    let everything = all(&service, &user);
    let depth = "Error:Statsig Evaluation Depth Exceeded";
    for (section, name, reason) in [
        ("gates", "chain_0", depth),
        ("gates", "chain_16", "Bootstrap:Recognized"),
        ("gates", "cycle_a", depth),
        ("gates", "mapped_self", depth),
        ("gates", "by_group", depth),
        ("experiments", "delegate_0", depth),
        ("experiments", "group_self", depth),
        ("experiments", "bandit", depth),
        ("experiments", "bandit_below", "Bootstrap:Recognized"),
        ("layers", "to_self", depth),
        ("layers", "new_to_delegates", depth),
    ] {
        // A name without a spec of its own is not in the report.
        if name.starts_with("bandit") {
            let answer = service.get(&format!("/experiment/{name}?userID=u")).json();
            assert_eq!(answer["reason"], reason, "{answer}");
            continue;
        }
        assert_eq!(
            everything[section][name]["reason"], reason,
            "{section} {name}"
        );
    }
}

#[test]
fn a_store_without_specs_turns_nothing_into_an_error() {
    for (name, specs) in [
        ("cut-table", &[0x93, b'S', b'R', b'T', 1, 0][..]),
        ("no-json", b"<html>"),
    ] {
        let service = with_specs(name, specs);
        let status = service.get("/status").json();
        assert!(
            status["source"].is_null() || status["source"] == "none",
            "{name}: {status}"
        );
        let answer = service.get("/gate/test_public?userID=u");
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let answer = answer.json();
        assert_eq!(answer["value"], false);
        assert_eq!(answer["reason"], "NoValues", "{name}");
    }
}

/// An assignment comes back with its cookie; a cookie that was changed is told and replaced.
#[test]
fn a_sticky_cookie_over_several_requests() {
    let service = Service::start("sticky-cookie");
    let path = "/sticky/test_experiment_no_targeting?userID=user-2";
    let ask = |cookie: &str| {
        let answer = service.get_with(path, &[("cookie", cookie)]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let set = answer.header("set-cookie").map(str::to_owned);
        (answer.json(), set)
    };
    let (first, set) = ask("");
    let set = set.expect("an assignment was made");
    let cookie = set.split(';').next().unwrap();
    assert_eq!(
        (&first["persisted"], &first["problem"]),
        (&false.into(), &Value::Null)
    );
    let (second, again) = ask(&format!("theme=dark; {cookie}"));
    assert_eq!(
        (&second["persisted"], &second["value"]),
        (&true.into(), &first["value"])
    );
    assert_eq!(again, None);
    let (third, replaced) = ask(&format!("{cookie}A"));
    assert_eq!(third["persisted"], false);
    assert!(
        third["problem"].as_str().unwrap().contains("changed"),
        "{third}"
    );
    assert_eq!(replaced.as_deref(), Some(&*set));
    // Each request posts for itself, after its response.
    let events = service.sink.wait_for_events(3, PATIENCE);
    let mut reasons: Vec<_> = events
        .iter()
        .map(|event| event["metadata"]["reason"].as_str().unwrap())
        .collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        ["Bootstrap:Recognized", "Bootstrap:Recognized", "Persisted"]
    );
}

/// What the sink refuses is sent again where that may help, and else stands in the log, whole.
#[test]
fn events_that_are_refused_go_to_the_log_endpoint() {
    let service = Service::start("refused-events");
    let mut posts = 0;
    let cases: [(&[u16], usize, bool); 7] = [
        (&[400], 1, true),
        (&[401], 1, true),
        (&[413], 1, true),
        (&[429], 1, true),
        (&[500, 503], 2, true),
        (&[500, 202], 2, false),
        (&[202], 1, false),
    ];
    for (number, (statuses, requests, logged)) in cases.into_iter().enumerate() {
        service.sink.answer_next_with(statuses);
        let user = format!("refused-{number}");
        let answer = service.get(&format!("/gate/test_public?userID={user}"));
        assert_eq!(answer.status, 200);
        posts += requests;
        let arrived = service.sink.wait_for_posts(posts, PATIENCE);
        assert_eq!(arrived.len(), posts, "{statuses:?}");
        if !logged {
            continue;
        }
        let line = service.wait_for_log(&format!("\"userID\":\"{user}\""), PATIENCE);
        let (_, body) = line.split_once("statsig-events").expect(&line);
        let body = &body[body.find('{').expect(&line)..];
        let body: Value = serde_json::from_str(body).expect(&line);
        assert_eq!(body, arrived[posts - 1].body);
    }
    // Those that were delivered are not in the log.
    let log = service.log_text();
    let logged = |number: usize| log.contains(&format!("\"userID\":\"refused-{number}\""));
    assert!(logged(4) && !logged(5) && !logged(6));
}
