//! Which payloads and specs Statsig's core takes, where the compiler is known to take more or less, and how both read the numbers of
//! `sdk_configs`.
#![allow(missing_docs)]

use statsig_differential::answer::Kind;
use statsig_differential::official::{Acceptance, Core};
use statsig_edge::compile::compile;
use statsig_edge::{SpecKind, Table};
use statsig_rust::DynamicValue;

/// A payload with one gate; `more` stands behind its sections, `spec` behind the gate's fields, `rule` behind its rule's and
/// `condition` behind its condition's.
struct Payload {
    more: &'static str,
    spec: &'static str,
    rule: &'static str,
    condition: &'static str,
}

const PLAIN: Payload = Payload {
    more: r#","experiment_to_layer":{}"#,
    spec: "",
    rule: "",
    condition: "",
};

impl Payload {
    fn text(&self) -> String {
        let Payload {
            more,
            spec,
            rule,
            condition,
        } = self;
        format!(
            r#"{{"has_updates":true,"time":1700000000000,"feature_gates":{{"g":{{"type":"feature_gate",
            "entity":"feature_gate","salt":"s","enabled":true,"defaultValue":false,"idType":"userID","rules":[{{"id":"r",
            "name":"r","passPercentage":100,"conditions":["c"],"returnValue":true,"idType":"userID"{rule}}}]{spec}}}}},
            "dynamic_configs":{{}},"layer_configs":{{}},"condition_map":{{"c":{{"type":"user_field","operator":"any",
            "field":"f","targetValue":["a"],"idType":"userID"{condition}}}}}{more}}}"#
        )
    }
}

/// Whether a payload is taken, and if so whether its gate is.
fn taken(core: &Core, payload: &Payload) -> [Option<bool>; 2] {
    let text = payload.text();
    let at_core = match core.load(&text) {
        Acceptance::Accepted => Some(core.knows(Kind::Gate, "g")),
        _ => None,
    };
    let ours = compile(text.as_bytes()).ok().map(|compiled| {
        let table = Table::open(&compiled.table).unwrap();
        table.spec(SpecKind::Gate, "g").is_some()
    });
    [at_core, ours]
}

