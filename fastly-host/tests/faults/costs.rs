//! What a request costs where nothing goes wrong.

use std::convert::Infallible;

use statsig_edge::Table;
use statsig_edge::chunks::{Limits, publish};
use statsig_edge::compile::compile;
use statsig_fastly::platform::fake::{self, Host, KvEntry, Record, Reply};
use statsig_fastly::platform::request::Request;
use statsig_fastly::{BareResponse, Config, Download, Statsig, handle_bare};

use crate::{DOWNLOAD_KEY, specs, table};

fn lookups(record: &Record) -> [usize; 5] {
    [
        record.count("fastly_config_store.get"),
        record.count("fastly_kv_store.lookup"),
        record.count("fastly_cache.lookup") + record.count("fastly_cache.transaction_lookup_async"),
        record.sent.len(),
        record.calls.len(),
    ]
}

/// What a request costs: Config Store look-ups, KV look-ups, cache look-ups, backend requests, host calls.
#[test]
fn a_request_costs_exactly_this() {
    let one = |config: &Config<'_>, host: Host| {
        let (handled, record) = fake::with(host, || {
            handle_bare(config, |_: &mut Request, _: &Statsig<'_>| {
                Ok::<_, Infallible>(BareResponse::new(200, "text/plain", ""))
            })
        });
        assert!(handled.is_ok());
        (lookups(&record), record.cache)
    };
    let kv_only = Config::new().with_kv_store("statsig", "specs");
    let stored = |value: &[u8]| Host::default().kv("statsig", "specs", KvEntry::new(value));
    let published = one(&kv_only, stored(&table("t", 1))).0;
    let (compiled, cache) = one(&kv_only, stored(&specs("t", 1)));
    let again = Host {
        cache,
        ..stored(&specs("t", 1))
    };
    let compiled_before = one(&kv_only, again).0;

    let shared = kv_only.with_core_cache();
    let (shared_first, cache) = one(&shared, stored(&table("t", 1)));
    let again = Host {
        cache,
        ..Host::default()
    };
    let shared_again = one(&shared, again).0;

    let bare = Config::new().with_config_store("statsig", "specs");
    let limits = Limits::CONFIG_STORE;
    // As much as nearly fills the largest table.
    let large = |configs: usize| {
        let values: Vec<String> = (0..configs)
            .map(|at| {
                format!(
                    r#""c{at}":{{"type":"dynamic_config","entity":"dynamic_config","salt":"s","enabled":true,
                    "defaultValue":{{"v":"{at:0>900}"}},"idType":"userID","version":1,"rules":[]}}"#
                )
            })
            .collect();
        let filled = format!(r#""dynamic_configs":{{{}}}"#, values.join(","));
        let text = String::from_utf8(specs("t", 1)).unwrap();
        let text = text.replace(r#""dynamic_configs":{}"#, &filled);
        compile(text.as_bytes()).unwrap().table
    };
    let fits = |table: &Vec<u8>| table.len() <= limits.largest();
    let large = (80..).map(large).take_while(fits).last().unwrap();
    let publication = publish(&large, "specs", None, &limits).unwrap();
    assert_eq!(publication.chunks.len(), 15, "{}", large.len());
    let mut host =
        Host::default().config("statsig", &publication.manifest.0, &publication.manifest.1);
    for (key, value) in &publication.chunks {
        host = host.config("statsig", key, value);
    }
    assert!(Table::open(&large).is_ok());
    let in_chunks = one(&bare, host).0;

    let downloading = Config::new().with_download(Download::new("cdn", DOWNLOAD_KEY));
    let host = Host::default().backend("cdn", [Reply::answer(200, &table("t", 1))]);
    let downloaded = one(&downloading, host).0;

    // The request and its answer are five host calls.
    assert_eq!(
        [
            published,
            compiled,
            compiled_before,
            shared_first,
            shared_again,
            in_chunks,
            downloaded,
        ],
        [
            [0, 1, 0, 0, 12],
            [0, 1, 2, 0, 24],
            [0, 1, 1, 0, 18],
            [0, 1, 2, 0, 24],
            [0, 0, 1, 0, 12],
            [16, 0, 0, 0, 22],
            [0, 0, 0, 1, 20],
        ]
    );
}
