//! The Wasm side: exports for the runner. It asks for room, writes bytes there, and calls one export; what lies between
//! `mark` with 1 and `mark` with 0 is counted.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::{Cell, UnsafeCell};
use core::hint::black_box;

use crate::evaluation::{CASES, Recorder, ask, ready, user};
use crate::payload::{Reading, read};
use statsig_edge::{Scratch, SpecKind, Table};

const PAGE: usize = 65_536;

// `memcmp` and its like: on this target they are the C library's.
#[link(name = "c")]
unsafe extern "C" {}

mod host {
    #[link(wasm_import_module = "bench")]
    unsafe extern "C" {
        /// Begins (1) or ends (0) what is counted.
        pub(super) safe fn mark(begin: u32);
    }
}

/// Takes memory from the end and gives none back, except that the last block can grow in place: what a service of one
/// request needs, and the cheapest there is, so that a peer is not charged for a slow allocator.
struct Bump {
    next: Cell<usize>,
    last: Cell<usize>,
    peak: Cell<usize>,
}

// SAFETY: a Wasm module without threads has one.
unsafe impl Sync for Bump {}

#[global_allocator]
static HEAP: Bump = Bump {
    next: Cell::new(0),
    last: Cell::new(0),
    peak: Cell::new(0),
};

impl Bump {
    fn reserve(&self, end: usize) -> bool {
        let have = memory_size(0) * PAGE;
        if end > have && memory_grow(0, (end - have).div_ceil(PAGE)) == usize::MAX {
            return false;
        }
        self.next.set(end);
        self.peak.set(self.peak.get().max(end));
        true
    }
}

// SAFETY: blocks come from fresh memory beyond everything the linker laid out, each behind the one before.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.next.get() == 0 {
            self.next.set(memory_size(0) * PAGE);
        }
        let start = self.next.get().next_multiple_of(layout.align());
        if !self.reserve(start + layout.size()) {
            return core::ptr::null_mut();
        }
        self.last.set(start);
        start as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        if block as usize == self.last.get() {
            self.next.set(block as usize);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if block as usize == self.last.get() && self.reserve(block as usize + size) {
            return block;
        }
        // SAFETY: as promised by our caller.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                core::ptr::copy_nonoverlapping(block, new, layout.size().min(size));
            }
            new
        }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

struct Input(UnsafeCell<&'static [u8]>);

// SAFETY: as above.
unsafe impl Sync for Input {}

static INPUT: Input = Input(UnsafeCell::new(&[]));

fn input() -> &'static [u8] {
    // SAFETY: written only by `room`, which no export calls while it reads.
    unsafe { *INPUT.0.get() }
}

/// Room for `length` bytes of input.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *const u8 {
    let bytes: &'static [u8] = alloc::vec![0u8; length].leak();
    // SAFETY: as above.
    unsafe { *INPUT.0.get() = bytes };
    bytes.as_ptr()
}

/// Evaluates a case on the table in the room; 1 if the answer is right.
#[unsafe(no_mangle)]
extern "C" fn evaluate(case: usize, exposures: u32) -> u32 {
    let (Some(case), Some(evaluator)) = (CASES.get(case), ready(input())) else {
        return 2;
    };
    let user = black_box(user());
    let mut scratch = Scratch::new();
    let mut recorder = Recorder::default();
    let recorder = (exposures != 0).then_some(&mut recorder);
    host::mark(1);
    let answer = ask(&evaluator, &user, case, &mut scratch, recorder);
    host::mark(0);
    u32::from(answer == Some(case.answer))
}

/// What measuring nothing costs.
#[unsafe(no_mangle)]
extern "C" fn nothing() -> u32 {
    host::mark(1);
    host::mark(0);
    1
}

/// A floor: 0 is one compression, 1 one hash.
#[unsafe(no_mangle)]
extern "C" fn floor(which: u32) -> u32 {
    host::mark(1);
    black_box(match which {
        0 => crate::floor::compression(),
        _ => crate::floor::hash(),
    });
    host::mark(0);
    1
}

/// Opens the table in the room.
#[unsafe(no_mangle)]
extern "C" fn open() -> u32 {
    let bytes = black_box(input());
    host::mark(1);
    let table = Table::open(bytes);
    host::mark(0);
    u32::from(black_box(table).is_ok())
}

/// Looks up the gate of the name that follows the table in the room.
#[unsafe(no_mangle)]
extern "C" fn lookup(table: usize) -> u32 {
    let Some((table, name)) = input().split_at_checked(table) else {
        return 2;
    };
    let (Ok(table), Ok(name)) = (Table::open(table), core::str::from_utf8(name)) else {
        return 2;
    };
    host::mark(1);
    let spec = black_box(&table).spec(SpecKind::Gate, name);
    host::mark(0);
    u32::from(spec.is_some())
}

/// Reads the payload in the room.
#[unsafe(no_mangle)]
extern "C" fn reading(which: usize) -> u32 {
    let Some((_, which)) = Reading::ALL.get(which) else {
        return 2;
    };
    let json = black_box(input());
    host::mark(1);
    let size = read(*which, json);
    host::mark(0);
    u32::from(black_box(size).is_some())
}

/// The end of the heap at its highest.
#[unsafe(no_mangle)]
extern "C" fn peak() -> usize {
    HEAP.peak.get()
}
