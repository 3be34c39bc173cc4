//! Where specs come from, and what happens when they do not.

mod common;

use serde_json::Value;
use statsig_edge::{Reason, Table, TableError, User, compile::compile};
use statsig_fastly::platform::fake::{self, Host, KvEntry};
use statsig_fastly::platform::{Error, KvCode};
use statsig_fastly::{Config, Format, Source, Specs, SpecsError, Statsig, write_status};

fn load(entry: Option<KvEntry>, bootstrap: Option<&[u8]>, check: impl FnOnce(&Specs<'_>)) {
    let mut host = Host::default();
    if let Some(entry) = entry {
        host = host.kv("statsig", "specs", entry);
    }
    let mut config = Config::new().with_kv_store("statsig", "specs");
    if let Some(bytes) = bootstrap {
        config = config.with_bootstrap(bytes);
    }
    let ((), record) = fake::with(host, || check(&Specs::load(&config)));
    assert_eq!(record.open_handles, 0);
}

#[test]
fn tables_and_json_are_told_apart() {
    let table = compile(common::DEMO_SPECS).unwrap().table;
    for (bytes, format) in [
        (&table[..], Format::Table),
        (common::DEMO_SPECS, Format::Json),
    ] {
        load(Some(KvEntry::new(bytes)), None, |specs| {
            assert_eq!(
                (specs.source(), specs.format()),
                (Some(Source::KvStore), format)
            );
            assert_eq!(
                specs.table().map(|table| table.checksum()),
                Table::open(&table).ok().map(|t| t.checksum())
            );
        });
        load(None, Some(bytes), |specs| {
            assert_eq!(
                (specs.source(), specs.format()),
                (Some(Source::Bootstrap), format)
            );
            assert_eq!(
                specs.failures()[0].error,
                SpecsError::Platform(Error::UnknownName)
            );
        });
    }
}

#[test]
fn what_is_unusable_gives_way_to_the_bootstrap_bytes() {
    let table = compile(common::DEMO_SPECS).unwrap().table;
    let mut future = table.clone();
    future[4..6].copy_from_slice(&7_u16.to_le_bytes());
    let cut = &table[..table.len() - 1];
    let error = |entry: KvEntry| {
        let mut error = None;
        load(Some(entry), Some(common::DEMO_SPECS), |specs| {
            assert_eq!(specs.source(), Some(Source::Bootstrap));
            assert!(specs.table().is_some());
            let [failure] = specs.failures() else {
                panic!("{:?}", specs.failures());
            };
            assert_eq!(failure.source, Source::KvStore);
            error = Some(failure.error.clone());
        });
        error.unwrap()
    };
    assert_eq!(
        error(KvEntry::new(&future)),
        SpecsError::Table(TableError::Version(7))
    );
    assert_eq!(
        error(KvEntry::new(cut)),
        SpecsError::Table(TableError::Length(table.len() as u32, cut.len()))
    );
    for bad in [
        &b""[..],
        b"{",
        b"[]",
        b"\xFF",
        b"{\"has_updates\":false}",
        &common::DEMO_SPECS[..9000],
    ] {
        let error = error(KvEntry::new(bad));
        assert!(matches!(error, SpecsError::Compile(_)), "{error}");
    }
    assert_eq!(
        error(KvEntry::failing(KvCode::TooManyRequests)),
        SpecsError::Platform(Error::TooManyRequests)
    );
}

#[test]
fn a_source_that_there_is_no_room_for_is_told() {
    let table = compile(common::DEMO_SPECS).unwrap().table;
    let four = Config::new()
        .with_kv_store("statsig", "a")
        .with_kv_store("statsig", "b")
        .with_kv_store("statsig", "c")
        .with_config_store("flags", "d");
    for (config, told) in [(four, false), (four.with_bootstrap(&table), true)] {
        let host = Host::default().kv("statsig", "a", KvEntry::new(&table));
        fake::with(host, || {
            let mut specs = Specs::load(&config);
            for _ in 0..2 {
                assert_eq!(specs.source(), Some(Source::KvStore));
                let first = specs.failures().first();
                assert_eq!(
                    first.map(|first| (first.source, &first.error)),
                    told.then_some((Source::ConfigStore, &SpecsError::TooManySources))
                );
                specs.sync_config_specs(&config);
            }
        });
    }
}

#[test]
fn with_no_source_left_there_are_no_values() {
    load(Some(KvEntry::new(b"{")), Some(b"nothing"), |specs| {
        assert_eq!((specs.source(), specs.failures().len()), (None, 2));
        let statsig = Statsig::new(&Config::new(), specs);
        assert_eq!(
            statsig.gate(&User::new(), "a_gate").reason(),
            Reason::NoValues
        );
        let status = status(&statsig);
        for (said, failure) in status["failures"]
            .as_array()
            .unwrap()
            .iter()
            .zip(specs.failures())
        {
            let error = failure.error.to_string();
            assert!(error.starts_with("config specs: "), "{error}");
            assert_eq!(said["error"], error);
        }
        assert_eq!(status["source"], Value::Null);
        assert_eq!(status["failures"][0]["source"], "kv store");
        assert_eq!(status["failures"][1]["source"], "bootstrap");
        assert_eq!(status["lastError"], status["failures"][1]["error"]);
    });
}

#[test]
fn the_status_says_what_is_in_force() {
    load(Some(KvEntry::new(common::DEMO_SPECS)), None, |specs| {
        let status = status(&Statsig::new(&Config::new(), specs));
        let payload: Value = serde_json::from_slice(common::DEMO_SPECS).unwrap();
        let count = |name: &str| payload[name].as_object().unwrap().len();
        assert_eq!(status["source"], "kv store");
        assert_eq!(
            (&status["format"], &status["payload"]),
            (&"json".into(), &"v2".into())
        );
        assert_eq!(status["lcut"], payload["time"]);
        assert_eq!(status["specs"]["gates"], count("feature_gates"));
        assert_eq!(status["specs"]["configs"], count("dynamic_configs"));
        assert_eq!(status["specs"]["layers"], count("layer_configs"));
        assert_eq!(status["specs"]["parameterStores"], count("param_stores"));
        let table = specs.table().unwrap();
        assert_eq!(status["table"]["bytes"], table.as_bytes().len());
        assert_eq!(
            status["table"]["checksum"],
            format!("{:016x}", table.checksum())
        );
        assert_eq!(status["lastError"], Value::Null);
    });
}

fn status(statsig: &Statsig<'_>) -> Value {
    let mut out = String::new();
    write_status(statsig, &mut out);
    serde_json::from_str(&out).unwrap()
}
