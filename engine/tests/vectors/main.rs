//! The recorded answers of Statsig's evaluators (`vectors.json`), group by group.

#[path = "../common/mod.rs"]
mod common;
mod conditions;
mod parameter_stores;
mod parsing;
mod scenarios;

use std::sync::LazyLock;

use common::{World, json};
use serde_json::{Value as Json, json};
use statsig_edge::{Evaluator, Reason, Scratch, Table, User};

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
