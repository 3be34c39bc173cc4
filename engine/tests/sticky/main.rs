//! Sticky assignments: what is kept, what it does, when it goes (`evaluation.md` §5.10).
#![cfg(feature = "compile")]

#[path = "../common/mod.rs"]
mod common;
mod experiments;
mod layers;
mod records;

use common::World;
use serde_json::{Value as Json, json};
use statsig_edge::{
    Evaluator, Experiment, Layer, Scratch, StickyChange, StickyOptions, StickyRecord, Stored,
    Table, User, compile::compile,
};

fn table(payload: &Json) -> Vec<u8> {
    compile(payload.to_string().as_bytes()).unwrap().table
}

fn options(enforce_overrides: bool, enforce_targeting: bool) -> StickyOptions {
    let mut options = StickyOptions::default();
    options.enforce_overrides = enforce_overrides;
    options.enforce_targeting = enforce_targeting;
    options
}

/// Gives `ask` an evaluator and what is stored.
fn with_stored<T>(
    table: &[u8],
    stored: Option<&str>,
    ask: impl FnOnce(&Evaluator<'_, '_, World>, &Stored<'_>) -> T,
) -> T {
    let world = World::default();
    let evaluator = Evaluator::new(Table::open(table).unwrap(), &world);
    let mut buffer = vec![0; stored.map_or(0, str::len)];
    let stored = match stored {
        None => Stored::Nothing,
        Some(text) => Stored::Record(StickyRecord::from_json(text, &mut buffer).unwrap()),
    };
    ask(&evaluator, &stored)
}

/// Reads an experiment; the answer, what becomes of the storage, and the record of it.
fn experiment<T>(
    table: &[u8],
    user: &User<'_>,
    name: &str,
    stored: Option<&str>,
    options: StickyOptions,
    look: impl FnOnce(&Experiment<'_, '_, '_>, StickyChange, String) -> T,
) -> T {
    with_stored(table, stored, |evaluator, stored| {
        let mut scratch = Scratch::<32>::new();
        let (experiment, change) =
            evaluator.experiment_sticky(user, name, stored, options, scratch.view(), &mut ());
        let mut record = String::new();
        experiment.write_sticky_record(77, &mut record).unwrap();
        look(&experiment, change, record)
    })
}

/// An experiment `e` in a layer `l`, with a gate on the way, an override for `boss@…` and targeting that keeps `out@…` out.
fn enforceable(active: bool) -> Vec<u8> {
    let rule = |id: &str, condition: &str, value: Json, group: Option<&str>| {
        let mut rule = json!({"name": id, "id": id, "salt": id, "passPercentage": 100, "idType": "userID",
            "conditions": [condition], "returnValue": value});
        if let Some(group) = group {
            rule["groupName"] = json!(group);
            rule["isExperimentGroup"] = json!(true);
        }
        rule
    };
    let text = |field: &str, value: &str| json!({"type": "user_field", "field": field, "operator": "any", "targetValue": [value], "idType": "userID"});
    let mut delegating = rule("to-e", "everyone", json!({}), None);
    delegating["configDelegate"] = json!("e");
    table(&json!({
        "has_updates": true, "time": 5, "experiment_to_layer": {"e": "l"},
        "condition_map": {
            "everyone": {"type": "public", "idType": "userID"},
            "boss": text("email", "boss@x.y"),
            "out": text("email", "out@x.y"),
            "gate": {"type": "pass_gate", "targetValue": "a \"gate\"", "idType": "userID"},
            "b": text("userID", "b"),
        },
        "feature_gates": {"a \"gate\"": {"type": "feature_gate", "entity": "feature_gate", "salt": "g", "enabled": true,
            "defaultValue": false, "idType": "userID", "rules": [rule("gé", "everyone", json!(true), None)]}},
        "dynamic_configs": {"e": {"type": "dynamic_config", "entity": "experiment", "salt": "e", "enabled": true,
            "isActive": active, "defaultValue": {}, "idType": "userID", "version": 3, "explicitParameters": ["p", "\"q"],
            "rules": [rule("1:override", "boss", json!({"p": "boss"}), Some("Boss")),
                rule("inlineTargetingRules", "out", json!({"p": "out"}), None),
                rule("group-b", "b", json!({"p": "b"}), Some("B")),
                rule("group-a", "gate", json!({"p": "a"}), Some("A \u{1}"))]}},
        "layer_configs": {"l": {"type": "dynamic_config", "entity": "layer", "salt": "l", "enabled": true,
            "defaultValue": {"p": "layer", "r": 1}, "idType": "userID", "version": 9, "rules": [delegating]}},
    }))
}

/// As another writer of such records may have made it.
fn layer_record() -> String {
    json!({"value": true, "json_value": {"p": "kept", "s": [1]}, "rule_id": "old", "group_name": "Old",
        "config_delegate": "e", "explicit_parameters": ["p", "\"q", "größe"], "time": 1_700_000_000_000_u64,
        "config_version": 2, "later": {"x": []}, "undelegated_secondary_exposures": [
            {"gate": "g1", "gateValue": "true", "ruleID": "r"}, {"gate": "g3", "gateValue": "false", "ruleID": "r\n"}],
        "secondary_exposures": [
            {"gate": "g1", "gateValue": "true", "ruleID": "r"}, {"gate": "g2", "gateValue": "true", "ruleID": "r"},
            {"gate": "g3", "gateValue": "false", "ruleID": "r\n"}, {"gate": "g3", "gateValue": "false", "ruleID": "r\n"}]})
    .to_string()
}

fn layer<T>(
    table: &[u8],
    user: &User<'_>,
    name: &str,
    stored: Option<&str>,
    options: StickyOptions,
    look: impl FnOnce(&Layer<'_, '_, '_>, StickyChange, String) -> T,
) -> T {
    with_stored(table, stored, |evaluator, stored| {
        let mut scratch = Scratch::<32>::new();
        let (layer, change) =
            evaluator.layer_sticky(user, name, stored, options, scratch.view(), &mut ());
        let mut record = String::new();
        layer.write_sticky_record(77, &mut record).unwrap();
        look(&layer, change, record)
    })
}
