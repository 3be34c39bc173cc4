//! Whole scenarios, on v2 and on v1 payloads.

use serde_json::{Value as Json, json};
use statsig_edge::compile::compile;
use statsig_edge::{Evaluator, Options, Scratch, SecondaryExposure, Table, User};

use crate::common::World;
use crate::{assert_none, cases, text};

fn exposures<'e>(list: impl Iterator<Item = &'e SecondaryExposure<'e>>) -> Json {
    list.map(|exposure| {
        json!({"gate": exposure.gate, "gateValue": exposure.gate_value.to_string(),
            "ruleID": exposure.rule_id})
    })
    .collect()
}

/// One scenario on one payload, in the words of the recorded answers.
fn scenario(case: &Json, table: &[u8], world: &World) -> Json {
    let user_json = case["user"].to_string();
    let mut scratch_bytes = vec![0; user_json.len() * 6];
    let user = User::from_json(user_json.as_bytes(), &mut scratch_bytes).unwrap();
    let mut options = Options::default();
    options.tier = case["environment"].as_str();
    let evaluator = Evaluator::with_options(Table::open(table).unwrap(), world, options);
    let mut scratch = Scratch::<64>::new();
    let name = text(case, "name");
    macro_rules! common {
        ($result:ident, $value:expr) => {{
            let evaluation = $result.evaluation();
            let (mut reason, mut rule_id) = (String::new(), String::new());
            evaluation.write_reason("Bootstrap", &mut reason).unwrap();
            evaluation.write_rule_id(&mut rule_id).unwrap();
            json!({"value": $value, "rule_id": rule_id, "reason": reason,
                "id_type": $result.id_type(), "version": evaluation.version,
                "group_name": evaluation.group_name(), "is_experiment_active": evaluation.is_experiment_active,
                "override": evaluation.override_config_name(),
                "secondary": exposures($result.secondary_exposures().iter()),
                "undelegated": exposures($result.undelegated_secondary_exposures())})
        }};
    }
    let object = |text: &str| serde_json::from_str::<Json>(text).unwrap();
    match text(case, "kind") {
        "gate" => {
            let gate = evaluator.gate(&user, name, &mut scratch);
            common!(gate, gate.value())
        }
        "config" => {
            let config = evaluator.dynamic_config(&user, name, &mut scratch);
            common!(config, object(config.json()))
        }
        "experiment" => {
            let experiment = evaluator.experiment(&user, name, &mut scratch);
            common!(experiment, object(experiment.json()))
        }
        "layer" => {
            let layer = evaluator.layer(&user, name, &mut scratch);
            let mut value = String::new();
            layer.write_json(&mut value).unwrap();
            let mut answer = common!(layer, object(&value));
            answer["allocated"] = json!(layer.allocated_experiment());
            let params = case["params"].as_array().unwrap();
            answer["params"] = params
                .iter()
                .map(|param| {
                    let name = param.as_str().unwrap();
                    let read = layer.parameter(name);
                    (
                        name.to_owned(),
                        read.map_or(Json::Null, |read| object(read.json)),
                    )
                })
                .collect();
            answer["events"] = params
                .iter()
                .filter_map(|param| layer.parameter(param.as_str().unwrap()))
                .map(|read| {
                    let secondary = match read.explicit {
                        true => exposures(layer.secondary_exposures().iter()),
                        false => exposures(layer.undelegated_secondary_exposures()),
                    };
                    json!({"parameterName": read.name, "ruleID": read.rule_id,
                        "isExplicitParameter": read.explicit.to_string(),
                        "allocatedExperiment": if read.explicit { layer.allocated_experiment().unwrap_or("") } else { "" },
                        "secondaryExposures": secondary})
                })
                .collect();
            answer
        }
        other => panic!("unknown kind {other}"),
    }
}

#[test]
fn scenarios_on_v2() {
    let world = World {
        now_ms: 1_767_225_600_000,
        ..World::default()
    };
    let mut differences = Vec::new();
    for case in cases("scenarios") {
        let id = text(case, "id");
        let compiled = compile(case["payload_v2"].to_string().as_bytes()).unwrap();
        let ours = scenario(case, &compiled.table, &world);
        let core = &case["core"];
        if id == "map_self" {
            // Statsig's core overflows its stack here (§8.3); the depth error is the answer.
            assert_eq!(ours["reason"], "Error:Statsig Evaluation Depth Exceeded");
            continue;
        }
        for field in [
            "value",
            "rule_id",
            "reason",
            "id_type",
            "version",
            "group_name",
            "allocated",
            "params",
            "is_experiment_active",
        ] {
            let expected = core.get(field);
            if expected.is_some_and(|expected| *expected != ours[field]) {
                differences.push(format!(
                    "{id}.{field}: core {} ours {}",
                    core[field], ours[field]
                ));
            }
        }
        let events = core["events"].as_array().unwrap();
        if text(case, "kind") == "layer" {
            let ours = ours["events"].as_array().unwrap();
            if events.len() != ours.len() {
                differences.push(format!(
                    "{id}: {} events, ours {}",
                    events.len(),
                    ours.len()
                ));
            }
            for (event, ours) in events.iter().zip(ours) {
                for field in [
                    "parameterName",
                    "ruleID",
                    "isExplicitParameter",
                    "allocatedExperiment",
                ] {
                    if event["metadata"][field] != ours[field] {
                        differences.push(format!(
                            "{id}.{field}: core {} ours {}",
                            event["metadata"][field], ours[field]
                        ));
                    }
                }
                if event["secondaryExposures"] != ours["secondaryExposures"] {
                    differences.push(format!(
                        "{id}: core {} ours {}",
                        event["secondaryExposures"], ours["secondaryExposures"]
                    ));
                }
            }
        } else {
            let event = events.last().unwrap();
            // The core gives no list after an error, and an empty gate name (§8.3).
            let expected = match &event["secondaryExposures"] {
                Json::Null => json!([]),
                list => list.clone(),
            };
            if expected != ours["secondary"] {
                differences.push(format!("{id}: core {expected} ours {}", ours["secondary"]));
            }
            let mapped = &event["metadata"]["overrideConfigName"];
            if *mapped != ours["override"] {
                differences.push(format!(
                    "{id}: override core {mapped} ours {}",
                    ours["override"]
                ));
            }
        }
    }
    assert_none("scenarios", differences);
}

