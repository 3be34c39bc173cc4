//! `evaluate` against what Statsig's SDKs answered: every spec, every user, both payload formats.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn unpack(path: &str) -> Vec<u8> {
    let path = project().join(path);
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn recorded(path: &str) -> Value {
    serde_json::from_slice(&unpack(path)).unwrap()
}

/// Runs the command as a user would and gives the results by user.
fn evaluate(payload: &str, users: &Value, as_table: bool) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let mut specs = file(
        "specs.json",
        &unpack(&format!("engine/tests/data/payloads/{payload}.json.gz")),
    );
    let users = file("users.json", users.to_string().as_bytes());
    let countries = project().join("fastly-host/tests/data/countries.json");
    let statsig = || Command::new(env!("CARGO_BIN_EXE_statsig-fastly"));
    if as_table {
        let table = folder.path().join("specs.table");
        let done = statsig()
            .args(["compile", "--specs"])
            .arg(&specs)
            .arg("--output")
            .arg(&table)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        specs = table;
    }
    let done = statsig()
        .args(["evaluate", "--now", "1790000000000", "--specs"])
        .arg(&specs)
        .arg("--users")
        .arg(&users)
        .arg("--countries")
        .arg(&countries)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_slice::<Value>(&done.stdout).unwrap()["results"].take()
}

/// Puts large values in place of the marks that the recordings have for them.
fn expand(value: &mut Value, large: &Value) {
    if let Some(key) = value.get("$large").and_then(Value::as_str) {
        *value = large[key].clone();
    }
    match value {
        Value::Object(object) => object.values_mut().for_each(|value| expand(value, large)),
        Value::Array(array) => array.iter_mut().for_each(|value| expand(value, large)),
        _ => {}
    }
}

/// Numbers went through JavaScript: they are compared as doubles.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (a, b) => a == b,
    }
}

/// The recordings name the source of a data store; what counts of a reason is its class.
fn reason_class(value: &mut Value) {
    if let Value::Object(object) = value {
        for (key, value) in object.iter_mut() {
            match value {
                Value::String(reason) if key == "reason" => {
                    if let Some((_, class)) = reason.split_once(':') {
                        *reason = class.to_owned();
                    }
                }
                other => reason_class(other),
            }
        }
    }
    if let Value::Array(array) = value {
        array.iter_mut().for_each(reason_class);
    }
}

fn assert_v2(project: &str, as_table: bool) {
    let mut golden = recorded(&format!(
        "fastly-host/tests/data/{project}.node-core.json.gz"
    ));
    let large = golden["large_values"].take();
    let mut expected = golden["results"].take();
    expand(&mut expected, &large);
    let mut ours = evaluate(&format!("{project}_dcs"), &golden["users"], as_table);
    reason_class(&mut expected);
    reason_class(&mut ours);
    let mut compared = 0;
    for (user, sections) in expected.as_object().unwrap() {
        assert_eq!(
            ours[user].as_object().unwrap().len(),
            sections.as_object().unwrap().len()
        );
        for (section, specs) in sections.as_object().unwrap() {
            let specs = specs.as_object().unwrap();
            assert_eq!(
                ours[user][section].as_object().unwrap().len(),
                specs.len(),
                "{section}"
            );
            for (name, expected) in specs {
                let ours = &ours[user][section][name];
                assert!(
                    same(ours, expected),
                    "{user} {section} {name}:\n{ours}\n{expected}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared >= 20 * 18, "{compared}");
}

#[test]
fn demo_project() {
    assert_v2("demo_proj", false);
    assert_v2("demo_proj", true);
}

#[test]
fn eval_project() {
    assert_v2("eval_proj", false);
    assert_v2("eval_proj", true);
}

/// Our result in the words of the v1 recordings: value, rule id, group name, allocated experiment.
fn answer(ours: &Value, like: &Value) -> Value {
    like.as_object()
        .unwrap()
        .keys()
        .map(|key| (key.clone(), ours[key].clone()))
        .collect()
}

/// `serverless-client` drops repeats and keeps the first.
fn without_repeats(list: &Value) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    for exposure in list.as_array().unwrap() {
        if !kept.contains(exposure) {
            kept.push(exposure.clone());
        }
    }
    json!(kept)
}

fn assert_exposure(ours: &Value, edge: &Value, context: &str) {
    let (mut metadata, mut expected) = (ours["metadata"].clone(), edge["metadata"].clone());
    metadata.as_object_mut().unwrap().remove("reason");
    expected.as_object_mut().unwrap().remove("reason");
    assert_eq!(metadata, expected, "{context}");
    let secondary = without_repeats(&ours["secondaryExposures"]);
    assert_eq!(secondary, edge["secondaryExposures"], "{context}");
}

#[test]
fn v1_payloads() {
    let mut agreed = recorded("fastly-host/cli/tests/data/v1/agreed.json.gz");
    let large = agreed["large_values"].take();
    expand(&mut agreed["results"], &large);
    let mut differing = recorded("fastly-host/cli/tests/data/v1/differing.json.gz");
    let large = differing["large_values"].take();
    expand(&mut differing["differing"], &large);
    let (mut compared, mut exposures) = (0, 0);
    for (payload, users) in agreed["results"].as_object().unwrap() {
        let ours = evaluate(&format!("v1/{payload}"), &agreed["users"], false);
        let edge = recorded(&format!(
            "fastly-host/cli/tests/data/v1/{payload}.edge.json.gz"
        ));
        for (user, sections) in users.as_object().unwrap() {
            for (section, specs) in sections.as_object().unwrap() {
                for (name, expected) in specs.as_object().unwrap() {
                    let context = format!("{payload} {user} {section} {name}");
                    let ours = &ours[user][section][name];
                    let given = answer(ours, expected);
                    assert!(same(&given, expected), "{context}:\n{given}\n{expected}");
                    compared += 1;
                    let edge = &edge["results"][user][section][name];
                    if let Some(exposure) = edge.get("exposure") {
                        assert_exposure(&ours["exposure"], exposure, &context);
                        exposures += 1;
                    }
                    for (parameter, exposure) in
                        edge["param_exposures"].as_object().into_iter().flatten()
                    {
                        assert_exposure(&ours["param_exposures"][parameter], exposure, &context);
                        exposures += 1;
                    }
                }
            }
        }
        let listed = differing["differing"].as_array().unwrap().iter();
        for case in listed.filter(|case| case["payload"] == *payload) {
            let (user, kind) = (
                case["user"].as_str().unwrap(),
                case["kind"].as_str().unwrap(),
            );
            let ours = &ours[user][kind][case["name"].as_str().unwrap()];
            let given = answer(ours, &case["expected"]);
            assert!(same(&given, &case["expected"]), "{case}:\n{given}");
            compared += 1;
        }
    }
    // The figures of the recordings: 4,329 agreed and 91 differing answers.
    assert_eq!(compared, 4_329 + 91);
    assert!(exposures > 4_000, "{exposures}");
}
