//! Work counted without a clock, in tests alone: what reads bytes says how many it looked at. Other builds contain none of it.

/// Counts so many bytes or rows that were looked at.
#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn tick(_: usize) {}

#[cfg(test)]
pub(crate) use counting::tick;

#[cfg(test)]
mod counting {
    use core::cell::Cell;
    use std::thread_local;

    thread_local! {
        static COUNT: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn tick(count: usize) {
        COUNT.with(|total| total.set(total.get() + count));
    }

    /// What was counted while something ran.
    pub(super) fn of(run: impl FnOnce()) -> usize {
        COUNT.with(|total| total.set(0));
        run();
        COUNT.with(Cell::get)
    }
}

#[cfg(test)]
mod tests;
