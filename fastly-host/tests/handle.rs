//! A whole execution on the host in memory.

mod common;

use std::convert::Infallible;

use statsig_edge::User;
use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
use statsig_fastly::platform::{Error, Status, request::Request};
use statsig_fastly::{
    BareResponse, Config, DeliveryError, EventValue, Events, Key, Route, Statsig, handle_bare,
    serve_bare,
};

fn config() -> Config<'static> {
    Config::new()
        .with_kv_store("statsig", "specs")
        .with_events(Events::new("events", Key::Secret("k")))
}

fn host() -> Host {
    Host {
        request: ClientRequest::get("http://h/path"),
        ..Host::default()
    }
    .kv("statsig", "specs", KvEntry::new(common::DEMO_SPECS))
    .backend("events", [Reply::answer(202, br#"{"success":true}"#)])
}

#[test]
fn the_look_up_comes_first_and_the_events_last() {
    let (handled, record) = fake::with(host(), || {
        handle_bare(&config(), |request: &mut Request, statsig: &Statsig<'_>| {
            assert_eq!(request.uri().unwrap().path(), "/path");
            statsig.check_gate(&User::new().with_user_id("u"), "a_gate");
            Ok::<_, Infallible>(BareResponse::new(203, "text/plain", "yes"))
        })
    });
    let handled = handled.unwrap();
    assert_eq!(
        (handled.events.delivered, handled.response_error),
        (1, None)
    );
    assert_eq!(record.responses[0].status, 203);
    assert_eq!(record.responses[0].body, b"yes");
    assert_eq!(
        record.responses[0].header("content-type"),
        Some(&b"text/plain"[..])
    );
    assert_eq!(record.sent[0].after_responses, 1);
    let position = |call: &str| record.calls.iter().position(|&made| made == call).unwrap();
    assert!(position("fastly_kv_store.lookup") < position("fastly_http_req.body_downstream_get"));
    assert!(
        position("fastly_http_req.body_downstream_get")
            < position("fastly_kv_store.lookup_wait_v2")
    );
    // The request and its body go with the execution.
    assert_eq!(record.open_handles, 2);
}

#[test]
fn an_answer_that_http_cannot_carry_is_a_500_and_its_events_are_sent() {
    let answer = |status, name: &'static str, value: &'static str| {
        let mut response = BareResponse::new(status, "text/plain", "yes");
        response.headers.push((name.into(), value.into()));
        response
    };
    for (config, answer) in [
        (config(), answer(200, "x-a", "1\r\nx-b: 2")),
        (config(), answer(200, "", "no name")),
        (config(), answer(99, "x-a", "1")),
    ] {
        let (handled, record) = fake::with(host(), || {
            handle_bare(&config, |_: &mut Request, statsig: &Statsig<'_>| {
                statsig.check_gate(&User::new().with_user_id("u"), "a_gate");
                Ok::<_, Infallible>(answer.clone())
            })
        });
        let handled = handled.unwrap();
        assert!(handled.response_error.is_some());
        assert_eq!(handled.events.delivered, 1);
        let [sent] = &record.responses[..] else {
            panic!("{answer:?}: {} responses", record.responses.len())
        };
        assert_eq!(
            (sent.status, &sent.body[..]),
            (500, &b"internal error\n"[..])
        );
        assert_eq!(sent.header("x-b"), None);
    }
}

#[test]
fn a_handler_that_fails_is_a_500_and_its_events_are_sent() {
    let (handled, record) = fake::with(host(), || {
        handle_bare(&config(), |_: &mut Request, statsig: &Statsig<'_>| {
            statsig.check_gate(&User::new().with_user_id("u"), "a_gate");
            Err::<BareResponse, _>("database: password hunter2 refused")
        })
    });
    let handled = handled.unwrap();
    assert_eq!(
        handled.handler_error.as_deref(),
        Some("database: password hunter2 refused")
    );
    assert_eq!(handled.events.delivered, 1);
    assert_eq!(record.responses[0].status, 500);
    assert_eq!(record.responses[0].body, b"internal error\n");
}

#[test]
fn a_platform_that_fails_is_told() {
    let none = |_: &mut Request, _: &Statsig<'_>| {
        Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
    };
    let broken = host().fail("fastly_http_req.body_downstream_get", Status::Error);
    let (handled, _) = fake::with(broken, || handle_bare(&config(), none));
    assert_eq!(handled.unwrap_err(), Error::Host(Status::Error));
    let broken = host().fail("fastly_http_resp.send_downstream", Status::Error);
    let (handled, _) = fake::with(broken, || handle_bare(&config(), none));
    assert_eq!(
        handled.unwrap().response_error,
        Some(Error::Host(Status::Error))
    );
}

#[test]
fn a_sandbox_that_goes_on_reads_the_store_once_and_logs_no_repeats() {
    let mut host = host();
    host.next_requests = ["http://h/2", "http://h/3"].map(ClientRequest::get).into();
    let check = |_: &mut Request, statsig: &Statsig<'_>| {
        statsig.check_gate(&User::new().with_user_id("u"), "a_gate");
        Ok::<_, Infallible>(BareResponse::new(200, "text/plain", "yes"))
    };
    let (count, record) = fake::with(host, || serve_bare(&config(), 10, check, |_| ()));
    assert_eq!(count, Ok(3));
    assert_eq!(record.responses.len(), 3);
    assert_eq!(record.count("fastly_kv_store.lookup"), 1);
    assert_eq!(record.sent.len(), 1);
    // When the table was compiled, when it was taken, when the exposure was, when it was sent; then once for each further request.
    assert_eq!(record.count("wasi_snapshot_preview1.clock_time_get"), 6);
    assert_eq!(record.open_handles, 0);
}

