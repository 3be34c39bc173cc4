//! The inspector in a real browser, from the service under Viceroy. Run by `cargo dev test`, which prepares all three.

mod browser;
#[path = "../../tests/common/mod.rs"]
mod common;

use browser::Browser;
use serde_json::{Value, json};
use statsig_fastly_dev::chromium::{CHROMIUM_VAR, PICTURES_VAR};
use statsig_fastly_dev::harness::Service;
use statsig_fastly_dev::http::{Answer, Client, query_value};
use statsig_fastly_dev::samples::INSPECTOR_PASSWORD;
use std::path::PathBuf;
use std::time::Duration;

fn named(variable: &str) -> PathBuf {
    let value = std::env::var_os(variable);
    let advice = "run `cargo dev test --only browser`, which prepares what this test needs";
    PathBuf::from(value.unwrap_or_else(|| panic!("{variable} is not set: {advice}")))
}

/// The page with the password in its address, as `cargo dev serve` prints it.
fn address(service: &Service, fragment: &str) -> String {
    let url = service.url("/inspect");
    let rest = url.strip_prefix("http://").unwrap();
    format!("http://dev:{INSPECTOR_PASSWORD}@{rest}{fragment}")
}

const ANSWERED: &str = "document.body.dataset.state === 'answered'";

/// What is listed: kind, name, value, rule id and reason of each row.
fn listed(browser: &mut Browser) -> Vec<Value> {
    let rows = browser.eval(
        "[...document.querySelectorAll('#rows tr')].map((row) => ({kind: row.dataset.kind, name: row.dataset.name,
            shown: row.querySelector('a').textContent, value: row.querySelector('.value').textContent,
            ruleID: row.querySelector('.rule').title, reason: row.querySelector('.reason').title, hidden: row.hidden}))",
    );
    rows.as_array().unwrap().clone()
}

fn assert_golden(rows: &[Value], golden: &Value, user: &str) {
    let mut compared = 0;
    for row in rows {
        let section = match row["kind"].as_str().unwrap() {
            "gate" => "gates",
            "config" => "dynamic_configs",
            "experiment" => "experiments",
            "layer" => "layers",
            "store" => "param_stores",
            other => panic!("{other}"),
        };
        let name = row["name"].as_str().unwrap();
        assert_eq!(row["shown"], name);
        let expected = &golden[section][name];
        let context = format!("{user} {section} {name}");
        let value: Value = serde_json::from_str(row["value"].as_str().unwrap()).unwrap();
        if section == "param_stores" {
            let difference = common::difference(&value, &expected["values"], &context);
            assert_eq!(difference, None);
        } else {
            let difference = common::difference(&value, &expected["value"], &context);
            assert_eq!(difference, None);
            assert_eq!(row["ruleID"], expected["ruleID"], "{context}");
            let reason = expected["reason"].as_str().unwrap();
            let reason = reason.replace("Adapter(DataStore)", "Bootstrap");
            assert_eq!(row["reason"], *reason, "{context}");
        }
        compared += 1;
    }
    let all = golden.as_object().unwrap().values();
    let expected: usize = all.map(|section| section.as_object().unwrap().len()).sum();
    assert_eq!(compared, expected, "{user}");
}

/// Puts a user into the field and has it evaluated, as a person does.
fn evaluate(browser: &mut Browser, user: &Value) {
    browser.eval("document.querySelector('#user').select()");
    browser.click("#user");
    browser.press("a", 65, "", true);
    browser.eval("document.querySelector('#user').select()");
    browser.type_text(&user.to_string());
    browser.eval("document.body.dataset.state = 'waiting'");
    browser.click("#person button");
    browser.wait_until(ANSWERED);
}

fn assert_quiet(browser: &mut Browser, service: &Service) {
    let (requests, complaints) = browser.requests_and_complaints();
    assert_eq!(complaints, [] as [Value; 0]);
    let (own, opened) = (service.url("/inspect"), address(service, ""));
    let foreign = requests.iter().find(|url| {
        let rest = url.strip_prefix(&own).or(url.strip_prefix(&opened));
        let own = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
        !own && !url.starts_with("data:") && !url.starts_with("about:")
    });
    assert_eq!(foreign, None);
    assert!(requests.iter().any(|url| url.ends_with("/answers")));
}

