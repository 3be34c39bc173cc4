//! The command line of the differential tester; code 1 when the engines disagree.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;

use statsig_differential::countries::Countries;
use statsig_differential::generate::{OPERATORS, Scope};
use statsig_differential::official::Core;
use statsig_differential::run::{Plan, run};
use statsig_differential::session::Engines;

/// Compares the engine with Statsig's own core on generated payloads and users.
#[derive(Parser)]
struct Arguments {
    /// How many cases
    #[arg(long, default_value_t = 20_000)]
    cases: usize,
    /// The seed [default: a fresh one, printed]
    #[arg(long)]
    seed: Option<u64>,
    /// The batch to begin with, as a failure tells it
    #[arg(long, default_value_t = 0)]
    first_batch: u64,
    /// End after this many failing payloads
    #[arg(long, default_value_t = 5)]
    failures: usize,
    /// Only gates
    #[arg(long)]
    gates_only: bool,
    /// Print how often each operator came out true, false and unsupported
    #[arg(long)]
    tally: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |time| time.as_nanos() as u64 % 1_000_000_000)
    });
    println!(
        "{} cases of seed {seed}, {} operators",
        arguments.cases,
        OPERATORS.len()
    );
    let (plain, configured) = (Core::start(false), Core::start(true));
    let countries = Countries::prepare();
    let country = |ip: &str| countries.of(ip);
    let engines = Engines::start(plain, configured, &country);
    // What the core panics on is counted, not printed; our own panics are told by their place.
    std::panic::set_hook(Box::new(|panic| {
        if panic.location().is_some_and(|place| {
            !place.file().contains("statsig-rust") && !place.file().contains("chrono")
        }) {
            eprintln!("{panic}");
        }
    }));
    let begin = Instant::now();
    let plan = Plan {
        first: arguments.first_batch,
        cases: arguments.cases,
        seed,
        failures: arguments.failures,
        scope: Scope {
            unknown: true,
            gates_only: arguments.gates_only,
        },
    };
    let outcome = run(&engines, &plan);
    if arguments.tally {
        println!("{}", outcome.tally);
    }
    for (quirk, count) in &outcome.quirks {
        println!("known difference {quirk:?}: {count} ({})", quirk.reason());
    }
    if outcome.passed_over > 0 {
        println!(
            "passed over {} payloads that lead back to themselves in ways on which the core overflows its stack",
            outcome.passed_over
        );
    }
    println!(
        "{} cases, {} answers, {} to v1 payloads, {} failures in {:.1} s",
        outcome.cases,
        outcome.answers,
        outcome.answers_v1,
        outcome.failures,
        begin.elapsed().as_secs_f64()
    );
    match outcome.failures {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
