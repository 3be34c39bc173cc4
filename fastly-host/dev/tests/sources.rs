//! Sources of specs under Viceroy, over HTTP. Run by `cargo dev test`, which builds the service whose sources are said by its Config
//! Store; Statsig's CDN is a socket here, which does what the test tells it. Faults are in `faults.rs`.

#[path = "../../tests/common/mod.rs"]
mod common;

use serde_json::Value;
use statsig_edge::chunks::{Limits, publish};
use statsig_fastly_cli::specs::Specs;
use statsig_fastly_dev::faulty_backend::{Backends, Does};
use statsig_fastly_dev::harness::Service;
use std::path::PathBuf;

/// Statsig's CDN.
struct Cdn {
    backends: Backends,
    url: String,
}

impl Cdn {
    fn that(does: Does) -> Self {
        let backends = Backends::start().unwrap();
        let url = backends.set("cdn", does);
        Cdn { backends, url }
    }

    fn does(&self, what: Does) {
        self.backends.set("cdn", what);
    }

    /// What it was asked.
    fn asked(&self) -> Vec<String> {
        let arrived = self.backends.arrived().into_iter();
        arrived.map(|one| one.request).collect()
    }
}

/// A payload by the time that it names.
fn payload(time: u64) -> Vec<u8> {
    let text = String::from_utf8(common::DEMO_SPECS.to_vec()).unwrap();
    let old: Value = serde_json::from_str(&text).unwrap();
    let old = format!("\"time\":{}", old["time"]);
    assert!(text.contains(&old));
    text.replace(&old, &format!("\"time\":{time}")).into_bytes()
}

fn table(time: u64) -> Vec<u8> {
    Specs::from_bytes(payload(time)).unwrap().bytes().to_vec()
}

/// What the stores hold.
struct Stores {
    settings: &'static str,
    /// The KV item; without one there is no such key.
    kv: Option<Vec<u8>>,
    /// Items of the Config Store.
    config: Vec<(String, String)>,
}

fn chunks(table: &[u8]) -> Vec<(String, String)> {
    let publication = publish(table, "specs", None, &Limits::default()).unwrap();
    let mut items = publication.chunks;
    items.push(publication.manifest);
    items
}

fn start(name: &str, cdn: &Cdn, stores: Stores) -> Service {
    let folder = std::env::temp_dir().join(format!("statsig-sources-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file: PathBuf = folder.join(name);
    let service = Service::start_with(name, |mut config| {
        config = config.backend("cdn", &cdn.url);
        match &stores.kv {
            Some(value) => {
                std::fs::write(&file, value).unwrap();
                config = config.kv_file("statsig", "statsig-specs", &file);
            }
            None => {
                let none = Vec::<toml::Value>::new();
                config = config.local_value(&["kv_stores", "statsig"], none);
            }
        }
        let contents = stores.config.iter().cloned();
        let settings = ("statsig-settings".to_owned(), stores.settings.to_owned());
        let contents: toml::Table = contents
            .chain([settings])
            .map(|(key, value)| (key, value.into()))
            .collect();
        config
            .local_value(&["config_stores", "statsig", "format"], "inline-toml")
            .local_value(&["config_stores", "statsig", "contents"], contents)
    });
    let _ = std::fs::remove_file(&file);
    service
}

fn status(service: &Service) -> Value {
    let answer = service.get("/status");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn assert_in_force(service: &Service, source: &str, lcut: u64, failures: &[(&str, &str)]) -> Value {
    let status = status(service);
    assert_eq!(
        (&status["source"], &status["lcut"]),
        (&source.into(), &lcut.into()),
        "{status}"
    );
    let seen: Vec<(&str, &str)> = status["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| {
            (
                failure["source"].as_str().unwrap(),
                failure["error"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen.len(), failures.len(), "{status}");
    for ((source, error), (wanted, part)) in seen.iter().zip(failures) {
        assert!(
            source == wanted && error.contains(part),
            "{wanted} {part}: {status}"
        );
    }
    // Whatever is in force, a check is answered.
    let gate = service.get("/gate/a_gate?userID=u");
    assert_eq!(gate.status, 200, "{}", gate.body);
    status
}

const ORDER: &str = "kv = statsig/statsig-specs\ndownload = cdn statsig/server-key\nconfig-store = statsig/specs\nchecksums = on";

#[test]
fn each_source_answers_and_the_first_goes_first() {
    let cdn = Cdn::that(Does::answer(200, payload(20)));
    let sound = || Stores {
        settings: ORDER,
        kv: Some(table(30)),
        config: chunks(&table(10)),
    };
    let service = start("kv-first", &cdn, sound());
    let seen = assert_in_force(&service, "kv store", 30, &[]);
    assert_eq!(seen["format"], "table", "{seen}");
    drop(service);
    let service = start(
        "no-kv",
        &cdn,
        Stores {
            kv: None,
            ..sound()
        },
    );
    let missing = ("kv store", "no such key");
    assert_in_force(&service, "download", 20, &[missing]);
    assert_eq!(
        cdn.asked()[0],
        "GET /v2/download_config_specs/secret-local-run.json"
    );
    cdn.does(Does::Leaves);
    let seen = assert_in_force(&service, "config store", 10, &[missing, ("download", "")]);
    assert_eq!(seen["generation"], 1, "{seen}");
}

#[test]
fn wrong_settings_are_one_clear_error() {
    let stores = Stores {
        settings: "kv = statsig/statsig-specs\nmax-age = soon",
        kv: None,
        config: vec![],
    };
    let service = start("wrong-settings", &Cdn::that(Does::Leaves), stores);
    let answer = service.get("/status");
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.body,
        "statsig settings: line 2: a number of seconds is wanted"
    );
}

/// The platform's cache, for real: of requests at the same time one downloads, and when the table is old one request renews it.
#[test]
fn one_request_downloads_for_all() {
    const READERS: usize = 8;
    let cdn = Cdn::that(Does::answer(200, payload(1_000)));
    let stores = Stores {
        settings: "download = cdn statsig/server-key\ncore-cache = on\nmax-age = 1\nstale-while-revalidate = 600\nstatus-header = x-statsig",
        kv: None,
        config: vec![],
    };
    let service = start("shared", &cdn, stores);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| scope.spawn(|| status(&service)))
            .collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap()["lcut"], 1_000);
        }
    });
    assert_eq!(cdn.asked().len(), 1, "{:?}", cdn.asked());
    // Whoever comes late gets what is there, old as it may be, and the news when one request has brought them.
    cdn.does(Does::answer(200, payload(2_000)));
    let mut answers = 0;
    while status(&service)["lcut"] != 2_000 {
        answers += 1;
        assert!(answers < 100_000);
    }
    let asked = cdn.asked();
    assert!(
        asked.len() >= 2 && asked.len() < answers,
        "{answers}: {asked:?}"
    );
    assert!(asked[1].contains("?sinceTime=1000"), "{asked:?}");
    // A CDN that fails takes nothing away.
    cdn.does(Does::answer(500, ""));
    let before = cdn.asked().len();
    while cdn.asked().len() == before {
        let answer = service.get("/gate/a_gate?userID=u");
        assert_eq!(answer.status, 200);
        let header = answer.header("x-statsig").unwrap();
        assert!(
            header.starts_with("download; route=core-cache; lcut=2000; "),
            "{header}"
        );
    }
    assert_eq!(status(&service)["lcut"], 2_000);
}
