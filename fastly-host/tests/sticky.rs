//! Sticky assignments in a service's storage, and their exposures.

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use statsig_edge::{Parameters, Reason, Scratch, User};
use statsig_fastly::platform::fake::{self, Host, Reply};
use statsig_fastly::{Config, Events, Key, Specs, Statsig, Sticky, StickyRoom, StickyStorage};

#[derive(Default)]
struct Memory(RefCell<BTreeMap<(String, String), String>>);

impl StickyStorage for Memory {
    fn load(&self, key: &str, name: &str) -> Option<String> {
        self.0.borrow().get(&(key.into(), name.into())).cloned()
    }

    fn save(&self, key: &str, name: &str, record: &str) {
        self.0
            .borrow_mut()
            .insert((key.into(), name.into()), record.into());
    }

    fn delete(&self, key: &str, name: &str) {
        self.0.borrow_mut().remove(&(key.into(), name.into()));
    }
}

/// The events of a request.
fn run(checks: impl FnOnce(&Statsig<'_>)) -> Vec<Value> {
    let host = Host {
        now_ms: 1_795_000_000_000,
        ..Host::default()
    }
    .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
    let config = Config::new()
        .with_bootstrap(common::DEMO_SPECS)
        .with_events(Events::new("events", Key::Secret("k")));
    let (_, record) = fake::with(host, || {
        let specs = Specs::load(&config);
        let statsig = Statsig::new(&config, &specs);
        checks(&statsig);
        statsig.flush()
    });
    let body: Value = serde_json::from_slice(&record.sent[0].body).unwrap();
    body["events"].as_array().unwrap().clone()
}

#[test]
fn an_experiments_user_keeps_its_group() {
    let memory = Memory::default();
    let user = User::new().with_user_id("user-17");
    let mut group = None;
    let events = run(|statsig| {
        let mut room = StickyRoom::new();
        let first =
            statsig.experiment_sticky(&user, "an_experiment", &Sticky::new(&memory), &mut room);
        assert_eq!(first.reason(), Reason::Recognized);
        assert!(first.is_user_in_experiment());
        group = first.group_name().map(str::to_owned);
        assert_eq!(
            first.json(),
            statsig
                .experiment_without_exposure(&user, "an_experiment")
                .json()
        );
    });
    assert_eq!(events[0]["metadata"]["reason"], "Bootstrap:Recognized");
    let key = ("user-17:userID".to_owned(), "an_experiment".to_owned());
    let mut record: Value = serde_json::from_str(&memory.0.borrow()[&key]).unwrap();
    assert_eq!(record["group_name"], json!(group));
    assert_eq!(
        record["time"].to_string(),
        events[0]["metadata"]["lcut"].as_str().unwrap()
    );

    // What is kept counts, not what the specs say.
    record["json_value"] = json!({"kept": "a\n"});
    record["rule_id"] = json!("kept_rule");
    record["time"] = json!(1234);
    record["config_version"] = json!(7);
    memory
        .0
        .borrow_mut()
        .insert(key.clone(), record.to_string());
    let events = run(|statsig| {
        let mut room = StickyRoom::new();
        let sticky = Sticky::new(&memory)
            .with_enforced_overrides()
            .with_enforced_targeting();
        let kept = statsig.experiment_sticky(&user, "an_experiment", &sticky, &mut room);
        assert_eq!(
            (kept.reason(), kept.rule_id()),
            (Reason::Persisted, "kept_rule")
        );
        assert_eq!(kept.get_string("kept", ""), "a\n");
    });
    let metadata = &events[0]["metadata"];
    let expected = json!({"config": "an_experiment", "ruleID": "kept_rule", "rulePassed": "true", "reason": "Persisted",
        "lcut": "1234", "receivedAt": metadata["receivedAt"], "configVersion": "7"});
    assert_eq!(metadata, &expected);

    // A record that cannot be read is as good as none.
    memory
        .0
        .borrow_mut()
        .insert(key.clone(), "{\"value\":tru".into());
    run(|statsig| {
        let mut room = StickyRoom::new();
        let live =
            statsig.experiment_sticky(&user, "an_experiment", &Sticky::new(&memory), &mut room);
        assert_eq!(live.reason(), Reason::Recognized);
    });
    assert!(memory.0.borrow()[&key].contains("\"group_name\""));

    run(|statsig| {
        let mut room = StickyRoom::new();
        let sticky = Sticky::new(&memory).forgetting();
        let live = statsig.experiment_sticky(&user, "an_experiment", &sticky, &mut room);
        assert_eq!(live.reason(), Reason::Recognized);
    });
    assert!(memory.0.borrow().is_empty());
}

#[test]
fn a_layers_user_keeps_its_parameters() {
    let memory = Memory::default();
    let user = User::new().with_user_id("user-17");
    let key = ("user-17:userID".to_owned(), "a_layer".to_owned());
    run(|statsig| {
        let (mut room, mut scratch) = (StickyRoom::new(), Scratch::<64>::new());
        let layer = statsig.layer_sticky(
            &user,
            "a_layer",
            &Sticky::new(&memory),
            &mut room,
            &mut scratch,
        );
        layer.read_text("a_string").unwrap();
    });
    let record = memory.0.borrow()[&key].clone();
    let mut kept: Value = serde_json::from_str(&record).unwrap();
    assert_eq!(kept["config_delegate"], "an_experiment");
    kept["json_value"]["a_string"] = json!("kept");
    memory.0.borrow_mut().insert(key.clone(), kept.to_string());
    let events = run(|statsig| {
        let (mut room, mut scratch) = (StickyRoom::new(), Scratch::<64>::new());
        let layer = statsig.layer_sticky(
            &user,
            "a_layer",
            &Sticky::new(&memory),
            &mut room,
            &mut scratch,
        );
        assert_eq!(layer.get_string("a_string", ""), "kept");
        assert!(layer.get_bool("a_string", true));
    });
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["metadata"]["reason"], "Persisted");
    assert_eq!(
        events[0]["metadata"]["allocatedExperiment"],
        "an_experiment"
    );

    // An experiment that is no more leaves it to the live answer whether the assignment holds; one that is over ends it.
    for (delegate, holds) in [("no_such_experiment", true), ("three_groups", false)] {
        kept["config_delegate"] = json!(delegate);
        memory.0.borrow_mut().insert(key.clone(), kept.to_string());
        run(|statsig| {
            let (mut room, mut scratch) = (StickyRoom::new(), Scratch::<64>::new());
            let layer = statsig.layer_sticky(
                &user,
                "a_layer",
                &Sticky::new(&memory),
                &mut room,
                &mut scratch,
            );
            assert_eq!(layer.get_string("a_string", "") == "kept", holds);
        });
        assert_eq!(memory.0.borrow().is_empty(), !holds);
    }
}
