//! The native side: one case for each process. What runs inside [`statsig_benches_measured`] is what callgrind counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use statsig_benches_cases::evaluation::{CASES, Recorder, ask, ready, user};
use statsig_benches_cases::floor;
use statsig_benches_cases::payload::{Reading, read};
use statsig_edge::{Scratch, SpecKind, Table};

/// The system's allocator, counting.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);

fn taken(size: usize) {
    let now = NOW.load(Relaxed) + size;
    NOW.store(now, Relaxed);
    PEAK.store(PEAK.load(Relaxed).max(now), Relaxed);
    BLOCKS.store(BLOCKS.load(Relaxed) + 1, Relaxed);
}

fn given(size: usize) {
    NOW.store(NOW.load(Relaxed).wrapping_sub(size), Relaxed);
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        given(layout.size());
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        given(layout.size());
        taken(size);
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

/// Callgrind collects while this runs: the runner names it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn statsig_benches_measured(work: &mut &mut dyn FnMut()) {
    work();
}

/// Runs the work once to warm up, then measured, and prints what it took from the heap.
fn measure(mut work: impl FnMut()) {
    work();
    let (before, blocks) = (NOW.load(Relaxed), BLOCKS.load(Relaxed));
    PEAK.store(before, Relaxed);
    statsig_benches_measured(&mut (&mut work as &mut dyn FnMut()));
    println!(
        "peak {} blocks {}",
        PEAK.load(Relaxed) - before,
        BLOCKS.load(Relaxed) - blocks
    );
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Some(()) => ExitCode::SUCCESS,
        None => {
            eprintln!("statsig-benches-cases: no such case, or a wrong answer: {arguments:?}");
            ExitCode::FAILURE
        }
    }
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
