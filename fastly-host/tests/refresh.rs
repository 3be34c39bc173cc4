//! Specs that are asked for again: what counts as news, what the Core Cache does about it, who waits for whom.

mod common;

use std::convert::Infallible;

use statsig_edge::Reason;
use statsig_edge::User;
use statsig_edge::chunks::{Limits, publish};
use statsig_edge::compile::compile;
use statsig_fastly::platform::fake::{self, Host, KvEntry, Reply};
use statsig_fastly::platform::{KvCode, request::Request};
use statsig_fastly::{
    Asked, BareResponse, CacheState, Config, Download, DownloadVersion, Key, Route, Source, Specs,
    Statsig, handle_bare,
};

fn specs(time: u64, checksum: &str) -> Vec<u8> {
    format!(
        r#"{{"has_updates":true,"time":{time},"checksum":"{checksum}","experiment_to_layer":{{}},"feature_gates":{{}},
        "dynamic_configs":{{}},"layer_configs":{{}},"condition_map":{{}}}}"#
    )
    .into_bytes()
}

fn table(time: u64) -> Vec<u8> {
    compile(&specs(time, "")).unwrap().table
}

fn lcut(specs: &Specs<'_>) -> u64 {
    specs.table().unwrap().time()
}

fn cdn(replies: impl IntoIterator<Item = Vec<u8>>) -> Host {
    Host::default().backend(
        "cdn",
        replies.into_iter().map(|body| Reply::Answer(200, body)),
    )
}

const KEY: Key<'static> = Key::Secret("secret-a/b c");

