//! Client bootstrap against whole responses of Statsig's server core: recorded over the sample projects
//! (`*.gcir.json`), in the vectors, and for every option over made-up projects (`bootstrap_core.json`).

#![cfg(all(feature = "bootstrap", feature = "compile"))]

mod common;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use common::{World, data, json};
use serde_json::{Value as Json, json};
use statsig_edge::bootstrap::{BootstrapOptions, BootstrapReport, NameHash, ResponseFormat};
use statsig_edge::compile::compile;
use statsig_edge::{
    Attributes, Environment, Evaluator, Options, Reason, Scratch, Table, User, Value,
};

static RECORDED: LazyLock<Json> = LazyLock::new(|| json("bootstrap_core.json.gz"));

fn world() -> World {
    let countries = json("countries.json.gz");
    World {
        // The projects compare the time with years before 2023 and after 2029.
        now_ms: 1_767_225_600_000,
        countries: serde_json::from_value(countries).unwrap(),
        // Neither below the recorded sampling rates of 0 nor above those of 1.
        random: 0.5,
        ..World::default()
    }
}

fn compiled(payload: &[u8]) -> Vec<u8> {
    compile(payload).unwrap().table
}

/// What is asked of the engine beside the table.
#[derive(Default)]
struct Question<'q> {
    user: &'q str,
    tier: Option<&'q str>,
    options: BootstrapOptions<'q>,
}

fn respond(table: &[u8], question: &Question<'_>) -> (Json, BootstrapReport) {
    let world = world();
    let mut options = Options::default();
    options.tier = question.tier;
    let evaluator = Evaluator::with_options(Table::open(table).unwrap(), &world, options);
    let mut scratch_bytes = vec![0; question.user.len() * 6];
    let user = User::from_json(question.user.as_bytes(), &mut scratch_bytes).unwrap();
    let mut scratch = Scratch::<256>::new();
    let mut text = String::new();
    let report = evaluator
        .client_bootstrap(&user, &question.options, scratch.view(), &mut text)
        .unwrap();
    assert_eq!(report.dropped, 0);
    let response = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (response, report)
}

