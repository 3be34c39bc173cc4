//! Sources of specs and their faults under Viceroy, over HTTP. Run by `cargo dev test`, which builds the service whose sources are
//! said by its Config Store; Statsig's CDN is a socket here, which does what the test tells it.

#[path = "../../tests/common/mod.rs"]
mod common;

use serde_json::Value;
use statsig_edge::chunks::{Limits, publish};
use statsig_fastly_cli::specs::Specs;
use statsig_fastly_dev::harness::Service;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What the CDN does with a request.
#[derive(Clone)]
enum Cdn {
    Answers(u16, Vec<u8>),
    /// Half of the body that it announces.
    Half(Vec<u8>),
    /// Ends the connection without a word.
    Leaves,
    /// Never answers.
    Hangs,
}

/// A CDN on 127.0.0.1. Its thread ends with the process.
struct Socket {
    address: SocketAddr,
    does: Arc<Mutex<Cdn>>,
    /// The first lines of what it was asked.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Socket {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = Socket {
            address: listener.local_addr().unwrap(),
            does: Arc::new(Mutex::new(Cdn::Leaves)),
            asked: Arc::default(),
        };
        let (does, asked) = (socket.does.clone(), socket.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (does, asked) = (does.clone(), asked.clone());
                std::thread::spawn(move || answer(stream, &does, &asked));
            }
        });
        socket
    }

    fn does(&self, what: Cdn) {
        *self.does.lock().unwrap() = what;
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request on a connection of its own.
fn answer(mut stream: TcpStream, does: &Mutex<Cdn>, asked: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head);
    let first = head.lines().next().unwrap_or_default().to_owned();
    // Viceroy looks whether backends are there.
    if first.contains("download_config_specs") {
        asked.lock().unwrap().push(first);
    }
    let what = does.lock().unwrap().clone();
    let (status, body, length) = match what {
        Cdn::Answers(status, body) => (status, body.clone(), body.len()),
        Cdn::Half(body) => (200, body[..body.len() / 2].to_vec(), body.len()),
        Cdn::Leaves => return,
        Cdn::Hangs => {
            // Until the other side gives up.
            let _ = stream.read(&mut byte);
            return;
        }
    };
    let head =
        format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body);
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

fn start(name: &str, cdn: &Socket, stores: Stores) -> Service {
    let folder = std::env::temp_dir().join(format!("statsig-sources-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file: PathBuf = folder.join(name);
    let service = Service::start_with(name, |mut config| {
        config = config.backend("cdn", &format!("http://{}/", cdn.address));
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
    let cdn = Socket::start();
    cdn.does(Cdn::Answers(200, payload(20)));
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
        "GET /v2/download_config_specs/secret-local-run.json HTTP/1.1"
    );
    cdn.does(Cdn::Leaves);
    let seen = assert_in_force(&service, "config store", 10, &[missing, ("download", "")]);
    assert_eq!(seen["generation"], 1, "{seen}");
}

#[test]
fn faults_in_pairs_and_the_third_source_answers() {
    let cdn = Socket::start();
    let good = table(30);
    let spoilt = |spoil: fn(&mut Vec<u8>)| {
        let mut table = good.clone();
        spoil(&mut table);
        table
    };
    let mut huge = payload(1);
    huge.resize(30_000_000, b' ');
    for (name, value, says) in [
        ("kv-empty", vec![], "config specs"),
        ("kv-cut", spoilt(|table| drop(table.pop())), "cut off"),
        (
            "kv-flipped",
            spoilt(|table| {
                let middle = table.len() / 2;
                table[middle] ^= 1
            }),
            "checksum",
        ),
        ("kv-future", spoilt(|table| table[4] = 9), "version 9"),
        ("kv-html", b"<html>".to_vec(), "config specs"),
        ("kv-huge", huge, "longer than its limit"),
    ] {
        let service = start(
            name,
            &cdn,
            Stores {
                settings: ORDER,
                kv: Some(value),
                config: chunks(&table(10)),
            },
        );
        for (does, error) in [
            (Cdn::Leaves, ""),
            (Cdn::Half(payload(20)), ""),
            (Cdn::Hangs, "took too long"),
            (Cdn::Answers(400, vec![]), "400"),
            (Cdn::Answers(401, b"no".to_vec()), "401"),
            (Cdn::Answers(413, vec![]), "413"),
            (Cdn::Answers(429, vec![]), "429"),
            (Cdn::Answers(500, b"{}".to_vec()), "500"),
            (Cdn::Answers(200, b"<html>".to_vec()), "config specs"),
            (
                Cdn::Answers(200, br#"{"has_updates":false}"#.to_vec()),
                "nothing changed",
            ),
        ] {
            // Each takes two requests, of which one waits in vain; that is tried once.
            if matches!(does, Cdn::Hangs) && name != "kv-empty" {
                continue;
            }
            cdn.does(does);
            let failures = [("kv store", says), ("download", error)];
            assert_in_force(&service, "config store", 10, &failures);
        }
    }
}

#[test]
fn chunks_that_are_not_whole_are_no_table() {
    let cdn = Socket::start();
    let whole = chunks(&table(10));
    let lost = whole[1..].to_vec();
    let mut swapped = whole.clone();
    swapped[0].1.replace_range(..2, "AA");
    for (name, config, says) in [
        ("chunk-lost", lost, "no chunk 0"),
        ("chunk-swapped", swapped, "checksum"),
    ] {
        let stores = Stores {
            settings: "config-store = statsig/specs",
            kv: None,
            config,
        };
        let service = start(name, &cdn, stores);
        let status = status(&service);
        assert!(
            status["source"].is_null() && status["lastError"].as_str().unwrap().contains(says),
            "{status}"
        );
        let gate = service.get("/gate/a_gate?userID=u");
        assert_eq!(
            (gate.status, &gate.json()["reason"]),
            (200, &"NoValues".into())
        );
    }
}

#[test]
fn wrong_settings_are_one_clear_error() {
    let stores = Stores {
        settings: "kv = statsig/statsig-specs\nmax-age = soon",
        kv: None,
        config: vec![],
    };
    let service = start("wrong-settings", &Socket::start(), stores);
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
    let cdn = Socket::start();
    cdn.does(Cdn::Answers(200, payload(1_000)));
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
    cdn.does(Cdn::Answers(200, payload(2_000)));
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
    cdn.does(Cdn::Answers(500, vec![]));
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
