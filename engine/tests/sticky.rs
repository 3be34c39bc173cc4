//! Sticky assignments: what is kept, what it does, when it goes (`evaluation.md` §5.10).
#![cfg(feature = "compile")]

mod common;

use common::{World, data};
use serde_json::{Value as Json, json};
use statsig_edge::{
    Evaluator, Experiment, Layer, Parameters, Reason, Scratch, StickyChange, StickyError,
    StickyOptions, StickyRecord, Stored, Table, User, Value, compile::compile,
};

const EXPERIMENT: &str = "the_allocated_experiment";

fn sample() -> Json {
    serde_json::from_slice(&data(
        "payloads/v1/download_config_specs_sticky_experiments.json.gz",
    ))
    .unwrap()
}

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

/// The group and the value of `an_int`.
fn group(experiment: &Experiment<'_, '_, '_>) -> (Option<String>, i64) {
    let group = experiment.group_name().map(str::to_owned);
    (group, experiment.get_i64("an_int", -1))
}

#[test]
fn the_sample_experiment_keeps_its_users() {
    let payload = sample();
    let running = table(&payload);
    let mut stopped = payload.clone();
    let configs = stopped["dynamic_configs"].as_array_mut().unwrap();
    let at = configs
        .iter()
        .position(|spec| spec["name"] == EXPERIMENT)
        .unwrap();
    configs[at]["isActive"] = json!(false);
    let stopped = table(&stopped);

    let control = (Some("Control".to_owned()), 12);
    let test = (Some("Test".to_owned()), 8);
    let mut seen = [0; 3];
    let mut test_record = String::new();
    let ids: Vec<String> = (0..300).map(|at| format!("user-{at}")).collect();
    for id in &ids {
        let user = User::new().with_user_id(id.as_str());
        let (found, record) = experiment(
            &running,
            &user,
            EXPERIMENT,
            None,
            options(false, false),
            |live, change, record| {
                let evaluation = live.evaluation();
                assert_eq!(live.reason(), Reason::Recognized);
                // Only those in a group are kept.
                let expected = if evaluation.is_experiment_group {
                    StickyChange::Save
                } else {
                    StickyChange::None
                };
                assert_eq!(change, expected);
                (group(live), record)
            },
        );
        if found == control {
            seen[0] += 1;
        } else if found == test {
            seen[1] += 1;
            test_record = record;
        } else {
            assert_eq!(found, (None, 99));
            seen[2] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 30), "{seen:?}");

    let written: Json = serde_json::from_str(&test_record).unwrap();
    assert_eq!(
        written,
        json!({"value": true, "json_value": {"an_int": 8, "a_string": "value", "a_double": 3.1,
            "a_long": 10_000_000_000_000_i64, "a_bool": true, "an_array": [], "an_object": {}},
            "rule_id": "2B3nzQ8DTDCxlSf0YOaTan", "group_name": "Test", "config_delegate": null,
            "secondary_exposures": [], "undelegated_secondary_exposures": [], "explicit_parameters": ["an_int"],
            "time": 77, "config_version": written["config_version"]})
    );

    // Whoever has it stays in it, wherever they would be now.
    for id in &ids {
        let user = User::new().with_user_id(id.as_str());
        experiment(
            &running,
            &user,
            EXPERIMENT,
            Some(&test_record),
            options(true, true),
            |kept, change, again| {
                assert_eq!((group(kept), change), (test.clone(), StickyChange::None));
                let evaluation = kept.evaluation();
                assert_eq!(evaluation.reason, Reason::Persisted);
                assert_eq!(evaluation.persisted_time(), Some(77));
                assert!(
                    evaluation.is_experiment_active
                        && evaluation.is_experiment_group
                        && evaluation.value
                );
                assert_eq!(
                    (kept.rule_id(), kept.id_type()),
                    ("2B3nzQ8DTDCxlSf0YOaTan", "userID")
                );
                let mut reason = String::new();
                evaluation.write_reason("Bootstrap", &mut reason).unwrap();
                assert_eq!(reason, "Persisted");
                assert_eq!(again, test_record);
            },
        );
        // An experiment that is over lets go of them.
        experiment(
            &stopped,
            &user,
            EXPERIMENT,
            Some(&test_record),
            options(false, false),
            |live, change, _| {
                assert_eq!(
                    (live.reason(), change),
                    (Reason::Recognized, StickyChange::Delete)
                );
            },
        );
        experiment(
            &stopped,
            &user,
            EXPERIMENT,
            None,
            options(false, false),
            |_, change, _| {
                assert_eq!(change, StickyChange::None);
            },
        );
    }

    // And so does who wants nothing kept.
    let world = World::default();
    let evaluator = Evaluator::new(Table::open(&running).unwrap(), &world);
    let mut scratch = Scratch::<8>::new();
    let user = User::new().with_user_id("user-1");
    // An experiment that is no more has no unit to keep anything for.
    for (name, expected) in [
        (EXPERIMENT, StickyChange::Delete),
        ("none", StickyChange::None),
    ] {
        let view = scratch.view();
        let (_, change) = evaluator.experiment_sticky(
            &user,
            name,
            &Stored::Unwanted,
            options(false, false),
            view,
            &mut (),
        );
        assert_eq!(change, expected);
    }
    experiment(
        &running,
        &user,
        "none",
        Some(&test_record),
        options(false, false),
        |live, change, _| {
            assert_eq!(
                (live.reason(), change),
                (Reason::Unrecognized, StickyChange::None)
            );
        },
    );
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

#[test]
fn overrides_and_targeting_go_first_where_they_are_enforced() {
    let table = enforceable(true);
    let user = User::new().with_user_id("a");
    let read = |experiment: &Experiment<'_, '_, '_>, change: StickyChange| {
        let value = experiment.read_text("p").map(|text| text.to_string());
        (value.unwrap(), experiment.reason(), change)
    };
    let record = experiment(
        &table,
        &user,
        "e",
        None,
        options(true, true),
        |live, change, record| {
            assert_eq!(
                read(live, change),
                ("a".into(), Reason::Recognized, StickyChange::Save)
            );
            record
        },
    );
    // A user that would be in another group today, an overridden one, and one that is kept out.
    let (b, boss, out) = (
        User::new().with_user_id("b"),
        user.with_email("boss@x.y"),
        user.with_email("out@x.y"),
    );
    for (user, overrides, targeting, value) in [
        (b, true, true, "a"),
        (boss, false, false, "a"),
        (boss, false, true, "a"),
        (boss, true, false, "boss"),
        (out, false, false, "a"),
        (out, true, false, "a"),
        (out, false, true, "out"),
        (out, true, true, "out"),
    ] {
        let reason = if value == "a" {
            Reason::Persisted
        } else {
            Reason::Recognized
        };
        experiment(
            &table,
            &user,
            "e",
            Some(&record),
            options(overrides, targeting),
            |answer, change, _| {
                assert_eq!(
                    read(answer, change),
                    (value.into(), reason, StickyChange::None)
                );
                // The gates of the check for overrides are not the answer's; those of the kept answer are.
                let gates: Vec<_> = answer
                    .secondary_exposures()
                    .iter()
                    .map(|one| one.gate)
                    .collect();
                let expected: &[&str] = if value == "a" { &["a \"gate\""] } else { &[] };
                assert_eq!(gates, expected);
            },
        );
        layer(
            &table,
            &user,
            "l",
            Some(&layer_record()),
            options(overrides, targeting),
            |answer, change, _| {
                let text = answer.read_text("p").unwrap().to_string();
                let value = if value == "a" { "kept" } else { value };
                assert_eq!(
                    (&*text, answer.reason(), change),
                    (value, reason, StickyChange::None)
                );
            },
        );
    }
    // Where nothing is kept nothing is enforced: an override with a group is kept as any other.
    for enforced in [true, false] {
        experiment(
            &table,
            &boss,
            "e",
            None,
            options(enforced, false),
            |answer, found, _| {
                assert_eq!(
                    read(answer, found),
                    ("boss".into(), Reason::Recognized, StickyChange::Save)
                );
            },
        );
    }
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

#[test]
fn a_layer_is_kept_while_its_experiment_is_active() {
    let user = User::new().with_user_id("a");
    let (running, stopped) = (enforceable(true), enforceable(false));
    let record = layer(
        &running,
        &user,
        "l",
        None,
        options(false, false),
        |live, change, record| {
            assert_eq!(
                (live.reason(), change),
                (Reason::Recognized, StickyChange::Save)
            );
            record
        },
    );
    let written: Json = serde_json::from_str(&record).unwrap();
    assert_eq!(
        written,
        json!({"value": true, "json_value": {"p": "a"}, "rule_id": "group-a", "group_name": "A \u{1}",
            "config_delegate": "e", "secondary_exposures": [{"gate": "a \"gate\"", "gateValue": "true", "ruleID": "gé"}],
            "undelegated_secondary_exposures": [], "explicit_parameters": ["p", "\"q"], "time": 77, "config_version": 9})
    );
    let b = User::new().with_user_id("b");
    layer(
        &running,
        &b,
        "l",
        Some(&record),
        options(false, false),
        |kept, change, again| {
            assert_eq!(
                (kept.reason(), change),
                (Reason::Persisted, StickyChange::None)
            );
            assert_eq!(again, record);
        },
    );
    layer(
        &stopped,
        &b,
        "l",
        Some(&record),
        options(false, false),
        |live, change, _| {
            assert_eq!(
                (live.reason(), change),
                (Reason::Recognized, StickyChange::Delete)
            );
            assert!(live.read_text("p").unwrap() == "b");
        },
    );
    layer(
        &stopped,
        &b,
        "l",
        None,
        options(false, false),
        |_, change, _| {
            assert_eq!(change, StickyChange::None);
        },
    );
    let mut undelegated: Json = serde_json::from_str(&record).unwrap();
    undelegated["config_delegate"] = Json::Null;
    layer(
        &running,
        &b,
        "l",
        Some(&undelegated.to_string()),
        options(false, false),
        |kept, change, _| {
            // Then the live answer says whether it is active.
            assert_eq!(
                (kept.reason(), change),
                (Reason::Persisted, StickyChange::None)
            );
        },
    );

    layer(
        &running,
        &b,
        "l",
        Some(&layer_record()),
        options(false, false),
        |kept, _, _| {
            assert_eq!(kept.allocated_experiment(), Some("e"));
            let explicit =
                ["p", "s", "\"q"].map(|name| kept.parameter(name).map(|found| found.explicit));
            assert_eq!(explicit, [Some(true), Some(false), None]);
            let gates: Vec<_> = kept
                .secondary_exposures()
                .iter()
                .map(|one| (one.gate, one.gate_value, one.rule_id, one.delegated))
                .collect();
            assert_eq!(
                gates,
                [
                    ("g1", true, "r", false),
                    ("g2", true, "r", true),
                    ("g3", false, "r\n", false),
                    ("g3", false, "r\n", true)
                ]
            );
            assert_eq!(kept.evaluation().persisted_time(), Some(1_700_000_000_000));
            assert_eq!(kept.evaluation().version, Some(2));
        },
    );
}

#[test]
fn what_is_no_record_is_an_error() {
    let text = layer_record();
    let read =
        |text: &str, room: usize| StickyRecord::from_json(text, &mut vec![0; room]).map(|_| ());
    assert_eq!(read(&text, text.len()), Ok(()));
    assert_eq!(read(&text, 10), Err(StickyError::BufferFull));
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(
            matches!(read(&text[..end], text.len()), Err(StickyError::NotJson(_))),
            "{end}"
        );
    }
    for (member, value) in [
        ("value", json!("true")),
        ("rule_id", json!(1)),
        ("group_name", json!({})),
        ("explicit_parameters", json!([1])),
        ("explicit_parameters", json!("p")),
        ("secondary_exposures", json!({})),
        ("secondary_exposures", json!([{"gate": "g"}])),
        ("time", json!(-1)),
        ("config_version", json!(1.5)),
    ] {
        let mut record: Json = serde_json::from_str(&text).unwrap();
        record[member] = value;
        let record = record.to_string();
        assert!(
            matches!(read(&record, record.len()), Err(StickyError::Mistyped(_))),
            "{record}"
        );
    }
    let mut record: Json = serde_json::from_str(&text).unwrap();
    record["value"] = Json::Null;
    assert_eq!(
        read(&record.to_string(), 1000),
        Err(StickyError::Incomplete)
    );
    // Statsig's core keeps the value of a config that is no object, and reads an empty one then.
    for value in [Json::Null, json!(false), json!("x"), json!([])] {
        record["value"] = json!(true);
        record["json_value"] = value;
        let record = record.to_string();
        let mut buffer = vec![0; record.len()];
        assert_eq!(
            StickyRecord::from_json(&record, &mut buffer).unwrap().json,
            "{}"
        );
    }
    assert_eq!(read("{}", 0), Err(StickyError::Incomplete));
    assert_eq!(read("[]", 0), Err(StickyError::Mistyped(0)));
    // The room that is promised to be enough, where there is nothing but strings.
    for strings in [
        json!([]),
        json!(vec![""; 40]),
        json!(vec!["\u{1}\u{e9}"; 40]),
        json!(["a".repeat(500)]),
    ] {
        let exposures: Vec<Json> = strings
            .as_array()
            .unwrap()
            .iter()
            .map(|text| json!({"gate": text, "gateValue": "true", "ruleID": text}))
            .collect();
        let record =
            json!({"value": true, "json_value": {}, "rule_id": "", "explicit_parameters": strings,
            "secondary_exposures": exposures})
            .to_string();
        assert_eq!(read(&record, record.len()), Ok(()), "{record}");
    }
}

#[test]
fn the_key_is_of_the_unit() {
    let pairs = [("companyID", Value::from("c")), ("other", Value::from(7))];
    let user = User::new().with_user_id("u").with_custom_ids(&pairs);
    for (id_type, key) in [
        ("userID", "u:userID"),
        ("USERID", "u:USERID"),
        ("companyID", "c:companyID"),
        ("companyid", ":companyid"),
        ("OTHER", "7:OTHER"),
        ("stableID", ":stableID"),
    ] {
        let mut written = String::new();
        user.write_sticky_key(id_type, &mut written).unwrap();
        assert_eq!(written, key);
    }
}
