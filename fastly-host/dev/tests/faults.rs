//! Every fault that can be made under Viceroy, at every source and at the event backend, alone and in pairs, over HTTP: the right source
//! answers, each source before it has its own reason in the status, the client has its response, and no event is lost silently. Then
//! more events than one POST takes, and a sandbox that answers several requests. Run by `cargo dev test`, which builds the service,
//! whose requests say how it is configured: one Viceroy has all stores and backends, sound and not.
//!
//! What Viceroy cannot make is injected beneath the raw imports, in `fastly-host/tests/faults.rs`: a KV Store that answers 429 or 500 or
//! without a body, a host call that is refused, a Core Cache that refuses or gives back other bytes than it was given.
//!
//! No wait is without an end. A download's answer has to begin within `Download::with_timeout` (`hangs` below), whatever the backend's
//! configuration is. All else is the backend's own configuration, as on the platform: `first_byte_timeout` bounds the event backend that
//! hangs, `between_bytes_timeout` every backend that stops amid its answer.

use serde_json::{Value, json};
use statsig_edge::chunks::{Limits, publish};
use statsig_edge::compile::compile;
use statsig_fastly_dev::faulty_backend::{Backends, Does};
use statsig_fastly_dev::harness::Service;
use statsig_fastly_dev::run_config::RunConfig;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// For what comes after the last response.
const PATIENCE: Duration = Duration::from_secs(120);
/// Requests under way at the same time: most of those that hang, wait together.
const WORKERS: usize = 24;
/// The limits of backends that stop, in ms.
const LIMIT: i64 = 250;
const TAKEN: &[u8] = br#"{"success":true}"#;
/// More than any source takes.
const HUGE: usize = 30_000_000;

/// Where something can be wrong, in the order in which sources are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Kv,
    /// A Config Store's item with JSON.
    Item,
    /// A Config Store's chunks of a table.
    Chunks,
    Download,
    Bootstrap,
    Events,
}

use At::{Bootstrap, Chunks, Download, Events, Item, Kv};

const SOURCES: [At; 5] = [Kv, Item, Chunks, Download, Bootstrap];

impl At {
    /// The rule by which its specs answer.
    fn rule(self) -> &'static str {
        match self {
            Kv => "kv",
            Item => "item",
            Chunks => "chunks",
            Download => "download",
            Bootstrap => "bootstrap",
            Events => "",
        }
    }

    /// Its name in the status.
    fn source(self) -> &'static str {
        match self {
            Kv => "kv store",
            Item | Chunks => "config store",
            other => other.rule(),
        }
    }
}

/// A fault by its name, and what is said of it.
type Fault = (&'static str, &'static str);

const NO_STORE: Fault = ("missing-store", "nothing of that name is linked");
const NO_KEY: Fault = ("missing-key", "no such key");
const EMPTY: Fault = ("empty", "not valid JSON");
const NOT_JSON: Fault = ("not-json", "not valid JSON");
const CUT: Fault = ("cut", "cut off");
const FLIPPED: Fault = ("flipped", "checksum");
const FUTURE: Fault = ("future", "version 9");
const TOO_LONG: Fault = ("huge", "longer than its limit");
/// The platform says whether a backend was not reached or took too long (`fastly-host/src/platform/backend.rs`); Viceroy does not.
const SENDING: &str = "the host refused: generic error";
const NO_HTTP: &str = "not complete HTTP";

