//! Layers, which are kept while their experiment is active.

use serde_json::{Value as Json, json};
use statsig_edge::{Parameters, Reason, StickyChange, User};

use crate::{enforceable, layer, layer_record, options};

#[test]
fn a_layer_is_kept_while_its_experiment_is_active() {
    let user = User::new().with_user_id("a");
    let (running, stopped) = (enforceable(true), enforceable(false));
    let record = layer(
        &running,
        &user,
        "l",
        None,
        options(false, false),
        |live, change, record| {
            assert_eq!(
                (live.reason(), change),
                (Reason::Recognized, StickyChange::Save)
            );
            record
        },
    );
    let written: Json = serde_json::from_str(&record).unwrap();
    assert_eq!(
        written,
        json!({"value": true, "json_value": {"p": "a"}, "rule_id": "group-a", "group_name": "A \u{1}",
            "config_delegate": "e", "secondary_exposures": [{"gate": "a \"gate\"", "gateValue": "true", "ruleID": "gé"}],
            "undelegated_secondary_exposures": [], "explicit_parameters": ["p", "\"q"], "time": 77, "config_version": 9})
    );
    let b = User::new().with_user_id("b");
    layer(
        &running,
        &b,
        "l",
        Some(&record),
        options(false, false),
        |kept, change, again| {
            assert_eq!(
                (kept.reason(), change),
                (Reason::Persisted, StickyChange::None)
            );
            assert_eq!(again, record);
        },
    );
    layer(
        &stopped,
        &b,
        "l",
        Some(&record),
        options(false, false),
        |live, change, _| {
            assert_eq!(
                (live.reason(), change),
                (Reason::Recognized, StickyChange::Delete)
            );
            assert!(live.read_text("p").unwrap() == "b");
        },
    );
    layer(
        &stopped,
        &b,
        "l",
        None,
        options(false, false),
        |_, change, _| {
            assert_eq!(change, StickyChange::None);
        },
    );
    let mut undelegated: Json = serde_json::from_str(&record).unwrap();
    undelegated["config_delegate"] = Json::Null;
    layer(
        &running,
        &b,
        "l",
        Some(&undelegated.to_string()),
        options(false, false),
        |kept, change, _| {
            // Then the live answer says whether it is active.
            assert_eq!(
                (kept.reason(), change),
                (Reason::Persisted, StickyChange::None)
            );
        },
    );

    layer(
        &running,
        &b,
        "l",
        Some(&layer_record()),
        options(false, false),
        |kept, _, _| {
            assert_eq!(kept.allocated_experiment(), Some("e"));
            let explicit =
                ["p", "s", "\"q"].map(|name| kept.parameter(name).map(|found| found.explicit));
            assert_eq!(explicit, [Some(true), Some(false), None]);
            let gates: Vec<_> = kept
                .secondary_exposures()
                .iter()
                .map(|one| (one.gate, one.gate_value, one.rule_id, one.delegated))
                .collect();
            assert_eq!(
                gates,
                [
                    ("g1", true, "r", false),
                    ("g2", true, "r", true),
                    ("g3", false, "r\n", false),
                    ("g3", false, "r\n", true)
                ]
            );
            assert_eq!(kept.evaluation().persisted_time(), Some(1_700_000_000_000));
            assert_eq!(kept.evaluation().version, Some(2));
        },
    );
}
