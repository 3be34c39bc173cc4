//! The inspector's requests and answers, on the host in memory; in a real browser it is in `dev/tests/inspector.rs`.
#![cfg(feature = "inspector")]

mod common;

use std::convert::Infallible;

use serde_json::{Value, json};
use statsig_edge::User;
use statsig_fastly::platform::Status;
use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Record, Reply};
use statsig_fastly::platform::request::Request;
use statsig_fastly::{
    BareResponse, Config, Events, Inspector, Key, MAX_INSPECTED_USER, Statsig, handle_bare,
};

const PASSWORD: &str = "a password: of 24 bytes";
/// `dev:` and the password, by `base64`.
const RIGHT: &str = "Basic ZGV2OmEgcGFzc3dvcmQ6IG9mIDI0IGJ5dGVz";
const INSPECTOR: Inspector<'_> = Inspector::new("keys", "inspector");

fn host(request: ClientRequest) -> Host {
    Host {
        request,
        now_ms: 1_790_000_000_000,
        ..Host::default()
    }
    .kv("statsig", "specs", KvEntry::new(common::EVAL_SPECS))
    .backend("events", [Reply::answer(202, br#"{"success":true}"#)])
}

fn run(host: Host, inspector: Inspector<'_>) -> (u16, String, Record) {
    let config = Config::new()
        .with_kv_store("statsig", "specs")
        .with_events(Events::new("events", Key::Secret("secret-of-the-project")));
    let (handled, record) = fake::with(host, || {
        handle_bare(&config, |request: &mut Request, statsig: &Statsig<'_>| {
            // What waits for the end of this request.
            statsig.check_gate(&User::new().with_user_id("u"), "test_public");
            let answered = inspector.answer_bare(request, statsig);
            Ok::<_, Infallible>(
                answered.unwrap_or_else(|| BareResponse::new(299, "text/plain", "the service's")),
            )
        })
    });
    assert_eq!(handled.unwrap().events.logged, 1, "the service's own check");
    let response = &record.responses[0];
    let body = String::from_utf8(response.body.clone()).unwrap();
    assert!(!body.contains("secret-of-the-project") && !body.contains(PASSWORD));
    (response.status, body, record)
}

fn get(path: &str, authorization: Option<&str>) -> ClientRequest {
    let request = ClientRequest::get(&format!("http://h{path}"));
    match authorization {
        Some(value) => request.header("authorization", value),
        None => request,
    }
}

fn post(path: &str, body: &[u8]) -> ClientRequest {
    ClientRequest {
        method: "POST".into(),
        body: body.to_vec(),
        ..get(path, Some(RIGHT))
    }
}

fn with_password(request: ClientRequest) -> Host {
    // As from a file.
    host(request).secret("keys", "inspector", format!("{PASSWORD}\n").as_bytes())
}

fn ask(path: &str, body: &[u8]) -> (u16, Value) {
    answer(with_password(post(path, body)))
}

/// The same of the smaller project.
fn ask_demo(path: &str, body: &[u8]) -> (u16, Value) {
    let specs = KvEntry::new(common::DEMO_SPECS);
    answer(with_password(post(path, body)).kv("statsig", "specs", specs))
}

fn answer(host: Host) -> (u16, Value) {
    let (status, body, record) = run(host, INSPECTOR);
    let response = &record.responses[0];
    assert_eq!(
        response.header("content-type"),
        Some(&b"application/json"[..])
    );
    (status, serde_json::from_str(&body).unwrap())
}

#[test]
fn it_is_off_without_a_password() {
    let nothing = host(get("/inspect", None));
    let other = host(get("/inspect", None)).secret("keys", "other", PASSWORD.as_bytes());
    for host in [nothing, other] {
        assert_eq!(run(host, INSPECTOR).0, 299);
    }
    let short = host(get("/inspect", Some(RIGHT))).secret("keys", "inspector", b"15 bytes, short");
    assert_eq!(run(short, INSPECTOR).0, 503);
    let broken =
        with_password(get("/inspect", Some(RIGHT))).fail("fastly_secret_store.get", Status::Error);
    assert_eq!(run(broken, INSPECTOR).0, 503);
}

#[test]
fn only_the_password_opens_it() {
    for (authorization, status) in [
        (None, 401),
        (Some(""), 401),
        (Some("Basic"), 401),
        (Some("Basic *"), 401),
        // `dev:wrong`, and the password as the user's name.
        (Some("Basic ZGV2Ondyb25n"), 401),
        (Some("Basic YSBwYXNzd29yZDogb2YgMjQgYnl0ZXM6"), 401),
        (Some("Bearer ZGV2OmEgcGFzc3dvcmQ6IG9mIDI0IGJ5dGVz"), 401),
        (Some(RIGHT), 200),
        (Some("basic ZGV2OmEgcGFzc3dvcmQ6IG9mIDI0IGJ5dGVz"), 200),
    ] {
        let (found, _, record) = run(with_password(get("/inspect", authorization)), INSPECTOR);
        assert_eq!(found, status, "{authorization:?}");
        let asks = record.responses[0].header("www-authenticate").is_some();
        assert_eq!(asks, status == 401);
    }
    let open = Inspector::unprotected().at("/_flags");
    assert_eq!(run(host(get("/_flags", None)), open).0, 200);
    assert_eq!(run(host(get("/inspect", None)), open).0, 299);
}

#[test]
fn other_paths_are_the_services() {
    for (path, status) in [
        ("/", 299),
        ("/inspector", 299),
        ("/inspect/page", 299),
        ("/a/inspect", 299),
        ("/inspect", 200),
        ("/inspect/", 200),
        ("/inspect?x=1", 200),
        ("/inspect/answers", 405),
    ] {
        let (found, ..) = run(with_password(get(path, Some(RIGHT))), INSPECTOR);
        assert_eq!(found, status, "{path}");
    }
    assert_eq!(ask("/inspect", b"{}").0, 405);
}

#[test]
fn the_page_may_do_nothing_but_ask() {
    let (_, page, record) = run(with_password(get("/inspect", Some(RIGHT))), INSPECTOR);
    let header = |name: &str| {
        let value = record.responses[0].header(name).unwrap();
        String::from_utf8(value.to_vec()).unwrap()
    };
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert_eq!(header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-frame-options"), "DENY");
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    // The hashes are those of what stands between the tags.
    for tag in ["style", "script"] {
        let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
        let (text, rest) = rest.split_once(&format!("</{tag}>")).unwrap();
        assert!(!rest.contains(&format!("<{tag}")), "one of each");
        let hash = base64(&<sha2::Sha256 as sha2::Digest>::digest(text));
        let allowed = format!("{tag}-src 'sha256-{hash}'");
        assert!(policy.contains(&allowed), "{policy}: {allowed}");
    }
    for forbidden in ["http:", "//", " on", " style="] {
        let markup = page.split("<style>").next().unwrap();
        assert!(!markup.contains(forbidden), "{forbidden}");
    }
    assert!(page.len() < 16 * 1024, "{}", page.len());
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let sixes = bits.as_bytes().chunks(6);
    let mut out: String = sixes
        .map(|six| {
            let number = usize::from_str_radix(str::from_utf8(six).unwrap(), 2).unwrap();
            char::from(DIGITS[number << (6 - six.len())])
        })
        .collect();
    while !out.len().is_multiple_of(4) {
        out.push('=');
    }
    out
}

#[test]
fn every_answer_is_the_recorded_one() {
    let mut golden = common::eval_golden();
    common::expand_large(&mut golden);
    for user in golden["users"].as_array().unwrap() {
        let id = user["id"].as_str().unwrap();
        // Countries of addresses are not this test's.
        if user["user"]["ip"].is_string() {
            continue;
        }
        let (status, all) = ask("/inspect/answers", user["user"].to_string().as_bytes());
        assert_eq!(status, 200);
        let mut compared = 0;
        for answer in all["answers"].as_array().unwrap() {
            let section = match answer["kind"].as_str().unwrap() {
                "gate" => "gates",
                "config" => "dynamic_configs",
                "experiment" => "experiments",
                "layer" => "layers",
                _ => "param_stores",
            };
            let name = answer["name"].as_str().unwrap();
            let expected = &golden["results"][id][section][name];
            let value: Value = serde_json::from_str(answer["value"].as_str().unwrap()).unwrap();
            let (value, theirs) = match section {
                "param_stores" => (&value, &expected["values"]),
                _ => (&value, &expected["value"]),
            };
            assert_eq!(common::difference(value, theirs, name), None);
            for field in ["ruleID", "groupName", "allocatedExperimentName"] {
                if !expected[field].is_null() {
                    assert_eq!(answer[field], expected[field], "{id} {name} {field}");
                }
            }
            compared += 1;
        }
        assert!(compared > 100, "{compared}");
        let events = json!({"to": "events", "pending": 1});
        assert_eq!(all["events"], events, "the service's own check");
        assert_eq!(all["status"]["source"], "kv store");
    }
}

#[test]
fn an_answer_is_explained() {
    let user = br#"{"userID":"123","email":"dev@statsig.com"}"#;
    let (status, gate) = ask("/inspect/explain?kind=gate&name=test_email", user);
    assert_eq!((status, &gate["value"]), (200, &json!(true)));
    let steps = gate["steps"].as_array().unwrap();
    assert_eq!(steps[0]["kind"], "gate");
    assert!(steps.iter().any(|step| step["subject"] == "email"
        && step["value"] == "dev@statsig.com"
        && step["holds"] == true));
    // A store tells of each parameter, and of what it refers to.
    let (_, all) = ask_demo("/inspect/answers", user);
    let stores = all["answers"].as_array().unwrap().iter();
    let stores: Vec<&Value> = stores.filter(|answer| answer["kind"] == "store").collect();
    assert!(!stores.is_empty());
    let mut referred = 0;
    for store in stores {
        let path = format!(
            "/inspect/explain?kind=store&name={}",
            store["name"].as_str().unwrap()
        );
        let (status, explained) = ask_demo(&path, user);
        assert_eq!(status, 200);
        let values: Value = serde_json::from_str(store["value"].as_str().unwrap()).unwrap();
        let steps = explained["steps"].as_array().unwrap();
        let parameters = steps.iter().filter(|step| step["step"] == "parameter");
        for parameter in parameters.clone() {
            let value = parameter["value"]
                .as_str()
                .map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
            assert_eq!(value, values[parameter["name"].as_str().unwrap()]);
        }
        assert_eq!(parameters.count(), values.as_object().unwrap().len());
        referred += steps
            .iter()
            .filter(|step| step["depth"] == 1 && step["step"] == "spec")
            .count();
    }
    assert!(referred > 0);
}

#[test]
fn what_is_wrong_is_told() {
    for (path, body, status) in [
        ("/inspect/answers", &b"{"[..], 400),
        ("/inspect/answers", b"\xff", 400),
        ("/inspect/answers", b"[]", 400),
        ("/inspect/answers", b"", 200),
        ("/inspect/explain?kind=gate&name=none", b"{}", 404),
        ("/inspect/explain?kind=store&name=none", b"{}", 404),
        ("/inspect/explain?kind=rule&name=test_email", b"{}", 400),
        ("/inspect/explain", b"{}", 400),
        ("/inspect/answers", &[b' '; MAX_INSPECTED_USER], 200),
        ("/inspect/answers", &[b' '; MAX_INSPECTED_USER + 1], 413),
    ] {
        let (found, answer) = ask(path, body);
        assert_eq!(found, status, "{path} {answer}");
        assert_eq!(answer["error"].is_string(), status != 200);
    }
}

#[test]
fn without_specs_the_status_says_why() {
    let mut host = with_password(post("/inspect/answers", b"{}"));
    host.kv.clear();
    let host = host.kv("statsig", "specs", KvEntry::new(b"<html>"));
    let config = Config::new().with_kv_store("statsig", "specs");
    let (_, record) = fake::with(host, || {
        handle_bare(&config, |request: &mut Request, statsig: &Statsig<'_>| {
            Ok::<_, Infallible>(INSPECTOR.answer_bare(request, statsig).unwrap())
        })
    });
    let all: Value = serde_json::from_slice(&record.responses[0].body).unwrap();
    assert_eq!(
        (&all["answers"], &all["status"]["source"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(all["status"]["failures"][0]["source"], "kv store");
    assert_eq!(all["events"], json!({"to": null, "pending": 0}));
}
