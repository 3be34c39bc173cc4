//! Two responses compared, whatever the order of what they number.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

/// All numbers as doubles: recordings went through JavaScript, rates through Rust's.
pub(crate) fn normal(value: &Json) -> Json {
    match value {
        Json::Number(number) => json!(number.as_f64().unwrap()),
        Json::Array(items) => items.iter().map(normal).collect(),
        Json::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| (key.clone(), normal(value)));
            Json::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// init-v2 numbers exposures and values as they come, and specs come in no order: what is referred to takes the place
/// of the number. Of ours nothing may be left that is not referred to (the core leaves what a bandit's answer replaces).
pub(crate) fn resolved(response: &Json, ours: bool) -> Json {
    if response["response_format"] != "init-v2" {
        return response.clone();
    }
    let mut resolved = response.clone();
    let mut used = HashSet::new();
    let mut look_up = |table: &str, number: &Json| {
        let number = number.as_str().unwrap();
        used.insert((table.to_owned(), number.to_owned()));
        let found = &response[table][number];
        assert!(response[table].get(number).is_some(), "{table} {number}");
        found.clone()
    };
    for section in ["feature_gates", "dynamic_configs", "layer_configs"] {
        for spec in resolved[section].as_object_mut().unwrap().values_mut() {
            for exposures in ["s", "us"] {
                for exposure in spec[exposures].as_array_mut().into_iter().flatten() {
                    *exposure = look_up("exposures", exposure);
                }
                if spec[exposures].is_null() {
                    spec.as_object_mut().unwrap().remove(exposures);
                }
            }
            if section != "feature_gates" {
                spec["v"] = look_up("values", &spec["v"].clone());
            }
        }
    }
    for table in ["exposures", "values"] {
        let entries = response[table].as_object().unwrap();
        for number in 0..entries.len() {
            assert!(
                !ours || used.contains(&(table.into(), number.to_string())),
                "{table} {number} is not used"
            );
        }
        resolved.as_object_mut().unwrap().remove(table);
    }
    resolved
}

pub(crate) fn assert_same(ours: &Json, theirs: &Json, case: &str) {
    let (ours, theirs) = (normal(ours), normal(theirs));
    if ours == theirs {
        return;
    }
    let (ours, theirs) = (ours.as_object().unwrap(), theirs.as_object().unwrap());
    let keys: HashSet<&String> = ours.keys().chain(theirs.keys()).collect();
    for key in keys {
        let (a, b) = (ours.get(key), theirs.get(key));
        if let (Some(Json::Object(a)), Some(Json::Object(b))) = (a, b) {
            for name in a.keys().chain(b.keys()) {
                assert_eq!(a.get(name), b.get(name), "{case}: {key}.{name}");
            }
        }
        assert_eq!(a, b, "{case}: {key}");
    }
}
