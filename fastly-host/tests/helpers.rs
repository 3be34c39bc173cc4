//! What a service takes from its request: ids, language, assignments in a cookie, signed overrides.

mod common;

use serde_json::{Value, json};
use statsig_edge::{LocalOverride, Options, OverrideValue, Reason, SpecKind, User};
use statsig_fastly::platform::fake::{self, Host, Reply};
use statsig_fastly::{
    Client, Config, Events, IdRule, Key, LONGEST_COOKIE, RequestOverrides, RequestUser,
    SignedError, SigningKey, SigningKeys, Specs, Statsig, Sticky, StickyCookie, StickyRoom,
    StickyStorage,
};

const NOW: u64 = 1_795_000_000_000;

fn key(id: &'static str) -> SigningKey<'static> {
    SigningKey::new(id, [id.as_bytes(), &[b'.'; 32]].concat()).unwrap()
}

fn run<T>(check: impl FnOnce(&Statsig<'_>) -> T) -> (T, Vec<Value>) {
    let host = Host {
        now_ms: NOW,
        ..Host::default()
    }
    .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
    let config = Config::new()
        .with_bootstrap(common::DEMO_SPECS)
        .with_events(Events::new("events", Key::Secret("k")));
    let (result, record) = fake::with(host, || {
        let specs = Specs::load(&config);
        let statsig = Statsig::new(&config, &specs);
        let result = check(&statsig);
        assert_eq!(statsig.flush().dropped, 0);
        result
    });
    let events = record.sent.iter().flat_map(|sent| {
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        body["events"].as_array().unwrap().clone()
    });
    (result, events.collect())
}

/// What a browser sends back of a `set-cookie` value.
fn sent_back(set_cookie: &str) -> &str {
    set_cookie.split(';').next().unwrap()
}

#[test]
fn an_assignment_comes_back_in_the_cookie() {
    let keys = SigningKeys::new(key("new")).with_former(key("old"));
    let user = User::new().with_user_id("user-17");
    let ask = |keys: &SigningKeys<'_>, cookie_header: &str| {
        run(|statsig| {
            let cookie = StickyCookie::read("sticky", keys, cookie_header);
            let mut room = StickyRoom::new();
            let sticky = Sticky::new(&cookie);
            let answer = statsig.experiment_sticky(&user, "an_experiment", &sticky, &mut room);
            (answer.reason(), cookie.problem(), cookie.set_cookie())
        })
        .0
    };
    let (reason, problem, set) = ask(&keys, "");
    let set = set.unwrap();
    assert_eq!((reason, problem), (Reason::Recognized, None));
    assert!(set.ends_with("; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax"));
    let octet =
        |byte: u8| matches!(byte, 0x21 | 0x23..=0x2B | 0x2D..=0x3A | 0x3C..=0x5B | 0x5D..=0x7E);
    let sent = sent_back(&set);
    assert!(sent.bytes().all(octet), "RFC 6265, 4.1.1: {sent}");
    // It is known again, and nothing is set; nor by another user.
    let header = format!("a=1; {sent}; b=2");
    assert_eq!(ask(&keys, &header), (Reason::Persisted, None, None));
    // Signed with the key of before: known, and signed anew.
    let former = SigningKeys::new(key("old"));
    let (_, _, old) = ask(&former, "");
    let old = old.unwrap();
    let (reason, problem, again) = ask(&keys, sent_back(&old));
    assert_eq!(
        (reason, problem, again.as_deref()),
        (Reason::Persisted, None, Some(&*set))
    );
    // Changed: as good as none, told, and replaced.
    let mut changed = sent.to_owned();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    let (reason, problem, again) = ask(&keys, &changed);
    assert_eq!(
        (reason, problem),
        (Reason::Recognized, Some(SignedError::Signature))
    );
    assert_eq!(again.as_deref(), Some(&*set));
    // Of another name, or beside a changed one.
    assert_eq!(
        ask(&keys, &sent.replace("sticky=", "other=")).0,
        Reason::Recognized
    );
    assert_eq!(
        ask(&keys, &format!("{changed}; {sent}")),
        (Reason::Persisted, None, None)
    );
    let gone = SigningKeys::new(key("newer"));
    assert_eq!(ask(&gone, sent).1, Some(SignedError::UnknownKey));
}

#[test]
fn a_cookie_keeps_to_its_size_and_the_oldest_go_first() {
    let keys = SigningKeys::new(key("k"));
    let cookie = StickyCookie::read("sticky", &keys, "");
    let record = |number: usize| format!("{{\"n\":{number},\"é\":\"{}\"}}", "x".repeat(300));
    for number in 0..20 {
        let name = format!("experiment_{number}");
        cookie.save("u:userID", &name, &record(number));
        let set = cookie.set_cookie().unwrap();
        assert!(set.len() <= LONGEST_COOKIE);
        // Read again, it is the same.
        let read = StickyCookie::read("sticky", &keys, sent_back(&set));
        assert_eq!((read.count(), read.problem()), (cookie.count(), None));
        assert_eq!(cookie.count() + cookie.dropped() as usize, number + 1);
        for kept in 0..=number {
            let name = format!("experiment_{kept}");
            let expected = (kept >= cookie.dropped() as usize).then(|| record(kept));
            assert_eq!(read.load("u:userID", &name), expected);
            assert_eq!(read.load("v:userID", &name), None);
        }
    }
    assert!(cookie.count() >= 8, "{}", cookie.count());
    // Saved again it is the newest; alone too long it costs the others nothing.
    let before = cookie.count();
    let oldest = format!("experiment_{}", cookie.dropped());
    cookie.save("u:userID", &oldest, "{}");
    cookie.save("u:userID", "large", &"x".repeat(4000));
    assert_eq!(
        (cookie.count(), cookie.load("u:userID", "large")),
        (before, None)
    );
    cookie.save("u:userID", "next", &record(20));
    assert_eq!(cookie.load("u:userID", &oldest).as_deref(), Some("{}"));
    // The last one deleted ends the cookie.
    let cookie = StickyCookie::read("sticky", &keys, "");
    cookie.delete("u:userID", "a");
    assert_eq!(cookie.set_cookie(), None);
    cookie.save("u:userID", "a", "{}");
    cookie.delete("u:userID", "a");
    let set = cookie.set_cookie().unwrap();
    assert!(
        set.starts_with("sticky=;") && set.ends_with("; Max-Age=0"),
        "{set}"
    );
}

/// Whatever a cookie holds that was really signed: records or an error, never a panic.
#[test]
fn other_payloads_that_were_signed_are_none() {
    let keys = SigningKeys::new(key("k"));
    let cookie = StickyCookie::read("n", &keys, "");
    cookie.save("u", "a", "{\"a\":1}");
    let set = cookie.set_cookie().unwrap();
    let value = sent_back(&set);
    for end in 2..value.len() {
        let cut = StickyCookie::read("n", &keys, &value[..end]);
        assert!(cut.problem().is_some() && cut.count() == 0);
    }
}

#[test]
fn overrides_hold_for_the_request_that_brings_them() {
    let keys = SigningKeys::new(key("k"));
    let overrides = [
        ("no such\"gate", SpecKind::Gate, OverrideValue::Gate(true)),
        ("a_gate", SpecKind::Gate, OverrideValue::Gate(false)),
        (
            "a_dynamic_config",
            SpecKind::DynamicConfig,
            OverrideValue::Json("{\"red\":\"&=+%\"}"),
        ),
        (
            "an_experiment",
            SpecKind::Experiment,
            OverrideValue::Group("Control"),
        ),
        (
            "another_experiment",
            SpecKind::Experiment,
            OverrideValue::Json("{}"),
        ),
        ("a_layer", SpecKind::Layer, OverrideValue::Json("{\"a\":1}")),
    ]
    .map(|(name, kind, value)| LocalOverride {
        kind,
        name,
        id: None,
        value,
    });
    let signed = RequestOverrides::sign("x-debug", &keys, NOW / 1000 + 1, &overrides);
    let user = User::new().with_user_id("u");
    let ((), events) = run(|statsig| {
        let verified = RequestOverrides::verify("x-debug", &keys, &signed).unwrap();
        let list = verified.list();
        assert_eq!(list, overrides);
        let plain = statsig.check_gate(&user, "a_gate");
        let tested = statsig.overridden(&list);
        assert!(plain && !tested.check_gate(&user, "a_gate"));
        assert!(tested.check_gate(&user, "no such\"gate"));
        assert_eq!(
            tested.dynamic_config(&user, "a_dynamic_config").json(),
            "{\"red\":\"&=+%\"}"
        );
        let control = tested.experiment(&user, "an_experiment");
        assert_eq!(control.reason(), Reason::LocalOverride);
        assert!(statsig.check_gate(&user, "a_gate"));
        // Another name, another key, later.
        let error = |name: &str, keys: &SigningKeys<'_>| {
            RequestOverrides::verify(name, keys, &signed).unwrap_err()
        };
        assert_eq!(error("x-other", &keys), SignedError::Signature);
        assert_eq!(
            error("x-debug", &SigningKeys::new(key("z"))),
            SignedError::UnknownKey
        );
        fake::change(|host| host.now_ms = NOW + 1_000);
        assert_eq!(error("x-debug", &keys), SignedError::Expired);
    });
    let reasons: Vec<_> = events
        .iter()
        .map(|event| &event["metadata"]["reason"])
        .collect();
    let local = "LocalOverride:Recognized";
    assert_eq!(
        reasons,
        ["Bootstrap:Recognized", local, local, local, local]
    );
}

