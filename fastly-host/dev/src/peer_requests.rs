//! Section P: a gate from Statsig's JavaScript under Viceroy, beside the same gate from our services.
//!
//! Measured as in [`requests`](crate::requests), with one Viceroy for each module on each payload: lines that differ in their
//! path share it. The payloads are the same; the JavaScript SDKs read them as v1 only.

use crate::event_sink::EventSink;
use crate::http::Client;
use crate::progress::{Failure, Outcome, say};
use crate::requests::{median, processor_time};
use crate::run_config::{EVENTS_BACKEND, RunConfig};
use crate::service_build::service_dir;
use crate::viceroy::Viceroy;
use crate::viceroy_server::{Launch, Server};
use crate::workspace::Workspace;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

const WARM_UP: usize = 10;
const REQUESTS: usize = 20;
const ROUNDS: usize = 7;
const PATIENCE: Duration = Duration::from_secs(60);

/// Our services among the lines.
pub(crate) const OURS: [&str; 3] = ["bare", "bare-drop-in", "service"];

/// What a line asks.
#[derive(Clone, Copy, PartialEq)]
enum Ask {
    /// The gate, its exposure sent.
    Gate,
    /// The gate, nothing sent.
    Quiet,
    /// Of a peer only to read the specs.
    Read,
    /// Of a peer only to answer.
    Nothing,
}

struct Line {
    module: &'static str,
    /// The payload, and what of it is in the store.
    payload: &'static str,
    form: &'static str,
    ask: Ask,
    isolates: &'static str,
}

const fn line(
    module: &'static str,
    payload: &'static str,
    form: &'static str,
    ask: Ask,
    isolates: &'static str,
) -> Line {
    Line {
        module,
        payload,
        form,
        ask,
        isolates,
    }
}

/// Of each payload the first line is what the others are compared with.
#[rustfmt::skip]
const LINES: [Line; 17] = [
    line("bare", "eval", "table", Ask::Gate, "ours on a published table"),
    line("service", "eval", "table", Ask::Gate, "ours on the `fastly` crate"),
    line("bare-drop-in", "eval", "json", Ask::Gate, "ours on JSON, its table in the cache"),
    line("js-serverless", "eval", "v1.json", Ask::Nothing, "JavaScript that only answers"),
    line("js-serverless", "eval", "v1.json", Ask::Read, "JavaScript that only reads the specs as text"),
    line("js-serverless", "eval", "v1.json", Ask::Quiet, "`@statsig/serverless-client`, no exposure"),
    line("js-serverless", "eval", "v1.json", Ask::Gate, "the same with its exposure sent"),
    line("js-node", "eval", "v1.json", Ask::Nothing, "JavaScript with a larger SDK that only answers"),
    line("js-node", "eval", "v1.json", Ask::Quiet, "`statsig-node` with a data adapter over the KV Store, no exposure"),
    line("js-node", "eval", "v1.json", Ask::Gate, "the same with its exposure sent"),
    line("bare", "4MB", "table", Ask::Gate, "ours on a published table"),
    line("service", "4MB", "table", Ask::Gate, "ours on the `fastly` crate"),
    line("bare-drop-in", "4MB", "json", Ask::Gate, "ours on JSON, its table in the cache"),
    line("js-serverless", "4MB", "v1.json", Ask::Read, "JavaScript that only reads the specs as text"),
    line("js-serverless", "4MB", "v1.json", Ask::Gate, "`@statsig/serverless-client`, its exposure sent"),
    line("js-node", "4MB", "v1.json", Ask::Quiet, "`statsig-node`, no exposure"),
    line("js-node", "4MB", "v1.json", Ask::Gate, "the same with its exposure sent"),
];

impl Line {
    fn value(&self) -> String {
        format!("{}.{}", self.payload, self.form)
    }

    fn path(&self) -> String {
        let gate = match self.payload {
            "eval" => "/gate/test_50_50?userID=user-1",
            _ => "/gate/checkout_editor_5?userID=user-1",
        };
        match self.ask {
            Ask::Gate => gate.to_owned(),
            Ask::Quiet => format!("{gate}&events=off"),
            Ask::Read => "/read".to_owned(),
            Ask::Nothing => "/nothing".to_owned(),
        }
    }

    /// The line that it is compared with.
    fn base(&self) -> usize {
        let first = LINES.iter().position(|one| one.payload == self.payload);
        first.unwrap_or(0)
    }
}

