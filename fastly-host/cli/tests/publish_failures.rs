//! `publish` against a server that misbehaves, and beside other publishers.

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use support::client::Run;
use support::fault::{Fault, any, status, writes};
use support::publish::{Files, KEY, to_config, to_kv};
use support::stores::KV;
use support::{Server, payload, reader};

/// Every way in which a request can fail, at every request of a publication: it is published all the same.
#[test]
fn one_failure_anywhere_is_survived() {
    let (server, files) = (Server::start(), Files::new());
    let old = files.write("old.json", &payload::demo());
    let new = payload::later(&payload::demo(), |_| {});
    let new_file = files.write("new.json", &new);
    let faults = [
        status(500),
        status(502),
        status(503),
        status(504),
        status(408),
        status(429),
        Fault::Answer(429, vec![("retry-after".into(), "0".into())], Vec::new()),
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Truncate,
        Fault::Slow,
    ];
    type Read = fn(&support::stores::Stores, &str) -> Option<Vec<u8>>;
    type Publish = fn(&Server, &str, &[&str]) -> Run;
    let stores: [(Publish, Read); 2] =
        [(to_kv, reader::kv_table), (to_config, reader::config_table)];
    for (publish, read) in stores {
        publish(&server, &old, &["--force"]).expect(0);
        server.forget();
        let (kv, config) = {
            let state = server.state();
            (state.stores.kv.clone(), state.stores.config.clone())
        };
        publish(&server, &new_file, &[]).expect(0);
        let requests = server.state().requests.len();
        assert!(requests >= 2, "{requests}");
        for fault in &faults {
            for number in 0..requests {
                server.forget();
                {
                    let mut state = server.state();
                    state.stores.kv = kv.clone();
                    state.stores.config = config.clone();
                }
                server.fault(any, number, 1, fault.clone());
                let done = publish(&server, &new_file, &[]);
                assert_eq!(done.code, Some(0), "{fault:?} at {number}: {done:?}");
                let state = server.state();
                let table = read(&state.stores, KEY);
                assert_eq!(table, Some(payload::table(&new)), "{fault:?} at {number}");
            }
        }
    }
}

/// A failure that does not go away ends the run with a reason, and what is live stays.
#[test]
fn a_lasting_failure_is_reported() {
    let (server, files) = (Server::start(), Files::new());
    let old = files.write("old.json", &payload::demo());
    let new = files.write("new.json", &payload::later(&payload::demo(), |_| {}));
    for publish in [to_kv, to_config] {
        publish(&server, &old, &["--force"]).expect(0);
        for (fault, says) in [
            (status(401), "401"),
            (status(403), "check the key"),
            (status(404), "404"),
            (status(500), "tries"),
            (status(301), "redirect"),
            (Fault::DropBefore, "tries"),
        ] {
            server.forget();
            server.fault(writes, 0, usize::MAX, fault.clone());
            let failed = publish(&server, &new, &["--retries", "2"]).expect(1);
            assert!(
                failed.err.contains(says) && failed.err.contains("next: "),
                "{failed:?}"
            );
            let failed = publish(&server, &new, &["--retries", "0", "--json"]).expect(1);
            let said = failed.err.lines().last().unwrap();
            let said: serde_json::Value = serde_json::from_str(said).unwrap();
            assert_eq!(said["exit_code"], 1, "{said}");
            assert!(server.state().history.is_empty());
        }
        server.forget();
        let state = server.state();
        let (kv, config) = (
            reader::kv_table(&state.stores, KEY),
            reader::config_table(&state.stores, KEY),
        );
        for table in [kv, config].into_iter().flatten() {
            assert_eq!(table, payload::table(&payload::demo()));
        }
    }
}

#[test]
fn a_silent_server_is_given_up() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    server.fault(any, 0, 1, Fault::Stall);
    to_kv(&server, &specs, &["--timeout", "0.3"]).expect(0);
    server.fault(any, 0, usize::MAX, Fault::Stall);
    let failed = to_kv(&server, &specs, &["--timeout", "0.1", "--retries", "1"]).expect(1);
    assert!(failed.err.contains("no answer in time"), "{failed:?}");
}

