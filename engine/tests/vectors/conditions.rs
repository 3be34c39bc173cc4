//! Conditions, one at a time: operators, draws, lists, countries.

use std::collections::HashMap;

use serde_json::json;
use statsig_edge::compile::compile;

use crate::common::{World, data, json};
use crate::{VECTORS, assert_none, cases, check_gate, gate_payload, text, world};

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