#[rustfmt::skip]
const FAULTS: [(At, &[Fault]); 6] = [
    (Kv, &[NO_STORE, NO_KEY, EMPTY, NOT_JSON, CUT, FLIPPED, FUTURE, TOO_LONG]),
    (Item, &[NO_STORE, NO_KEY, EMPTY, NOT_JSON, ("cut", "not valid JSON"), ("flipped", "not valid JSON")]),
    (Chunks, &[
        NO_STORE, NO_KEY, EMPTY, NOT_JSON, ("cut", "line 2"), FLIPPED, ("future", "version 2"), ("lost", "no chunk 1"),
    ]),
    (Download, &[
        NO_STORE, ("missing-secret", "no key"), EMPTY, NOT_JSON, CUT, FLIPPED, FUTURE, TOO_LONG,
        ("refuses", SENDING), ("leaves", NO_HTTP), ("hangs", "took too long"),
        ("half-head", NO_HTTP), ("half-body", "ended early"), ("stalls", SENDING),
        ("400", "status 400"), ("401", "status 401"), ("413", "status 413"), ("429", "status 429"), ("500", "status 500"),
        ("no-news", "nothing changed"),
    ]),
    (Bootstrap, &[EMPTY, NOT_JSON, CUT, FLIPPED, FUTURE, TOO_LONG]),
    (Events, &[
        NO_STORE, ("missing-secret", "no key"),
        ("refuses", SENDING), ("leaves", NO_HTTP), ("hangs", SENDING),
        ("half-head", NO_HTTP), ("half-body", "does not say"), ("stalls", "does not say"),
        ("400", "status 400"), ("401", "status 401"), ("413", "status 413"), ("429", "status 429"), ("500", "status 500"),
        ("not-json", "does not say"),
    ]),
];

/// Specs with a gate that tells whose they are: by its rule.
fn specs(at: At) -> Vec<u8> {
    let name = at.rule();
    json!({"has_updates": true, "time": 10 + at as u32, "dynamic_configs": {}, "layer_configs": {},
        "experiment_to_layer": {}, "condition_map": {"all": {"type": "public", "idType": "userID"}},
        "feature_gates": {"which": {"type": "feature_gate", "entity": "feature_gate", "salt": "s", "enabled": true,
            "idType": "userID", "defaultValue": false, "version": 1, "rules": [{"id": name, "name": name, "salt": "r",
            "idType": "userID", "passPercentage": 100, "conditions": ["all"], "returnValue": true}]}}})
    .to_string()
    .into_bytes()
}

fn table(at: At) -> Vec<u8> {
    compile(&specs(at)).unwrap().table
}

/// A table, or what is there instead of it.
fn value(at: At, fault: &str) -> Vec<u8> {
    let mut bytes = table(at);
    match fault {
        "empty" => bytes.clear(),
        "not-json" => bytes = b"<html>".to_vec(),
        "cut" => drop(bytes.pop()),
        "flipped" => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
        }
        "future" => bytes[4] = 9,
        "huge" => {
            bytes = specs(at);
            bytes.resize(HUGE, b' ');
        }
        _ => {}
    }
    bytes
}

/// The Config Store: each fault under a name of its own.
fn config_items() -> toml::Table {
    let mut items = Vec::new();
    for (fault, _) in [("sound", "")].iter().chain(FAULTS[1].1) {
        let mut text = String::from_utf8(specs(Item)).unwrap();
        match *fault {
            "empty" => text.clear(),
            "not-json" => text = "<html>".into(),
            "cut" => drop(text.pop()),
            // A colon becomes a semicolon.
            "flipped" => text = text.replacen(':', ";", 1),
            _ => {}
        }
        items.push((format!("item-{fault}"), text));
    }
    let limits = Limits::CONFIG_STORE.with_value_chars(400);
    for (fault, _) in [("sound", "")].iter().chain(FAULTS[2].1) {
        let key = format!("chunks-{fault}");
        let publication = publish(&table(Chunks), &key, None, &limits).unwrap();
        let (key, mut manifest) = publication.manifest;
        match *fault {
            "empty" => manifest.clear(),
            "not-json" => manifest = "<html>".into(),
            "cut" => manifest.truncate(manifest.find('\n').unwrap() + 4),
            "future" => manifest = manifest.replace("chunks 1", "chunks 2"),
            _ => {}
        }
        items.push((key, manifest));
        for (number, (key, mut text)) in publication.chunks.into_iter().enumerate() {
            if number == 1 && *fault == "lost" {
                continue;
            }
            if number == 1 && *fault == "flipped" {
                let other = if text.starts_with('A') { "B" } else { "A" };
                text.replace_range(..1, other);
            }
            items.push((key, text));
        }
    }
    let items = items.into_iter().map(|(key, text)| (key, text.into()));
    items.collect()
}