#[test]
fn a_value_that_is_too_large_says_what_would_fit() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::eval());
    server.state().stores.max_value = 50_000;
    let failed = to_kv(&server, &specs, &["--format", "json"]).expect(1);
    assert!(
        failed.err.contains("larger than this KV store takes"),
        "{failed:?}"
    );
    assert!(failed.err.contains("--format table needs"), "{failed:?}");
    let failed = to_kv(&server, &specs, &[]).expect(1);
    assert!(failed.err.contains("--target-app"), "{failed:?}");
    // One more than fits, as a server says it that reads all of it before it answers.
    server.state().stores.max_value = usize::MAX;
    server.fault(writes, 0, 1, status(413));
    let failed = to_kv(&server, &specs, &[]).expect(1);
    assert!(
        failed.err.contains("larger than this KV store takes"),
        "{failed:?}"
    );
    // A config store: JSON of more than one value, a table of more than 15.
    let failed = to_config(&server, &specs, &["--format", "json"]).expect(1);
    assert!(failed.err.contains("characters"), "{failed:?}");
    let failed = to_config(&server, &specs, &[]);
    let fits = payload::table(&payload::eval()).len() <= 90_000;
    assert_eq!(failed.code == Some(0), fits, "{failed:?}");
    if !fits {
        assert!(failed.err.contains("KV"), "{failed:?}");
    }
}

#[test]
fn rate_limits_are_waited_for_or_reported() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    // Longer than one is willing to wait.
    server.state().stores.allowance = Some((0, now + 3_000));
    let failed = to_kv(&server, &specs, &["--max-wait", "5"]).expect(1);
    assert!(
        failed.err.contains("rate limit") && failed.err.contains("--max-wait"),
        "{failed:?}"
    );
    assert_eq!(
        server.count("PUT", KEY),
        1,
        "no second try before the limit is lifted"
    );
    // A short one is waited for; the write comes once, after it.
    server.forget();
    server.state().stores.allowance = Some((0, now + 2));
    let done = to_kv(&server, &specs, &[]).expect(0);
    assert!(done.err.contains("waiting"), "{done:?}");
    assert!(reader::kv_table(&server.state().stores, KEY).is_some());
    // One that is announced to be used up is not run into: 2 writes left, and the config store takes 2.
    server.forget();
    let soon = SystemTime::now() + Duration::from_secs(2);
    let soon = soon.duration_since(UNIX_EPOCH).unwrap().as_secs();
    server.state().stores.allowance = Some((1, soon));
    to_config(&server, &specs, &[]).expect(0);
    let refused = server
        .state()
        .requests
        .iter()
        .filter(|(_, _, status)| *status == 429)
        .count();
    assert_eq!(refused, 0);
}

/// Somebody else writes between our look and our write.
#[test]
fn a_lost_race_is_looked_at_again() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    server.state().stores.put(KEY, b"{}", "");
    // The first write is answered as if the generation had changed.
    server.fault(writes, 0, 1, status(412));
    to_kv(&server, &specs, &[]).expect(0);
    assert!(reader::kv_table(&server.state().stores, KEY).is_some());
    // Always.
    let newer = files.write("newer.json", &payload::later(&payload::demo(), |_| {}));
    server.fault(writes, 0, usize::MAX, status(412));
    let refused = to_kv(&server, &newer, &[]).expect(3);
    assert!(refused.err.contains("another publisher"), "{refused:?}");
}

