//! The recorded answers of Statsig's evaluators (`vectors.json`), group by group.

mod common;

use std::collections::HashMap;
use std::sync::LazyLock;

use common::{World, data, json};
use serde_json::{Value as Json, json};
use statsig_edge::compile::{CompileError, Compiled, compile};
use statsig_edge::{
    Evaluator, Exposure, ExposureSink, Options, Reason, Scratch, SecondaryExposure, StoreParameter,
    Table, User,
};

static VECTORS: LazyLock<Json> = LazyLock::new(|| json("vectors.json.gz"));

fn cases(group: &str) -> &'static Vec<Json> {
    VECTORS[group].as_array().unwrap()
}

fn text<'a>(case: &'a Json, key: &str) -> &'a str {
    case[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {case}"))
}

/// A payload with one gate `g` whose only rule has the conditions, which are JSON texts.
fn gate_payload(conditions: &[&str], percentage: &str, salts: (&str, &str)) -> String {
    let keys: Vec<String> = (0..conditions.len())
        .map(|at| format!("\"{at}\""))
        .collect();
    let map: Vec<String> = conditions
        .iter()
        .enumerate()
        .map(|(at, condition)| format!("\"{at}\":{condition}"))
        .collect();
    let (spec_salt, rule_salt) = (json!(salts.0), json!(salts.1));
    format!(
        r#"{{"has_updates":true,"time":1700000000000,"dynamic_configs":{{}},"layer_configs":{{}},
        "experiment_to_layer":{{}},"condition_map":{{{}}},"feature_gates":{{"g":{{
        "type":"feature_gate","entity":"feature_gate","salt":{spec_salt},"enabled":true,
        "defaultValue":false,"idType":"userID","rules":[{{"name":"r","id":"r","salt":{rule_salt},
        "passPercentage":{percentage},"conditions":[{}],"returnValue":true,"idType":"userID"}}]}}}}}}"#,
        map.join(","),
        keys.join(",")
    )
}

struct Answer {
    value: bool,
    rule_id: String,
    reason: String,
    unsupported: bool,
}

fn check_gate(table: &[u8], name: &str, user_json: &str, world: &World) -> Answer {
    let mut scratch_bytes = vec![0; user_json.len() * 6];
    let user = User::from_json(user_json.as_bytes(), &mut scratch_bytes).unwrap();
    let evaluator = Evaluator::new(Table::open(table).unwrap(), world);
    let mut scratch = Scratch::<64>::new();
    let gate = evaluator.gate(&user, name, &mut scratch);
    let mut reason = String::new();
    gate.evaluation()
        .write_reason("Bootstrap", &mut reason)
        .unwrap();
    Answer {
        value: gate.value(),
        rule_id: gate.rule_id().into(),
        reason,
        unsupported: gate.reason() == Reason::Unsupported,
    }
}

fn world() -> World {
    World {
        now_ms: 1_767_225_600_000,
        countries: Some(
            cases("ip_country")
                .iter()
                .filter_map(|case| {
                    Some((text(case, "ip").into(), case["country"].as_str()?.into()))
                })
                .collect(),
        ),
        id_lists: None,
        ..World::default()
    }
}