/// All numbers as doubles: recordings went through JavaScript, rates through Rust's.
fn normal(value: &Json) -> Json {
    match value {
        Json::Number(number) => json!(number.as_f64().unwrap()),
        Json::Array(items) => items.iter().map(normal).collect(),
        Json::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| (key.clone(), normal(value)));
            Json::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// init-v2 numbers exposures and values as they come, and specs come in no order: what is referred to takes the place
/// of the number. Of ours nothing may be left that is not referred to (the core leaves what a bandit's answer replaces).
fn resolved(response: &Json, ours: bool) -> Json {
    if response["response_format"] != "init-v2" {
        return response.clone();
    }
    let mut resolved = response.clone();
    let mut used = HashSet::new();
    let mut look_up = |table: &str, number: &Json| {
        let number = number.as_str().unwrap();
        used.insert((table.to_owned(), number.to_owned()));
        let found = &response[table][number];
        assert!(response[table].get(number).is_some(), "{table} {number}");
        found.clone()
    };
    for section in ["feature_gates", "dynamic_configs", "layer_configs"] {
        for spec in resolved[section].as_object_mut().unwrap().values_mut() {
            for exposures in ["s", "us"] {
                for exposure in spec[exposures].as_array_mut().into_iter().flatten() {
                    *exposure = look_up("exposures", exposure);
                }
                if spec[exposures].is_null() {
                    spec.as_object_mut().unwrap().remove(exposures);
                }
            }
            if section != "feature_gates" {
                spec["v"] = look_up("values", &spec["v"].clone());
            }
        }
    }
    for table in ["exposures", "values"] {
        let entries = response[table].as_object().unwrap();
        for number in 0..entries.len() {
            assert!(
                !ours || used.contains(&(table.into(), number.to_string())),
                "{table} {number} is not used"
            );
        }
        resolved.as_object_mut().unwrap().remove(table);
    }
    resolved
}

fn assert_same(ours: &Json, theirs: &Json, case: &str) {
    let (ours, theirs) = (normal(ours), normal(theirs));
    if ours == theirs {
        return;
    }
    let (ours, theirs) = (ours.as_object().unwrap(), theirs.as_object().unwrap());
    let keys: HashSet<&String> = ours.keys().chain(theirs.keys()).collect();
    for key in keys {
        let (a, b) = (ours.get(key), theirs.get(key));
        if let (Some(Json::Object(a)), Some(Json::Object(b))) = (a, b) {
            for name in a.keys().chain(b.keys()) {
                assert_eq!(a.get(name), b.get(name), "{case}: {key}.{name}");
            }
        }
        assert_eq!(a, b, "{case}: {key}");
    }
}

fn remove(value: &mut Json, name: &str) -> Option<Json> {
    value.as_object_mut().unwrap().remove(name)
}

#[test]
fn sample_projects_are_answered_as_recorded() {
    for project in ["demo_proj", "eval_proj"] {
        let table = compiled(&data(&format!("payloads/{project}_dcs.json.gz")));
        let golden = json(&format!("{project}.node-core.gcir.json.gz"));
        let users = golden["users"].as_array().unwrap();
        assert_eq!(users.len(), 6);
        for user in users {
            let id = user["id"].as_str().unwrap();
            let mut expected = golden["results"][id].clone();
            for configs in ["dynamic_configs", "layer_configs"] {
                for config in expected[configs].as_object_mut().unwrap().values_mut() {
                    if let Some(large) = config["value"]["$large"].as_str() {
                        config["value"] = golden["large_values"][large].clone();
                    }
                }
            }
            let mut options = BootstrapOptions::default();
            options.hash = NameHash::None;
            let question = Question {
                user: &user["user"].to_string(),
                options,
                ..Question::default()
            };
            let (mut response, report) = respond(&table, &question);
            let mut specs = 0;
            for section in ["feature_gates", "dynamic_configs", "layer_configs"] {
                specs += response[section].as_object().unwrap().len();
            }
            assert_eq!(report.specs as usize, specs);
            // Recorded by version 0.23, which had no `group` yet: it is the rule id.
            for configs in ["dynamic_configs", "layer_configs"] {
                for config in response[configs].as_object_mut().unwrap().values_mut() {
                    assert_eq!(remove(config, "group").as_ref(), config.get("rule_id"));
                }
            }
            assert!(remove(&mut response, "sdkInfo").is_some());
            assert_same(&response, &expected, &format!("{project} {id}"));
        }
    }
}

fn format_of(name: &Json) -> ResponseFormat {
    match name.as_str() {
        Some("v2") => ResponseFormat::V2,
        Some("init_v2") => ResponseFormat::InitV2,
        Some("v1") | None => ResponseFormat::V1,
        Some(other) => panic!("{other}"),
    }
}

fn hash_of(name: &Json) -> NameHash {
    match name.as_str() {
        Some("none") => NameHash::None,
        Some("sha256") => NameHash::Sha256,
        Some("djb2") | None => NameHash::Djb2,
        Some(other) => panic!("{other}"),
    }
}

#[test]
fn the_vectors_are_answered_in_all_forms() {
    let vectors = json("vectors.json.gz");
    let cases = vectors["more_scenarios"].as_array().unwrap().iter();
    let cases: Vec<&Json> = cases.filter(|case| case["kind"] == "gcir").collect();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let mut options = BootstrapOptions::default();
        options.format = format_of(&case["format"]);
        options.hash = hash_of(&case["hash"]);
        let question = Question {
            user: &case["user"].to_string(),
            tier: case["environment"].as_str(),
            options,
        };
        let table = compiled(case["payload_v2"].to_string().as_bytes());
        let (mut response, _) = respond(&table, &question);
        assert!(remove(&mut response, "sdkInfo").is_some());
        let expected = resolved(&case["core"]["gcir"], false);
        assert_same(
            &resolved(&response, true),
            &expected,
            case["id"].as_str().unwrap(),
        );
    }
}

fn names(list: &Json) -> Option<Vec<&str>> {
    let list = list.as_array()?;
    Some(list.iter().map(|name| name.as_str().unwrap()).collect())
}