/// The answer to our own write is lost: the second try meets what the first has written.
#[test]
fn a_write_whose_answer_was_lost_is_a_write() {
    let (server, files) = (Server::start(), Files::new());
    let mut specs = payload::demo();
    // Into an empty store, and over a value.
    for _ in 0..2 {
        let file = files.write("specs.json", &specs);
        server.fault(writes, 0, 1, Fault::DropAfter);
        let done = to_kv(&server, &file, &["--json"]).expect(0).json();
        assert_eq!(
            (&done["changed"], &done["written"]),
            (&true.into(), &true.into()),
            "{done}"
        );
        let table = payload::table(&specs);
        assert_eq!(reader::kv_table(&server.state().stores, KEY), Some(table));
        // Once more there is nothing to write.
        let done = to_kv(&server, &file, &["--json"]).expect(0).json();
        assert_eq!(done["written"], false, "{done}");
        specs = payload::later(&specs, |_| {});
    }
    let file = files.write("specs.json", &specs);
    server.fault(writes, 0, 1, Fault::DropAfter);
    let done = to_kv(&server, &file, &[]).expect(0);
    assert!(
        done.out.contains("published") && !done.out.contains("nothing written"),
        "{done:?}"
    );
}

#[test]
fn a_proxy_without_head_is_asked_with_get() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    to_kv(&server, &specs, &[]).expect(0);
    server.fault(|head| head.method == "HEAD", 0, usize::MAX, status(405));
    let done = to_kv(&server, &specs, &["--json"]).expect(0).json();
    assert_eq!(done["written"], false, "{done}");
}

/// Two publishers with different payloads at the same moment: whoever is first, the newer payload is live in the end.
#[test]
fn of_two_publishers_at_once_the_newer_payload_wins() {
    let (server, files) = (Server::start(), Files::new());
    let mut specs = payload::demo();
    for _ in 0..8 {
        let older = files.write("older.json", &specs);
        let newer_specs = payload::later(&specs, |_| {});
        let newer = files.write("newer.json", &newer_specs);
        let start = |file: &str| {
            let arguments = ["publish", "--specs", file, "--kv-store", KV];
            support::client::command(&server, &arguments)
                .spawn()
                .unwrap()
        };
        let (one, other) = (start(&older), start(&newer));
        let one = support::client::ended(one);
        assert!(matches!(one.code, Some(0 | 3)), "{one:?}");
        support::client::ended(other).expect(0);
        let table = payload::table(&newer_specs);
        assert_eq!(reader::kv_table(&server.state().stores, KEY), Some(table));
        specs = payload::later(&newer_specs, |_| {});
    }
}

/// A server that says 429 for ever is not asked for ever.
#[test]
fn a_rate_limit_that_is_never_lifted_is_reported() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    let again = Fault::Answer(429, vec![("retry-after".into(), "0".into())], Vec::new());
    server.fault(any, 0, usize::MAX, again);
    let failed = to_kv(&server, &specs, &["--retries", "3"]).expect(1);
    assert!(failed.err.contains("429"), "{failed:?}");
    assert_eq!(server.state().requests.len(), 4);
}

/// A chunk that somebody deleted is no reason to say that nothing changed.
#[test]
fn a_damaged_config_store_is_repaired() {
    let (server, files) = (Server::start(), Files::new());
    let specs = files.write("specs.json", &payload::demo());
    to_config(&server, &specs, &[]).expect(0);
    let later = files.write("later.json", &payload::later(&payload::demo(), |_| {}));
    to_config(&server, &later, &[]).expect(0);
    server
        .state()
        .stores
        .config
        .remove("statsig-specs.2.0")
        .unwrap();
    to_config(&server, &later, &[]).expect(0);
    let manifest = server.state().stores.config[KEY].value.clone();
    let manifest = statsig_edge::chunks::ChunkManifest::parse(manifest.as_bytes()).unwrap();
    assert_eq!(manifest.current.generation, 3);
    let mut stores = server.state().stores.clone();
    // What the damaged table was is still named as the one before; the reader does not need it.
    let text = stores.config[KEY]
        .value
        .lines()
        .take(2)
        .collect::<Vec<_>>()
        .join("\n");
    stores.config.get_mut(KEY).unwrap().value = text.into();
    let table = payload::table(&payload::later(&payload::demo(), |_| {}));
    assert_eq!(reader::config_table(&stores, KEY), Some(table));
}
