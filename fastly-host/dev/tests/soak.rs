//! Many requests at once while the specs change every second: each answer is that of the specs which it names, and these are in
//! force at that time. Run by `cargo dev test` for a moment and by `cargo dev soak` for long.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use serde_json::{Value, json};
use statsig_edge::chunks::{Limits, Publication, publish};
use statsig_edge::compile::compile;
use statsig_fastly_dev::harness::Service;
use statsig_fastly_dev::soak::{CONCURRENCY, REQUESTS_VAR};

/// Small values, so that a table has several chunks.
const LIMITS: Limits = Limits::CONFIG_STORE.with_value_chars(400);

const SETTINGS: &str =
    "config-store = statsig/specs\nstatus-header = statsig-status\nchecksums = on";

/// Specs whose every answer follows from their time.
fn payload(time: u64) -> Vec<u8> {
    let rule = |share: u64, value: Value| {
        json!({"id": format!("r{time}"), "name": "r", "salt": "s", "idType": "userID", "passPercentage": share,
            "conditions": ["all"], "returnValue": value})
    };
    let gate = json!({"type": "feature_gate", "entity": "feature_gate", "salt": "s", "enabled": true,
        "idType": "userID", "defaultValue": false, "rules": [rule(100 * (1 - time % 2), true.into())], "version": 1});
    let config = json!({"type": "dynamic_config", "entity": "dynamic_config", "salt": "s", "enabled": true,
        "idType": "userID", "defaultValue": {}, "version": 1,
        "rules": [rule(100, json!({"time": time, "padding": "x".repeat(500)}))]});
    json!({"has_updates": true, "time": time, "feature_gates": {"odd_or_even": gate},
        "dynamic_configs": {"clock": config}, "layer_configs": {}, "experiment_to_layer": {},
        "condition_map": {"all": {"type": "public", "idType": "userID"}}})
    .to_string()
    .into_bytes()
}

/// The Config Store, in the file that Viceroy reads whenever the store is opened.
struct Store {
    file: PathBuf,
    /// What was published last, which stays for readers of the manifest before.
    last: Option<Publication>,
}

impl Store {
    /// Puts other specs there, as the publisher does, at once for whoever opens the store.
    fn publish(&mut self, time: u64) {
        let table = compile(&payload(time)).unwrap().table;
        let before = self.last.as_ref().map(|last| &last.entry);
        let publication = publish(&table, "specs", before, &LIMITS).unwrap();
        assert!(publication.chunks.len() > 1, "not chunked");
        let settings = ("statsig-settings".to_owned(), SETTINGS.to_owned());
        let stay = self.last.take().map(|last| last.chunks);
        let items: serde_json::Map<String, Value> = [settings, publication.manifest.clone()]
            .into_iter()
            .chain(stay.unwrap_or_default())
            .chain(publication.chunks.clone())
            .map(|(key, text)| (key, text.into()))
            .collect();
        let new = self.file.with_extension("new");
        std::fs::write(&new, Value::from(items).to_string()).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
        self.last = Some(publication);
    }
}

/// Kilobytes of memory that a process holds; 0 where the system does not say.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// What an answer says is wrong, if anything is.
fn check(service: &Service, number: u64, published: &AtomicU64) -> Result<(), String> {
    let before = published.load(Ordering::SeqCst);
    let path = match number.is_multiple_of(2) {
        true => format!("/gate/odd_or_even?userID=u-{number}"),
        false => format!("/config/clock?userID=u-{number}"),
    };
    let answer = service.get(&path);
    // What is being published while the request runs may be in force already.
    let after = published.load(Ordering::SeqCst) + 1;
    let wrong = |what: &str| {
        let header = answer.header("statsig-status").unwrap_or_default();
        Err(format!(
            "{path}: {what}: {} {header} {}",
            answer.status, answer.body
        ))
    };
    let header = answer.header("statsig-status").unwrap_or_default();
    let lcut = header
        .split([';', ' ', ','])
        .find_map(|part| part.trim().strip_prefix("lcut="));
    let Some(lcut) = lcut.and_then(|lcut| lcut.parse::<u64>().ok()) else {
        return wrong("no lcut");
    };
    if !(before..=after).contains(&lcut) {
        return wrong(&format!("not of {before} to {after}"));
    }
    let body = answer.json();
    let right = match number.is_multiple_of(2) {
        true => body["value"] == lcut.is_multiple_of(2),
        false => body["value"]["time"] == lcut,
    };
    match answer.status == 200 && right {
        true => Ok(()),
        false => wrong("another answer than these specs give"),
    }
}

#[test]
fn answers_are_those_of_the_specs_in_force() {
    let requests: u64 = std::env::var(REQUESTS_VAR).map_or(2_000, |text| text.parse().unwrap());
    let folder = std::env::temp_dir().join(format!("statsig-soak-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut store = Store {
        file: folder.join("store.json"),
        last: None,
    };
    store.publish(1);
    let file = store.file.to_string_lossy().into_owned();
    let service = Service::start_with("soak", |config| {
        config
            .local_value(&["config_stores", "statsig", "format"], "json")
            .local_value(&["config_stores", "statsig", "file"], file)
    });
    let (asked, published) = (AtomicU64::new(0), AtomicU64::new(1));
    let (done, wait) = mpsc::channel::<()>();
    let begin = std::sync::Mutex::new(0);
    std::thread::scope(|scope| {
        let (service, asked, published, begin) = (&service, &asked, &published, &begin);
        let publisher = scope.spawn(move || {
            let mut time = 1;
            // Until the last of those who ask has gone.
            while wait.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                time += 1;
                store.publish(time);
                published.store(time, Ordering::SeqCst);
            }
            time
        });
        for _ in 0..CONCURRENCY {
            let done = done.clone();
            scope.spawn(move || {
                loop {
                    let number = asked.fetch_add(1, Ordering::SeqCst);
                    if number >= requests {
                        break;
                    }
                    // The first tenth warms up.
                    if number == requests / 10 {
                        *begin.lock().unwrap() = resident(service.pid());
                    }
                    if number > 0 && number.is_multiple_of(10_000) {
                        println!("{number} requests, {} kB", resident(service.pid()));
                    }
                    if let Err(wrong) = check(service, number, published) {
                        panic!("request {number}: {wrong}");
                    }
                }
                drop(done);
            });
        }
        drop(done);
        let times = publisher.join().unwrap();
        println!("{requests} requests, {times} publications");
        assert!(times > 1, "nothing was published meanwhile");
    });
    let (first, last) = (*begin.lock().unwrap(), resident(service.pid()));
    println!("{first} kB after a tenth, {last} kB at the end");
    assert!(
        last <= first + first / 5 + 20_000,
        "memory grows: {first} kB, then {last} kB"
    );
    std::fs::remove_dir_all(Path::new(&folder)).unwrap();
}
