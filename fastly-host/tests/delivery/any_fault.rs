//! A fault at any host call, alone and several at once.

use std::collections::BTreeSet;

use serde_json::Value;
use statsig_fastly::platform::fake::{Record, Reply};
use statsig_fastly::platform::{SendTag, Status};
use statsig_fastly::{Events, MAX_BATCH_EVENTS, Summary};

use crate::{CLIENT, SECRET, STORED, TAKEN, host, lines, numbers, run, taken};

/// What a run says against what the host saw. A fault between the host and the program can only make the program
/// believe that less arrived than did.
fn assert_honest(summary: &Summary, record: &Record, replies: &[Reply]) {
    let mut arrived = BTreeSet::new();
    let sent = record.sent.iter();
    let mut number = 0;
    for next in sent {
        // Refused requests are not among those sent.
        let reply = loop {
            let reply = &replies[number.min(replies.len() - 1)];
            number += 1;
            if !matches!(reply, Reply::Refuse(_)) {
                break reply;
            }
        };
        let numbers = numbers(&next.body);
        let by_status = next.uri.contains("/v1/rgstr?");
        if matches!(reply, Reply::Answer(200..300, body) if by_status || body == TAKEN) {
            arrived.extend(numbers);
        }
    }
    assert!(summary.delivered as usize <= arrived.len(), "{summary:?}");
    let mut logged = BTreeSet::new();
    for line in lines(record) {
        // A line that the host cut is none.
        if serde_json::from_slice::<Value>(line).is_ok() {
            logged.extend(numbers(line));
        }
    }
    assert!(summary.handed_over as usize <= logged.len(), "{summary:?}");
    if summary.dropped > 0 || summary.handed_over > 0 {
        assert!(summary.last_error.is_some() || record.sent.is_empty());
    }
}

fn destinations() -> [Events<'static>; 5] {
    [
        Events::new("events", SECRET),
        Events::new("events", STORED).with_log_endpoint("log"),
        Events::new("events", CLIENT),
        Events::new("events", CLIENT).with_log_endpoint("log"),
        Events::to_log_endpoint("log"),
    ]
}

/// Every host call of a flush fails once, with each status, for one batch and for several.
#[test]
fn a_fault_at_any_call_loses_nothing_silently() {
    let replies = [Reply::answer(500, b""), taken(), Reply::answer(400, b"")];
    for events in destinations() {
        for count in [1, MAX_BATCH_EVENTS as usize + 1] {
            let calls = run(host(replies.clone()), events, count, 1).1.calls.len();
            // Logging reads the clock once for each event; the calls that matter come before the first and after the last.
            let statuses = [Status::Error, Status::LimitExceeded, Status::None];
            let (statuses, calls) = match count {
                1 => (&statuses[..], calls),
                _ => (&statuses[..1], calls.min(count + 60)),
            };
            for at in (0..2).chain(count..calls) {
                for &status in statuses {
                    let mut host = host(replies.clone());
                    host.faults_at.insert(at, status);
                    let (summary, record) = run(host, events, count, 1);
                    assert_honest(&summary, &record, &replies);
                }
            }
        }
    }
}

/// Random answers, sizes and faults, several at once.
#[test]
fn random_faults_lose_nothing_silently() {
    let mut word = 0x5EED_u64;
    let mut random = move |below: u64| {
        word = word
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(0x1405_7B7E_F767_814F);
        (word >> 33) % below
    };
    let statuses = [
        Status::Error,
        Status::BadHandle,
        Status::LimitExceeded,
        Status::None,
        Status::BufferTooSmall,
    ];
    let (mut delivered, mut handed_over, mut dropped) = (0, 0, 0);
    for _ in 0..1_500 {
        let replies: Vec<Reply> = (0..1 + random(3))
            .map(|_| match random(8) {
                0..3 => taken(),
                3 => Reply::answer(200, b"{\"success\":fal"),
                4 => Reply::answer([400, 401, 413, 429][random(4) as usize], TAKEN),
                5 => Reply::answer([500, 501, 503][random(3) as usize], b""),
                6 => Reply::Fail(Status::Error, SendTag::Unreachable),
                _ => Reply::Refuse(Status::LimitExceeded),
            })
            .collect();
        let mut host = host(replies.clone());
        for _ in 0..random(4) {
            let status = statuses[random(statuses.len() as u64) as usize];
            host.faults_at.insert(random(70) as usize, status);
        }
        if random(3) == 0 {
            host.read_at_most = Some(1 + random(20) as usize);
            host.write_at_most = Some(1 + random(2_000) as usize);
        }
        host.unknown_length = random(2) == 0;
        host.end_early_by = [0, 0, 0, 1][random(4) as usize];
        let events =
            destinations()[random(5) as usize].with_line_limit(300 + random(2_000) as usize);
        let (summary, record) = run(host, events, random(12) as usize, random(400) as usize);
        assert_honest(&summary, &record, &replies);
        delivered += summary.delivered;
        handed_over += summary.handed_over;
        dropped += summary.dropped;
    }
    // Each way out was taken often.
    assert!(delivered.min(handed_over).min(dropped) > 500);
}
