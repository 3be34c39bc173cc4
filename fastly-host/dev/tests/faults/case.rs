//! One combination of faults: how a request asks for it, and what is to be seen.

use crate::fault::{
    At::{self, Bootstrap, Chunks, Download, Events, Item, Kv},
    FAULTS, Fault, SOURCES,
};
use serde_json::Value;
use statsig_fastly_dev::faulty_backend::Backends;
use statsig_fastly_dev::harness::Service;
use std::collections::BTreeMap;
use std::time::Duration;

/// For what comes after the last response.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Some faults, and how a request asks for them.
pub(crate) struct Case {
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
    pub(crate) fn new(number: usize, mut faults: Vec<(At, Fault)>) -> Self {
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

    /// Whether its response comes only when the host gives a source up.
    pub(crate) fn waits(&self) -> bool {
        self.of(Download).is_some_and(|(name, _)| name == "hangs")
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
    pub(crate) fn ask(&self, service: &Service, wrong: &mut Vec<String>) {
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
    pub(crate) fn check_events(&self, seen: &Seen, wrong: &mut Vec<String>) {
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
pub(crate) struct Seen {
    summaries: BTreeMap<String, Vec<Value>>,
    /// Events in the log.
    handed_over: BTreeMap<String, u64>,
    /// Events that arrived, and those of them that were taken.
    arrived: BTreeMap<String, (u64, u64)>,
}

impl Seen {
    /// Waits for the summaries.
    pub(crate) fn of(count: usize, service: &Service, backends: &Backends) -> Self {
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

pub(crate) fn user_of(event: &Value) -> String {
    event["user"]["userID"].as_str().unwrap().to_owned()
}

pub(crate) fn cases() -> Vec<Case> {
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
    let sets = sets.into_iter().enumerate();
    sets.map(|(number, faults)| Case::new(number, faults))
        .collect()
}