#[test]
fn every_option_is_followed_as_the_core_does() {
    let mut payloads: HashMap<&str, Vec<u8>> = HashMap::new();
    for (name, payload) in RECORDED["payloads"].as_object().unwrap() {
        let payload = match payload.as_str() {
            Some(file) => data(file),
            None => payload.to_string().into_bytes(),
        };
        payloads.insert(name, compiled(&payload));
    }
    let cases = RECORDED["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 166);
    for case in cases {
        let asked = &case["options"];
        let [gates, configs, experiments, layers, stores] = [
            "feature_gate_filter",
            "dynamic_config_filter",
            "experiment_filter",
            "layer_filter",
            "param_store_filter",
        ]
        .map(|filter| names(&asked[filter]));
        let set = |option: &str| asked[option] == true;
        let expected = case["response"].clone();
        let sdk = expected["sdkInfo"].clone();
        let mut options = BootstrapOptions::default();
        options.format = format_of(&asked["format"]);
        options.hash = hash_of(&asked["hash"]);
        options.client_sdk_key = asked["client_sdk_key"].as_str();
        options.target_app_id = asked["target_app_id"].as_str();
        options.feature_gates = gates.as_deref();
        options.dynamic_configs = configs.as_deref();
        options.experiments = experiments.as_deref();
        options.layers = layers.as_deref();
        options.param_stores = stores.as_deref();
        options.remove_id_type = set("remove_id_type");
        options.remove_default_value_gates = set("remove_default_value_gates");
        options.remove_experiments_in_layers = set("remove_experiments_in_layers");
        options.previous_response_hash = asked["previous_response_hash"].as_str();
        options.sdk.sdk_type = sdk["sdkType"].as_str().unwrap();
        options.sdk.sdk_version = sdk["sdkVersion"].as_str().unwrap();
        options.sdk.session_id = sdk["sessionId"].as_str();
        let question = Question {
            user: &case["user"].to_string(),
            tier: case["environment"].as_str(),
            options,
        };
        let table = &payloads[case["payload"].as_str().unwrap()];
        let (response, _) = respond(table, &question);
        let (mut response, mut expected) = (resolved(&response, true), resolved(&expected, false));
        assert_eq!(
            remove(&mut response, "full_checksum").is_some(),
            remove(&mut expected, "full_checksum").is_some(),
        );
        let id = format!("case {} of {}: {asked}", case["id"], case["payload"]);
        assert_same(&response, &expected, &id);
    }
}

/// In the form init-v2 the core neither hides nor dedupes the exposures of bandits. Ours are those of v2.
#[test]
fn exposures_of_bandits_are_hidden_in_every_form() {
    let table = compiled(RECORDED["payloads"]["made_bandits"].to_string().as_bytes());
    let ask = |format| {
        let mut options = BootstrapOptions::default();
        options.format = format;
        let question = Question {
            user: "{}",
            options,
            ..Question::default()
        };
        respond(&table, &question).0
    };
    let (full, short) = (ask(ResponseFormat::V2), ask(ResponseFormat::InitV2));
    let name = statsig_edge::djb2("exp").to_string();
    let referred = full["dynamic_configs"][&name]["secondary_exposures"]
        .as_array()
        .unwrap();
    assert_eq!(referred.len(), 3);
    let exposures = referred
        .iter()
        .map(|key| full["exposures"][key.as_str().unwrap()].clone());
    assert_eq!(
        resolved(&short, true)["dynamic_configs"][&name]["s"],
        exposures.collect::<Json>()
    );
}

#[test]
fn a_client_that_has_everything_gets_a_blank_response() {
    let table = compiled(&data("payloads/demo_proj_dcs.json.gz"));
    let ask = |user: &str, previous: Option<&str>, format| {
        let mut options = BootstrapOptions::default();
        options.format = format;
        options.previous_response_hash = previous;
        let (mut response, report) = respond(
            &table,
            &Question {
                user,
                options,
                ..Question::default()
            },
        );
        let checksum = remove(&mut response, "full_checksum");
        (response, report, checksum)
    };
    let user = r#"{"userID":"a-user"}"#;
    let (plain, _, none) = ask(user, None, ResponseFormat::V1);
    assert_eq!(none, None);
    let (first, report, checksum) = ask(user, Some(""), ResponseFormat::V1);
    let checksum = checksum.unwrap();
    assert!(!report.unchanged);
    assert_eq!(first, plain);
    let checksum = checksum.as_str();
    let (blank, report, none) = ask(user, checksum, ResponseFormat::V1);
    assert!(report.unchanged);
    assert_eq!(none, None);
    assert_eq!(blank, RECORDED["blank"]);
    // The user's own data do not count, what the specs answer does.
    let renamed = ask(
        r#"{"userID":"a-user","custom":{"unused":1}}"#,
        checksum,
        ResponseFormat::V1,
    );
    assert_eq!(renamed.0, RECORDED["blank"]);
    let other = r#"{"userID":"user-in-test","email":"person@statsig.com"}"#;
    let (changed, _, other_checksum) = ask(other, checksum, ResponseFormat::V1);
    assert_eq!(changed["has_updates"], true);
    assert_ne!(other_checksum.as_ref().and_then(Json::as_str), checksum);
    // Only v1 has a checksum, as in the core.
    let (short, _, none) = ask(user, checksum, ResponseFormat::InitV2);
    assert_eq!((short["has_updates"].clone(), none), (json!(true), None));
}

/// A world that counts draws and answers from a list.
struct Dice {
    draws: Cell<u32>,
    random: f64,
}

impl Environment for Dice {
    fn now_ms(&self) -> i64 {
        0
    }

    fn random(&self) -> f64 {
        self.draws.set(self.draws.get() + 1);
        self.random
    }
}

/// §5.9: one draw; recorded while it is at most the rate.
#[test]
fn sessions_are_sampled_by_one_draw() {
    let payload = json!({
        "has_updates": true, "time": 1, "feature_gates": {}, "dynamic_configs": {}, "layer_configs": {},
        "experiment_to_layer": {}, "condition_map": {},
        "session_replay_info": {
            "sampling_rate": 0.25,
            "session_recording_event_triggers": {"a": {"sampling_rate": 0.5}, "b": {"sampling_rate": 0.2}},
        },
    });
    let table = compiled(payload.to_string().as_bytes());
    for (random, records, a, b) in [
        (0.25, true, true, false),
        (0.2, true, true, true),
        (0.3, false, true, false),
        (0.75, false, false, false),
    ] {
        let dice = Dice {
            draws: Cell::new(0),
            random,
        };
        let evaluator = Evaluator::new(Table::open(&table).unwrap(), &dice);
        let mut text = String::new();
        evaluator
            .client_bootstrap(
                &User::new(),
                &BootstrapOptions::default(),
                Scratch::<8>::new().view(),
                &mut text,
            )
            .unwrap();
        let response: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(dice.draws.get(), 1);
        assert_eq!(response["can_record_session"], records, "{random}");
        let triggers = &response["session_recording_event_triggers"];
        assert_eq!(triggers["a"]["passes_sampling"], a, "{random}");
        assert_eq!(triggers["b"]["passes_sampling"], b, "{random}");
    }
}

#[test]
fn what_does_not_fit_is_counted_and_a_full_output_is_an_error() {
    let table = compiled(&data("payloads/demo_proj_dcs.json.gz"));
    let world = world();
    let evaluator = Evaluator::new(Table::open(&table).unwrap(), &world);
    let custom = [("seats", Value::from(3)), ("rate", Value::from(0.5))];
    let user = User::new()
        .with_user_id("a-user")
        .with_custom(Attributes::from(&custom));
    let mut text = String::new();
    let options = BootstrapOptions::default();
    let report = evaluator
        .client_bootstrap(&user, &options, Scratch::<0>::new().view(), &mut text)
        .unwrap();
    assert!(report.dropped > 0);
    let response: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(response["user"]["custom"], json!({"seats": 3, "rate": 0.5}));

    // Wherever the output ends, that is an error.
    struct Short(usize);
    impl std::fmt::Write for Short {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0 = self.0.checked_sub(text.len()).ok_or(std::fmt::Error)?;
            Ok(())
        }
    }
    for format in [
        ResponseFormat::V1,
        ResponseFormat::V2,
        ResponseFormat::InitV2,
    ] {
        let mut options = BootstrapOptions::default();
        options.format = format;
        let mut whole = Short(usize::MAX);
        let mut scratch = Scratch::<64>::new();
        evaluator
            .client_bootstrap(&user, &options, scratch.view(), &mut whole)
            .unwrap();
        let length = usize::MAX - whole.0;
        for room in (0..length).step_by(97).chain([length - 1]) {
            let result =
                evaluator.client_bootstrap(&user, &options, scratch.view(), &mut Short(room));
            assert!(result.is_err(), "{room} of {length}");
        }
    }
}