#[test]
fn acceptance_is_the_cores() {
    let core = Core::start(false);
    // With `experiment_to_layer` written out: it may not be missing, nor null.
    let top = [
        "",
        r#","experiment_to_layer":null"#,
        r#","experiment_to_layer":[]"#,
        r#","experiment_to_layer":{"a":5}"#,
        r#","experiment_to_layer":{"a":null}"#,
        r#","experiment_to_layer":{"a":"b"}"#,
    ];
    let others = [
        r#""company_id":5"#,
        r#""company_id":null"#,
        r#""default_environment":5"#,
        r#""checksum":5"#,
        r#""checksum":null"#,
        r#""app_id":true"#,
        r#""app_id":1e999"#,
        r#""id_lists":5"#,
        r#""id_lists":[]"#,
        r#""id_lists":{"a":true}"#,
        r#""sdk_configs":5"#,
        r#""sdk_configs":{"sampling_mode":5}"#,
        r#""sdk_flags":{"a":1}"#,
        r#""diagnostics":{"a":"b"}"#,
        r#""sdk_keys_to_app_ids":{"a":null}"#,
        r#""sdk_keys_to_app_ids":5"#,
        r#""overrides":5"#,
        r#""overrides":{"a":[{}]}"#,
        r#""overrides":null"#,
        r#""override_rules":{"a":5}"#,
        r#""param_stores":{"s":{"parameters":{},"version":"1"}}"#,
        r#""session_replay_info":null"#,
        r#""session_replay_info":{}"#,
        r#""unknown":1e999"#,
    ];
    for more in top {
        let [at_core, ours] = taken(&core, &Payload { more, ..PLAIN });
        assert_eq!(at_core, ours, "{more}");
    }
    for other in others {
        let more = format!(r#","experiment_to_layer":{{}},{other}"#).leak();
        let [at_core, ours] = taken(&core, &Payload { more, ..PLAIN });
        assert_eq!(at_core, ours, "{other}");
    }
    for spec in [
        r#","version":4294967295"#,
        r#","version":4294967296"#,
        r#","version":1e2"#,
        r#","targetAppIDs":"x""#,
        r#","targetAppIDs":[1]"#,
        r#","explicitParameters":[1]"#,
        r#","isActive":1"#,
        r#","unknown":1e999"#,
    ] {
        let [at_core, ours] = taken(&core, &Payload { spec, ..PLAIN });
        assert_eq!(at_core, ours, "{spec}");
    }
    for rule in [
        r#","samplingRate":18446744073709551615"#,
        r#","samplingRate":18446744073709551616"#,
        r#","samplingRate":-0"#,
        r#","groupName":5"#,
        r#","configDelegate":5"#,
        r#","isExperimentGroup":1"#,
        r#","salt":5"#,
    ] {
        let [at_core, ours] = taken(&core, &Payload { rule, ..PLAIN });
        assert_eq!(at_core, ours, "{rule}");
    }
    for condition in [
        r#","additionalValues":[]"#,
        r#","additionalValues":{"salt":null}"#,
        r#","unknown":1e999"#,
    ] {
        let [at_core, ours] = taken(&core, &Payload { condition, ..PLAIN });
        assert_eq!(at_core, ours, "{condition}");
    }
}

/// What the documentation of `compile` names.
#[test]
fn what_no_check_depends_on_may_be_of_any_type() {
    let core = Core::start(false);
    for other in [
        r#""response_format":5"#,
        r#""gcir_config":{}"#,
        r#""auto_capture_settings":5"#,
        r#""id_lists":{"a":1}"#,
        r#""session_replay_info":5"#,
        r#""session_replay_info":{"sampling_rate":"1"}"#,
        r#""param_stores":{"s":{"parameters":{},"checksum":5}}"#,
        r#""company_id":"a","company_id":"b""#,
    ] {
        let more = format!(r#","experiment_to_layer":{{}},{other}"#).leak();
        let payload = Payload { more, ..PLAIN };
        assert_eq!(taken(&core, &payload), [None, Some(true)], "{other}");
    }
    for spec in [r#","fieldsUsed":5"#, r#","checksum":5"#, r#","salt":"t""#] {
        let payload = Payload { spec, ..PLAIN };
        assert_eq!(taken(&core, &payload), [Some(false), Some(true)], "{spec}");
    }
    let payload = Payload {
        condition: r#","checksum":5"#,
        ..PLAIN
    };
    assert_eq!(taken(&core, &payload), [None, Some(true)]);
}

#[test]
fn numbers_of_sdk_configs_are_read_as_by_the_core() {
    for json in [
        "101",
        "0",
        "-0",
        "-1",
        "1.9",
        "101.0",
        "1e2",
        "60000",
        "4294967296",
        "9007199254740993",
        "\"101\"",
        "\"1.5e3\"",
        "\" 101\"",
        "\"\"",
        "\"x\"",
        "\"-7\"",
        "true",
        "null",
        "[101]",
        "{}",
    ] {
        let value: DynamicValue = serde_json::from_str(json).unwrap();
        let at_core = value.float_value.map(|number| number as u64);
        let more = format!(
            r#","experiment_to_layer":{{}},"sdk_configs":{{"special_case_sampling_rate":{json},
            "exposure_dedupe_ttl_ms":{json},"exposure_spec_sampling_ttl_ms":{json}}}"#
        )
        .leak();
        let compiled = compile(Payload { more, ..PLAIN }.text().as_bytes()).unwrap();
        let table = Table::open(&compiled.table).unwrap();
        let meta = table.meta().unwrap();
        for ours in [
            meta.special_case_sampling_rate(),
            meta.exposure_dedupe_ttl_ms(),
            meta.exposure_spec_sampling_ttl_ms(),
        ] {
            assert_eq!(ours, at_core, "{json}");
        }
    }
}
