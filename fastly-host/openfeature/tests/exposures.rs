//! What is resolved through the SDK is exposed as the same checks without it are.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::convert::Infallible;

use open_feature::provider::FeatureProvider;
use open_feature::{EvaluationContext, EvaluationErrorCode as Code, OpenFeature};
use serde_json::{Value, json};
use statsig_edge::{Scratch, User, compile::compile};
use statsig_fastly::platform::fake::{self, Host, KvEntry, Reply};
use statsig_fastly::platform::request::Request;
use statsig_fastly::{BareResponse, Config, Events, Key, Statsig, handle_bare};
use statsig_openfeature::{StatsigProvider, block_on};

/// The events of a run, without what differs from one to the next.
fn events(run: impl Fn(&Statsig<'_>)) -> Vec<Value> {
    let config = Config::new()
        .with_kv_store("statsig", "specs")
        .with_events(Events::new("events", Key::Secret("k")));
    let table = compile(common::EVAL_SPECS).unwrap().table;
    let host = Host::default()
        .kv("statsig", "specs", KvEntry::new(&table))
        .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
    let (handled, record) = fake::with(host, || {
        handle_bare(&config, |_: &mut Request, statsig: &Statsig<'_>| {
            run(statsig);
            Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
        })
    });
    assert_eq!(handled.unwrap().events.dropped, 0);
    let Some(sent) = record.sent.first() else {
        return Vec::new();
    };
    let mut body: Value = serde_json::from_slice(&sent.body).unwrap();
    let mut events = body["events"].take();
    let events = events.as_array_mut().unwrap();
    for event in events.iter_mut() {
        event["time"] = Value::Null;
    }
    std::mem::take(events)
}

#[test]
fn exposures_are_those_of_the_same_checks() {
    let direct = events(|statsig| {
        let user = User::new().with_user_id("123");
        statsig.check_gate(&user, "test_public");
        statsig.dynamic_config(&user, "test_email_config");
        let mut room = Scratch::<64>::new();
        let layer = statsig.layer(&user, "test_layer", &mut room);
        assert!(layer.get("layer_param").is_some());
    });
    assert_eq!(direct.len(), 3);
    let resolved = events(|statsig| {
        let provider = StatsigProvider::from_statsig(statsig);
        let mut api = OpenFeature::default();
        block_on(api.set_provider(provider.clone()));
        let client = api.create_client();
        let context = EvaluationContext::default().with_targeting_key("123");
        let context = Some(&context);
        block_on(client.get_bool_value("test_public", context, None)).unwrap();
        block_on(client.get_string_value("test_email_config.header_text", context, None)).unwrap();
        block_on(client.get_string_value("test_layer.layer_param", context, None)).unwrap();
        // What is not there, or not read, is not exposed.
        block_on(client.get_bool_value("none", context, None)).unwrap_err();
        block_on(client.get_int_value("test_public", context, None)).unwrap_err();
        block_on(client.get_int_value("test_layer.layer_param", context, None)).unwrap_err();
        assert_eq!(provider.log_exposures(statsig), 3);
        assert_eq!(provider.log_exposures(statsig), 0, "once");
    });
    assert_eq!(json!(resolved), json!(direct));
    assert_eq!(
        events(|statsig| {
            let provider = StatsigProvider::from_statsig(statsig);
            let context = EvaluationContext::default().with_targeting_key("123");
            block_on(provider.resolve_bool_value("test_public", &context)).unwrap();
        }),
        [] as [Value; 0],
        "only when it is asked for"
    );
}

#[test]
fn without_specs_the_provider_is_not_ready() {
    let config = Config::new().with_kv_store("statsig", "specs");
    let (refused, _) = fake::with(Host::default(), || {
        let mut code = None;
        handle_bare(&config, |_: &mut Request, statsig: &Statsig<'_>| {
            let provider = StatsigProvider::from_statsig(statsig);
            let context = EvaluationContext::default().with_targeting_key("123");
            let refused = block_on(provider.resolve_bool_value("test_public", &context));
            code = Some(refused.unwrap_err().code);
            Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
        })
        .unwrap();
        code
    });
    assert_eq!(refused, Some(Code::ProviderNotReady));
}
