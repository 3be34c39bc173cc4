//! Which exposures are logged when the payload asks for sampling, and what is remembered from request to request.

mod common;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use statsig_edge::{Parameters, Scratch, User};
use statsig_fastly::platform::fake::{self, Host, Reply};
use statsig_fastly::{Config, Events, ExposureHistory, Key, Specs, Statsig, Summary};

const NOW: u64 = 1_795_000_000_000;
const RULE: &str = "6X3qJgyfwA81IJ2dxI7lYp";

/// Runs checks on a host at a time, and gives what was logged and what is remembered.
fn run(
    specs: &[u8],
    now_ms: u64,
    history: ExposureHistory,
    checks: impl FnOnce(&Statsig<'_>),
) -> (Summary, Vec<Value>, ExposureHistory) {
    let host = Host {
        now_ms,
        ..Host::default()
    }
    .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
    let config = Config::new()
        .with_bootstrap(specs)
        .with_events(Events::new("events", Key::Secret("k")));
    let ((summary, history), record) = fake::with(host, || {
        let specs = Specs::load(&config);
        let statsig = Statsig::new(&config, &specs).with_history(history);
        checks(&statsig);
        statsig.flush_keeping_history()
    });
    let events = match &record.sent[..] {
        [] => Vec::new(),
        [sent] => {
            let body: Value = serde_json::from_slice(&sent.body).unwrap();
            body["events"].as_array().unwrap().clone()
        }
        sent => panic!("{} requests", sent.len()),
    };
    assert_eq!(summary.logged as usize, events.len());
    (summary, events, history)
}

fn once(specs: &[u8], checks: impl FnOnce(&Statsig<'_>)) -> (Summary, Vec<Value>) {
    let (summary, events, _) = run(specs, NOW, ExposureHistory::new(), checks);
    (summary, events)
}

/// Whether Statsig's Node SDK draws this text.
fn is_drawn(text: &str, rate: i64) -> bool {
    let digest = Sha256::digest(text);
    i64::from_be_bytes(digest[..8].try_into().unwrap()) % rate == 0
}

fn ids() -> impl Iterator<Item = String> {
    (0..1500).map(|at| format!("user-{at}"))
}

fn check_all(gate: &str) -> impl FnOnce(&Statsig<'_>) {
    move |statsig| {
        for id in ids() {
            statsig.check_gate(&User::new().with_user_id(id.as_str()), gate);
        }
    }
}

#[test]
fn only_what_is_drawn_is_logged_after_the_first() {
    let specs = common::sampling_specs();
    let unknown = "no_such_gate";
    for (gate, rule, value, rate) in [
        ("test_rule_sampling", RULE, "true", 201),
        // No rule answered: the payload's rate for that.
        (unknown, "", "false", 101),
    ] {
        let (summary, events) = once(&specs, check_all(gate));
        let drawn = |id: &String| is_drawn(&format!("n:{gate};u:{id};r:{rule};v:{value}"), rate);
        let expected: Vec<Value> = ids()
            .enumerate()
            .filter(|(at, id)| *at == 0 || drawn(id))
            .map(|(at, id)| match at {
                0 => json!([id, {}]),
                _ => json!([id, {"samplingRate": rate, "samplingMode": "on", "shadowLogged": "logged"}]),
            })
            .collect();
        let logged: Vec<Value> = events
            .iter()
            .map(|event| json!([event["user"]["userID"], event["statsigMetadata"]]))
            .collect();
        assert_eq!(logged, expected);
        assert!((3..60).contains(&logged.len()), "{}", logged.len());
        assert_eq!(summary.sampled_out + summary.logged, 1500);
    }
}

#[test]
fn a_shadow_only_says_what_would_be() {
    let specs = String::from_utf8(common::sampling_specs()).unwrap();
    let mode = r#""sampling_mode": "on""#;
    assert!(specs.contains(mode));
    let shadow = specs.replace(mode, r#""sampling_mode": "shadow""#);
    let (summary, events) = once(shadow.as_bytes(), check_all("test_rule_sampling"));
    assert_eq!((summary.logged, summary.sampled_out), (1500, 0));
    for (at, (event, id)) in events.iter().zip(ids()).enumerate() {
        let drawn = is_drawn(&format!("n:test_rule_sampling;u:{id};r:{RULE};v:true"), 201);
        let expected = json!({"samplingRate": 201, "samplingMode": "shadow",
            "shadowLogged": if drawn { "logged" } else { "dropped" }});
        let expected = if at == 0 { json!({}) } else { expected };
        assert_eq!(event["statsigMetadata"], expected, "{id}");
    }

    for other in ["none", "off", "ON"] {
        let specs = specs.replace(mode, &format!(r#""sampling_mode": "{other}""#));
        let (summary, events) = once(specs.as_bytes(), check_all("test_rule_sampling"));
        assert_eq!((summary.logged, summary.sampled_out), (1500, 0));
        assert!(
            events
                .iter()
                .all(|event| event["statsigMetadata"] == json!({}))
        );
    }
}

#[test]
fn what_counts_for_analysis_is_always_logged() {
    let (summary, _) = once(
        &common::sampling_specs(),
        check_all("test_forward_all_exposures"),
    );
    assert_eq!((summary.logged, summary.sampled_out), (1500, 0));

    let specs = common::analytical_specs();
    let with_all = |check: &dyn Fn(&Statsig<'_>, &User<'_>)| {
        once(&specs, |statsig| {
            for id in ids() {
                check(statsig, &User::new().with_user_id(id.as_str()));
            }
        })
    };
    let all = |(summary, events): (Summary, Vec<Value>)| {
        assert_eq!((summary.logged, summary.sampled_out), (1500, 0));
        assert!(
            events
                .iter()
                .all(|event| event["statsigMetadata"] == json!({}))
        );
    };
    all(with_all(&|statsig, user| {
        statsig.gate(user, "parent_gate");
    }));
    all(with_all(&|statsig, user| {
        statsig.dynamic_config(user, "parent_config");
    }));
    all(with_all(&|statsig, user| {
        statsig.experiment(user, "parent_experiment");
    }));
    let (name, parameter) = layer_parameter(&specs, "parent_layer");
    all(with_all(&|statsig, user| {
        let mut scratch: Scratch<'_> = Scratch::new();
        let layer = statsig.layer(user, &name, &mut scratch);
        layer.read(&parameter, |_| Ok(())).unwrap();
    }));

    let (name, parameter) = layer_parameter(&specs, "json_sampled_layer");
    let (summary, events) = with_all(&|statsig, user| {
        let mut scratch: Scratch<'_> = Scratch::new();
        let layer = statsig.layer(user, &name, &mut scratch);
        layer.read(&parameter, |_| Ok(())).unwrap();
    });
    let text = |id: &String| format!("n:{name};e:;p:{parameter};u:{id};r:json_sampled_layer_rule");
    let drawn: Vec<String> = ids()
        .enumerate()
        .filter(|(at, id)| *at == 0 || is_drawn(&text(id), 201))
        .map(|(_, id)| id)
        .collect();
    let logged: Vec<&str> = events
        .iter()
        .map(|event| event["user"]["userID"].as_str().unwrap())
        .collect();
    assert_eq!(logged, drawn);
    assert_eq!(summary.sampled_out as usize, 1500 - drawn.len());
}

/// A layer's name and a parameter that its rule gives.
fn layer_parameter(specs: &[u8], layer: &str) -> (String, String) {
    let specs: Value = serde_json::from_slice(specs).unwrap();
    let value = &specs["layer_configs"][layer]["rules"][0]["returnValue"];
    let parameter = value.as_object().unwrap().keys().next().unwrap();
    (layer.to_owned(), parameter.clone())
}

#[test]
fn a_history_goes_from_request_to_request() {
    let specs = common::sampling_specs();
    // Nobody here is drawn.
    let users: Vec<String> = ids()
        .filter(|id| !is_drawn(&format!("n:test_rule_sampling;u:{id};r:{RULE};v:true"), 201))
        .take(3)
        .collect();
    let request = |now_ms, history, user: &String| {
        run(&specs, now_ms, history, |statsig| {
            let user = User::new().with_user_id(user.as_str());
            statsig.check_gate(&user, "test_rule_sampling");
            statsig.check_gate(&user, "test_forward_all_exposures");
        })
    };
    let counts = |summary: &Summary| (summary.logged, summary.deduplicated, summary.sampled_out);
    let (summary, _, history) = request(NOW, ExposureHistory::new(), &users[0]);
    assert_eq!(counts(&summary), (2, 0, 0));
    // Another user: the rule is not new any more.
    let (summary, _, history) = request(NOW + 1_000, history, &users[1]);
    assert_eq!(counts(&summary), (1, 0, 1));
    // The same user again.
    let (summary, _, history) = request(NOW + 2_000, history, &users[0]);
    assert_eq!(counts(&summary), (0, 2, 0));
    // A minute after the first all is new.
    let (summary, _, history) = request(NOW + 60_000, history, &users[0]);
    assert_eq!(counts(&summary), (2, 0, 0));
    let (summary, _, _) = request(NOW + 119_999, history, &users[2]);
    assert_eq!(counts(&summary), (1, 0, 1));
    // Without a history each request is the first.
    let (summary, _, _) = request(NOW, ExposureHistory::new(), &users[2]);
    assert_eq!(counts(&summary), (2, 0, 0));

    // The payload's own times.
    let text = String::from_utf8(specs.clone()).unwrap();
    let mode = r#""sampling_mode": "on""#;
    let times = format!(
        "{mode}, \"exposure_dedupe_ttl_ms\": 10000, \"exposure_spec_sampling_ttl_ms\": 20000"
    );
    let specs = text.replace(mode, &times).into_bytes();
    let request = |now_ms, history| {
        run(&specs, now_ms, history, |statsig| {
            statsig.check_gate(
                &User::new().with_user_id(users[0].as_str()),
                "test_rule_sampling",
            );
        })
    };
    let mut history = ExposureHistory::new();
    for (after, expected) in [
        (0, (1, 0, 0)),
        (9_999, (0, 1, 0)),
        (10_000, (0, 0, 1)),
        (19_999, (0, 1, 0)),
        (20_000, (1, 0, 0)),
    ] {
        let (summary, _, next) = request(NOW + after, history);
        assert_eq!(counts(&summary), expected, "after {after} ms");
        history = next;
    }
}
