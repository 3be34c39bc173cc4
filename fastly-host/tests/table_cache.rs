//! The table of a JSON payload, kept for later requests.

mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde_json::Value;
use statsig_edge::compile::compile;
use statsig_edge::{TableError, User};
use statsig_fastly::platform::fake::{self, CacheItem, Host, KvEntry, Record, Reply};
use statsig_fastly::platform::{Error, Status, request::Request};
use statsig_fastly::{
    BareResponse, CacheError, CacheState, Cached, Config, Events, Format, Key, Statsig,
    handle_bare, report, write_status,
};

type Cache = BTreeMap<Vec<u8>, CacheItem>;

const HOUR_MS: u64 = 3_600_000;

fn config() -> Config<'static> {
    Config::new()
        .with_kv_store("statsig", "specs")
        .with_events(Events::new("events", Key::Secret("k")))
}

fn host(specs: &[u8], generation: u64, cache: Cache) -> Host {
    let entry = KvEntry {
        generation,
        ..KvEntry::new(specs)
    };
    Host {
        cache,
        ..Host::default()
    }
    .kv("statsig", "specs", entry)
    .backend("events", [Reply::answer(202, b"")])
}

struct Seen {
    cached: Cached,
    status: Value,
    answers: String,
    record: Record,
}

/// One request; the status is that of its handler, before the response is sent.
fn request(config: &Config<'_>, host: Host) -> Seen {
    let (mut cached, mut status, mut answers) = (Cached::default(), String::new(), String::new());
    let (handled, record) = fake::with(host, || {
        handle_bare(config, |_: &mut Request, statsig: &Statsig<'_>| {
            cached = statsig.specs().cached();
            assert_eq!(statsig.specs().format(), Format::Json);
            write_status(statsig, &mut status);
            for id in 0..20 {
                let id = id.to_string();
                let user = User::new().with_user_id(id.as_str());
                report::write_all(&statsig.evaluator().unwrap(), &user, "", &mut answers);
            }
            Ok::<_, Infallible>(BareResponse::new(200, "text/plain", "yes"))
        })
    });
    assert_eq!(handled.unwrap().response_error, None);
    assert_eq!((record.responses.len(), record.open_handles), (1, 0));
    Seen {
        cached,
        status: serde_json::from_str(&status).unwrap(),
        answers,
        record,
    }
}

fn filled(specs: &[u8]) -> (Seen, Cache) {
    let first = request(&config(), host(specs, 1, Cache::new()));
    let cache = first.record.cache.clone();
    assert_eq!(cache.len(), 1);
    (first, cache)
}

/// The cache with something done to what it holds.
fn changed(mut cache: Cache, change: impl Fn(&mut Vec<u8>)) -> Cache {
    cache.values_mut().for_each(|item| change(&mut item.bytes));
    cache
}

#[test]
fn the_second_request_opens_what_the_first_compiled() {
    for specs in [common::DEMO_SPECS, common::EVAL_SPECS] {
        let (first, cache) = filled(specs);
        assert_eq!(first.cached.state, CacheState::Missed);
        assert_eq!(first.status["cache"]["state"], "missed");
        let item = cache.values().next().unwrap();
        assert_eq!(item.bytes, compile(specs).unwrap().table);
        assert_eq!(item.expires_ms, HOUR_MS);

        // Without the JSON's end there is nothing to compile.
        let beginning = &specs[..100];
        let second = request(&config(), host(beginning, 1, cache));
        assert_eq!(second.cached.state, CacheState::Found);
        assert_eq!(second.answers, first.answers);
        for member in ["source", "format", "payload", "lcut", "table", "specs"] {
            assert_eq!(second.status[member], first.status[member]);
        }
        assert_eq!(second.status["cache"]["state"], "found");
        assert_eq!(second.status["warnings"], Value::Null);
        assert_eq!(second.record.count("fastly_cache.insert"), 0);
        // The head of the JSON, and the table.
        assert_eq!(second.record.count("fastly_http_body.read"), 2);
    }
}

#[test]
fn the_table_is_kept_when_the_response_has_been_sent_and_before_the_events() {
    let mut answered = Vec::new();
    let (_, record) = fake::with(host(common::DEMO_SPECS, 1, Cache::new()), || {
        handle_bare(&config(), |_: &mut Request, statsig: &Statsig<'_>| {
            statsig.check_gate(&User::new().with_user_id("u"), "a_gate");
            answered = fake::record().calls;
            Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
        })
    });
    assert!(!answered.contains(&"fastly_cache.insert"));
    let position = |call: &str| record.calls.iter().position(|&made| made == call).unwrap();
    let insert = position("fastly_cache.insert");
    assert!(position("fastly_http_resp.send_downstream") < insert);
    assert!(insert < position("fastly_http_req.send_async"));
}

#[test]
fn another_value_of_the_store_is_another_table() {
    let (_, cache) = filled(common::DEMO_SPECS);
    let fresh = request(&config(), host(common::EVAL_SPECS, 2, cache.clone()));
    assert_eq!(fresh.cached, missed(None));
    let (direct, _) = filled(common::EVAL_SPECS);
    assert_eq!(fresh.answers, direct.answers);
    assert_eq!(fresh.record.cache.len(), 2);
    // Likewise under another name.
    let config = config().with_kv_store("statsig", "other");
    let other =
        host(common::DEMO_SPECS, 1, cache).kv("statsig", "other", KvEntry::new(common::EVAL_SPECS));
    assert_eq!(request(&config, other).cached, missed(None));
}

