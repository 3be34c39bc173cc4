//! The reference evaluator of v1 payloads against what Statsig's SDKs that read v1 answered.
#![allow(missing_docs)]

use std::fs::File;
use std::path::Path;

use serde_json::{Value as Json, json};
use statsig_differential::answer::Kind;
use statsig_differential::countries::Countries;
use statsig_differential::official::{Core, agent_field};
use statsig_differential::reference_v1::{Outside, Reference};

fn unpack(path: &str) -> Json {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = File::open(root.join(path)).unwrap();
    serde_json::from_reader(flate2::read::GzDecoder::new(file)).unwrap()
}

/// Puts the values that were taken out back in place.
fn expand(value: &mut Json, large: &Json) {
    if let Some(key) = value["$large"].as_str() {
        *value = large[key].clone();
        return;
    }
    match value {
        Json::Array(elements) => elements.iter_mut().for_each(|value| expand(value, large)),
        Json::Object(members) => members.values_mut().for_each(|value| expand(value, large)),
        _ => {}
    }
}

fn kind(section: &str) -> Kind {
    match section {
        "gates" => Kind::Gate,
        "dynamic_configs" => Kind::DynamicConfig,
        "experiments" => Kind::Experiment,
        "layers" => Kind::Layer,
        other => panic!("{other}"),
    }
}

/// Numbers by their doubles: the recordings went through JavaScript.
fn same(ours: &Json, expected: &Json) -> bool {
    match (ours, expected) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn assert_answer(reference: &Reference<'_>, user: &Json, at: (&str, &str), expected: &Json) {
    let (section, name) = at;
    let answer = reference.ask(user, kind(section), name);
    let value = match section {
        "gates" => json!(answer.value),
        _ => answer.json,
    };
    let context = format!("{user}\n{section} {name}\n{expected}");
    assert!(same(&value, &expected["value"]), "{context}\n{value}");
    assert_eq!(answer.rule_id, expected["ruleID"], "{context}");
    if let Some(group) = expected.get("groupName") {
        assert_eq!(json!(answer.group_name), *group, "{context}");
    }
    if let Some(delegate) = expected.get("allocatedExperimentName") {
        assert_eq!(json!(answer.config_delegate), *delegate, "{context}");
    }
}

#[test]
fn agrees_with_the_recordings() {
    // The core gives the countries, which it loads when it starts.
    let _core = Core::start(false);
    let countries = Countries::prepare();
    let mut agreed = unpack("fastly-host/cli/tests/data/v1/agreed.json.gz");
    let large = agreed["large_values"].take();
    expand(&mut agreed["results"], &large);
    let mut differing = unpack("fastly-host/cli/tests/data/v1/differing.json.gz");
    let large = differing["large_values"].take();
    expand(&mut differing["differing"], &large);
    let users = agreed["users"].as_array().unwrap();
    let user = |id: &str| &users.iter().find(|user| user["id"] == id).unwrap()["user"];
    let mut compared = 0;
    for (name, results) in agreed["results"].as_object().unwrap() {
        let payload = unpack(&format!("engine/tests/data/payloads/v1/{name}.json.gz"));
        let outside = Outside {
            tier: None,
            global: &Json::Null,
            member: &|_, _| false,
            country: &|ip| countries.of(ip),
            agent: &agent_field,
            now: 1_760_000_000_000,
        };
        let reference = Reference::new(&payload, outside);
        for (id, sections) in results.as_object().unwrap() {
            for (section, specs) in sections.as_object().unwrap() {
                for (name, expected) in specs.as_object().unwrap() {
                    assert_answer(&reference, user(id), (section, name), expected);
                    compared += 1;
                }
            }
        }
        for case in differing["differing"].as_array().unwrap() {
            if case["payload"] == *name {
                let text = |field: &str| case[field].as_str().unwrap();
                let at = (text("kind"), text("name"));
                assert_answer(&reference, user(text("user")), at, &case["expected"]);
                compared += 1;
            }
        }
    }
    // The figures of the recordings: 4,329 agreed and 91 differing answers.
    assert_eq!(compared, 4_329 + 91);
}
