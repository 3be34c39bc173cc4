//! What the tests of the crate share: recorded data and a reader of it.
#![allow(dead_code, reason = "each test crate uses a part")]

use std::io::Read;

use serde_json::Value;

/// The smaller sample project, as Statsig's server SDKs download it.
pub(crate) const DEMO_SPECS: &[u8] = include_bytes!("../../service/payload/demo_proj_dcs.json");

/// The larger sample project.
pub(crate) const EVAL_SPECS: &[u8] = include_bytes!("../../service/payload/eval_proj_dcs.json");

/// What Statsig's core answered for the smaller project.
pub(crate) fn demo_golden() -> Value {
    unpack(include_bytes!("../data/demo_proj.node-core.json.gz"))
}

/// What Statsig's core answered for the larger project.
pub(crate) fn eval_golden() -> Value {
    unpack(include_bytes!("../data/eval_proj.node-core.json.gz"))
}

/// Requests that Statsig's SDKs sent.
pub(crate) fn log_event_samples() -> Value {
    unpack(include_bytes!("../data/log_event_samples.json.gz"))
}

/// The country of every address in the recorded answers.
pub(crate) fn countries() -> Value {
    serde_json::from_str(include_str!("../data/countries.json")).unwrap()
}

/// Specs that ask for sampling: a gate with a rate, one that forwards all.
pub(crate) fn sampling_specs() -> Vec<u8> {
    bytes(include_bytes!(
        "../../../engine/tests/data/payloads/dcs_with_sampling.json.gz"
    ))
}

/// Specs that ask for sampling, with a gate that counts for analysis.
pub(crate) fn analytical_specs() -> Vec<u8> {
    bytes(include_bytes!(
        "../../../engine/tests/data/payloads/dcs_with_analytical_exposure_sampling.json.gz"
    ))
}

/// Statsig's test vectors.
pub(crate) fn vectors() -> Value {
    unpack(include_bytes!("../../../engine/tests/data/vectors.json.gz"))
}

/// What Statsig's core answers otherwise for the larger project when it has its ID list.
pub(crate) fn id_list_delta() -> Value {
    unpack(include_bytes!(
        "../../../engine/tests/data/eval_proj.node-core.idlists-delta.json.gz"
    ))
}

/// The larger project's ID list, as Statsig serves it.
pub(crate) fn company_id_list() -> String {
    let packed = include_bytes!("../../../engine/tests/data/payloads/company_id_list.gz");
    String::from_utf8(bytes(packed)).unwrap()
}

fn unpack(packed: &[u8]) -> Value {
    serde_json::from_slice(&bytes(packed)).unwrap()
}

fn bytes(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// Puts large values in place of the marks that the recordings have for them.
pub(crate) fn expand_large(golden: &mut Value) {
    let large = golden["large_values"].clone();
    fn walk(value: &mut Value, large: &Value) {
        let key = value.get("$large").and_then(|key| key.as_str());
        if let Some(key) = key {
            *value = large[key].clone();
        }
        match value {
            Value::Object(object) => object.values_mut().for_each(|value| walk(value, large)),
            Value::Array(array) => array.iter_mut().for_each(|value| walk(value, large)),
            _ => {}
        }
    }
    walk(&mut golden["results"], &large);
}

/// Where two JSON values differ first, numbers compared as doubles.
pub(crate) fn difference(ours: &Value, theirs: &Value, path: &str) -> Option<String> {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = |object: &serde_json::Map<String, Value>| {
                let mut keys: Vec<_> = object.keys().cloned().collect();
                keys.sort();
                keys
            };
            if keys(a) != keys(b) {
                return Some(format!(
                    "{path}: members {:?}, expected {:?}",
                    keys(a),
                    keys(b)
                ));
            }
            a.iter()
                .find_map(|(key, value)| difference(value, &b[key], &format!("{path}/{key}")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(at, (a, b))| difference(a, b, &format!("{path}/{at}"))),
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (a, b) if a == b => None,
        (a, b) => Some(format!("{path}: {a}, expected {b}")),
    }
}