/// Measures, checks that all give the same answer, and writes the section.
pub(crate) fn measure(
    workspace: &Workspace,
    viceroy: &Viceroy,
    folder: &Path,
    modules: &[(&'static str, PathBuf)],
    versions: &str,
) -> Outcome<String> {
    let sink = EventSink::start()?;
    let client = Client::new();
    let mut servers: Vec<(&str, String, Server)> = Vec::new();
    for line in &LINES {
        let value = line.value();
        let is_there =
            |(module, of, _): &(&str, String, Server)| *module == line.module && *of == value;
        if servers.iter().any(is_there) {
            continue;
        }
        let module = modules.iter().find(|(name, _)| *name == line.module);
        let (_, wasm) = module.ok_or_else(|| {
            Failure::new(
                format!("no module {} is built", line.module),
                "build it in bench.rs",
            )
        })?;
        let name = format!("peer-{}-{value}", line.module);
        let config = folder.join(format!("{name}.toml"));
        RunConfig::of_service(service_dir(workspace)?)?
            .backend(EVENTS_BACKEND, &sink.url())
            .kv_file("statsig", "statsig-specs", &folder.join(&value))
            .write(&config)?;
        say(format!("{} on {value}", line.module));
        let server = Server::start(&Launch {
            viceroy: &viceroy.path,
            wasm,
            config: &config,
            dir: service_dir(workspace)?,
            port: 0,
            log: &folder.join(format!("{name}.log")),
            own_group: false,
        })?;
        servers.push((line.module, value, server));
    }
    let mut running: Vec<(u32, String)> = Vec::new();
    for line in &LINES {
        let value = line.value();
        let server = servers
            .iter()
            .find(|(module, of, _)| *module == line.module && *of == value);
        running.extend(server.map(|(_, _, server)| (server.pid(), server.url(&line.path()))));
    }
    check(&client, &sink, &running)?;
    for (_, url) in &running {
        for _ in 0..WARM_UP {
            client.get(url, &[])?;
        }
    }
    let mut rounds: Vec<Vec<f64>> = Vec::new();
    for round in 0..ROUNDS {
        say(format!("round {} of {ROUNDS}", round + 1));
        let mut times = Vec::new();
        for (pid, url) in &running {
            let before = processor_time(*pid)?;
            for _ in 0..REQUESTS {
                client.get(url, &[])?;
            }
            let spent = processor_time(*pid)?.saturating_sub(before);
            times.push(spent as f64 / 1_000.0 / REQUESTS as f64);
        }
        rounds.push(times);
    }
    let mut sizes = Vec::new();
    for value in ["eval.json", "eval.v1.json", "4MB.json", "4MB.v1.json"] {
        let bytes = std::fs::metadata(folder.join(value)).map_or(0, |file| file.len());
        sizes.push(format!("`{value}` {bytes}"));
    }
    Ok(section(&rounds, versions, &sizes.join(", ")))
}

/// Every line answers, with the value and the rule of the line it is compared with; where it says so, an exposure arrives.
fn check(client: &Client, sink: &EventSink, running: &[(u32, String)]) -> Outcome<()> {
    let wrong = |url: &str, what: String| {
        Failure::new(
            format!("{url}: {what}"),
            "see the logs in target/dev-run/bench and fastly-host/dev/src/peer_requests.rs",
        )
    };
    let mut expected = Vec::new();
    for (line, (_, url)) in LINES.iter().zip(running) {
        let seen = sink.events().len();
        let answer = client.get(url, &[])?;
        if answer.status != 200 {
            return Err(wrong(url, format!("{} {}", answer.status, answer.body)));
        }
        let json = answer.json();
        expected.push((json["value"].clone(), json["ruleID"].clone()));
        let is_gate = matches!(line.ask, Ask::Gate | Ask::Quiet);
        if is_gate && expected.last() != expected.get(line.base()) {
            let (value, rule) = &expected[line.base()];
            return Err(wrong(
                url,
                format!("{}, not {value} by {rule}", answer.body),
            ));
        }
        if line.ask == Ask::Gate {
            let events = sink.wait_for_events(seen + 1, PATIENCE);
            let arrived = events.iter().skip(seen);
            let mut names = arrived.filter_map(|event| event["eventName"].as_str());
            if !names.any(|name| name == "statsig::gate_exposure") {
                return Err(wrong(url, "no exposure arrived".to_owned()));
            }
        }
    }
    Ok(())
}

fn section(rounds: &[Vec<f64>], versions: &str, sizes: &str) -> String {
    let mut page = format!(
        "## P: Statsig's JavaScript under Viceroy\n\n\
         {versions}, built by `js-compute-runtime` without ahead-of-time compilation (`benches/peers-js`).\n\
         Microseconds of Viceroy's process for one request, user and system, median of {ROUNDS} interleaved rounds of {REQUESTS}\n\
         requests, one at a time; all lines in the same rounds. The ratio is within each round to `bare` on the published table of\n\
         the same payload, then its median; by how much the rounds differ is in brackets. Viceroy's own code is not optimised\n\
         here. All give the same value by the same rule. The SDKs read v1 only: the same specs with their conditions written\n\
         out. Bytes: {sizes}.\n\n\
         | module | store | µs | ratio | isolates |\n| --- | --- | ---: | --- | --- |\n"
    );
    for (index, line) in LINES.iter().enumerate() {
        let of = |at: usize| {
            rounds
                .iter()
                .filter_map(move |round| round.get(at).copied())
        };
        let ratios: Vec<f64> = of(index)
            .zip(of(line.base()))
            .map(|(this, base)| this / base.max(1.0))
            .collect();
        let low = ratios.iter().copied().fold(f64::MAX, f64::min);
        let high = ratios.iter().copied().fold(0.0, f64::max);
        let _ = writeln!(
            page,
            "| `{}` | {} | {:.0} | {:.2} ({low:.2} to {high:.2}) | {} |",
            line.module,
            line.value(),
            median(of(index).collect()),
            median(ratios),
            line.isolates,
        );
    }
    page.push('\n');
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_compared_with_ours_on_the_same_payload() {
        for line in &LINES {
            let base = &LINES[line.base()];
            assert_eq!(
                (base.module, base.payload, base.form),
                ("bare", line.payload, "table")
            );
        }
        let rounds: Vec<Vec<f64>> = (1..4)
            .map(|round| {
                (0..LINES.len())
                    .map(|at| f64::from(round) * (at + 1) as f64)
                    .collect()
            })
            .collect();
        let page = section(&rounds, "`a` 1.0", "`eval.json` 9");
        assert!(
            page.contains(
                "| `service` | eval.table | 4 | 2.00 (2.00 to 2.00) | ours on the `fastly` crate |"
            ),
            "{page}"
        );
        assert!(
            page.contains("| `js-node` | 4MB.v1.json | 34 | 1.55 (1.55 to 1.55) |"),
            "{page}"
        );
    }
}
