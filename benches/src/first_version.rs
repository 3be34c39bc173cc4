//! A payload as Statsig's older SDKs read it: specs in lists, each rule with its conditions written out (v1).

use serde_json::{Map, Value};

/// Rewrites a v2 payload. `None` where it is none.
pub(crate) fn first_version(json: &[u8]) -> Option<Vec<u8>> {
    let Value::Object(mut payload) = serde_json::from_slice(json).ok()? else {
        return None;
    };
    let conditions = payload.remove("condition_map")?;
    for kind in ["feature_gates", "dynamic_configs", "layer_configs"] {
        let specs = payload.get_mut(kind)?;
        let Value::Object(by_name) = specs.take() else {
            return None;
        };
        let list: Option<Vec<Value>> = by_name
            .into_iter()
            .map(|(name, spec)| in_list(name, spec, &conditions))
            .collect();
        *specs = Value::Array(list?);
    }
    let mut layers: Map<String, Value> = Map::new();
    if let Some(Value::Object(experiments)) = payload.remove("experiment_to_layer") {
        for (experiment, layer) in experiments {
            let list = layers
                .entry(layer.as_str()?)
                .or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut()?.push(Value::String(experiment));
        }
    }
    payload.insert("layers".to_owned(), Value::Object(layers));
    // Of the project's key, which the services here do not have.
    payload.remove("hashed_sdk_key_used");
    payload.remove("response_format");
    serde_json::to_vec(&payload).ok()
}

fn in_list(name: String, mut spec: Value, conditions: &Value) -> Option<Value> {
    for rule in spec.get_mut("rules")?.as_array_mut()? {
        for condition in rule.get_mut("conditions")?.as_array_mut()? {
            *condition = conditions.get(condition.as_str()?)?.clone();
        }
    }
    spec.as_object_mut()?
        .insert("name".to_owned(), Value::String(name));
    Some(spec)
}

#[cfg(test)]
mod tests {
    use statsig_benches_cases::evaluation::{Ask, CASES, ask, ready, user};
    use statsig_edge::Scratch;

    #[test]
    fn gates_answer_as_before() {
        let json = crate::evaluation_payload::payload();
        let first = super::first_version(json.as_bytes()).expect("a v2 payload");
        assert!(first.len() > json.len() / 2);
        let compiled = statsig_edge::compile::compile(&first).expect("compiles");
        let evaluator = ready(&compiled.table).expect("a table");
        // The two versions differ in layers and experiments; gates are what the peers are asked.
        for case in CASES.iter().filter(|case| matches!(case.ask, Ask::Gate(_))) {
            let mut scratch = Scratch::new();
            let answer = ask(&evaluator, &user(), case, &mut scratch, None);
            assert_eq!(answer, Some(case.answer), "{}", case.id);
        }
    }
}
