//! The native side: one case for each process. See [`statsig_benches_cases::measured`].

use std::hint::black_box;
use std::process::ExitCode;

use statsig_benches_cases::evaluation::{CASES, Recorder, ask, ready, user};
use statsig_benches_cases::floor;
use statsig_benches_cases::measured::{Counting, measure, run_case};
use statsig_benches_cases::payload::{Reading, read};
use statsig_edge::{Scratch, SpecKind, Table};

#[global_allocator]
static HEAP: Counting = Counting;

fn main() -> ExitCode {
    run_case(run)
}

fn run(arguments: &[&str]) -> Option<()> {
    let file = |path: &str| std::fs::read(path).ok();
    match *arguments {
        ["nothing"] => measure(|| {}),
        ["compression"] => measure(|| {
            black_box(floor::compression());
        }),
        ["hash"] => measure(|| {
            black_box(floor::hash());
        }),
        ["evaluate", case, exposures, table] => {
            evaluate(case, exposures == "exposures", &file(table)?)?
        }
        ["open", table] => {
            let table = file(table)?;
            measure(|| {
                black_box(Table::open(black_box(&table))).ok();
            });
        }
        ["verify", table] => {
            let bytes = file(table)?;
            let table = Table::open(&bytes).ok()?;
            measure(|| assert_eq!(black_box(&table).verify(), Ok(())));
        }
        ["lookup", table, gate] => {
            let bytes = file(table)?;
            let table = Table::open(&bytes).ok()?;
            measure(|| {
                assert!(
                    black_box(&table)
                        .spec(SpecKind::Gate, black_box(gate))
                        .is_some()
                )
            });
        }
        ["read", reading, json] => {
            let (_, reading) = Reading::ALL.iter().find(|(name, _)| *name == reading)?;
            let json = file(json)?;
            measure(|| assert!(black_box(read(*reading, black_box(&json))).is_some()));
        }
        _ => return None,
    }
    Some(())
}

fn evaluate(id: &str, exposures: bool, table: &[u8]) -> Option<()> {
    let case = CASES.iter().find(|case| case.id == id)?;
    let evaluator = ready(table)?;
    let user = black_box(user());
    let mut scratch = Scratch::new();
    let mut recorder = Recorder::default();
    let mut answer = None;
    measure(|| {
        recorder.clear();
        let recorder = exposures.then_some(&mut recorder);
        answer = ask(&evaluator, &user, case, &mut scratch, recorder);
    });
    (answer == Some(case.answer) && exposures == (recorder.length() > 0)).then_some(())
}