#[test]
fn the_outcome_of_each_request_is_told() {
    let mut host = host();
    host.next_requests = ["http://h/fails", "http://h/bad"]
        .map(ClientRequest::get)
        .into();
    host.backends
        .insert("events".into(), [Reply::answer(400, b"")].into());
    let mut outcomes = Vec::new();
    let answer = |request: &mut Request, statsig: &Statsig<'_>| {
        statsig.log_event(&User::new(), "seen", EventValue::None, &[]);
        let mut response = BareResponse::new(200, "text/plain", "yes");
        match request.uri().unwrap().path() {
            "/fails" => return Err("no such page"),
            "/bad" => response.headers.push(("".into(), "1".into())),
            _ => {}
        }
        Ok(response)
    };
    let (count, _) = fake::with(host, || {
        serve_bare(&config(), 10, answer, |handled| outcomes.push(handled))
    });
    assert_eq!(count, Ok(3));
    let told: Vec<_> = outcomes
        .iter()
        .map(|handled| {
            assert_eq!(handled.events.last_error, Some(DeliveryError::Status(400)));
            (
                handled.events.dropped,
                handled.handler_error.as_deref(),
                handled.response_error.is_some(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, None, false),
            (1, Some("no such page"), false),
            (1, None, true)
        ]
    );
}

#[test]
fn old_specs_are_read_again_and_a_sandbox_ends_when_it_was_told() {
    let mut host = host();
    host.next_requests = ["http://h/2", "http://h/3"].map(ClientRequest::get).into();
    let mut answered = 0;
    let check = |_: &mut Request, _: &Statsig<'_>| {
        answered += 1;
        fake::change(|host| host.now_ms += 5_000);
        Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
    };
    let config = config().with_max_age(1).with_stale_while_revalidate(3);
    let (count, record) = fake::with(host, || serve_bare(&config, 2, check, |_| ()));
    assert_eq!((count, answered), (Ok(2), 2));
    let position = |call: &str| record.calls.iter().rposition(|&made| made == call).unwrap();
    assert_eq!(record.count("fastly_kv_store.lookup"), 2);
    assert!(position("fastly_kv_store.lookup") < position("fastly_http_resp.send_downstream"));
    // The generation says that there is nothing new to be read.
    assert_eq!(record.count("fastly_http_body.known_length"), 1);
}

#[test]
fn what_is_a_little_old_is_served_and_read_again_after_the_response() {
    let mut host = host();
    host.next_requests = ["http://h/2", "http://h/3"].map(ClientRequest::get).into();
    let mut seen = Vec::new();
    let check = |_: &mut Request, statsig: &Statsig<'_>| {
        let specs = statsig.specs();
        seen.push((
            specs.route(),
            specs.generation(),
            fake::record().count("fastly_kv_store.lookup"),
        ));
        fake::change(|host| {
            host.now_ms += 5_000;
            let items = host.kv.get_mut("statsig").unwrap();
            items.get_mut("specs").unwrap().generation += 1;
        });
        Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
    };
    let config = config().with_max_age(4);
    let (_, record) = fake::with(host, || serve_bare(&config, 10, check, |_| ()));
    assert_eq!(
        seen,
        [
            (Route::Direct, 1, 1),
            (Route::Memory, 1, 1),
            (Route::Memory, 3, 2),
        ]
    );
    assert_eq!(record.count("fastly_kv_store.lookup"), 2);
    assert_eq!(record.open_handles, 0);
}

#[test]
fn a_service_can_have_its_specs_read_again() {
    let mut host = host();
    host.next_requests = [ClientRequest::get("http://h/2")].into();
    let sync = |_: &mut Request, statsig: &Statsig<'_>| {
        statsig.sync_config_specs();
        Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
    };
    let (_, record) = fake::with(host, || serve_bare(&config(), 10, sync, |_| ()));
    // Once to begin with, and after each response.
    assert_eq!(record.count("fastly_kv_store.lookup"), 3);
}

#[test]
fn of_headers_with_one_name_none_is_lost() {
    let cookies = |_: &mut Request, _: &Statsig<'_>| {
        let mut response = BareResponse::new(200, "text/plain", "yes");
        for cookie in ["a=1", "b=2"] {
            let header = ("set-cookie".into(), cookie.into());
            response.headers.push(header);
        }
        Ok::<_, Infallible>(response)
    };
    let (_, record) = fake::with(host(), || handle_bare(&config(), cookies));
    let sent = record.responses[0].headers.iter();
    let sent: Vec<_> = sent.map(|(name, value)| (&name[..], &value[..])).collect();
    assert_eq!(
        sent,
        [
            ("content-type", &b"text/plain"[..]),
            ("set-cookie", b"a=1"),
            ("set-cookie", b"b=2")
        ]
    );
}

#[test]
fn a_status_header_without_a_name_is_left_out() {
    for (name, has) in [("x-statsig", true), ("", false)] {
        let config = config().with_status_header(name);
        let (handled, record) = fake::with(host(), || {
            handle_bare(&config, |_: &mut Request, _: &Statsig<'_>| {
                Ok::<_, Infallible>(BareResponse::new(200, "text/plain", "yes"))
            })
        });
        assert_eq!(handled.unwrap().response_error, None);
        let [sent] = &record.responses[..] else {
            panic!("{record:?}")
        };
        assert_eq!((sent.status, &sent.body[..]), (200, &b"yes"[..]));
        assert_eq!(sent.headers.len(), 1 + usize::from(has), "{name}");
    }
}