/// What the backend for a fault does.
fn does(fault: &str, sound: Does, whole: &[u8]) -> Does {
    let whole = || whole.into();
    match fault {
        "leaves" => Does::Leaves,
        "hangs" => Does::Hangs,
        "half-head" => Does::HalfHead,
        "half-body" => Does::HalfBody(whole()),
        "stalls" => Does::Stalls(whole()),
        "no-news" => Does::answer(200, r#"{"has_updates":false}"#),
        "not-json" => Does::answer(200, "<html>"),
        status => match status.parse() {
            Ok(status) => Does::answer(status, "no"),
            Err(_) => sound,
        },
    }
}

fn with_backends(mut config: RunConfig, backends: &Backends) -> RunConfig {
    for (at, kind) in [(Download, "cdn"), (Events, "events")] {
        let faults = FAULTS.iter().find(|(known, _)| *known == at).unwrap().1;
        for (fault, _) in [("sound", "")].iter().chain(faults) {
            if *fault == NO_STORE.0 {
                continue;
            }
            let name = format!("{kind}-{fault}");
            let does = match at {
                Download => {
                    let bytes = value(at, fault);
                    does(fault, Does::answer(200, &bytes), &bytes)
                }
                _ => does(fault, Does::answer(202, TAKEN), TAKEN),
            };
            let url = match *fault {
                "refuses" => backends.refusing().unwrap(),
                _ => backends.set(&name, does),
            };
            config = config.backend(&name, &url);
            let limit = match (at, *fault) {
                (Events, "hangs") => "first_byte_timeout_ms",
                (_, "stalls") => "between_bytes_timeout_ms",
                _ => continue,
            };
            config = config.local_value(&["backends", &name, limit], LIMIT);
        }
    }
    config
}

fn start(name: &str, backends: &Backends) -> Service {
    let folder = std::env::temp_dir().join(format!("statsig-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let service = Service::start_with(name, |mut config| {
        for (at, store) in [(Kv, "specs"), (Bootstrap, "bootstrap")] {
            let faults = FAULTS.iter().find(|(known, _)| *known == at).unwrap().1;
            for (fault, _) in [("sound", "")].iter().chain(faults) {
                if [NO_STORE.0, NO_KEY.0].contains(fault) {
                    continue;
                }
                let file = stored(&folder, &format!("{store}-{fault}"), &value(at, fault));
                config = config.kv_file(store, fault, &file);
            }
        }
        with_backends(config, backends)
            .local_value(&["config_stores", "flags", "format"], "inline-toml")
            .local_value(&["config_stores", "flags", "contents"], config_items())
    });
    // Viceroy has read them.
    let _ = std::fs::remove_dir_all(&folder);
    service
}

fn stored(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, bytes).unwrap();
    file
}

/// Some faults, and how a request asks for them.
struct Case {
    /// Also the user's id.
    name: String,
    faults: Vec<(At, Fault)>,
    /// The sources, in order, and what is wrong with them.
    chain: Vec<(At, Option<Fault>)>,
    /// Whether a log endpoint takes what the event backend does not.
    has_log: bool,
}

impl Case {
    /// The faulty sources, and a sound one behind them: but bootstrap bytes are always the last.
    fn new(number: usize, mut faults: Vec<(At, Fault)>) -> Self {
        faults.sort_by_key(|(at, _)| *at);
        let is_faulty = |at: At| faults.iter().any(|(known, _)| *known == at);
        let in_chain = faults.iter().filter(|(at, _)| *at != Events);
        let mut chain: Vec<_> = in_chain.map(|&(at, fault)| (at, Some(fault))).collect();
        if !is_faulty(Bootstrap) {
            // In turn, so that each source is the one that helps.
            let sound = SOURCES.iter().cycle().skip(number).take(SOURCES.len());
            chain.extend(
                sound
                    .copied()
                    .find(|&at| !is_faulty(at))
                    .map(|at| (at, None)),
            );
        }
        let names: Vec<String> = faults
            .iter()
            .map(|(at, (fault, _))| format!("{at:?}-{fault}"))
            .collect();
        Case {
            name: format!("{number}:{}", names.join("+")),
            faults,
            chain,
            has_log: number.is_multiple_of(2),
        }
    }

    fn of(&self, at: At) -> Option<Fault> {
        let fault = self.faults.iter().find(|(known, _)| *known == at);
        fault.map(|(_, fault)| *fault)
    }

