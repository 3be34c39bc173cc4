//! Parameter stores, and what reading them exposes.

use serde_json::{Value as Json, json};
use statsig_edge::compile::compile;
use statsig_edge::{Evaluator, Exposure, ExposureSink, Scratch, StoreParameter, Table, User};

use crate::common::World;
use crate::{cases, text};

/// Collects what parameter stores expose.
#[derive(Default)]
struct Exposed(Vec<Json>);

impl ExposureSink for Exposed {
    fn expose(&mut self, exposure: &Exposure<'_, '_>) {
        self.0.push(match exposure {
            Exposure::Gate {
                name, evaluation, ..
            } => {
                json!({"gate": name, "gateValue": evaluation.value.to_string(),
                    "ruleID": evaluation.rule_id().unwrap_or_default()})
            }
            Exposure::Config {
                name, evaluation, ..
            } => {
                json!({"config": name, "ruleID": evaluation.rule_id().unwrap_or_default()})
            }
            Exposure::LayerParameter {
                name,
                parameter,
                rule_id,
                explicit,
                ..
            } => {
                json!({"config": name, "parameterName": parameter, "ruleID": rule_id,
                    "isExplicitParameter": explicit.to_string()})
            }
            _ => panic!("an exposure of a new kind"),
        });
    }
}

#[test]
fn parameter_stores() {
    let world = World::default();
    for id in ["pstore", "pstore_unknown"] {
        let case = cases("more_scenarios")
            .iter()
            .find(|case| case["id"] == id)
            .unwrap();
        let compiled = compile(case["payload_v2"].to_string().as_bytes()).unwrap();
        let evaluator = Evaluator::new(Table::open(&compiled.table).unwrap(), &world);
        let user = User::new().with_user_id("u");
        let core = &case["core"];
        let Some(store) = evaluator.parameter_store(text(case, "name")) else {
            assert_eq!(core["reason"], "Bootstrap:Unrecognized");
            continue;
        };
        let mut exposed = Exposed::default();
        let mut scratch = Scratch::<16>::new();
        for (name, expected) in core["params"].as_object().unwrap() {
            let read = evaluator.store_parameter(&user, &store, name, scratch.view(), &mut exposed);
            let value = match read {
                StoreParameter::Value(json) => serde_json::from_str(json).unwrap(),
                _ => Json::Null,
            };
            assert_eq!(value, *expected, "{name}");
        }
        // The recording asks in another order: each exposure of ours is one of the core's, and none is missing.
        let events = core["events"].as_array().unwrap();
        let mut theirs: Vec<Json> = Vec::new();
        for event in events
            .iter()
            .filter(|event| event["eventName"] != "statsig::non_exposed_checks")
        {
            let keys = [
                "gate",
                "gateValue",
                "config",
                "ruleID",
                "parameterName",
                "isExplicitParameter",
            ];
            let metadata = event["metadata"].as_object().unwrap();
            theirs.push(
                keys.iter()
                    .filter_map(|key| Some((key.to_string(), metadata.get(*key)?.clone())))
                    .collect(),
            );
        }
        let sorted = |mut list: Vec<Json>| {
            list.sort_by_key(Json::to_string);
            list
        };
        assert_eq!(sorted(exposed.0), sorted(theirs));
    }
}
