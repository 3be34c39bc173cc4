//! The README's example of a service under Viceroy, over HTTP. Run by `cargo dev test`, which builds it from the README.

use serde_json::json;
use statsig_fastly_dev::harness::Service;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// Specs in which the example's gate is on for one user.
fn specs() -> Vec<u8> {
    json!({"has_updates": true, "time": 1, "dynamic_configs": {}, "layer_configs": {}, "experiment_to_layer": {},
        "feature_gates": {"new_home": {"type": "feature_gate", "entity": "feature_gate", "salt": "s", "enabled": true,
            "idType": "userID", "defaultValue": false, "version": 1, "rules": [{"id": "for_ada", "name": "for_ada",
            "salt": "r", "idType": "userID", "passPercentage": 100, "conditions": ["ada"], "returnValue": true}]}},
        "condition_map": {"ada": {"type": "unit_id", "operator": "any_case_sensitive", "idType": "userID", "field": null,
            "targetValue": ["ada"], "additionalValues": {}}}})
    .to_string()
    .into_bytes()
}

#[test]
fn the_readmes_service_decides_and_tells_statsig() {
    let file = std::env::temp_dir().join(format!("statsig-readme-{}.json", std::process::id()));
    std::fs::write(&file, specs()).unwrap();
    let service = Service::start_with("readme", |config| {
        config.kv_file("statsig", "statsig-specs", &file)
    });
    std::fs::remove_file(&file).unwrap();
    let cases = [
        (Some("ada"), "new", "true", "for_ada"),
        (Some("bob"), "old", "false", "default"),
        (None, "old", "false", "default"),
    ];
    for (number, (user, body, value, rule)) in (1..).zip(cases) {
        let headers = user.map(|user| ("x-user-id", user));
        let answer = service.get_with("/", headers.as_slice());
        assert_eq!((answer.status, &*answer.body), (200, body), "{user:?}");
        let posts = service.sink.wait_for_posts(number, PATIENCE);
        assert_eq!(posts.len(), number, "{user:?}");
        let post = &posts[number - 1];
        assert_eq!(post.path, "/v1/log_event");
        assert_eq!(post.header("statsig-api-key"), Some("secret-local-run"));
        let [event] = post.events() else {
            panic!("{user:?}: {}", post.body)
        };
        assert_eq!(event["eventName"], "statsig::gate_exposure");
        assert_eq!(event["user"]["userID"].as_str(), Some(user.unwrap_or("")));
        let metadata = &event["metadata"];
        assert_eq!(
            (
                &metadata["gate"],
                &metadata["gateValue"],
                &metadata["ruleID"]
            ),
            (&"new_home".into(), &value.into(), &rule.into()),
            "{event}"
        );
    }
}
