//! The heap of an execution: it grows, and ends with the instance.
//!
//! An instance for one request gives nothing back. One that goes on (feature `reuse`) keeps what is given back in lists by size, so
//! that it has as much memory as its largest request takes.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::Cell;

const PAGE: usize = 65_536;

/// Blocks one behind the other, beyond what the linker laid out. Only the last one can grow in place: that is the body
/// being written, most of the time.
struct Bump {
    /// Where the next block may begin; 0 before the first.
    next: Cell<usize>,
}

#[global_allocator]
static HEAP: Bump = Bump { next: Cell::new(0) };

/// As much as a block of this size gets.
fn room(size: usize) -> usize {
    match size {
        _ if !cfg!(feature = "reuse") => size,
        ..=PAGE => size.max(LEAST).next_power_of_two(),
        _ => size.div_ceil(PAGE).wrapping_mul(PAGE),
    }
}

/// The least room, and the alignment of all.
const LEAST: usize = 16;

/// What was given back.
#[cfg(feature = "reuse")]
mod free {
    use super::{LEAST, PAGE};
    use core::cell::Cell;

    /// The head of a block that is free.
    struct Free {
        next: *mut Free,
        room: usize,
    }

    /// By the logarithm of their room, rounded down.
    struct Lists([Cell<*mut Free>; 32]);

    // SAFETY: the module has no threads.
    unsafe impl Sync for Lists {}

    static LISTS: Lists = Lists([const { Cell::new(core::ptr::null_mut()) }; 32]);

    /// Blocks of more than a page differ in size within their list: so many are looked at.
    const LOOKED_AT: usize = 8;

    fn list(room: usize) -> Option<&'static Cell<*mut Free>> {
        LISTS.0.get(room.checked_ilog2()? as usize)
    }

    /// A block with so much room, or null.
    pub(super) fn take(room: usize) -> *mut u8 {
        let Some(mut place) = list(room) else {
            return core::ptr::null_mut();
        };
        for _ in 0..LOOKED_AT {
            let block = place.get();
            if block.is_null() {
                break;
            }
            // SAFETY: what a list leads to is a block that was given back, with a head, and nobody else's.
            let head = unsafe { &mut *block };
            if head.room == room {
                place.set(head.next);
                return block.cast();
            }
            // SAFETY: `next` is a field of that head; a cell of a type is laid out as the type.
            place = unsafe { &*(&raw mut head.next).cast::<Cell<*mut Free>>() };
        }
        core::ptr::null_mut()
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// The block has this much room, at least [`LEAST`], and is nobody's.
    pub(super) unsafe fn give(block: *mut u8, room: usize) {
        const { assert!(size_of::<Free>() <= LEAST && LEAST < PAGE) };
        if let Some(place) = list(room) {
            let free = block.cast::<Free>();
            // SAFETY: a head fits into the least room, and every block begins aligned for it.
            unsafe {
                free.write(Free {
                    next: place.get(),
                    room,
                });
            }
            place.set(free);
        }
    }
}

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

// SAFETY: a block begins where the one before ends or later, aligned, and memory reaches up to its end; or it is one of the same
// room that was given back.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let room = room(layout.size());
        #[cfg(feature = "reuse")]
        if layout.align() <= LEAST {
            let block = free::take(room);
            if !block.is_null() {
                return block;
            }
        }
        if self.next.get() == 0 {
            self.next.set(memory_size(0).wrapping_mul(PAGE));
        }
        let align = match cfg!(feature = "reuse") {
            true => layout.align().max(LEAST),
            false => layout.align(),
        };
        let mask = align.wrapping_sub(1);
        let start = self.next.get().wrapping_add(mask) & !mask;
        match start.checked_add(room) {
            Some(end) if self.reach(end) => start as *mut u8,
            _ => core::ptr::null_mut(),
        }
    }

    /// Nothing, where there is no further request: then the code that gives blocks back, 1.7 KB in all, is not there either.
    #[cfg(not(feature = "reuse"))]
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

    #[cfg(feature = "reuse")]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.align() <= LEAST {
            // SAFETY: it was given with this much room.
            unsafe { free::give(block, room(layout.size())) };
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = block as usize;
        let (has, wants) = (room(layout.size()), room(size));
        if has == wants {
            return block;
        }
        if start.wrapping_add(has) == self.next.get() {
            return match start.checked_add(wants) {
                Some(end) if self.reach(end) => block,
                _ => core::ptr::null_mut(),
            };
        }
        // SAFETY: the caller vouches for size and alignment.
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !moved.is_null() {
            // SAFETY: both blocks have that many bytes, and a new one overlaps none; the old one is as `layout` says.
            unsafe {
                core::ptr::copy_nonoverlapping(block, moved, size.min(layout.size()));
                self.dealloc(block, layout);
            }
        }
        moved
    }
}
