//! What becomes of events when something fails: none is lost silently, and none is sent that was not logged.

mod any_fault;

use std::collections::BTreeSet;

use serde_json::Value;
use statsig_edge::User;
use statsig_fastly::platform::fake::{self, Host, Record, Reply};
use statsig_fastly::platform::{Error, SendTag, Status};
use statsig_fastly::{
    Config, DeliveryError, EventValue, Events, Key, MAX_BATCH_BYTES, MAX_BATCH_EVENTS,
    MAX_LOGGED_BYTES, Specs, Statsig, Summary,
};

const TAKEN: &[u8] = br#"{"success":true}"#;
/// Of every user, and never to be seen again.
const PRIVATE: &str = "private-sentinel";

const SECRET: Key<'_> = Key::Secret("k");
const STORED: Key<'_> = Key::Stored {
    store: "s",
    name: "key",
};
const CLIENT: Key<'_> = Key::Client("k");

fn taken() -> Reply {
    Reply::answer(202, TAKEN)
}

fn host(replies: impl IntoIterator<Item = Reply>) -> Host {
    Host {
        now_ms: 1_795_000_000_000,
        ..Host::default()
    }
    .backend("events", replies)
    .secret("s", "key", b"secret\n")
    .log_endpoint("log")
}

/// Logs events named `e0`, `e1` and so on, each with so many bytes of text, and flushes.
fn run(host: Host, events: Events<'_>, count: usize, bytes: usize) -> (Summary, Record) {
    let config = Config::new().with_events(events);
    let text = "x".repeat(bytes);
    let private = [("secret", statsig_edge::Value::from(PRIVATE))];
    let (summary, record) = fake::with(host, || {
        let specs = Specs::load(&config);
        let statsig = Statsig::new(&config, &specs);
        let user = User::new()
            .with_user_id("\"}],{[")
            .with_private_attributes(&private);
        for number in 0..count {
            let name = format!("e{number}");
            statsig.log_event(&user, &name, EventValue::Text(&text), &[("a", "}\"],")]);
        }
        statsig.flush()
    });
    let accounted = summary.delivered + summary.handed_over + summary.dropped;
    assert_eq!(
        (summary.logged as usize, accounted as usize),
        (count, count)
    );
    for sent in &record.sent {
        assert!(!String::from_utf8_lossy(&sent.body).contains(PRIVATE));
    }
    (summary, record)
}

/// The numbers of the events in a body, which must be whole, and hold each event once.
fn numbers(body: &[u8]) -> BTreeSet<usize> {
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["statsigMetadata"]["sdkType"], "statsig-fastly-rust");
    let events = body["events"].as_array().unwrap();
    let numbers: BTreeSet<usize> = events
        .iter()
        .map(|event| event["eventName"].as_str().unwrap()[1..].parse().unwrap())
        .collect();
    assert_eq!(numbers.len(), events.len());
    numbers
}

/// The numbers of the events in all these bodies, which must not share any.
fn all_numbers<'b>(bodies: impl IntoIterator<Item = &'b [u8]>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    for body in bodies {
        let numbers = numbers(body);
        assert!(all.is_disjoint(&numbers));
        all.extend(numbers);
    }
    all
}

fn lines(record: &Record) -> impl Iterator<Item = &[u8]> {
    record.log_lines.iter().map(|(name, line)| {
        assert_eq!(name, "log");
        assert!(!String::from_utf8_lossy(line).contains(PRIVATE));
        &line[..]
    })
}