    fn headers(&self) -> Vec<(&str, String)> {
        let mut lines = vec![
            "checksums = on".to_owned(),
            "status-header = x-statsig".to_owned(),
        ];
        let mut headers = vec![("case", self.name.clone())];
        for (at, fault) in &self.chain {
            let fault = fault.map_or("sound", |(name, _)| name);
            lines.push(match (*at, fault) {
                (Kv, "missing-store") => "kv = nowhere/sound".into(),
                (Kv, _) => format!("kv = specs/{fault}"),
                (Item | Chunks, "missing-store") => "config-store = nowhere/sound".into(),
                (Item | Chunks, "missing-key") => "config-store = flags/nothing".into(),
                (Item | Chunks, _) => format!("config-store = flags/{}-{fault}", at.rule()),
                (Download, "missing-store") => "download = nowhere statsig/server-key".into(),
                (Download, "missing-secret") => "download = cdn-sound statsig/nothing".into(),
                (Download, _) => format!("download = cdn-{fault} statsig/server-key"),
                (Bootstrap | Events, _) => {
                    headers.push(("bootstrap", fault.to_owned()));
                    continue;
                }
            });
        }
        lines.push(match self.of(Events).map_or("sound", |(name, _)| name) {
            "missing-store" => "events = nowhere statsig/server-key".into(),
            "missing-secret" => "events = events-sound statsig/nothing".into(),
            fault => format!("events = events-{fault} statsig/server-key"),
        });
        if self.has_log {
            lines.push("log-endpoint = rest".into());
        }
        headers.push(("settings", lines.join("|")));
        headers
    }

    /// Asks, and says what of the answer is wrong.
    fn ask(&self, service: &Service, wrong: &mut Vec<String>) {
        let headers = self.headers();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let answer = service.get_with("/", &headers);
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                let body = answer.json();
                let (rule, failures) = (&body["rule"], &body["status"]["failures"]);
                wrong.push(format!(
                    "{}: {what}: {} {rule} {failures}",
                    self.name, answer.status
                ));
            }
        };
        let body = answer.json();
        expect(answer.status == 200, "no response");
        let (last, sound) = self.chain.last().unwrap();
        let (rule, source) = match sound {
            None => (last.rule(), Value::from(last.source())),
            Some(_) => ("", Value::Null),
        };
        expect(body["rule"] == rule, "another source answered");
        expect(body["value"] == (rule != ""), "another value");
        expect(body["status"]["source"] == source, "another source");
        let reason = if rule == "" { "NoValues" } else { "Recognized" };
        expect(body["reason"] == reason, "another reason");
        let failed: Vec<_> = self
            .chain
            .iter()
            .filter_map(|(at, fault)| fault.map(|(_, says)| (at.source(), says)))
            .collect();
        let failures = body["status"]["failures"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        expect(
            failures.len() == failed.len()
                && failures
                    .iter()
                    .zip(&failed)
                    .all(|(failure, (source, says))| {
                        failure["source"] == *source
                            && failure["error"]
                                .as_str()
                                .is_some_and(|error| error.contains(says))
                    }),
            &format!("other failures than {failed:?}"),
        );
        let header = answer.header("x-statsig").unwrap_or_default();
        let dashed = source.as_str().unwrap_or("none").replace(' ', "-");
        expect(
            header.starts_with(&dashed) && header.contains("error=") == !failed.is_empty(),
            &format!("another header: {header}"),
        );
    }

    /// Says what is wrong with what became of its events.
    fn check_events(&self, seen: &Seen, wrong: &mut Vec<String>) {
        let Some([summary]) = seen.summaries.get(&self.name).map(Vec::as_slice) else {
            return wrong.push(format!("{}: not one summary", self.name));
        };
        let handed_over = seen.handed_over.get(&self.name).copied().unwrap_or(0);
        let arrived = seen.arrived.get(&self.name).copied().unwrap_or_default();
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                let seen = format!("{summary}, {handed_over} in the log, {arrived:?}");
                wrong.push(format!("{}: {what}: {seen}", self.name));
            }
        };
        let count = |name: &str| summary[name].as_u64().unwrap();
        // The exposure, which is logged without specs too.
        expect(count("logged") == 1, "not logged");
        let accounted = count("delivered") + count("handedOver") + count("dropped");
        expect(count("logged") == accounted, "lost");
        expect(
            count("handedOver") == handed_over,
            "the log has another number",
        );
        let error = summary["lastError"].as_str().unwrap();
        let Some((fault, says)) = self.of(Events) else {
            expect(
                count("delivered") == 1 && arrived == (1, 1),
                "not delivered",
            );
            return expect(error.is_empty(), "an error");
        };
        let way_out = if self.has_log {
            "handedOver"
        } else {
            "dropped"
        };
        expect(count(way_out) == 1 && arrived.1 == 0, "not given up");
        expect(error.contains(says), &format!("not {says}"));
        // Refusals and what was never sent are final.
        let retries = u64::from(!matches!(
            fault,
            "missing-secret" | "400" | "401" | "413" | "429"
        ));
        expect(count("retries") == retries, "another number of retries");
        let sent = match fault {
            "missing-store" | "missing-secret" | "refuses" => 0,
            _ => 1 + retries,
        };
        expect(arrived.0 == sent, "another number of requests");
    }
}

