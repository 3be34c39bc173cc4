//! The heap of an execution: it grows, and ends with the instance.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::Cell;

const PAGE: usize = 65_536;

/// Blocks one behind the other, beyond what the linker laid out. Only the last one can grow in place or be given back:
/// that is the body being written, most of the time.
struct Bump {
    /// Where the next block may begin; 0 before the first.
    next: Cell<usize>,
}

#[global_allocator]
static HEAP: Bump = Bump { next: Cell::new(0) };

// SAFETY: the module has no threads.
unsafe impl Sync for Bump {}

impl Bump {
    /// Makes sure that memory reaches up to `end`.
    fn reach(&self, end: usize) -> bool {
        let have = memory_size(0).wrapping_mul(PAGE);
        if end > have {
            let pages = end.wrapping_sub(have).div_ceil(PAGE);
            if memory_grow(0, pages) == usize::MAX {
                return false;
            }
        }
        self.next.set(end);
        true
    }
}

// SAFETY: a block begins where the one before ends or later, aligned, and memory reaches up to its end.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.next.get() == 0 {
            self.next.set(memory_size(0).wrapping_mul(PAGE));
        }
        let mask = layout.align().wrapping_sub(1);
        let start = self.next.get().wrapping_add(mask) & !mask;
        match start.checked_add(layout.size()) {
            Some(end) if self.reach(end) => start as *mut u8,
            _ => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = block as usize;
        if start.wrapping_add(layout.size()) == self.next.get() {
            self.next.set(start);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = block as usize;
        if start.wrapping_add(layout.size()) == self.next.get() {
            return match start.checked_add(size) {
                Some(end) if self.reach(end) => block,
                _ => core::ptr::null_mut(),
            };
        }
        // SAFETY: the caller vouches for size and alignment.
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !moved.is_null() {
            // SAFETY: both blocks have that many bytes, and a new one overlaps none.
            unsafe { core::ptr::copy_nonoverlapping(block, moved, size.min(layout.size())) };
        }
        moved
    }
}
