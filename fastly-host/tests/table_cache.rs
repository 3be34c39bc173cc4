//! The table of a JSON payload, kept for later requests.

mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde_json::Value;
use statsig_edge::compile::compile;
use statsig_edge::{TableError, User};
use statsig_fastly::platform::fake::{self, CacheItem, Host, KvEntry, Record, Reply, Wait};
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
    // The request and its body go with the execution.
    assert_eq!((record.responses.len(), record.open_handles), (1, 2));
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
        assert_eq!(first.cached.state, CacheState::Kept);
        assert_eq!(first.status["cache"]["state"], "kept");
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
fn the_table_is_there_at_once_since_others_may_wait_for_it() {
    let mut answered = Vec::new();
    let (handled, _) = fake::with(host(common::DEMO_SPECS, 1, Cache::new()), || {
        handle_bare(&config(), |_: &mut Request, _: &Statsig<'_>| {
            answered = fake::record().calls;
            Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
        })
    });
    assert!(handled.is_ok());
    let calls = answered
        .iter()
        .filter(|call| call.contains("_cache") || call.contains("async"));
    assert_eq!(
        calls.copied().collect::<Vec<_>>(),
        [
            "fastly_cache.lookup",
            "fastly_cache.get_state",
            "fastly_cache.transaction_lookup_async",
            "fastly_async_io.select",
            "fastly_cache.cache_busy_handle_wait",
            "fastly_cache.get_state",
            "fastly_cache.close",
            "fastly_cache.transaction_insert",
            "fastly_cache.close",
        ]
    );
}

#[test]
fn of_several_requests_that_find_nothing_one_compiles() {
    // Another one is at it, and done in time.
    let (first, cache) = filled(common::EVAL_SPECS);
    let item = cache.values().next().unwrap().clone();
    let waiting = |wait: Wait| Host {
        cache_wait: wait,
        ..host(&common::EVAL_SPECS[..100], 1, Cache::new())
    };
    let second = request(&config(), waiting(Wait::Filled(item)));
    assert_eq!(second.cached, state(CacheState::Found, None));
    assert_eq!(second.answers, first.answers);
    // It is not done in time: nobody waits for longer, and nothing is put in its place.
    let host = Host {
        cache_wait: Wait::Forever,
        ..host(common::EVAL_SPECS, 1, Cache::new())
    };
    let second = request(&config(), host);
    let waited = state(CacheState::Missed, Some(CacheError::Waited));
    assert_eq!((second.cached, &second.answers), (waited, &first.answers));
    assert!(second.record.cache.is_empty());
}

#[test]
fn another_value_of_the_store_is_another_table() {
    let (_, cache) = filled(common::DEMO_SPECS);
    let fresh = request(&config(), host(common::EVAL_SPECS, 2, cache.clone()));
    assert_eq!(fresh.cached, state(CacheState::Kept, None));
    let (direct, _) = filled(common::EVAL_SPECS);
    assert_eq!(fresh.answers, direct.answers);
    assert_eq!(fresh.record.cache.len(), 2);
    // Likewise under another name.
    let config = Config::new().with_kv_store("statsig", "other");
    let other =
        host(common::DEMO_SPECS, 1, cache).kv("statsig", "other", KvEntry::new(common::EVAL_SPECS));
    let cached = request(&config, other).cached;
    assert_eq!(cached, state(CacheState::Kept, None));
}

fn state(state: CacheState, error: Option<CacheError>) -> Cached {
    let mut cached = Cached::default();
    cached.state = state;
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
            changed(cache.clone(), |bytes| {
                bytes[8..12].copy_from_slice(&(length as u32 - 1).to_le_bytes())
            }),
            TableError::Length(length as u32 - 1, length),
        ),
    ] {
        let checking = config().with_checksums();
        let second = request(&checking, host(common::EVAL_SPECS, 1, cache));
        let error = CacheError::Table(error);
        assert_eq!(second.cached, state(CacheState::Kept, Some(error)));
        assert_eq!(second.answers, first.answers);
        assert_eq!(second.record.cache, sound);
        let status = &second.status;
        assert_eq!(status["cache"]["errors"], 1);
        assert_eq!(status["lastError"], error.to_string());
        assert_eq!(status["failures"], serde_json::json!([]));
    }
    for cache in [
        changed(cache.clone(), |bytes| bytes.truncate(length - 1)),
        changed(cache.clone(), Vec::clear),
    ] {
        let second = request(&config(), host(common::EVAL_SPECS, 1, cache));
        let error = CacheError::LookUp(Error::Truncated);
        assert_eq!(second.cached, state(CacheState::Kept, Some(error)));
        assert_eq!(second.record.cache, sound);
    }
}

#[test]
fn a_cache_that_cannot_be_read_is_done_without() {
    let (first, cache) = filled(common::DEMO_SPECS);
    for call in ["lookup", "get_state", "get_user_metadata", "get_body"] {
        let host = host(common::DEMO_SPECS, 1, cache.clone());
        let host = host.fail(&format!("fastly_cache.{call}"), Status::Unsupported);
        let second = request(&config(), host);
        let error = CacheError::LookUp(Error::Host(Status::Unsupported));
        assert_eq!(
            second.cached,
            state(CacheState::Missed, Some(error)),
            "{call}"
        );
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
        .fail("fastly_cache.transaction_insert", Status::LimitExceeded);
    let mut after = String::new();
    let (cached, record) = fake::with(host, || {
        let specs = statsig_fastly::Specs::load(&config());
        write_status(&Statsig::new(&config(), &specs), &mut after);
        specs.cached()
    });
    assert_eq!((cached.state, cached.errors), (CacheState::Refused, 1));
    assert_eq!(record.count("fastly_cache.transaction_insert"), 1);
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
            assert_eq!(specs.cached(), Cached::default());
        });
        assert_eq!(record.count("fastly_cache.lookup"), lookups);
        assert_eq!(record.count("fastly_cache.insert"), 0);
        assert_eq!(record.count("fastly_cache.transaction_insert"), 0);
        assert_eq!(record.open_handles, 0);
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
    assert_eq!(request(&short, later).cached.state, CacheState::Kept);
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