#[test]
fn what_is_not_taken_is_tried_once_more_or_dropped() {
    let answer = |status| Reply::answer(status, TAKEN);
    let said = |text: &str| Reply::answer(200, text.as_bytes());
    let refusal = || Reply::Refuse(Status::InvalidArgument);
    let failure = || Reply::Fail(Status::Error, SendTag::Timeout);
    let cut = || Reply::Fail(Status::HttpIncomplete, SendTag::Unspecified);
    let status = |status| Some(DeliveryError::Status(status));
    let platform = |error| Some(DeliveryError::Platform(error));
    let not_taken = Some(DeliveryError::NotTaken);
    // Replies; delivered, retries, last error.
    let cases: Vec<(Vec<Reply>, u32, u32, Option<DeliveryError>)> = vec![
        (vec![answer(202)], 1, 0, None),
        (vec![answer(200)], 1, 0, None),
        (vec![said("{}")], 1, 0, None),
        // A proxy that has taken them and has nothing to say.
        (vec![Reply::answer(204, b"")], 1, 0, None),
        // One that says nothing although it could.
        (vec![Reply::answer(202, b""), answer(202)], 1, 1, not_taken),
        (
            vec![said("{\"success\": false}"), said("{}")],
            1,
            1,
            not_taken,
        ),
        (vec![said("<html></html>"), answer(200)], 1, 1, not_taken),
        (vec![said(""), said("")], 0, 1, not_taken),
        (vec![said("{\"success\":true")], 0, 1, not_taken),
        (vec![answer(400)], 0, 0, status(400)),
        (vec![answer(401)], 0, 0, status(401)),
        (vec![answer(403)], 0, 0, status(403)),
        (vec![answer(413)], 0, 0, status(413)),
        (vec![answer(429)], 0, 0, status(429)),
        (vec![answer(501)], 0, 0, status(501)),
        (vec![answer(302)], 0, 0, status(302)),
        (vec![answer(500), answer(200)], 1, 1, status(500)),
        (vec![answer(500), answer(503)], 0, 1, status(503)),
        (vec![answer(500), answer(400)], 0, 1, status(400)),
        (vec![failure(), answer(200)], 1, 1, platform(Error::Timeout)),
        (vec![failure(), failure()], 0, 1, platform(Error::Timeout)),
        (vec![cut(), answer(200)], 1, 1, platform(Error::BadAnswer)),
        (
            vec![refusal(), answer(200)],
            1,
            1,
            platform(Error::UnknownName),
        ),
        (
            vec![refusal(), refusal()],
            0,
            1,
            platform(Error::UnknownName),
        ),
    ];
    for (replies, delivered, retries, last_error) in cases {
        let (summary, record) = run(host(replies.clone()), Events::new("events", SECRET), 1, 1);
        let got = (summary.delivered, summary.retries, summary.last_error);
        assert_eq!(got, (delivered, retries, last_error), "{replies:?}");
        if let [first, second] = &record.sent[..] {
            assert_eq!(first.body, second.body);
            assert_eq!(second.header("statsig-retry-count"), Some(&b"1"[..]));
        }
        assert!(record.sent.len() <= 2);
        assert_eq!(record.open_handles, 0);
        // The same with a log endpoint behind it: nothing is dropped.
        let events = Events::new("events", SECRET).with_log_endpoint("log");
        let (summary, record) = run(host(replies), events, 1, 1);
        assert_eq!(
            (summary.delivered, summary.handed_over),
            (delivered, 1 - delivered)
        );
        assert_eq!(
            all_numbers(lines(&record)).len() as u32,
            summary.handed_over
        );
    }
    // To clients success is a status.
    let (summary, _) = run(
        host([Reply::answer(204, b"")]),
        Events::new("events", CLIENT),
        1,
        1,
    );
    assert_eq!(summary.delivered, 1);
}

#[test]
fn more_than_one_request_takes_is_sent_in_several() {
    let limit = MAX_BATCH_EVENTS as usize;
    for (count, requests) in [(limit, 1), (limit + 1, 2), (2 * limit + 7, 3)] {
        let (summary, record) = run(host([taken()]), Events::new("events", STORED), count, 1);
        assert_eq!(
            (summary.delivered as usize, record.sent.len()),
            (count, requests)
        );
        let bodies = record.sent.iter().map(|sent| &sent.body[..]);
        assert_eq!(all_numbers(bodies).len(), count);
        for sent in &record.sent {
            let count = numbers(&sent.body).len().to_string();
            assert_eq!(sent.header("statsig-event-count"), Some(count.as_bytes()));
            assert_eq!(sent.header("statsig-api-key"), Some(&b"secret"[..]));
        }
        assert_eq!(record.open_handles, 0);
    }
    // By bytes: three events of four million bytes are two requests.
    let (summary, record) = run(host([taken()]), Events::new("events", SECRET), 3, 4_000_000);
    assert_eq!((summary.delivered, record.sent.len()), (3, 2));
    assert!(
        record
            .sent
            .iter()
            .all(|sent| sent.body.len() <= MAX_BATCH_BYTES)
    );
    // An event that no request takes, and more than a request may log.
    let (summary, record) = run(
        host([taken()]),
        Events::new("events", SECRET),
        1,
        MAX_BATCH_BYTES,
    );
    assert_eq!(summary.last_error, Some(DeliveryError::TooLong));
    assert_eq!((summary.dropped, record.sent.len()), (1, 0));
    let fitting = MAX_LOGGED_BYTES / 4_000_200;
    let (summary, _) = run(
        host([taken()]),
        Events::new("events", SECRET),
        fitting + 2,
        4_000_000,
    );
    assert_eq!(summary.last_error, Some(DeliveryError::TooMany));
    assert_eq!((summary.delivered as usize, summary.dropped), (fitting, 2));
}

