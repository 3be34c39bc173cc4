//! How a native case is measured: instructions by callgrind, which is told the name of [`statsig_benches_measured`], and
//! the heap by an allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator, counting; a program declares it with `#[global_allocator]`.
pub struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);

fn taken(size: usize) {
    let now = NOW.fetch_add(size, Relaxed) + size;
    PEAK.fetch_max(now, Relaxed);
    BLOCKS.fetch_add(1, Relaxed);
}

fn given(size: usize) {
    NOW.fetch_sub(size, Relaxed);
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

/// Callgrind collects while this runs: the runner names it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn statsig_benches_measured(work: &mut &mut dyn FnMut()) {
    work();
}

/// Runs the work once to warm up, then measured, and prints what it took from the heap.
pub fn measure(mut work: impl FnMut()) {
    work();
    measure_once(work);
}

/// Runs the work measured, and prints what it took from the heap.
pub fn measure_once(mut work: impl FnMut()) {
    let (before, blocks) = (NOW.load(Relaxed), BLOCKS.load(Relaxed));
    PEAK.store(before, Relaxed);
    statsig_benches_measured(&mut (&mut work as &mut dyn FnMut()));
    println!(
        "peak {} blocks {}",
        PEAK.load(Relaxed) - before,
        BLOCKS.load(Relaxed) - blocks
    );
}

/// The whole of a program that runs the case which its arguments name.
pub fn run_case(run: impl FnOnce(&[&str]) -> Option<()>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Some(()) => ExitCode::SUCCESS,
        None => {
            eprintln!("no such case, or a wrong answer: {arguments:?}");
            ExitCode::FAILURE
        }
    }
}