#[test]
fn a_download_says_what_it_has() {
    let stored = Key::Stored {
        store: "keys",
        name: "server",
    };
    let at = |version| Download::new("cdn", KEY).with_version(version);
    for (download, first, second) in [
        (
            at(DownloadVersion::V2),
            "https://api.statsigcdn.com/v2/download_config_specs/secret-a%2Fb%20c.json",
            "?sinceTime=7&checksum=x%2By",
        ),
        (
            at(DownloadVersion::V1),
            "https://api.statsigcdn.com/v1/download_config_specs/secret-a%2Fb%20c.json",
            "?sinceTime=7&checksum=x%2By",
        ),
        (
            Download::new("cdn", Key::Client("client-x")).with_base_uri("http://proxy"),
            "http://proxy/v1/download_config_specs?k=client-x",
            "&sinceTime=7&checksum=x%2By",
        ),
        (
            Download::new("cdn", stored).with_base_uri("http://proxy"),
            "http://proxy/v2/download_config_specs/secret-abc.json",
            "?sinceTime=7&checksum=x%2By",
        ),
    ] {
        let host = cdn([specs(7, "x+y"), br#"{"has_updates":false}"#.to_vec()]);
        let host = host.secret("keys", "server", b"secret-abc\n");
        let ((), record) = fake::with(host, || {
            let config = Config::new().with_download(download);
            let mut specs = Specs::load(&config);
            assert_eq!((specs.source(), lcut(&specs)), (Some(Source::Download), 7));
            assert_eq!(specs.sync_config_specs(&config), Asked::Unchanged);
            assert_eq!(lcut(&specs), 7);
        });
        let asked: Vec<&str> = record.sent.iter().map(|sent| &sent.uri[..]).collect();
        assert_eq!(asked, [first, &format!("{first}{second}")]);
        assert!(
            record
                .sent
                .iter()
                .all(|sent| sent.pass && sent.method == "GET")
        );
        assert_eq!(record.open_handles, 0);
    }
    let config = Config::new().with_download(Download::new("cdn", KEY));
    assert!(!format!("{config:?}").contains("secret-a"));
}

#[test]
fn a_download_takes_what_is_newer_and_a_store_what_it_is_given() {
    let config = Config::new().with_download(Download::new("cdn", KEY));
    let answers = [
        (7, Asked::New),
        (6, Asked::Unchanged),
        (7, Asked::New),
        (8, Asked::New),
    ];
    let replies = answers.map(|(time, _)| specs(time, ""));
    fake::with(cdn(replies), || {
        let mut specs = Specs::load(&config);
        for (time, asked) in &answers[1..] {
            assert_eq!(specs.sync_config_specs(&config), *asked, "{time}");
            assert_eq!(lcut(&specs), (*time).max(7));
        }
    });
    let config = Config::new().with_kv_store("s", "k");
    let entry = |time: u64| KvEntry {
        generation: time,
        ..KvEntry::new(&table(time))
    };
    let ((), record) = fake::with(Host::default().kv("s", "k", entry(7)), || {
        let mut specs = Specs::load(&config);
        assert_eq!(specs.sync_config_specs(&config), Asked::Unchanged);
        fake::change(|host| host.kv = Host::default().kv("s", "k", entry(6)).kv);
        assert_eq!(specs.sync_config_specs(&config), Asked::New);
        assert_eq!((lcut(&specs), specs.generation()), (6, 6));
    });
    assert_eq!(record.count("fastly_http_body.known_length"), 2);
}

#[test]
fn a_source_that_stands_in_brings_only_what_is_newer() {
    let config = Config::new()
        .with_kv_store("s", "k")
        .with_download(Download::new("cdn", KEY))
        .with_bootstrap(b"no table");
    let host = cdn([7, 6, 9].map(|time| specs(time, ""))).kv("s", "k", KvEntry::new(&table(7)));
    fake::with(host, || {
        let mut specs = Specs::load(&config);
        fake::change(|host| {
            host.kv = Host::default()
                .kv("s", "k", KvEntry::failing(KvCode::InternalError))
                .kv;
        });
        let loaded = specs.checked_at();
        // The same specs confirm what is in hand, older ones do not.
        for (asked, source, time, checked) in [
            (Asked::Unchanged, Source::KvStore, 7, 1_000),
            (Asked::Unchanged, Source::KvStore, 7, 1_000),
            (Asked::New, Source::Download, 9, 3_000),
        ] {
            fake::change(|host| host.now_ms += 1_000);
            assert_eq!(specs.sync_config_specs(&config), asked);
            assert_eq!((specs.source(), lcut(&specs)), (Some(source), time));
            assert_eq!(specs.failures().len(), 1);
            assert_eq!(specs.checked_at() - loaded, checked);
        }
    });
}

#[test]
fn no_news_since_a_time_confirms_what_is_as_new() {
    let no_news = br#"{"has_updates":false}"#;
    let failing = || KvEntry::failing(KvCode::InternalError);
    let download = Download::new("cdn", KEY);
    let first = Config::new().with_kv_store("s", "k");
    for (config, time, asked, checked) in [
        (first.with_download(download), 7, Asked::Unchanged, 1_000),
        // It was not told a time, and has none to compare with.
        (first.with_download(download), 0, Asked::Failed, 0),
        (first.with_config_store("s", "k"), 7, Asked::Failed, 0),
    ] {
        let host = cdn([no_news.to_vec()])
            .kv("s", "k", KvEntry::new(&table(time)))
            .config("s", "k", r#"{"has_updates":false}"#);
        fake::with(host, || {
            let mut specs = Specs::load(&config);
            let loaded = specs.checked_at();
            fake::change(|host| {
                host.kv = Host::default().kv("s", "k", failing()).kv;
                host.now_ms += 1_000;
            });
            assert_eq!(specs.sync_config_specs(&config), asked, "{time}");
            assert_eq!(
                (specs.source(), lcut(&specs)),
                (Some(Source::KvStore), time)
            );
            assert_eq!(specs.checked_at() - loaded, checked);
            let failed = 1 + usize::from(asked == Asked::Failed);
            assert_eq!(specs.failures().len(), failed);
        });
    }
}

#[test]
fn a_config_store_that_has_nothing_new_takes_one_look_up() {
    let config = Config::new().with_config_store("s", "k");
    let limits = Limits::CONFIG_STORE.with_value_chars(300);
    let first = publish(&table(1), "k", None, &limits).unwrap();
    let second = publish(&table(2), "k", Some(&first.entry), &limits).unwrap();
    let put = |mut host: Host, items: &[(String, String)]| {
        for (key, value) in items {
            host = host.config("s", key, value);
        }
        host
    };
    let host = put(Host::default(), &first.chunks);
    let host = put(host, std::slice::from_ref(&first.manifest));
    let chunks = first.chunks.len();
    assert!(chunks > 1 && 1 + chunks + second.chunks.len() <= 16);
    let ((), record) = fake::with(host, || {
        let mut specs = Specs::load(&config);
        assert_eq!((lcut(&specs), specs.generation()), (1, 1));
        assert_eq!(specs.sync_config_specs(&config), Asked::Unchanged);
        let gets = fake::record().count("fastly_config_store.get");
        assert_eq!(gets, 1 + chunks + 1);
        // The manifest arrives before its chunks: the table before is still whole.
        fake::change(|host| *host = put(host.clone(), std::slice::from_ref(&second.manifest)));
        assert_eq!(specs.sync_config_specs(&config), Asked::Unchanged);
        let fresh = Specs::load(&config);
        assert_eq!((lcut(&fresh), fresh.generation()), (1, 1));
        fake::change(|host| *host = put(host.clone(), &second.chunks));
        assert_eq!(specs.sync_config_specs(&config), Asked::New);
        assert_eq!((lcut(&specs), specs.generation()), (2, 2));
    });
    assert_eq!(record.open_handles, 0);
}

#[test]
fn generations_that_begin_anew_are_told_apart() {
    let config = Config::new().with_config_store("s", "k");
    let limits = Limits::CONFIG_STORE.with_value_chars(300);
    // Published, deleted, published: each is the first of its manifest. Or the link leads to another store now.
    let [first, other] = [1, 2].map(|time| publish(&table(time), "k", None, &limits).unwrap());
    assert_eq!(first.entry.generation, other.entry.generation);
    let put = |items: &statsig_edge::chunks::Publication| {
        let items = items.chunks.iter().chain([&items.manifest]);
        items.fold(Host::default(), |host, (key, value)| {
            host.config("s", key, value)
        })
    };
    let ((), _) = fake::with(put(&first), || {
        let mut specs = Specs::load(&config);
        assert_eq!(specs.sync_config_specs(&config), Asked::Unchanged);
        fake::change(|host| *host = put(&other));
        assert_eq!(specs.sync_config_specs(&config), Asked::New);
        assert_eq!(lcut(&specs), 2);
        assert_eq!(specs.sync_config_specs(&config), Asked::Unchanged);
    });
}

#[test]
fn what_one_project_downloads_is_not_anothers() {
    let stored = |name| Key::Stored {
        store: "keys",
        name,
    };
    let downloads = [
        Download::new("cdn", stored("one")),
        Download::new("cdn", stored("two")),
        Download::new("cdn", Key::Secret("one")),
        Download::new("cdn", Key::Client("one")),
        Download::new("cdn", Key::Client("two")),
        Download::new("cdn", stored("one")).with_version(DownloadVersion::V1),
    ];
    let host = cdn((1..).map(|time| specs(time, "")).take(downloads.len()));
    let host = host
        .secret("keys", "one", b"secret-1")
        .secret("keys", "two", b"secret-2");
    let (seen, record) = fake::with(host, || {
        let configs = downloads.map(|one| Config::new().with_download(one).with_core_cache());
        let load = |config| lcut(&Specs::load(config));
        (configs.each_ref().map(load), configs.each_ref().map(load))
    });
    assert_eq!(seen, ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]));
    // No key is in what the cache is asked by.
    for key in record.cache.keys() {
        for secret in [b"secret-1", b"secret-2"] {
            assert!(!key.windows(8).any(|part| part == secret));
        }
    }
}

/// A request of a service with the Core Cache: what it saw.
fn request(config: &Config<'_>) -> (u64, Route, CacheState) {
    let mut seen = None;
    let handled = handle_bare(config, |_: &mut Request, statsig: &Statsig<'_>| {
        let specs = statsig.specs();
        seen = Some((lcut(specs), specs.route(), specs.cached().state));
        Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
    });
    assert_eq!(handled.unwrap().response_error, None);
    seen.unwrap()
}

