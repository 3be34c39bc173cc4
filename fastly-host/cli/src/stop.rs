//! Being asked to stop: SIGTERM and SIGINT end a wait at once and a task at its next safe point.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Whether to stop; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Asks to stop.
    pub(crate) fn ask(&self) {
        let (asked, changed) = &*self.0;
        *asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    /// Whether it was asked.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for so long, or until it is asked; says whether it was.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let (asked, changed) = &*self.0;
        let until = Instant::now() + time;
        let mut guard = asked.lock().unwrap_or_else(PoisonError::into_inner);
        while !*guard {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            guard = changed
                .wait_timeout(guard, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *guard
    }

    /// From now on the first SIGTERM or SIGINT asks, and a second one ends the process at once.
    pub(crate) fn on_signals(&self) -> Result<()> {
        let mut signals = Signals::new([SIGTERM, SIGINT]).context("taking signals")?;
        let stop = self.clone();
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if stop.is_asked() {
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
                stop.ask();
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_asked() {
        let stop = Stop::default();
        assert!(!stop.wait(Duration::ZERO));
        let asker = stop.clone();
        let thread = std::thread::spawn(move || asker.ask());
        assert!(stop.wait(Duration::from_secs(3600)));
        thread.join().unwrap();
        assert!(stop.is_asked());
    }
}
