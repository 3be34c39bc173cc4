//! Which payloads and users are accepted.

use statsig_edge::User;
use statsig_edge::compile::{CompileError, Compiled, compile};

use crate::common::World;
use crate::{Answer, assert_none, cases, check_gate, text};

#[test]
fn payload_acceptance() {
    let mut differences = Vec::new();
    for case in cases("payload_acceptance") {
        let payload = text(case, "payload_json");
        let answer = match compile(payload.as_bytes()) {
            Ok(Compiled { table, .. }) => {
                check_gate(&table, "g", r#"{"userID":"u"}"#, &World::default())
            }
            Err(error) => Answer {
                value: false,
                rule_id: String::new(),
                reason: match error {
                    // §8.3: a first "no updates" is treated as `NoValues`, but told apart here.
                    CompileError::NoUpdates => "Loading:Unrecognized".into(),
                    _ => "NoValues".into(),
                },
                unsupported: false,
            },
        };
        // Statsig's core rejects v1 payloads, which this engine reads.
        if text(case, "id") == "v1_payload" {
            assert_eq!((answer.value, answer.rule_id.as_str()), (true, "r1"));
            continue;
        }
        let expected = (
            case["value"].as_bool().unwrap(),
            text(case, "rule_id"),
            text(case, "reason"),
        );
        if (
            answer.value,
            answer.rule_id.as_str(),
            answer.reason.as_str(),
        ) != expected
        {
            differences.push(format!(
                "{}: expected {expected:?}, got {:?}",
                text(case, "id"),
                (answer.value, answer.rule_id, answer.reason)
            ));
        }
    }
    assert_none("payloads", differences);
}

#[test]
fn user_parsing() {
    for case in cases("user_parsing") {
        let user_json = text(case, "user_json");
        let mut scratch = vec![0; user_json.len() * 6];
        let parsed = User::from_json(user_json.as_bytes(), &mut scratch);
        assert_eq!(
            parsed.is_err(),
            case["error"].is_string(),
            "{case}: {parsed:?}"
        );
    }
}
