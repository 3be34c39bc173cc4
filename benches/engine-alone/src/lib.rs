//! The smallest module around the engine: a table and a user in, a gate's value out. Only its size matters.
//!
//! The user comes as JSON, as it does from a request, so that every form of a number is reached.
#![cfg_attr(target_family = "wasm", no_std)]
#![cfg(target_family = "wasm")]

use statsig_edge::{Environment, Evaluator, Scratch, Table, User};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(feature = "alloc")]
mod bump {
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32::{memory_grow, memory_size};
    use core::cell::Cell;

    /// Takes memory and gives none back.
    struct Bump(Cell<usize>);

    // SAFETY: a Wasm module without threads has one.
    unsafe impl Sync for Bump {}

    // SAFETY: blocks come from memory beyond what the linker laid out, each behind the one before.
    unsafe impl GlobalAlloc for Bump {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            let have = memory_size(0) * 65_536;
            let next = if self.0.get() == 0 {
                have
            } else {
                self.0.get()
            };
            let start = next.next_multiple_of(layout.align());
            let end = start + layout.size();
            if end > have && memory_grow(0, (end - have).div_ceil(65_536)) == usize::MAX {
                return core::ptr::null_mut();
            }
            self.0.set(end);
            start as *mut u8
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }

    #[global_allocator]
    static HEAP: Bump = Bump(Cell::new(0));
}

// `memcmp` and its like: on this target they are the C library's.
#[link(name = "c")]
unsafe extern "C" {}

mod host {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        pub(super) safe fn now_ms() -> i64;
    }
}

struct Host;

impl Environment for Host {
    fn now_ms(&self) -> i64 {
        host::now_ms()
    }
}

/// # Safety
/// The three runs of bytes lie in memory and nobody writes to them.
#[unsafe(no_mangle)]
unsafe extern "C" fn gate(
    table: *const u8,
    table_length: usize,
    user: *const u8,
    user_length: usize,
    name: *const u8,
    name_length: usize,
) -> u32 {
    // SAFETY: see above.
    let (table, user, name) = unsafe {
        (
            core::slice::from_raw_parts(table, table_length),
            core::slice::from_raw_parts(user, user_length),
            core::slice::from_raw_parts(name, name_length),
        )
    };
    #[cfg(feature = "compile")]
    let compiled;
    #[cfg(feature = "compile")]
    let table = match statsig_edge::compile::compile(table) {
        Ok(done) => {
            compiled = done.table;
            &compiled[..]
        }
        Err(_) => return 2,
    };
    let mut room = [0; 2048];
    let (Ok(table), Ok(user), Ok(name)) = (
        Table::open(table),
        User::from_json(user, &mut room),
        core::str::from_utf8(name),
    ) else {
        return 2;
    };
    let evaluator = Evaluator::new(table, &Host);
    let mut scratch = Scratch::<16, 4>::new();
    #[cfg(feature = "all-kinds")]
    {
        let name_of = name.get(1..).unwrap_or_default();
        match name.as_bytes().first() {
            Some(b'c') => {
                let config = evaluator.dynamic_config(&user, name_of, &mut scratch);
                return config.parameter("p").map_or(0, |json| json.len() as u32);
            }
            Some(b'e') => {
                let experiment = evaluator.experiment(&user, name_of, &mut scratch);
                return experiment
                    .parameter("p")
                    .map_or(0, |json| json.len() as u32);
            }
            Some(b'l') => {
                let layer = evaluator.layer(&user, name_of, &mut scratch);
                return layer
                    .parameter("p")
                    .map_or(0, |read| read.json.len() as u32);
            }
            _ => {}
        }
    }
    u32::from(evaluator.gate(&user, name, &mut scratch).value())
}
