//! `event_body`: what is logged, sent to a host in memory. The body is JSON and holds every text as it was given.

use serde_json::Value as Json;
use statsig_edge::{User, Value};
use statsig_fastly::platform::fake::{self, Host, KvEntry, Reply};
use statsig_fastly::{Config, EventValue, Events, Key, Specs, Statsig};

use crate::cut::Cut;

const SPECS: &[u8] = br#"{"has_updates":true,"time":1,"layer_configs":{"layer":{"type":"dynamic_config","entity":"layer",
  "salt":"s","enabled":true,"defaultValue":{"a":"\"\\\u0001"},"idType":"userID","rules":[]}},"dynamic_configs":{},
  "experiment_to_layer":{},"condition_map":{"1":{"type":"public","idType":"userID"},
  "2":{"type":"pass_gate","targetValue":"\u0000\"inner\\","idType":"userID"}},
  "feature_gates":{"gate":{"type":"feature_gate","entity":"feature_gate","salt":"s","enabled":true,"defaultValue":false,
  "idType":"userID","rules":[{"name":"r","id":"\u2028rule\n","passPercentage":100,"conditions":["2"],"returnValue":true,
  "idType":"userID"}]},"\u0000\"inner\\":{"type":"feature_gate","entity":"feature_gate","salt":"s","enabled":true,
  "defaultValue":false,"idType":"userID","rules":[{"name":"r","id":"\ud83d\ude00","passPercentage":50,"conditions":["1"],
  "returnValue":true,"idType":"userID"}]}}}"#;

/// Runs one input: a user, a gate's name, an event's name, text, number, and metadata, behind each other with zeros between.
pub fn run(bytes: &[u8]) {
    let mut cut = Cut(bytes);
    let write_at_most = cut.byte();
    let json = cut.bytes();
    let mut scratch = vec![0; json.len() * 6];
    let user = User::from_json(json, &mut scratch).unwrap_or_default();
    let (gate, name, text) = (cut.text(), cut.text(), cut.text());
    let number = f64::from_le_bytes(cut.array());
    let metadata = [(cut.text(), cut.text()), (cut.text(), cut.text())];
    let mut host = Host {
        now_ms: 1_760_000_000_000,
        ..Host::default()
    }
    .kv("statsig", "specs", KvEntry::new(SPECS))
    .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
    host.write_at_most =
        Some(usize::from(write_at_most).saturating_mul(64)).filter(|most| *most > 0);
    let config = Config::new()
        .with_kv_store("statsig", "specs")
        .with_events(Events::new("events", Key::Secret("secret-x")));
    let (summary, record) = fake::with(host, || {
        let specs = Specs::load(&config);
        let statsig = Statsig::new(&config, &specs);
        statsig.check_gate(&user, "gate");
        statsig.gate(&user, gate);
        statsig.expose_layer_parameter(&user, "layer", "a");
        statsig.gate_without_exposure(&user, gate);
        statsig.log_event(&user, name, EventValue::Text(text), &metadata);
        statsig.log_event(&user, name, EventValue::Number(number), &[]);
        statsig.flush()
    });
    assert_eq!(summary.logged, summary.delivered);
    assert_eq!(record.open_handles, 0);
    let mut events = Vec::new();
    for sent in &record.sent {
        let body: Json = match serde_json::from_slice(&sent.body) {
            Ok(body) => body,
            Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&sent.body)),
        };
        events.extend(body["events"].as_array().cloned().unwrap_or_default());
    }
    assert_eq!(events.len(), summary.logged as usize);
    let named = |wanted: &str| {
        events
            .iter()
            .filter(|event| event["eventName"] == wanted)
            .count()
    };
    assert!(named(name) >= 2, "{events:?}");
    let own: Vec<&Json> = events
        .iter()
        .filter(|event| event["eventName"] == name)
        .collect();
    assert!(own.iter().any(|event| event["value"] == text));
    assert!(
        !number.is_finite()
            || own
                .iter()
                .any(|event| event["value"].as_f64() == Some(number))
    );
    let has = |name: &str, value: &str| own.iter().any(|event| event["metadata"][name] == value);
    let [first, second] = metadata;
    assert!(first.0 == second.0 || has(first.0, first.1));
    assert!(has(second.0, second.1));
    let exposed = events
        .iter()
        .filter(|event| event["eventName"] == "statsig::gate_exposure");
    let exposed: Vec<&Json> = exposed.collect();
    assert!(
        exposed
            .iter()
            .any(|event| event["metadata"]["gate"] == "gate"
                && event["secondaryExposures"][0]["gate"] == "\0\"inner\\")
    );
    assert!(
        exposed
            .iter()
            .any(|event| event["metadata"]["gate"] == gate)
    );
    for event in &events {
        assert!(event["time"].as_u64() == Some(1_760_000_000_000), "{event}");
        if let Some(Value::Str(id)) = user.user_id
            && event["eventName"] != "statsig::non_exposed_checks"
            && event["user"] != serde_json::json!({})
        {
            assert_eq!(event["user"]["userID"], id);
        }
    }
}
