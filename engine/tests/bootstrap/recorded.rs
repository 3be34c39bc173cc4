//! Whole responses of the core.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use statsig_edge::bootstrap::{BootstrapOptions, NameHash, ResponseFormat};
use statsig_edge::{Evaluator, Reason, Scratch, Table, User};

use crate::common::{data, json};
use crate::compare::{assert_same, resolved};
use crate::{Question, RECORDED, compiled, remove, respond, world};

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
