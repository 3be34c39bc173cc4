//! `explain` on the bundled project: the answer is the recorded one, and the trace leads to it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const USER: &str = r#"{"userID":"123","email":"dev@statsig.com"}"#;

fn explain(arguments: &[&str]) -> (bool, String, String) {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../service/payload/eval_proj_dcs.json");
    let done = Command::new(env!("CARGO_BIN_EXE_statsig-fastly"))
        .arg("explain")
        .arg("--specs")
        .arg(specs)
        .args(["--user", USER])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

#[test]
fn for_people() {
    let (done, out, _) = explain(&["--layer", "test_layer"]);
    assert!(done);
    let mut lines = out.lines();
    let first = lines.next().unwrap();
    // Recorded for this user id in the project's golden.
    assert!(
        first.starts_with(r#"layer test_layer: true, rule "1TKp6f9jRaorF9zzEgTjkH""#),
        "{first}"
    );
    assert!(
        out.contains("delegates to experiment test_exp_with_layers_and_holdout"),
        "{out}"
    );
    // The bucket drawn and its bound, of the holdout that the experiment asks for.
    assert!(
        out.contains("bucket 8170 of 10000, 10 % pass: fails"),
        "{out}"
    );
    assert!(
        out.contains(r#"user_bucket userID any [500–829]; the user has "753""#),
        "{out}"
    );
}

#[test]
fn for_machines() {
    let (done, out, _) = explain(&["--gate", "test_email", "--json"]);
    assert!(done);
    let explained: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(explained["value"], true);
    let steps = explained["steps"].as_array().unwrap();
    assert_eq!(steps[0]["step"], "spec");
    let condition = steps
        .iter()
        .find(|step| step["subject"] == "email" && step["holds"] == true)
        .unwrap_or_else(|| panic!("{out}"));
    assert_eq!(condition["value"], "dev@statsig.com");
    assert_eq!(steps.last().unwrap()["step"], "answer");
    assert_eq!(steps.last().unwrap()["ruleID"], explained["ruleID"]);
}

#[test]
fn nothing_to_explain_is_a_usage_error() {
    let done = Command::new(env!("CARGO_BIN_EXE_statsig-fastly"))
        .args(["explain", "--specs", "x", "--user", "{}"])
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2));
}
