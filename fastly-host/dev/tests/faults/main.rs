//! Every fault that can be made under Viceroy, at every source and at the event backend, alone and in pairs, over HTTP: the right source
//! answers, each source before it has its own reason in the status, the client has its response, and no event is lost silently. Then
//! more events than one POST takes, and a sandbox that answers several requests. Run by `cargo dev test`, which builds the service,
//! whose requests say how it is configured: one Viceroy has all stores and backends, sound and not.
//!
//! A Config Store's value has at most 8,000 characters, so it is never 30 MB, and JSON has no version.
//!
//! What Viceroy cannot make is injected beneath the raw imports, in `fastly-host/tests/faults.rs`: a KV Store that answers 429 or 500 or
//! without a body, a host call that is refused, a Core Cache that refuses or gives back other bytes than it was given.
//!
//! No wait is without an end. A download's answer has to begin within `Download::with_timeout` (`hangs` below), whatever the backend's
//! configuration is. All else is the backend's own configuration, as on the platform: `first_byte_timeout` bounds the event backend that
//! hangs, `between_bytes_timeout` every backend that stops amid its answer.

mod case;
mod fault;
mod stores;

use case::{PATIENCE, Seen, cases};
use serde_json::Value;
use statsig_fastly_dev::faulty_backend::{Backends, Does};
use statsig_fastly_dev::harness::Service;
use std::collections::BTreeSet;
use std::sync::Mutex;
use stores::{TAKEN, start};

/// Requests under way at the same time: of those that wait in vain, and of the others. Few enough that a sound download is not given up.
const WORKERS: [(bool, usize); 2] = [(true, 10), (false, 4)];

/// One run: Viceroy compiles the module at every start.
#[test]
fn under_one_viceroy() {
    let backends = Backends::start().unwrap();
    let service = start("faults", &backends);
    every_fault_alone_and_in_pairs(&service, &backends);
    more_events_than_one_post_takes(&service, &backends);
    let log = service.log_text();
    assert!(
        !log.contains("panicked") && !log.contains("trapped"),
        "{log}"
    );
}