/// Collects all differences before failing, so that one run shows the whole picture.
fn assert_none(what: &str, differences: Vec<String>) {
    assert!(
        differences.is_empty(),
        "{} {what} differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn operators() {
    let world = world();
    let mut differences = Vec::new();
    for case in cases("operators") {
        let condition = text(case, "condition_json");
        let payload = gate_payload(&[condition], "100", ("s", "r"));
        let compiled = compile(payload.as_bytes()).unwrap();
        let answer = check_gate(&compiled.table, "g", text(case, "user_json"), &world);
        let (value, unsupported) = match case["core"].as_bool() {
            Some(value) => (value, false),
            None => (case["core_value"].as_bool().unwrap(), true),
        };
        if (answer.value, answer.unsupported) != (value, unsupported) {
            differences.push(format!(
                "{case}\n  ours: {} {}",
                answer.value, answer.reason
            ));
        }
    }
    assert_none("operators", differences);
}

#[test]
fn pass_percentages() {
    let mut differences = Vec::new();
    for case in cases("pass_percentage") {
        let condition = r#"{"type":"public","idType":"userID"}"#;
        let salts = (text(case, "spec_salt"), text(case, "rule_salt"));
        let payload = gate_payload(&[condition], &case["pass_percentage"].to_string(), salts);
        let compiled = compile(payload.as_bytes()).unwrap();
        let user = json!({"userID": case["unit_id"]}).to_string();
        let answer = check_gate(&compiled.table, "g", &user, &World::default());
        if answer.value != case["pass"].as_bool().unwrap() {
            differences.push(case.to_string());
        }
    }
    assert_none("percentages", differences);
}

#[test]
fn user_buckets() {
    for case in cases("user_bucket") {
        for bucket in 0..1000 {
            let condition = json!({"type": "user_bucket", "operator": "any", "idType": "userID",
                "targetValue": [bucket.to_string()], "additionalValues": {"salt": case["salt"]}});
            let payload = gate_payload(&[&condition.to_string()], "100", ("s", "r"));
            let compiled = compile(payload.as_bytes()).unwrap();
            let user = json!({"userID": case["unit_id"]}).to_string();
            let answer = check_gate(&compiled.table, "g", &user, &World::default());
            assert_eq!(
                answer.value,
                case["bucket"] == bucket,
                "{case}, bucket {bucket}"
            );
        }
    }
}

#[test]
fn segment_lists() {
    let lists = &VECTORS["segment_list"];
    // §7.3: a line adds or removes the rest of it; later lines win.
    let mut keys: Vec<String> = Vec::new();
    for line in text(lists, "list_file")
        .lines()
        .filter(|line| line.trim().len() > 1)
    {
        match line.split_at(1) {
            ("+", key) => keys.push(key.into()),
            ("-", key) => keys.retain(|known| known != key),
            _ => {}
        }
    }
    let world = World {
        id_lists: Some(HashMap::from([(text(lists, "list_name").to_owned(), keys)])),
        ..World::default()
    };
    for case in lists["cases"].as_array().unwrap() {
        let condition = json!({"type": "unit_id", "operator": case["operator"], "idType": "userID",
            "targetValue": case["list"]});
        let payload = gate_payload(&[&condition.to_string()], "100", ("s", "r"));
        let compiled = compile(payload.as_bytes()).unwrap();
        let answer = check_gate(&compiled.table, "g", text(case, "user_json"), &world);
        assert_eq!(answer.value, case["core"].as_bool().unwrap(), "{case}");
        assert_eq!(answer.reason, text(case, "reason"), "{case}");
    }
}

/// The real payload with its real list: what changes once ID lists are there.
#[test]
fn id_lists_of_a_real_project() {
    let compiled = compile(&data("payloads/eval_proj_dcs.json.gz")).unwrap();
    let delta = json("eval_proj.node-core.idlists-delta.json.gz");
    let lines = String::from_utf8(data("payloads/company_id_list.gz")).unwrap();
    let keys = lines.lines().filter_map(|line| line.strip_prefix('+'));
    let world = World {
        id_lists: Some(HashMap::from([(
            "company_id_list".to_owned(),
            keys.map(str::to_owned).collect(),
        )])),
        ..World::default()
    };
    for user in delta["users"].as_array().unwrap() {
        let gates = &delta["results"][text(user, "id")]["gates"];
        for (name, expected) in gates.as_object().unwrap() {
            let user = user["user"].to_string();
            let answer = check_gate(&compiled.table, name, &user, &world);
            assert_eq!(answer.value, expected["value"].as_bool().unwrap());
            assert_eq!(answer.rule_id, text(expected, "ruleID"));
            let without = check_gate(&compiled.table, name, &user, &World::default());
            assert!(!without.value);
        }
    }
}

#[test]
fn payload_acceptance() {
    let mut differences = Vec::new();
    for case in cases("payload_acceptance") {
        let payload = text(case, "payload_json");
        let answer = match compile(payload.as_bytes()) {
            Ok(Compiled { table, .. }) => {
                check_gate(&table, "g", r#"{"userID":"u"}"#, &World::default())
            }
            Err(error) => Answer {
                value: false,
                rule_id: String::new(),
                reason: match error {
                    // §8.3: a first "no updates" is treated as `NoValues`, but told apart here.
                    CompileError::NoUpdates => "Loading:Unrecognized".into(),
                    _ => "NoValues".into(),
                },
                unsupported: false,
            },
        };
        // Statsig's core rejects v1 payloads, which this engine reads.
        if text(case, "id") == "v1_payload" {
            assert_eq!((answer.value, answer.rule_id.as_str()), (true, "r1"));
            continue;
        }
        let expected = (
            case["value"].as_bool().unwrap(),
            text(case, "rule_id"),
            text(case, "reason"),
        );
        if (
            answer.value,
            answer.rule_id.as_str(),
            answer.reason.as_str(),
        ) != expected
        {
            differences.push(format!(
                "{}: expected {expected:?}, got {:?}",
                text(case, "id"),
                (answer.value, answer.rule_id, answer.reason)
            ));
        }
    }
    assert_none("payloads", differences);
}

#[test]
fn user_parsing() {
    for case in cases("user_parsing") {
        let user_json = text(case, "user_json");
        let mut scratch = vec![0; user_json.len() * 6];
        let parsed = User::from_json(user_json.as_bytes(), &mut scratch);
        assert_eq!(
            parsed.is_err(),
            case["error"].is_string(),
            "{case}: {parsed:?}"
        );
    }
}

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

/// The recorded countries, given by a test environment, reach the conditions on them.
#[test]
fn ip_countries() {
    let world = world();
    for case in cases("ip_country") {
        let ip = json!({"userID": "u", "ip": case["ip"]}).to_string();
        for (operator, target, expected) in [
            // An address without a country compares as the empty text.
            ("any", case["country"].as_str().unwrap_or(""), true),
            ("any", "XX", false),
            ("none", "XX", true),
        ] {
            let condition = json!({"type": "ip_based", "field": "country", "operator": operator,
                "targetValue": [target], "idType": "userID"});
            let payload = gate_payload(&[&condition.to_string()], "100", ("s", "r"));
            let compiled = compile(payload.as_bytes()).unwrap();
            let answer = check_gate(&compiled.table, "g", &ip, &world);
            assert_eq!(answer.value, expected, "{case} {operator} {target}");
        }
    }
}

/// Collects what parameter stores expose.
#[derive(Default)]
struct Exposed(Vec<Json>);

impl ExposureSink for Exposed {
    fn expose(&mut self, exposure: &Exposure<'_, '_>) {
        self.0.push(match exposure {
            Exposure::Gate {
                name, evaluation, ..
            } => {
                json!({"gate": name, "gateValue": evaluation.value.to_string(),
                    "ruleID": evaluation.rule_id().unwrap_or_default()})
            }
            Exposure::Config {
                name, evaluation, ..
            } => {
                json!({"config": name, "ruleID": evaluation.rule_id().unwrap_or_default()})
            }
            Exposure::LayerParameter {
                name,
                parameter,
                rule_id,
                explicit,
                ..
            } => {
                json!({"config": name, "parameterName": parameter, "ruleID": rule_id,
                    "isExplicitParameter": explicit.to_string()})
            }
            _ => panic!("an exposure of a new kind"),
        });
    }
}

#[test]
fn parameter_stores() {
    let world = World::default();
    for id in ["pstore", "pstore_unknown"] {
        let case = cases("more_scenarios")
            .iter()
            .find(|case| case["id"] == id)
            .unwrap();
        let compiled = compile(case["payload_v2"].to_string().as_bytes()).unwrap();
        let evaluator = Evaluator::new(Table::open(&compiled.table).unwrap(), &world);
        let user = User::new().with_user_id("u");
        let core = &case["core"];
        let Some(store) = evaluator.parameter_store(text(case, "name")) else {
            assert_eq!(core["reason"], "Bootstrap:Unrecognized");
            continue;
        };
        let mut exposed = Exposed::default();
        let mut scratch = Scratch::<16>::new();
        for (name, expected) in core["params"].as_object().unwrap() {
            let read = evaluator.store_parameter(&user, &store, name, scratch.view(), &mut exposed);
            let value = match read {
                StoreParameter::Value(json) => serde_json::from_str(json).unwrap(),
                _ => Json::Null,
            };
            assert_eq!(value, *expected, "{name}");
        }
        // The recording asks in another order: each exposure of ours is one of the core's, and none is missing.
        let events = core["events"].as_array().unwrap();
        let mut theirs: Vec<Json> = Vec::new();
        for event in events
            .iter()
            .filter(|event| event["eventName"] != "statsig::non_exposed_checks")
        {
            let keys = [
                "gate",
                "gateValue",
                "config",
                "ruleID",
                "parameterName",
                "isExplicitParameter",
            ];
            let metadata = event["metadata"].as_object().unwrap();
            theirs.push(
                keys.iter()
                    .filter_map(|key| Some((key.to_string(), metadata.get(*key)?.clone())))
                    .collect(),
            );
        }
        let sorted = |mut list: Vec<Json>| {
            list.sort_by_key(Json::to_string);
            list
        };
        assert_eq!(sorted(exposed.0), sorted(theirs));
    }
}