/// What is left of the requests, by the name of the case.
struct Seen {
    summaries: BTreeMap<String, Vec<Value>>,
    /// Events in the log.
    handed_over: BTreeMap<String, u64>,
    /// Events that arrived, and those of them that were taken.
    arrived: BTreeMap<String, (u64, u64)>,
}

impl Seen {
    /// Waits for the summaries.
    fn of(count: usize, service: &Service, backends: &Backends) -> Self {
        let mut summaries: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let lines = |endpoint: &'static str, count: usize| {
            let is_one = move |line: &str| line.starts_with(endpoint);
            let lines = service.wait_for_lines(count, PATIENCE, is_one);
            lines.into_iter().map(move |line| -> Value {
                let text = line.strip_prefix(endpoint).unwrap();
                serde_json::from_str(text).expect(text)
            })
        };
        for line in lines("summaries :: ", count) {
            let case = line["case"].as_str().unwrap().to_owned();
            summaries.entry(case).or_default().push(line);
        }
        let mut handed_over = BTreeMap::new();
        for line in lines("rest :: ", 0) {
            for event in line["events"].as_array().unwrap() {
                *handed_over.entry(user_of(event)).or_default() += 1;
            }
        }
        let mut arrived: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for one in backends.arrived() {
            for event in one.events() {
                let (arrived, taken) = arrived.entry(user_of(event)).or_default();
                *arrived += 1;
                *taken += u64::from(one.taken && one.backend == "events-sound");
            }
        }
        Seen {
            summaries,
            handed_over,
            arrived,
        }
    }
}

fn user_of(event: &Value) -> String {
    event["user"]["userID"].as_str().unwrap().to_owned()
}

fn cases() -> Vec<Case> {
    let all = || {
        let one =
            |(at, faults): (At, &'static [Fault])| faults.iter().map(move |&fault| (at, fault));
        FAULTS.into_iter().flat_map(one)
    };
    let mut sets: Vec<Vec<(At, Fault)>> = vec![vec![]];
    sets.extend(all().map(|fault| vec![fault]));
    for first in all() {
        let pairs = all().filter(|second| first.0 < second.0);
        sets.extend(pairs.map(|second| vec![first, second]));
    }
    // Everywhere at once; there is room for four sources.
    for number in 0..20 {
        let store = [Item, Chunks][number % 2];
        let places = [Kv, store, Download, Bootstrap, Events];
        let one = |at: At| {
            let faults = FAULTS.iter().find(|(known, _)| *known == at).unwrap().1;
            (at, faults[number % faults.len()])
        };
        sets.push(places.map(one).to_vec());
    }
    // Those that wait longest first.
    sets.sort_by_key(|set| !set.iter().any(|(_, (name, _))| *name == "hangs"));
    let sets = sets.into_iter().enumerate();
    sets.map(|(number, faults)| Case::new(number, faults))
        .collect()
}

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
    let (left, wrong) = (Mutex::new(cases.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().next();
                    let Some(case) = next else { return };
                    let mut ours = Vec::new();
                    case.ask(service, &mut ours);
                    wrong.lock().unwrap().append(&mut ours);
                }
            });
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