/// The next request of another instance: it has nothing but the host.
fn another(host: Host, cache: &fake::Record) -> Host {
    Host {
        cache: cache.cache.clone(),
        ..host
    }
}

#[test]
fn the_cache_answers_for_the_source_until_one_request_renews_it() {
    let config = Config::new()
        .with_kv_store("s", "k")
        .with_core_cache()
        .with_max_age(10)
        .with_stale_while_revalidate(20);
    let store = |time: u64, now_s: u64| {
        let entry = KvEntry {
            generation: time,
            ..KvEntry::new(&specs(time, ""))
        };
        Host {
            now_ms: now_s * 1_000,
            ..Host::default().kv("s", "k", entry)
        }
    };
    let (seen, first) = fake::with(store(1, 100), || request(&config));
    assert_eq!(seen, (1, Route::Direct, CacheState::Kept));
    // Fresh: the store is not asked.
    let (seen, second) = fake::with(another(store(2, 109), &first), || request(&config));
    assert_eq!(seen, (1, Route::CoreCache, CacheState::Found));
    assert_eq!(second.count("fastly_kv_store.lookup"), 0);
    // Stale: the old one answers, and after the response the store is asked.
    let (seen, third) = fake::with(another(store(2, 115), &second), || request(&config));
    assert_eq!(seen, (1, Route::CoreCache, CacheState::Stale));
    let position = |call: &str| third.calls.iter().position(|made| *made == call).unwrap();
    assert!(position("fastly_http_resp.send_downstream") < position("fastly_kv_store.lookup"));
    let (seen, _) = fake::with(another(store(3, 116), &third), || request(&config));
    assert_eq!(seen, (2, Route::CoreCache, CacheState::Found));
    // Nothing new: the age begins again, and the value is not read.
    let (seen, fourth) = fake::with(another(store(2, 130), &third), || request(&config));
    assert_eq!(seen, (2, Route::CoreCache, CacheState::Stale));
    assert_eq!(fourth.count("fastly_kv_store.lookup"), 1);
    let (seen, _) = fake::with(another(store(3, 139), &fourth), || request(&config));
    assert_eq!(seen, (2, Route::CoreCache, CacheState::Found));
    // Too old: it is not served any more.
    let (seen, _) = fake::with(another(store(3, 171), &fourth), || request(&config));
    assert_eq!(seen, (3, Route::Direct, CacheState::Kept));
    // A source that fails does not take it away, and is left alone for a while.
    let failing = |now_s: u64| {
        let mut host = store(2, now_s);
        host.kv = Host::default()
            .kv("s", "k", KvEntry::failing(KvCode::TooManyRequests))
            .kv;
        host
    };
    let (seen, fifth) = fake::with(another(failing(141), &fourth), || request(&config));
    assert_eq!(seen, (2, Route::CoreCache, CacheState::Stale));
    assert_eq!(fifth.count("fastly_kv_store.lookup"), 1);
    let (seen, sixth) = fake::with(another(failing(144), &fifth), || request(&config));
    assert_eq!(seen, (2, Route::CoreCache, CacheState::Found));
    assert_eq!(sixth.count("fastly_kv_store.lookup"), 0);
    for record in [first, second, third, fourth, fifth, sixth] {
        // The request and its body go with the execution.
        assert_eq!(record.open_handles, 2);
    }
}

#[test]
fn bytes_of_the_service_are_not_put_into_the_cache() {
    let bootstrap = table(1);
    let config = Config::new()
        .with_kv_store("s", "k")
        .with_bootstrap(&bootstrap)
        .with_core_cache();
    let (seen, record) = fake::with(Host::default(), || request(&config));
    assert_eq!((seen.0, seen.1), (1, Route::Direct));
    assert!(record.cache.is_empty() && record.open_handles == 2);
}

#[test]
fn without_any_source_there_are_no_values() {
    let ((), _) = fake::with(Host::default(), || {
        for config in [Config::new(), Config::new().with_core_cache()] {
            let specs = Specs::load(&config);
            let statsig = Statsig::new(&config, &specs);
            assert_eq!(statsig.gate(&User::new(), "x").reason(), Reason::NoValues);
            assert_eq!((specs.source(), specs.failures().len()), (None, 0));
        }
    });
}
