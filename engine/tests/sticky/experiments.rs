//! Experiments that keep their users.

use serde_json::{Value as Json, json};
use statsig_edge::{
    Evaluator, Experiment, Parameters, Reason, Scratch, StickyChange, Stored, Table, User,
};

use crate::common::{World, data};
use crate::{enforceable, experiment, layer, layer_record, options, table};

const EXPERIMENT: &str = "the_allocated_experiment";

fn sample() -> Json {
    serde_json::from_slice(&data(
        "payloads/v1/download_config_specs_sticky_experiments.json.gz",
    ))
    .unwrap()
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
