//! Whole requests under Viceroy: processor time of one request, ours beside services without Statsig.
//!
//! One Viceroy for each line of the table, all alive at once; rounds go over the lines in turn, one request at a time, and a
//! line's figure is the median of its rounds. The times are of Viceroy's process, host and guest, as the kernel counts
//! them; Viceroy is built without optimisation here, so its own part is larger than on a real host.

use crate::event_sink::EventSink;
use crate::http::Client;
use crate::progress::{Failure, Outcome, at, say};
use crate::run_config::{EVENTS_BACKEND, RunConfig};
use crate::service_build::service_dir;
use crate::viceroy::Viceroy;
use crate::viceroy_server::{Launch, Server};
use crate::workspace::Workspace;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Requests before anything is counted, then in each round.
const WARM_UP: usize = 40;
const REQUESTS: usize = 60;
const ROUNDS: usize = 27;

/// A line: id, module, file of the store's value, path, the line it is compared with, what it isolates.
struct Line {
    id: &'static str,
    module: &'static str,
    value: &'static str,
    path: &'static str,
    base: usize,
    isolates: &'static str,
}

const GATE: &str = "/gate/test_50_50?userID=user-1";
const LARGE_GATE: &str = "/gate/checkout_editor_5?userID=user-1";

const fn line(
    id: &'static str,
    module: &'static str,
    value: &'static str,
    path: &'static str,
    base: usize,
    isolates: &'static str,
) -> Line {
    Line {
        id,
        module,
        value,
        path,
        base,
        isolates,
    }
}

#[rustfmt::skip]
const LINES: [Line; 14] = [
    line("R0", "bare-empty", "eval.table", GATE, 0, "a request that reads nothing"),
    line("R0", "bare-kv", "eval.table", GATE, 1, "reading the table of 0.43 MB JSON"),
    line("R1", "bare-quiet", "eval.table", GATE, 1, "besides, a user and a gate; no events"),
    line("R1", "bare", "eval.table", GATE, 1, "besides, the exposure sent and its answer awaited"),
    line("R0", "bare-kv", "4MB.table", LARGE_GATE, 4, "reading the table of 4 MB JSON"),
    line("R1", "bare-quiet", "4MB.table", LARGE_GATE, 4, "besides, a user and a gate; no events"),
    line("R1", "bare", "4MB.table", LARGE_GATE, 4, "besides, the exposure sent and its answer awaited"),
    line("R2", "bare-shared", "eval.json", GATE, 3, "0.43 MB JSON, its table in the cache, beside R1 on a published one"),
    line("R2", "bare-shared", "4MB.json", LARGE_GATE, 6, "4 MB JSON, its table in the cache, beside R1 on a published one"),
    line("W3", "fastly-kv", "eval.table", GATE, 9, "the table read by the `fastly` crate"),
    line("W3", "service", "eval.table", GATE, 9, "our service on the `fastly` crate, exposure sent"),
    line("W3", "fastly-url", "eval.table", GATE, 9, "the `fastly` crate, nothing read"),
    line("R3", "bare-empty-reuse", "eval.table", GATE, 12, "a second request in a sandbox (Viceroy: five of six), which does nothing; the median of requests"),
    line("R3", "bare-reuse", "eval.table", GATE, 12, "a second request in a sandbox: nothing read, repeats not sent; the median of requests"),
];

/// Where the first request of a sandbox is not of interest: there the figure of a round is the median of its requests, of which five in
/// six go on in a sandbox.
const REUSE: &str = "R3";

struct Running {
    id: &'static str,
    server: Server,
    pid: u32,
    url: String,
}

