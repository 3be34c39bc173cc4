//! The README's quick start, as far as it is local: its command, its manifest and its service, which was built from its text
//! (`fastly-host/test-services`), asked what it asks. Run by `cargo dev test`, which builds the service.

use statsig_fastly_dev::harness::Service;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// What stands between two texts.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, after) = text
        .split_once(begin)
        .unwrap_or_else(|| panic!("the README has no `{begin}`"));
    let (found, _) = after
        .split_once(end)
        .unwrap_or_else(|| panic!("the README has no `{end}` after `{begin}`"));
    found
}

/// The questions, `curl -H 'x-user-id: ID' URL # ANSWER`: each user and the answer.
fn questions(quick_start: &str) -> Vec<(&str, &str)> {
    let asked = quick_start.lines().filter_map(|line| {
        let (user, rest) = line
            .strip_prefix("curl -H 'x-user-id: ")?
            .split_once('\'')?;
        let (_, answer) = rest.split_once('#')?;
        Some((user, answer.trim()))
    });
    asked.collect()
}

#[test]
fn the_quick_start_does_what_it_says() {
    let clone = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(clone.join("README.md")).unwrap();
    let quick_start = between(&readme, "\n## Quick start\n", "\n## ");
    let folder = tempfile::tempdir().unwrap();

    let words = between(quick_start, "\nstatsig-fastly ", "\n");
    let words = words.split(' ').filter(|word| !word.is_empty());
    let words = words.map(|word| {
        let word = word.trim_matches('"');
        word.replace("$CLONE", &clone.to_string_lossy())
    });
    let done = Command::new(env!("CARGO_BIN_EXE_statsig-fastly"))
        .args(words)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");

    let manifest = between(quick_start, "\n```toml\n", "```\n");
    std::fs::write(folder.path().join("fastly.toml"), manifest).unwrap();
    let service = Service::start_in(folder.path(), "quick-start", |config| config);
    let questions = questions(quick_start);
    assert!(questions.len() >= 2, "{questions:?}");
    for (number, (user, expected)) in (1..).zip(questions) {
        let answer = service.get_with("/", &[("x-user-id", user)]);
        assert_eq!((answer.status, &*answer.body), (200, expected), "{user}");
        let posts = service.sink.wait_for_posts(number, PATIENCE);
        assert_eq!(posts.len(), number, "{user}");
        let post = &posts[number - 1];
        assert_eq!(post.path, "/v1/log_event");
        assert_eq!(
            post.header("statsig-api-key"),
            Some("secret-of-a-local-run")
        );
        let [event] = post.events() else {
            panic!("{user}: {}", post.body)
        };
        assert_eq!(event["eventName"], "statsig::gate_exposure");
        assert_eq!(event["user"]["userID"], user);
        // Of the recorded answers: `partial_gate` of the sample project.
        let metadata = &event["metadata"];
        let passes = if expected == "new" { "true" } else { "false" };
        assert_eq!(metadata["gate"], "partial_gate");
        assert_eq!(metadata["gateValue"], passes, "{user}");
        assert_eq!(
            metadata["ruleID"], "59nkHdlmIytrqNG9iT7gkd:50.00:10",
            "{user}"
        );
    }
}