fn every_fault_alone_and_in_pairs(service: &Service, backends: &Backends) {
    let cases = cases();
    assert!(cases.len() > 1_300, "{}", cases.len());
    let wrong = Mutex::new(Vec::new());
    let queues = WORKERS.map(|(waits, workers)| {
        let queue = cases.iter().filter(move |case| case.waits() == waits);
        (Mutex::new(queue), workers)
    });
    std::thread::scope(|scope| {
        for (queue, workers) in &queues {
            for _ in 0..*workers {
                scope.spawn(|| {
                    loop {
                        let next = queue.lock().unwrap().next();
                        let Some(case) = next else { return };
                        let mut ours = Vec::new();
                        case.ask(service, &mut ours);
                        wrong.lock().unwrap().append(&mut ours);
                    }
                });
            }
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    let seen = Seen::of(cases.len(), service, backends);
    for case in &cases {
        case.check_events(&seen, &mut wrong);
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// Batches of at most 2,000 events and 10 MB, each with its own fate, and every event in one place.
fn more_events_than_one_post_takes(service: &Service, backends: &Backends) {
    let taken = || Does::answer(202, TAKEN);
    let refused = |status| Does::answer(status, "no");
    // Events and their length; what becomes of the POSTs; how many there are, and events in those that are given up.
    let cases: [(&str, Vec<Does>, usize, usize); 5] = [
        ("1999 10", vec![taken()], 1, 0),
        ("4500 10", vec![taken()], 3, 0),
        ("3 4000000", vec![taken()], 2, 0),
        ("6000 10", vec![refused(400), refused(500), taken()], 5, 1),
        ("4500 10", vec![refused(503)], 6, 3),
    ];
    for (number, (events, does, posts, given_up)) in cases.into_iter().enumerate() {
        let case = format!("many-{number}");
        let backend = format!("events-sound");
        backends.set_in_turn(&backend, does);
        let settings =
            "kv = specs/sound|events = events-sound statsig/server-key|log-endpoint = rest";
        let headers = [("case", &*case), ("events", events), ("settings", settings)];
        assert_eq!(service.get_with("/", &headers).status, 200, "{case}");
        let summary = format!("summaries :: {{\"case\":\"{case}\"");
        let summary = service.wait_for_log(&summary, PATIENCE);
        let summary: Value = serde_json::from_str(summary.split_once(" :: ").unwrap().1).unwrap();
        let count = |name: &str| summary[name].as_u64().unwrap() as usize;

        // Every event and the exposure, each of them once.
        let logged: usize = events.split_once(' ').unwrap().0.parse().unwrap();
        let mut expected: BTreeSet<String> = (0..logged).map(|at| format!("event-{at}")).collect();
        expected.insert("statsig::gate_exposure".to_owned());
        assert_eq!(count("logged"), expected.len(), "{summary}");
        let ours = |event: &Value| event["user"]["userID"] == *case;
        let arrived = backends.arrived().into_iter();
        let arrived: Vec<_> = arrived
            .filter(|one| one.events().iter().any(ours))
            .collect();
        assert_eq!(arrived.len(), posts, "{summary}");
        let mut seen = BTreeSet::new();
        let mut see = |events: &[Value]| {
            for event in events.iter().filter(|event| ours(event)) {
                let name = event["eventName"].as_str().unwrap().to_owned();
                assert!(seen.insert(name), "{case}: {} twice", event["eventName"]);
            }
        };
        let mut delivered = 0;
        for one in &arrived {
            assert!(
                one.events().len() <= 2_000,
                "{case}: {}",
                one.events().len()
            );
            assert!(one.length <= 10_000_000, "{case}: {}", one.length);
            if one.taken {
                see(one.events());
                delivered += one.events().len();
            }
        }
        assert_eq!(count("delivered"), delivered, "{summary}");
        let is_ours = |line: &str| line.starts_with("rest :: ") && line.contains(&*case);
        let handed_over = service.wait_for_lines(0, PATIENCE, is_ours);
        for line in &handed_over {
            assert!(line.len() <= 16_384 + "rest :: ".len(), "{}", line.len());
            let body: Value = serde_json::from_str(line.split_once(" :: ").unwrap().1).unwrap();
            see(body["events"].as_array().unwrap());
        }
        assert_eq!(seen, expected, "{summary}");
        assert_eq!(count("handedOver"), expected.len() - delivered, "{summary}");
        assert_eq!(
            (count("dropped"), handed_over.is_empty()),
            (0, given_up == 0),
            "{summary}"
        );
    }
}

/// `serve`: within `max_age` what a sandbox has in memory costs no read.
#[test]
fn a_sandbox_reads_its_source_once() {
    let backends = Backends::start().unwrap();
    let service = start("serve", &backends);
    let downloads = || {
        let arrived = backends.arrived().into_iter();
        arrived.filter(|one| one.backend == "cdn-sound").count()
    };
    let ask = |case: &str, max_age: &str| {
        let settings = format!(
            "download = cdn-sound statsig/server-key|{max_age}|events = events-sound statsig/server-key"
        );
        let headers = [("case", case), ("serve", "500"), ("settings", &*settings)];
        let answer = service.get_with("/", &headers);
        assert_eq!(answer.status, 200, "{case}");
        let body = answer.json();
        assert_eq!(
            (&body["rule"], &body["status"]["source"]),
            (&"download".into(), &"download".into())
        );
        // Then the sandbox waits for another request.
        service.wait_for_log(&format!("summaries :: {{\"case\":\"{case}\""), PATIENCE);
        let sandbox = body["sandbox"].as_str().unwrap().to_owned();
        (sandbox, body["status"]["route"] == "memory")
    };
    let (mut sandboxes, mut from_memory) = (BTreeSet::new(), 0);
    for number in 0..200 {
        let (sandbox, in_memory) = ask(&format!("once-{number}"), "max-age = 600");
        assert_eq!(sandboxes.insert(sandbox), !in_memory);
        from_memory += u32::from(in_memory);
        assert_eq!(downloads(), sandboxes.len());
        if from_memory >= 20 {
            break;
        }
    }
    assert!(from_memory >= 20, "{from_memory} of 200 requests");

    // One that may not keep them asks again.
    let before = downloads();
    let (mut others, mut number) = (BTreeSet::new(), 0);
    while downloads() <= before + others.len() {
        number += 1;
        assert!(number < 200, "{} sandboxes", others.len());
        let (sandbox, _) = ask(
            &format!("again-{number}"),
            "max-age = 0|stale-while-revalidate = 0",
        );
        // Sandboxes of before still take requests.
        if !sandboxes.contains(&sandbox) {
            others.insert(sandbox);
        }
    }
}
