//! What is logged, and what becomes of it, on the host in memory.

mod common;

use serde_json::{Value, json};
use statsig_edge::{JsonType, Parameters, ReadError, Reason, Scratch, User};
use statsig_fastly::platform::Error;
use statsig_fastly::platform::fake::{self, Host, KvEntry, Record, Reply, SentRequest};
use statsig_fastly::{Config, DeliveryError, EventValue, Events, Key, Specs, Statsig, Summary};

const NOW: u64 = 1_795_000_000_000;

fn host(replies: impl IntoIterator<Item = Reply>) -> Host {
    Host {
        now_ms: NOW,
        ..Host::default()
    }
    .kv("statsig", "specs", KvEntry::new(common::DEMO_SPECS))
    .backend("events", replies)
    .secret("statsig", "key", b"secret-stored")
}

fn accepting() -> Host {
    host([Reply::answer(202, br#"{"success":true}"#)])
}

fn config(key: Key<'_>) -> Config<'_> {
    Config::new()
        .with_kv_store("statsig", "specs")
        .with_events(Events::new("events", key))
}

/// Runs checks on a host and flushes.
fn run(host: Host, config: Config<'_>, checks: impl FnOnce(&Statsig<'_>)) -> (Summary, Record) {
    let (summary, record) = fake::with(host, || {
        let specs = Specs::load(&config);
        let statsig = Statsig::new(&config, &specs);
        checks(&statsig);
        statsig.flush()
    });
    assert_eq!(
        summary.logged,
        summary.delivered + summary.handed_over + summary.dropped
    );
    assert_eq!(record.open_handles, 0);
    (summary, record)
}

/// The events of the one request that was made.
fn events(record: &Record) -> Vec<Value> {
    let [sent] = &record.sent[..] else {
        panic!("{} requests", record.sent.len());
    };
    body(sent)["events"].as_array().unwrap().clone()
}

fn body(sent: &SentRequest) -> Value {
    serde_json::from_slice(&sent.body).unwrap()
}

/// Checks a gate and says what became of the exposure.
fn one_gate(host: Host, key: Key<'_>) -> (Summary, Record) {
    run(host, config(key), |statsig| {
        statsig.check_gate(&User::new().with_user_id("u"), "a_gate");
    })
}

#[test]
fn events_are_those_of_statsigs_core() {
    let samples = common::log_event_samples();
    let mut expected = Vec::new();
    for request in samples["samples"]["node-core"]["requests"]
        .as_array()
        .unwrap()
    {
        let events = request["body"]["events"].as_array().unwrap().iter();
        expected.extend(
            events
                .filter(|event| event["eventName"] != "statsig::diagnostics")
                .cloned(),
        );
    }
    for event in &mut expected {
        event["time"] = json!(NOW);
        if event["metadata"].get("receivedAt").is_some() {
            event["metadata"]["receivedAt"] = json!(NOW.to_string());
        }
        if let Some(reason) = event["metadata"]["reason"].as_str() {
            let reason = reason.replace("Adapter(DataStore)", "Bootstrap");
            event["metadata"]["reason"] = json!(reason);
        }
    }
    let user_json = samples["user"].to_string();
    let (summary, record) = run(accepting(), config(Key::Secret("secret-x")), |statsig| {
        let mut scratch = vec![0; user_json.len() * 6];
        let user = User::from_json(user_json.as_bytes(), &mut scratch).unwrap();
        assert!(statsig.check_gate(&user, "nested_gate_a"));
        assert_eq!(
            statsig.gate(&user, "no_such_gate").reason(),
            Reason::Unrecognized
        );
        let config = statsig.dynamic_config(&user, "a_dynamic_config");
        assert_eq!(config.get_string("red", ""), "#FF0000");
        let experiment = statsig.experiment(&user, "an_experiment");
        assert_eq!(experiment.group_name(), Some("Test"));
        let mut scratch: Scratch<'_> = Scratch::new();
        let layer = statsig.layer(&user, "a_layer", &mut scratch);
        assert_eq!(layer.get_string("a_string", ""), "Experiment Test Value");
        assert_eq!(layer.get("my_obj"), Some("{}"));
        statsig.experiment(&User::new().with_user_id("user-17"), "an_experiment");
        statsig.log_event(&user, "purchase", 9.99, &[("sku", "A1")]);
    });
    assert_eq!(summary.delivered as usize, expected.len());
    let events = Value::from(events(&record));
    assert_eq!(
        common::difference(&events, &Value::from(expected), "events"),
        None
    );
}

#[test]
fn a_secret_key_goes_into_a_header() {
    for (key, text) in [
        (Key::Secret("secret-given"), "secret-given"),
        (
            Key::Stored {
                store: "statsig",
                name: "key",
            },
            "secret-stored",
        ),
    ] {
        let (_, record) = one_gate(accepting(), key);
        let sent = &record.sent[0];
        assert_eq!(sent.uri, "https://prodregistryv2.org/v1/log_event");
        assert_eq!((&*sent.method, sent.pass), ("POST", true));
        let metadata = &body(sent)["statsigMetadata"];
        let session = metadata["sessionID"].as_str().unwrap();
        let now = NOW.to_string();
        for (name, value) in [
            ("statsig-api-key", text),
            ("content-type", "application/json"),
            ("statsig-event-count", "1"),
            ("statsig-retry-count", "0"),
            ("statsig-sdk-type", "statsig-fastly-rust"),
            ("statsig-sdk-version", env!("CARGO_PKG_VERSION")),
            ("statsig-server-session-id", session),
            ("statsig-client-time", &now),
        ] {
            assert_eq!(sent.header(name), Some(value.as_bytes()), "{name}");
        }
        assert_eq!(metadata["sdkType"], "statsig-fastly-rust");
        assert_eq!(metadata["sdkVersion"], env!("CARGO_PKG_VERSION"));
        assert_eq!(session.len(), 36);
    }
}

#[test]
fn a_client_key_goes_into_the_query() {
    let (_, record) = one_gate(accepting(), Key::Client("client-a b&c/é"));
    let sent = &record.sent[0];
    let (path, query) = sent.uri.split_once('?').unwrap();
    assert_eq!(path, "https://prodregistryv2.org/v1/rgstr");
    let session = body(sent)["statsigMetadata"]["sessionID"].clone();
    let now = NOW.to_string();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(
        pairs,
        [
            ("k", "client-a b&c/é"),
            ("st", "statsig-fastly-rust"),
            ("sv", env!("CARGO_PKG_VERSION")),
            ("t", &now),
            ("sid", session.as_str().unwrap()),
            ("ec", "1"),
        ]
    );
    assert_eq!(sent.header("statsig-api-key"), None);
    assert_eq!(sent.header("statsig-event-count"), Some(&b"1"[..]));
    assert_eq!(sent.header("statsig-retry-count"), Some(&b"0"[..]));
}

#[test]
fn without_a_key_nothing_is_sent() {
    for (store, name, error) in [
        ("none", "key", DeliveryError::Key(Error::UnknownName)),
        ("statsig", "none", DeliveryError::NoKey),
    ] {
        let (summary, record) = one_gate(accepting(), Key::Stored { store, name });
        assert_eq!((summary.dropped, summary.last_error), (1, Some(error)));
        assert!(record.sent.is_empty());
    }
}

#[test]
fn nothing_logged_is_nothing_sent() {
    let (summary, record) = run(accepting(), config(Key::Secret("k")), |statsig| {
        let mut scratch: Scratch<'_> = Scratch::new();
        let user = User::new();
        let layer = statsig.layer(&user, "a_layer", &mut scratch);
        assert_eq!(layer.get("no_such_parameter"), None);
        assert_eq!(
            layer.read_bool("my_obj"),
            Err(ReadError::WrongType(JsonType::Object))
        );
        assert_eq!(layer.get_f64("a_string", 1.5), 1.5);
    });
    assert_eq!((summary, record.sent.len()), (Summary::default(), 0));
    let without_events = Config::new().with_kv_store("statsig", "specs");
    let (summary, record) = run(accepting(), without_events, |statsig| {
        statsig.check_gate(&User::new(), "a_gate");
        statsig.identify(&User::new());
    });
    assert_eq!((summary, record.sent.len()), (Summary::default(), 0));
}

#[test]
fn repeats_are_logged_once() {
    let (summary, record) = run(accepting(), config(Key::Secret("k")), |statsig| {
        let ada = User::new().with_user_id("ada");
        for user in [
            ada,
            ada.with_email("a@b.c"),
            User::new().with_user_id("bob"),
            ada,
        ] {
            statsig.check_gate(&user, "a_gate");
            statsig.check_gate(&user, "partial_gate");
            statsig.experiment(&user, "an_experiment");
            let mut scratch: Scratch<'_> = Scratch::new();
            let layer = statsig.layer(&user, "a_layer", &mut scratch);
            layer.get("a_string");
            layer.get("my_obj");
        }
        let ids = [("stableID", statsig_edge::Value::from("s"))];
        statsig.check_gate(&ada.with_custom_ids(&ids), "a_gate");
        // Never deduplicated.
        statsig.log_event(&ada, "e", EventValue::None, &[]);
        statsig.log_event(&ada, "e", EventValue::None, &[]);
    });
    assert_eq!((summary.logged, summary.deduplicated), (13, 10));
    assert_eq!(events(&record).len(), 13);
}

#[test]
fn unexposed_checks_are_counted() {
    let check = |statsig: &Statsig<'_>| {
        let user = User::new().with_user_id("u");
        statsig.gate_without_exposure(&user, "a_gate");
        statsig.gate_without_exposure(&user, "a_gate");
        statsig.dynamic_config_without_exposure(&user, "a_\"config");
        statsig.experiment_without_exposure(&user, "an_experiment");
        let mut scratch: Scratch<'_> = Scratch::new();
        let layer = statsig.layer_without_exposure(&user, "a_layer", &mut scratch);
        assert!(layer.get("a_string").is_some());
        let store = statsig.parameter_store_without_exposure(&user, "a_param_store");
        assert!(store.read_text("a_string_param").is_ok());
    };
    let expected =
        json!({"a_gate": 2, "a_\"config": 1, "an_experiment": 1, "a_layer": 1, "a_param_store": 1});
    for (key, as_object) in [(Key::Secret("k"), false), (Key::Client("k"), true)] {
        let (summary, record) = run(accepting(), config(key), check);
        assert_eq!((summary.logged, summary.delivered), (1, 1));
        let event = &events(&record)[0];
        assert_eq!(event["eventName"], "statsig::non_exposed_checks");
        assert_eq!(event["user"], json!({}));
        let checks = &event["metadata"]["checks"];
        let checks = match checks.as_str() {
            Some(text) if !as_object => serde_json::from_str(text).unwrap(),
            _ if as_object => checks.clone(),
            _ => panic!("{checks}"),
        };
        assert_eq!(checks, expected);
    }
}

#[test]
fn a_stores_parameter_exposes_what_it_refers_to() {
    let (_, record) = run(accepting(), config(Key::Secret("k")), |statsig| {
        let user = User::new().with_user_id("u");
        let store = statsig.parameter_store(&user, "a_param_store");
        assert!(store.exists());
        for parameter in [
            "a_string_param",
            "a_bool_param",
            "an_object_param",
            "an_array_param",
            "none",
        ] {
            store.get(parameter);
        }
        assert!(!statsig.parameter_store(&user, "no_such_store").exists());
    });
    let names: Vec<_> = events(&record)
        .iter()
        .map(|event| {
            let metadata = &event["metadata"];
            let name = metadata.get("gate").or(metadata.get("config"));
            name.and_then(Value::as_str).unwrap_or("").to_owned()
        })
        .collect();
    assert_eq!(names, ["partial_gate", "another_experiment", "a_layer", ""]);
}

#[test]
fn manual_exposures_say_so() {
    let (_, record) = run(accepting(), config(Key::Secret("k")), |statsig| {
        let user = User::new().with_user_id("u");
        statsig.expose_gate(&user, "a_gate");
        statsig.expose_dynamic_config(&user, "a_dynamic_config");
        statsig.expose_experiment(&user, "an_experiment");
        statsig.expose_layer_parameter(&user, "a_layer", "my_obj");
        statsig.expose_layer_parameter(&user, "a_layer", "none");
    });
    let events = events(&record);
    assert_eq!(events.len(), 4);
    for event in events {
        assert_eq!(event["metadata"]["isManualExposure"], "true");
    }
}

#[test]
fn other_events_are_as_the_service_says() {
    let pairs = [("every", statsig_edge::Value::from(true))];
    let config = config(Key::Secret("k"))
        .with_tier("staging")
        .with_custom(&pairs);
    let (_, record) = run(accepting(), config, |statsig| {
        let user = User::new().with_user_id("u");
        statsig.identify(&user);
        statsig.log_event(&user, "text \"\n", "v", &[("a", "b"), ("c", "\u{1}")]);
        statsig.log_event(&user, "nan", f64::NAN, &[]);
    });
    let event = |name: &str, value: Value, metadata: Value| {
        json!({"eventName": name, "value": value, "metadata": metadata, "statsigMetadata": null, "time": NOW,
            "secondaryExposures": null,
            "user": {"userID": "u", "custom": {"every": true}, "statsigEnvironment": {"tier": "staging"}}})
    };
    assert_eq!(
        events(&record),
        [
            event("statsig::identify", json!(null), json!(null)),
            event("text \"\n", json!("v"), json!({"a": "b", "c": "\u{1}"})),
            event("nan", json!(null), json!(null)),
        ]
    );
}

#[test]
fn without_specs_there_are_no_values_and_they_are_logged() {
    let mut host = accepting();
    host.kv.clear();
    let (summary, record) = run(host, config(Key::Secret("k")), |statsig| {
        let user = User::new().with_user_id("u");
        assert!(!statsig.check_gate(&user, "a_gate"));
        assert!(statsig.gate(&user, "a_gate").value_or(true));
        assert_eq!(statsig.dynamic_config(&user, "c").json(), "{}");
        assert_eq!(statsig.experiment(&user, "e").reason(), Reason::NoValues);
        let mut scratch: Scratch<'_> = Scratch::new();
        assert_eq!(statsig.layer(&user, "l", &mut scratch).get("p"), None);
        assert_eq!(statsig.parameter_store(&user, "s").get("p"), None);
    });
    assert_eq!((summary.logged, summary.deduplicated), (4, 1));
    let gate = &events(&record)[0]["metadata"];
    assert_eq!(
        gate,
        &json!({"gate": "a_gate", "gateValue": "false", "ruleID": "", "reason": "NoValues"})
    );
    let experiment = &events(&record)[2]["metadata"];
    assert_eq!(
        experiment,
        &json!({"config": "e", "rulePassed": "false", "ruleID": "", "reason": "NoValues"})
    );
}