/// Batches fail and succeed apart.
#[test]
fn each_batch_has_its_own_fate() {
    let limit = MAX_BATCH_EVENTS as usize;
    let replies = [
        Reply::answer(500, b""),
        taken(),
        Reply::answer(400, b""),
        // The first one again.
        Reply::answer(500, b""),
    ];
    let events = Events::new("events", SECRET).with_log_endpoint("log");
    let (summary, record) = run(host(replies), events, 3 * limit, 1);
    assert_eq!((summary.delivered as usize, summary.retries), (limit, 1));
    assert_eq!(
        (summary.handed_over as usize, summary.dropped),
        (2 * limit, 0)
    );
    let delivered = numbers(&record.sent[1].body);
    assert!(all_numbers(lines(&record)).is_disjoint(&delivered));
}

#[test]
fn a_log_endpoint_alone_takes_everything_in_lines() {
    for (count, bytes, limit) in [
        (1, 1, 16_384),
        (200, 10, 16_384),
        (200, 10, 700),
        (7, 3000, 16_384),
    ] {
        let events = Events::to_log_endpoint("log").with_line_limit(limit);
        let (summary, record) = run(host([]), events, count, bytes);
        assert_eq!(
            (summary.handed_over as usize, summary.last_error),
            (count, None)
        );
        assert_eq!(all_numbers(lines(&record)).len(), count);
        assert!(lines(&record).all(|line| line.len() <= limit));
        // No line could have taken the first event of the next one.
        for pair in lines(&record).collect::<Vec<_>>().windows(2) {
            let next: Value = serde_json::from_slice(pair[1]).unwrap();
            assert!(pair[0].len() + 1 + next["events"][0].to_string().len() > limit);
        }
        assert!(record.sent.is_empty());
    }
    // An event that fits exactly, and one that is a byte longer.
    let events = Events::to_log_endpoint("log");
    let (_, record) = run(host([]), events, 1, 100);
    let length = lines(&record).next().unwrap().len();
    for (limit, handed_over) in [(length, 1), (length - 1, 0)] {
        let (summary, _) = run(host([]), events.with_line_limit(limit), 1, 100);
        assert_eq!(summary.handed_over, handed_over);
        let error = (handed_over == 0).then_some(DeliveryError::TooLong);
        assert_eq!(summary.last_error, error);
    }
    let (summary, _) = run(host([]), Events::to_log_endpoint("none"), 3, 1);
    assert_eq!(
        summary.last_error,
        Some(DeliveryError::Log(Error::UnknownName))
    );
}

#[test]
fn summaries_add_up_and_errors_say_what_to_do() {
    let events = Events::new("events", SECRET);
    let (mut summary, _) = run(host([Reply::answer(401, b"")]), events, 2, 1);
    let (other, _) = run(host([taken()]), events, 3, 1);
    summary.add(&other);
    assert_eq!(
        (summary.logged, summary.delivered, summary.dropped),
        (5, 3, 2)
    );
    let error = summary.last_error.unwrap();
    assert_eq!(
        error.to_string(),
        "events: answered with status 401 (see that the key is the project's own and not revoked)"
    );
    assert!(std::error::Error::source(&DeliveryError::Platform(Error::Timeout)).is_some());
}