/// Measures and writes the section of the report.
pub(crate) fn measure(
    workspace: &Workspace,
    viceroy: &Viceroy,
    folder: &Path,
    modules: &[(&'static str, PathBuf)],
) -> Outcome<String> {
    let sink = EventSink::start()?;
    let client = Client::new();
    let mut running = Vec::new();
    for (index, line) in LINES.iter().enumerate() {
        let module = modules.iter().find(|(name, _)| *name == line.module);
        let (_, wasm) = module.ok_or_else(|| unknown(line.module))?;
        let config_path = folder.join(format!("request-{index}.toml"));
        RunConfig::of_service(service_dir(workspace)?)?
            .backend(EVENTS_BACKEND, &sink.url())
            .kv_file("statsig", "statsig-specs", &folder.join(line.value))
            .write(&config_path)?;
        let server = Server::start(&Launch {
            viceroy: &viceroy.path,
            wasm,
            config: &config_path,
            dir: service_dir(workspace)?,
            port: 0,
            log: &folder.join(format!("request-{index}.log")),
            own_group: false,
        })?;
        let url = server.url(line.path);
        let answer = client.get(&url, &[])?;
        if answer.status != 200 {
            return Err(Failure::new(
                format!(
                    "{} answered {url} with {}: {}",
                    line.module, answer.status, answer.body
                ),
                "correct the line in fastly-host/dev/src/requests.rs",
            ));
        }
        running.push(Running {
            id: line.id,
            pid: server.pid(),
            server,
            url,
        });
        say(format!("{} on {}", line.module, line.value));
    }
    for one in &running {
        for _ in 0..WARM_UP {
            client.get(&one.url, &[])?;
        }
    }
    let mut rounds: Vec<Vec<f64>> = Vec::new();
    for round in 0..ROUNDS {
        say(format!("round {} of {ROUNDS}", round + 1));
        let mut times = Vec::new();
        for one in &running {
            let mut each = Vec::new();
            let mut before = processor_time(one.pid)?;
            for _ in 0..REQUESTS {
                client.get(&one.url, &[])?;
                let now = processor_time(one.pid)?;
                each.push(now.saturating_sub(before) as f64 / 1_000.0);
                before = now;
            }
            times.push(match one.id {
                REUSE => median(each),
                // What goes on after the answer belongs to the request: the next one waits for nothing else.
                _ => each.iter().sum::<f64>() / REQUESTS as f64,
            });
        }
        rounds.push(times);
    }
    drop(
        running
            .into_iter()
            .map(|one| one.server)
            .collect::<Vec<_>>(),
    );
    Ok(section(&rounds))
}

fn section(rounds: &[Vec<f64>]) -> String {
    let mut page = format!(
        "## Whole requests: processor time under Viceroy\n\n\
         Microseconds of Viceroy's process for one request, user and system, median of {ROUNDS} interleaved rounds of {REQUESTS}\n\
         requests, one at a time. The ratio is within each round, then its median; by how much the rounds differ is in brackets.\n\
         Viceroy's own code is not optimised here.\n\n\
         | id | module | store | µs | ratio | to | isolates |\n| --- | --- | --- | --- | --- | --- | --- |\n"
    );
    for (index, line) in LINES.iter().enumerate() {
        let of = |at: usize| {
            rounds
                .iter()
                .filter_map(move |round| round.get(at).copied())
        };
        let ratios: Vec<f64> = of(index)
            .zip(of(line.base))
            .map(|(ours, base)| ours / base.max(1.0))
            .collect();
        let (low, high) = ratios
            .iter()
            .fold((f64::MAX, 0_f64), |(low, high), &ratio| {
                (low.min(ratio), high.max(ratio))
            });
        let base = LINES.get(line.base).map_or("", |base| base.module);
        let _ = writeln!(
            page,
            "| {} | `{}` | {} | {:.0} | {:.2} ({low:.2} to {high:.2}) | `{base}` | {} |",
            line.id,
            line.module,
            line.value,
            median(of(index).collect()),
            median(ratios),
            line.isolates,
        );
    }
    page.push('\n');
    page
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Nanoseconds that the threads of a process have run.
pub(crate) fn processor_time(pid: u32) -> Outcome<u64> {
    let folder = PathBuf::from(format!("/proc/{pid}/task"));
    let tasks = std::fs::read_dir(&folder).map_err(at("read", &folder))?;
    Ok(tasks
        .filter_map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        })
        .sum())
}

fn unknown(module: &str) -> Failure {
    Failure::new(
        format!("no module {module} is built"),
        "add it to SERVICE_BUILDS in fastly-host/dev/src/bench.rs",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_one_is_taken() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]), 2.0);
        let rounds = vec![vec![100.0; LINES.len()]; 3];
        assert!(section(&rounds).contains("| 100 | 1.00 (1.00 to 1.00) |"));
    }

    #[test]
    fn our_own_time_is_counted() {
        let pid = std::process::id();
        let before = processor_time(pid).unwrap();
        let sum = (0..5_000_000_u64).fold(0, |sum, number| std::hint::black_box(sum ^ number));
        assert!(processor_time(pid).unwrap() > before, "{sum}");
    }
}
