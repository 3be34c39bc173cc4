//! Parts of a response that follow from more than the user: bandits, what the client has, draws, room.

use std::cell::Cell;

use serde_json::{Value as Json, json};
use statsig_edge::bootstrap::{BootstrapOptions, ResponseFormat};
use statsig_edge::{Attributes, Environment, Evaluator, Scratch, Table, User, Value};

use crate::common::data;
use crate::compare::resolved;
use crate::{Question, RECORDED, compiled, remove, respond, world};

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
