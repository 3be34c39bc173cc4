//! The command line of `cargo dev …`.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use statsig_fastly_dev::bench::Section;
use statsig_fastly_dev::build_dirs::BuildDirs;
use statsig_fastly_dev::process::pass_on_signals;
use statsig_fastly_dev::progress::{Outcome, say};
use statsig_fastly_dev::test_steps::{Selection, Step, test};
use statsig_fastly_dev::viceroy::Preparing;
use statsig_fastly_dev::wasm_toolchain::{NO_STD, Toolchain, WASM};
use statsig_fastly_dev::workspace::Workspace;
use statsig_fastly_dev::{
    bench, differential, figures, fuzz, fuzz_coverage, serve, service_build, soak,
};
use std::process::ExitCode;

/// Developer tasks of this workspace. Each does the set-up it needs and says so.
#[derive(Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Prepare the Wasm toolchain and Viceroy, and nothing else
    Setup,
    /// Run the service under Viceroy with a local event sink, and print a few decisions
    Serve {
        /// Ask, print and end
        #[arg(long)]
        once: bool,
        /// Port on 127.0.0.1 (0 takes a free one) [default: 7676; with --once a free one]
        #[arg(long)]
        port: Option<u16>,
        /// The service without the `fastly` crate
        #[arg(long)]
        bare: bool,
    },
    /// Run every test
    Test {
        /// Run only these steps
        #[arg(long, value_enum, value_name = "STEP")]
        only: Vec<Step>,
        /// Leave these steps out
        #[arg(long, value_enum, value_name = "STEP")]
        skip: Vec<Step>,
        /// Go on after a step that failed
        #[arg(long)]
        keep_going: bool,
    },
    /// Compare the engine with Statsig's own core on generated payloads and users
    Differential {
        /// How many cases: one payload and one user each, asked about every spec
        #[arg(long, default_value_t = differential::CASES)]
        cases: usize,
        /// What determines the cases [default: a fresh one, printed]
        #[arg(long)]
        seed: Option<u64>,
        /// Print how often each operator came out true, false and unsupported
        #[arg(long)]
        tally: bool,
    },
    /// Run the fuzz targets
    Fuzz {
        /// Run only these targets
        #[arg(long, value_name = "TARGET")]
        only: Vec<String>,
        /// How long each of them runs
        #[arg(long, default_value_t = 300)]
        seconds: u32,
        /// Count the lines of the engine that the corpora reach, and fuzz nothing
        #[arg(long, conflicts_with_all = ["only", "seconds"])]
        coverage: bool,
    },
    /// Build the service to Wasm and print where it is
    BuildService {
        /// The service without the `fastly` crate, for published tables
        #[arg(long)]
        bare: bool,
    },
    /// Run the benchmarks and write benches/RESULTS.md
    Bench {
        /// Measure only these sections; the others stay in the page as they are
        #[arg(long, value_enum, value_name = "SECTION")]
        section: Vec<Section>,
        /// Measure Statsig's JavaScript beside our services instead, section P: needs Node and npm
        #[arg(long, conflicts_with_all = ["section", "only", "profile"])]
        peers: bool,
        /// Measure only what has this in its id, and print instead of writing
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Print the functions in which most instructions were spent, so many of each case
        #[arg(long, value_name = "COUNT")]
        profile: Option<usize>,
    },
    /// Write the README's figures from benches/RESULTS.md, as `bench` does at its end
    Figures,
    /// Ask the service under Viceroy very often while its specs change
    Soak {
        /// How often
        #[arg(long, default_value_t = 200_000)]
        requests: u64,
    },
    /// Measure the Wasm modules against benches/budgets.toml
    Size,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Outcome<()> {
    pass_on_signals()?;
    match task {
        Task::Setup => set_up(),
        Task::Serve { once, port, bare } => serve::serve(
            once,
            port,
            if bare {
                service_build::BARE_INSPECTED
            } else {
                service_build::SERVICE_INSPECTED
            },
        ),
        Task::Test {
            only,
            skip,
            keep_going,
        } => test(&Selection {
            only,
            skip,
            keep_going,
        }),
        Task::Fuzz {
            only,
            seconds,
            coverage,
        } => {
            let workspace = Workspace::find()?;
            let dirs = BuildDirs::take(&workspace)?;
            if coverage {
                return fuzz_coverage::run(&workspace, &dirs);
            }
            fuzz::run(&workspace, &dirs, &only, seconds, None)
        }
        Task::Soak { requests } => soak::run(requests),
        Task::Differential { cases, seed, tally } => differential::run(cases, seed, tally),
        Task::BuildService { bare } => {
            let workspace = Workspace::find()?;
            let dirs = BuildDirs::take(&workspace)?;
            let module = service_build::build(
                &workspace,
                &dirs,
                Toolchain::for_wasm()?,
                if bare {
                    service_build::BARE_FOR_TABLES
                } else {
                    service_build::SERVICE
                },
            )?;
            println!("{}", module.path.display());
            Ok(())
        }
        Task::Bench { peers: true, .. } => bench::peers(),
        Task::Bench {
            section,
            only,
            profile,
            peers: false,
        } => bench::bench(&section, only, profile),
        Task::Figures => figures::write(&Workspace::find()?.root),
        Task::Size => bench::size(),
    }
}

fn set_up() -> Outcome<()> {
    let viceroy = Preparing::begin()?;
    for (target, toolchain) in [
        (WASM, Toolchain::for_wasm()?),
        (NO_STD, Toolchain::for_no_std()?),
    ] {
        say(format!("{target} is built by {}", toolchain.key()?));
    }
    viceroy.wait()?;
    println!("everything is ready: `cargo dev serve`, `cargo dev test`");
    Ok(())
}