#[test]
fn a_person_inspects_the_bundled_project() {
    let service = Service::start("inspector");
    assert_guarded(&service);
    let mut browser = Browser::start(&named(CHROMIUM_VAR));
    let pictures = named(PICTURES_VAR);
    let window = json!({"width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": false});
    browser.call("Emulation.setDeviceMetricsOverride", window);
    browser.go(&address(&service, ""));
    browser.wait_until(ANSWERED);

    // Every answer of three users is the recorded one.
    let mut golden = common::eval_golden();
    common::expand_large(&mut golden);
    let mut seen = Vec::new();
    for user in golden["users"].as_array().unwrap().iter().take(3) {
        evaluate(&mut browser, &user["user"]);
        let rows = listed(&mut browser);
        let id = user["id"].as_str().unwrap();
        assert_golden(&rows, &golden["results"][id], id);
        seen.push(rows);
    }
    assert!(seen[0] != seen[1] && seen[1] != seen[2], "users differ");
    let changed = browser.eval("document.querySelectorAll('#rows .changed').length");
    let differ = seen[1]
        .iter()
        .zip(&seen[2])
        .filter(|(a, b)| a["value"] != b["value"]);
    assert_eq!(changed, differ.count(), "answers that changed are marked");

    // The status is that of the service.
    let status = browser.eval("document.querySelector('#status').innerText");
    let status = status.as_str().unwrap();
    for text in ["kv store", "json v2", "statsig-events, 0 pending", "UTC"] {
        assert!(status.contains(text), "{status}");
    }

    // The filter, by keyboard.
    let user = json!({"userID": "123", "email": "dev@statsig.com"});
    evaluate(&mut browser, &user);
    browser.eval("document.activeElement.blur()");
    browser.press("/", 191, "/", false);
    browser.type_text("TEST_EMAIL");
    let names = |browser: &mut Browser| -> Vec<Value> {
        let rows = listed(browser).into_iter();
        rows.filter(|row| row["hidden"] == false)
            .map(|row| json!([row["name"], row["value"]]))
            .collect()
    };
    browser.wait_until("/^3 of/.test(document.querySelector('#count').textContent)");
    let shown = names(&mut browser);
    let begins = |row: &Value| row[0].as_str().unwrap().starts_with("test_email");
    assert!(shown.len() == 3 && shown.iter().all(begins), "{shown:?}");
    assert!(shown.contains(&json!(["test_email", "true"])), "{shown:?}");
    browser.click("#kinds button[data-kind='config']");
    browser.wait_until("/^1 of/.test(document.querySelector('#count').textContent)");
    assert_eq!(names(&mut browser)[0][0], "test_email_config");
    browser.click("#kinds button[data-kind='']");

    // One of them, with its trace; the steps are those of the endpoint.
    browser.click("tr[data-name='test_email'] a");
    browser.wait_until("document.querySelector('#trace')?.dataset.of === 'gate/test_email'");
    let trace =
        browser.eval("[...document.querySelectorAll('#trace li')].map((step) => step.innerText)");
    let explained = ask(
        &service,
        "/explain?kind=gate&name=test_email",
        &user.to_string(),
    )
    .json();
    let steps = explained["steps"].as_array().unwrap();
    assert_eq!(trace.as_array().unwrap().len(), steps.len(), "{trace}");
    assert_eq!(trace[0], "gate test_email");
    let said = trace.to_string();
    assert!(
        said.contains("✓ user_field email") && said.contains("dev@statsig.com"),
        "{said}"
    );
    assert!(said.contains("= true, rule"), "{said}");
    browser.picture(&pictures.join("inspector-gate.png"));
    browser.eval("document.querySelector('#filter').blur()");
    browser.press("Escape", 27, "", false);
    browser.wait_until("document.querySelector('#detail').hidden");

    // An address is enough to get to the same place, in the dark too.
    let dark = json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]});
    browser.call("Emulation.setEmulatedMedia", dark);
    let fragment = format!(
        "#user={}&kind=layer&open=layer%2Ftest_layer",
        query_value(&user.to_string())
    );
    browser.go(&address(&service, &fragment));
    browser.wait_until("document.querySelector('#trace')?.dataset.of === 'layer/test_layer'");
    let said = browser
        .eval("document.querySelector('#trace').innerText")
        .to_string();
    assert!(
        said.contains("delegates to experiment test_exp_with_layers_and_holdout"),
        "{said}"
    );
    let kinds = listed(&mut browser);
    assert!(
        kinds
            .iter()
            .all(|row| (row["kind"] == "layer") != (row["hidden"] == true))
    );
    browser.picture(&pictures.join("inspector-layer-dark.png"));
    // A spec of the trace is a link to itself.
    browser.click("#trace a[href*='test_exp_with_layers_and_holdout']");
    browser.wait_until(
        "document.querySelector('#trace')?.dataset.of === 'experiment/test_exp_with_layers_and_holdout'",
    );

    // A user that is none is told, and the page goes on.
    assert_quiet(&mut browser, &service);
    browser.eval("document.querySelector('#user').value = '{'");
    browser.click("#person button");
    browser.wait_until("document.querySelector('#problem').textContent.includes('cannot be read')");
    browser.requests_and_complaints();
    evaluate(&mut browser, &user);
    assert_quiet(&mut browser, &service);

    // None of all this was logged.
    service.get("/gate/test_public?userID=u");
    let posts = service.sink.wait_for_posts(1, Duration::from_secs(20));
    assert_eq!((posts.len(), posts[0].events().len()), (1, 1));
    for picture in ["inspector-gate.png", "inspector-layer-dark.png"] {
        println!("picture: {}", pictures.join(picture).display());
    }
}

