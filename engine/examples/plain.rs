//! The engine in a plain Rust program: compile the config specs once, keep the table, answer from its bytes.
//!
//!     cargo run --example plain --features compile -- SPECS.json GATE USER_ID
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use statsig_edge::compile::compile;
use statsig_edge::{Environment, Evaluator, Scratch, Table, User};

/// What this program knows of the world. Countries, ID lists and chance have honest defaults.
struct World;

impl Environment for World {
    fn now_ms(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |now| now.as_millis() as i64)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, gate, user_id] = &arguments[..] else {
        eprintln!("usage: plain SPECS.json GATE USER_ID");
        return ExitCode::from(2);
    };
    match answer(path, gate, user_id) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(path: &str, gate: &str, user_id: &str) -> Result<(), Box<dyn std::error::Error>> {
    let compiled = compile(&std::fs::read(path)?)?;
    let table = Table::open(&compiled.table)?;
    let evaluator = Evaluator::new(table, &World);
    // Room for the secondary exposures of one check, used again for the next.
    let mut scratch = Scratch::<64>::new();
    let gate = evaluator.gate(&User::new().with_user_id(user_id), gate, &mut scratch);
    println!("{} {}", gate.value(), gate.rule_id());
    for exposure in gate.secondary_exposures() {
        println!("  {}", exposure.gate);
    }
    Ok(())
}