/// v1 payloads have no recorded bootstrap (the core does not read them); their answers are the engine's, which are
/// compared with recordings elsewhere.
#[test]
fn a_v1_payload_is_answered_as_its_checks_are() {
    let table = compiled(&data("payloads/v1/rulesets_e2e_full_dcs.json.gz"));
    let user = r#"{"userID":"a-user","email":"x@statsig.com"}"#;
    let mut options = BootstrapOptions::default();
    options.hash = NameHash::None;
    let question = Question {
        user,
        options,
        ..Question::default()
    };
    let (response, report) = respond(&table, &question);
    let mut scratch_bytes = vec![0; user.len() * 6];
    let user = User::from_json(user.as_bytes(), &mut scratch_bytes).unwrap();
    let world = world();
    let evaluator = Evaluator::new(Table::open(&table).unwrap(), &world);
    let mut scratch = Scratch::<256>::new();
    let parsed = |text: &str| serde_json::from_str::<Json>(text).unwrap();
    let mut compared = 0;
    for (name, said) in response["feature_gates"].as_object().unwrap() {
        let gate = evaluator.gate(&user, name, &mut scratch);
        assert_eq!(gate.reason(), Reason::Recognized);
        assert_eq!(said["value"], gate.value(), "{name}");
        assert_eq!(said["rule_id"], gate.rule_id(), "{name}");
        compared += 1;
    }
    for (name, said) in response["dynamic_configs"].as_object().unwrap() {
        let config = evaluator.experiment(&user, name, &mut scratch);
        assert_eq!(said["value"], parsed(config.json()), "{name}");
        assert_eq!(said["rule_id"], config.rule_id(), "{name}");
        compared += 1;
    }
    for (name, said) in response["layer_configs"].as_object().unwrap() {
        let layer = evaluator.layer(&user, name, &mut scratch);
        let mut value = String::new();
        layer.write_json(&mut value).unwrap();
        assert_eq!(said["value"], parsed(&value), "{name}");
        assert_eq!(said["rule_id"], layer.rule_id(), "{name}");
        compared += 1;
    }
    assert_eq!(compared, report.specs);
    assert!(compared > 50);
    let names = response["feature_gates"].as_object().unwrap();
    assert!(!names.keys().any(|name| name.starts_with("segment:")));
    let with_stores = compiled(&data("payloads/v1/dcs_response.json.gz"));
    let (response, _) = respond(&with_stores, &question);
    assert!(!response["param_stores"].as_object().unwrap().is_empty());
}