fn ask(service: &Service, path: &str, user: &str) -> Answer {
    let url = address(service, path);
    Client::new().post(&url, user.as_bytes(), &[]).unwrap()
}

/// Who has no password gets nothing, and the page may do nothing but ask its own service.
fn assert_guarded(service: &Service) {
    for path in [
        "/inspect",
        "/inspect/",
        "/inspect/answers",
        "/inspect/explain",
    ] {
        let refused = service.get(path);
        assert_eq!(refused.status, 401, "{path}");
        assert!(
            refused
                .header("www-authenticate")
                .unwrap()
                .starts_with("Basic ")
        );
        let refused = service.get_with(path, &[("authorization", "Basic ZGV2Ondyb25n")]);
        assert_eq!(refused.status, 401, "{path}");
    }
    assert_eq!(service.get("/inspector").status, 404);
    let page = Client::new().get(&address(service, ""), &[]).unwrap();
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-robots-tag"), Some("noindex, nofollow"));
    let everything = ask(service, "/answers", "{}");
    assert_eq!(everything.status, 200);
    for text in [&page.body, &everything.body] {
        assert!(!text.contains("secret-local-run") && !text.contains(INSPECTOR_PASSWORD));
    }
}

/// Names and values of specs are anybody's: they are text to the browser.
#[test]
fn names_in_specs_are_never_markup() {
    const NAME: &str = "<img src=x onerror=\"document.title='pwned'\">";
    const VALUE: &str = "</script><script>document.title='pwned'</script>";
    let condition = json!({"type": "user_field", "field": NAME, "operator": "any", "targetValue": [VALUE],
        "additionalValues": {}, "isDeviceBased": false, "idType": "userID"});
    let rule = json!({"name": VALUE, "passPercentage": 100, "conditions": ["c"], "returnValue": true, "id": NAME,
        "salt": "s", "idType": "userID", "groupName": VALUE});
    let mut config_rule = rule.clone();
    config_rule["returnValue"] = json!({NAME: VALUE});
    config_rule["conditions"] = json!([]);
    let specs = json!({
        "has_updates": true, "time": 1, "id_lists": {}, "condition_map": {"c": condition},
        "feature_gates": {NAME: {"type": "feature_gate", "salt": "s", "enabled": true, "defaultValue": false, "rules": [rule],
            "idType": "userID", "entity": "feature_gate", "version": 1}},
        "dynamic_configs": {NAME: {"type": "dynamic_config", "salt": "s", "enabled": true, "defaultValue": {}, "rules": [config_rule],
            "idType": "userID", "entity": "dynamic_config", "version": 1}},
        "layer_configs": {}, "experiment_to_layer": {},
    });
    let folder = std::env::temp_dir().join(format!("statsig-inspector-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("hostile.json");
    std::fs::write(&file, specs.to_string()).unwrap();
    let service = Service::start_with("inspector-hostile", |config| {
        config.kv_file("statsig", "statsig-specs", &file)
    });
    std::fs::remove_dir_all(&folder).unwrap();
    let mut browser = Browser::start(&named(CHROMIUM_VAR));
    let user = json!({"userID": NAME, "custom": {NAME: VALUE}});
    let open = |kind: &str| {
        let (user, open) = (
            query_value(&user.to_string()),
            query_value(&format!("{kind}/{NAME}")),
        );
        format!("#user={user}&open={open}&q={}", query_value("img"))
    };
    for kind in ["gate", "config"] {
        browser.go(&address(&service, &open(kind)));
        browser.wait_until("document.querySelectorAll('#trace li').length > 1");
        let rows = listed(&mut browser);
        assert_eq!(rows.len(), 2);
        for row in &rows {
            assert_eq!(
                (&row["shown"], &row["ruleID"]),
                (&json!(NAME), &json!(NAME)),
                "{row}"
            );
        }
        let detail = browser.eval("document.querySelector('#detail').textContent");
        let detail = detail.as_str().unwrap();
        assert!(detail.contains(NAME) && detail.contains(VALUE), "{detail}");
        assert_eq!(
            browser.eval("document.images.length + document.scripts.length"),
            1
        );
        assert_eq!(browser.eval("document.title"), "Statsig inspector");
        assert_quiet(&mut browser, &service);
    }
}
