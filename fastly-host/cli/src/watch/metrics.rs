//! What a watch counts, as Prometheus reads it, and whether it is well.

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::http::RateLimit;

/// The counters.
#[derive(Debug)]
pub(crate) struct Metrics {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    polls: u64,
    failures: u64,
    publications: u64,
    in_step: Option<(Instant, SystemTime)>,
    payload_time: u64,
    payload_bytes: u64,
    allowance: Option<u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics {
            started: Instant::now(),
            state: Mutex::default(),
        }
    }
}

impl Metrics {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A poll began.
    pub(crate) fn polled(&self) {
        self.state().polls += 1;
    }

    /// A poll or a publication failed.
    pub(crate) fn failed(&self) {
        self.state().failures += 1;
    }

    /// The store was written.
    pub(crate) fn published(&self) {
        self.state().publications += 1;
    }

    /// The store holds what Statsig has; with the payload's time and size in the store, if it was seen.
    pub(crate) fn in_step(&self, payload: Option<(u64, usize)>) {
        let mut state = self.state();
        state.in_step = Some((Instant::now(), SystemTime::now()));
        if let Some((time, bytes)) = payload {
            state.payload_time = time;
            state.payload_bytes = bytes as u64;
        }
    }

    /// What Fastly said of its rate limit.
    pub(crate) fn note_allowance(&self, limit: RateLimit) {
        self.state().allowance = limit.remaining;
    }

    /// Well, if the store was in step within this time, or the watch has not run for so long yet.
    ///
    /// # Errors
    /// The reason why not.
    pub(crate) fn health(&self, within: Duration) -> Result<(), String> {
        let since = self.state().in_step.map_or(self.started, |(at, _)| at);
        match since.elapsed() <= within {
            true => Ok(()),
            false => Err(format!(
                "the store was last in step with Statsig {} s ago",
                since.elapsed().as_secs()
            )),
        }
    }

    /// All of it, in Prometheus' text format.
    pub(crate) fn text(&self) -> String {
        let state = self.state();
        let seconds = state.in_step.map_or(0.0, |(_, at)| {
            at.duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs_f64()
        });
        let mut out = String::new();
        let mut add = |name: &str, kind: &str, help: &str, value: f64| {
            // A `String` takes everything.
            let _ = write!(
                out,
                "# HELP statsig_fastly_{name} {help}\n# TYPE statsig_fastly_{name} {kind}\nstatsig_fastly_{name} {value}\n"
            );
        };
        add(
            "polls_total",
            "counter",
            "Polls of Statsig.",
            state.polls as f64,
        );
        add(
            "failures_total",
            "counter",
            "Polls that did not bring the store in step with Statsig.",
            state.failures as f64,
        );
        add(
            "publications_total",
            "counter",
            "Times that config specs were written to the store.",
            state.publications as f64,
        );
        add(
            "in_step_timestamp_seconds",
            "gauge",
            "When the store was last seen in step with Statsig, 0 for never.",
            seconds,
        );
        add(
            "payload_time_ms",
            "gauge",
            "The time that Statsig gave the live config specs.",
            state.payload_time as f64,
        );
        add(
            "payload_bytes",
            "gauge",
            "The size of the live config specs in the store.",
            state.payload_bytes as f64,
        );
        if let Some(allowance) = state.allowance {
            add(
                "rate_limit_remaining",
                "gauge",
                "Requests that Fastly's API still allows.",
                allowance as f64,
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_being_in_step() {
        let metrics = Metrics::default();
        assert!(metrics.health(Duration::from_secs(3_600)).is_ok());
        // Some time has passed since the start, if only a nanosecond.
        std::thread::yield_now();
        assert!(metrics.health(Duration::ZERO).is_err());
        metrics.in_step(Some((7, 9)));
        assert!(metrics.health(Duration::from_secs(3_600)).is_ok());
        let text = metrics.text();
        assert!(
            text.contains("\nstatsig_fastly_payload_time_ms 7\n"),
            "{text}"
        );
        assert!(!text.contains("rate_limit"));
    }
}