/// §5.4, with what the core says of the same experiments.
#[test]
fn groups_of_experiments_are_listed_as_the_core_does() {
    let mut compared = 0;
    for case in RECORDED["cases"].as_array().unwrap() {
        let Some(experiment) = case["groups_of"].as_str() else {
            continue;
        };
        let payload = &RECORDED["payloads"][case["payload"].as_str().unwrap()];
        let table = match payload.as_str() {
            Some(file) => compiled(&data(file)),
            None => compiled(payload.to_string().as_bytes()),
        };
        let table = Table::open(&table).unwrap();
        let groups = table.experiment_groups(experiment);
        let listed: Vec<Json> = groups
            .iter()
            .flat_map(|groups| groups.iter())
            .map(|group| {
                json!({
                    "group_name": group.name,
                    "rule_id": group.rule_id,
                    "id_type": group.id_type,
                    "return_value": serde_json::from_str::<Json>(group.json).unwrap(),
                })
            })
            .collect();
        let expected = &case["groups"];
        assert_eq!(json!(listed), expected["groups"], "{experiment}");
        let active = groups.map(|groups| groups.is_experiment_active());
        assert_eq!(json!(active), expected["is_experiment_active"]);

        let world = world();
        let evaluator = Evaluator::new(table, &world);
        for key in ["by_group_name", "by_rule_id"] {
            for (name, expected) in case[key].as_object().into_iter().flatten() {
                let mut scratch = Scratch::<1, 1>::new();
                let found = if key == "by_group_name" {
                    evaluator.experiment_by_group_name(experiment, name, &mut scratch)
                } else {
                    evaluator.experiment_by_rule_id(experiment, name, &mut scratch)
                };
                assert_eq!(
                    serde_json::from_str::<Json>(found.json()).unwrap(),
                    expected["value"]
                );
                assert_eq!(json!(found.group_name()), expected["group_name"]);
                assert_eq!(found.id_type(), expected["id_type"]);
                assert_eq!(
                    found.evaluation().is_experiment_active,
                    expected["is_experiment_active"]
                );
                let known = expected["reason"]
                    .as_str()
                    .unwrap()
                    .ends_with(":Recognized");
                assert_eq!(found.reason() == Reason::Recognized, known);
                assert_eq!(found.rule_id(), expected["rule_id"]);
                assert!(found.secondary_exposures().is_empty());
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 13);
}