/// As the documentation says that a shell makes one; the signature is OpenSSL's.
#[test]
fn what_another_program_signed_is_verified() {
    let secret = "0123456789abcdef0123456789abcdef";
    let keys = SigningKeys::new(SigningKey::new("debug-2026", secret.as_bytes()).unwrap());
    let signed =
        "debug-2026.-ze212Sf4irwpCaz5MDls3xYtn-ES6WuOp6VkbouUCk.exp=1800000000&gate.new_home=true";
    let (verified, _) = run(|_| RequestOverrides::verify("x-statsig-overrides", &keys, signed));
    let verified = verified.unwrap();
    let expected = LocalOverride {
        kind: SpecKind::Gate,
        name: "new_home",
        id: None,
        value: OverrideValue::Gate(true),
    };
    assert_eq!(verified.list(), [expected]);
    // Without a host there is no clock, and nothing is in time.
    let late = RequestOverrides::verify("x-statsig-overrides", &keys, signed);
    assert_eq!(late, Err(SignedError::Expired));
}

fn user_of(
    query: &str,
    client: Client<'_>,
    rules: &[IdRule<'_>],
    headers: &[(&str, &str)],
) -> Value {
    let header = |name: &str| {
        let mut found = headers.iter().filter(|(given, _)| *given == name);
        found.next().map(|(_, value)| (*value).to_owned())
    };
    let mut user = RequestUser::new(query, client).with_ids(rules, &header);
    let mut out = String::new();
    let user = user.user().unwrap();
    user.write_json(&Options::default(), &mut out).unwrap();
    serde_json::from_str(&out).unwrap()
}

#[test]
fn ids_come_by_rule_where_the_query_has_none() {
    const RULES: &[IdRule<'_>] = &[
        IdRule::user_id().from_cookie("uid"),
        IdRule::user_id().from_header("x-user"),
        IdRule::custom_id("stableID").from_cookie("sid"),
        IdRule::custom_id("stableID").from_header("x-stable"),
        IdRule::custom_id("companyID").from_header("x-company"),
    ];
    let headers = [
        ("x-user", "h\""),
        ("cookie", "sid=s 1; uid="),
        ("x-stable", "t"),
        ("x-company", "c"),
    ];
    let of = |query: &str| user_of(query, Client::default(), RULES, &headers);
    let custom = json!({"stableID": "s 1", "companyID": "c"});
    assert_eq!(of(""), json!({"userID": "h\"", "customIDs": custom}));
    assert_eq!(
        of("userID=q&email=e"),
        json!({"userID": "q", "email": "e", "customIDs": custom})
    );
    assert_eq!(
        of("customIDs.a=1"),
        json!({"userID": "h\"", "customIDs": {"a": "1"}})
    );
    assert_eq!(
        of("user=%7B%20%7D"),
        json!({"userID": "h\"", "customIDs": custom})
    );
    assert_eq!(
        of("user={\"userID\":null,\"ip\":\"i\"}"),
        json!({"ip": "i", "customIDs": custom})
    );
    assert_eq!(user_of("", Client::default(), RULES, &[]), json!({}));
    let mut client = Client::default();
    client.locale = statsig_fastly::preferred_language("en;q=0.7, de-CH");
    assert_eq!(user_of("", client, &[], &[]), json!({"locale": "de-CH"}));
    assert_eq!(
        user_of("locale=fr", client, &[], &[]),
        json!({"locale": "fr"})
    );
}

#[cfg(feature = "bootstrap")]
#[test]
fn a_client_starts_with_what_the_engine_says() {
    use statsig_edge::bootstrap::{BootstrapOptions, NameHash};
    let mut options = BootstrapOptions::default();
    options.hash = NameHash::None;
    let user = User::new().with_user_id("u");
    let (response, events) = run(|statsig| statsig.client_bootstrap(&user, &options).unwrap());
    let body: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(response.content_type, "application/json");
    assert_eq!(body["feature_gates"]["a_gate"]["value"], true);
    assert_eq!(body["sdkInfo"]["sdkType"], "statsig-fastly-rust");
    assert!(response.report.specs > 5 && events.is_empty());
    let config = Config::new();
    let specs = Specs::load(&config);
    assert_eq!(
        Statsig::new(&config, &specs).client_bootstrap(&user, &options),
        None
    );
}