/// Whose answer to follow on a v1 payload where `statsig-node` ("node") and `serverless-client` ("edge") differ, or where the core's
/// semantics overrule both (§8.1), and why.
const V1_FOLLOWS: [(&str, &str, &str); 18] = [
    (
        "gate_unknown",
        "node",
        "edge gives null for an unknown name",
    ),
    (
        "config_unknown",
        "node",
        "edge gives null for an unknown name",
    ),
    (
        "layer_unknown",
        "node",
        "edge gives null for an unknown name",
    ),
    (
        "unsup_nested",
        "node",
        "edge takes an unsupported gate for one that is off",
    ),
    (
        "unsup_nested_after_true",
        "node",
        "edge takes an unsupported gate for one that is off",
    ),
    (
        "unsup_op",
        "node",
        "edge answers false to an unknown operator",
    ),
    (
        "nested_cycle",
        "core",
        "both overflow their stack, nesting has a limit",
    ),
    (
        "config_ret_array",
        "core",
        "a config without an object reads as an empty one",
    ),
    (
        "config_ret_null",
        "core",
        "a config without an object reads as an empty one",
    ),
    (
        "config_ret_bool",
        "core",
        "a config without an object reads as an empty one",
    ),
    (
        "config_ret_str",
        "core",
        "a config without an object reads as an empty one",
    ),
    (
        "newlayer_return_false_like",
        "node",
        "v1 has no new layer evaluation",
    ),
    ("map_source_missing", "node", "v1 has no config mapping"),
    (
        "env_default_from_payload",
        "node",
        "§1.3: default_environment counts in both formats",
    ),
    (
        "env_user_vs_option",
        "core",
        "the user's own environment goes first",
    ),
    ("target_app", "node", "edge does not know the condition"),
    ("exp_group", "core", "neither knows the condition"),
    ("exp_group_none", "core", "neither knows the condition"),
];

/// The same scenarios as v1 payloads: what node and edge answer alike is the answer, but for the list above.
#[test]
fn scenarios_on_v1() {
    let world = World {
        now_ms: 1_767_225_600_000,
        ..World::default()
    };
    let mut differences = Vec::new();
    let mut followed = 0;
    for case in cases("scenarios") {
        let id = text(case, "id");
        let compiled = compile(case["payload_v1"].to_string().as_bytes()).unwrap();
        let ours = scenario(case, &compiled.table, &world);
        let answer = |sdk: &Json| {
            let value = match (text(case, "kind"), &sdk["json_value"]) {
                ("gate", _) | (_, Json::Null) => &sdk["value"],
                (_, json) => json,
            };
            (value.clone(), sdk["rule_id"].clone())
        };
        let (node, edge) = (answer(&case["node_on_v1"]), answer(&case["edge_on_v1"]));
        let expected = match V1_FOLLOWS.iter().find(|(listed, ..)| *listed == id) {
            Some((_, who, _)) => {
                followed += 1;
                if *who == "core" {
                    answer(&case["core"])
                } else {
                    node
                }
            }
            None => {
                assert_eq!(node, edge, "{id} is not listed");
                node
            }
        };
        let ours = (ours["value"].clone(), ours["rule_id"].clone());
        if ours != expected {
            differences.push(format!("{id}: expected {expected:?}, ours {ours:?}"));
        }
    }
    assert_eq!(followed, V1_FOLLOWS.len());
    assert_none("v1 scenarios", differences);
}

/// Contextual bandits and the versions of delegates (the rest of `more_scenarios` is the host's and bootstrap's).
#[test]
fn more_scenarios() {
    let world = World {
        now_ms: 1_767_225_600_000,
        ..World::default()
    };
    let mut differences = Vec::new();
    let mut checked = 0;
    for case in cases("more_scenarios") {
        let id = text(case, "id");
        if !id.starts_with("cmab") && id != "version_precedence" {
            continue;
        }
        checked += 1;
        let compiled = compile(case["payload_v2"].to_string().as_bytes()).unwrap();
        let ours = scenario(case, &compiled.table, &world);
        let core = &case["core"];
        for field in [
            "value",
            "rule_id",
            "reason",
            "id_type",
            "group_name",
            "allocated",
            "is_experiment_active",
            "params",
        ] {
            if core
                .get(field)
                .is_some_and(|expected| *expected != ours[field])
            {
                differences.push(format!(
                    "{id}.{field}: core {} ours {}",
                    core[field], ours[field]
                ));
            }
        }
        let event = core["events"].as_array().unwrap().last().unwrap();
        if event["secondaryExposures"] != ours["secondary"] {
            differences.push(format!(
                "{id}: core {} ours {}",
                event["secondaryExposures"], ours["secondary"]
            ));
        }
        let version = event["metadata"]["configVersion"].as_str().unwrap();
        if version.parse() != Ok(ours["version"].as_u64().unwrap()) {
            differences.push(format!(
                "{id}: version core {version} ours {}",
                ours["version"]
            ));
        }
    }
    assert_eq!(checked, 15);
    assert_none("scenarios", differences);
}