fn missed(error: Option<CacheError>) -> Cached {
    let mut cached = Cached::default();
    cached.state = CacheState::Missed;
    cached.errors = error.is_some().into();
    cached.last_error = error;
    cached
}

#[test]
fn a_table_that_is_not_sound_is_replaced() {
    let (first, cache) = filled(common::EVAL_SPECS);
    let sound = cache.clone();
    let length = cache.values().next().unwrap().bytes.len();
    let flip = |at: usize| changed(cache.clone(), |bytes| bytes[at] ^= 0x10);
    for (cache, error) in [
        (flip(0), TableError::NotATable),
        (flip(length / 2), TableError::Checksum),
        (flip(length - 1), TableError::Checksum),
        (
            changed(cache.clone(), |bytes| {
                bytes[4..6].copy_from_slice(&0_u16.to_le_bytes())
            }),
            TableError::Version(0),
        ),
        (
            changed(cache.clone(), |bytes| bytes.truncate(length - 1)),
            TableError::Length(length as u32, length - 1),
        ),
        (changed(cache.clone(), Vec::clear), TableError::NotATable),
    ] {
        let second = request(&config(), host(common::EVAL_SPECS, 1, cache));
        assert_eq!(second.cached, missed(Some(CacheError::Table(error))));
        assert_eq!(second.answers, first.answers);
        assert_eq!(second.record.cache, sound);
        let status = &second.status;
        assert_eq!(status["cache"]["errors"], 1);
        assert_eq!(status["lastError"], format!("core cache: {error}"));
        assert_eq!(status["failures"], serde_json::json!([]));
    }
}

#[test]
fn a_cache_that_cannot_be_read_is_done_without() {
    let (first, cache) = filled(common::DEMO_SPECS);
    for call in ["lookup", "get_body", "get_length"] {
        let host = host(common::DEMO_SPECS, 1, cache.clone());
        let host = host.fail(&format!("fastly_cache.{call}"), Status::Unsupported);
        let second = request(&config(), host);
        let error = CacheError::LookUp(Error::Host(Status::Unsupported));
        assert_eq!(second.cached, missed(Some(error)), "{call}");
        assert_eq!(second.answers, first.answers);
        assert_eq!(
            second.status["lastError"],
            "core cache: look-up: the host refused: unsupported"
        );
    }
    // A host that does not say how long it is.
    let host = Host {
        unknown_length: true,
        read_at_most: Some(1_000),
        ..host(common::DEMO_SPECS, 1, cache)
    };
    assert_eq!(request(&config(), host).cached.state, CacheState::Found);
}

#[test]
fn a_cache_that_takes_nothing_is_told_in_the_status() {
    let host = host(common::DEMO_SPECS, 1, Cache::new())
        .fail("fastly_cache.insert", Status::LimitExceeded);
    let mut after = String::new();
    let (cached, record) = fake::with(host, || {
        let specs = statsig_fastly::Specs::load(&config());
        specs.keep();
        specs.keep();
        write_status(&Statsig::new(&config(), &specs), &mut after);
        specs.cached()
    });
    assert_eq!((cached.state, cached.errors), (CacheState::Refused, 1));
    assert_eq!(record.count("fastly_cache.insert"), 1);
    assert!(record.cache.is_empty());
    let status: Value = serde_json::from_str(&after).unwrap();
    assert_eq!(
        status["cache"],
        serde_json::json!({
            "state": "refused",
            "errors": 1,
            "lastError": "core cache: insert: the host refused: limit exceeded",
        })
    );
}

#[test]
fn tables_and_what_cannot_be_compiled_are_not_kept() {
    let table = compile(common::DEMO_SPECS).unwrap().table;
    for (specs, lookups) in [(&table[..], 0), (b"{\"has_updates\":false}", 1), (b"", 1)] {
        let ((), record) = fake::with(host(specs, 1, Cache::new()), || {
            let specs = statsig_fastly::Specs::load(&config());
            specs.keep();
            assert_eq!(specs.cached(), Cached::default());
        });
        assert_eq!(record.count("fastly_cache.lookup"), lookups);
        assert_eq!(record.count("fastly_cache.insert"), 0);
    }
}

#[test]
fn the_age_is_configured_and_none_is_no_cache() {
    let short = config().with_table_max_age(60);
    let first = request(&short, host(common::DEMO_SPECS, 1, Cache::new()));
    let cache = first.record.cache;
    assert_eq!(cache.values().next().unwrap().expires_ms, 60_000);
    let mut later = host(common::DEMO_SPECS, 1, cache.clone());
    later.now_ms = 60_000;
    assert_eq!(request(&short, later).cached.state, CacheState::Missed);
    let without = config().with_table_max_age(0);
    let seen = request(&without, host(common::DEMO_SPECS, 1, cache));
    assert_eq!(seen.cached.state, CacheState::Unused);
    let calls = seen.record.calls.iter();
    assert_eq!(
        calls
            .filter(|call| call.starts_with("fastly_cache"))
            .count(),
        0
    );
}
