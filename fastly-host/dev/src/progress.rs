//! What the developer sees: progress line by line on standard error, and failures that say what to do next.

use std::fmt;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Prints one line of progress.
pub fn say(line: impl fmt::Display) {
    eprintln!("{line}");
}

/// A task that did not work: what failed, and what the developer can do about it.
#[derive(Debug)]
pub struct Failure {
    what: String,
    next: String,
}

/// The result of every task here.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// `what` names the thing that failed with its reason, `next` the next thing to do; both without a final stop.
    pub fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            next: next.into(),
        }
    }

    /// The same failure, with `next` as its advice.
    #[must_use]
    pub fn advise(self, next: impl Into<String>) -> Self {
        Self {
            next: next.into(),
            ..self
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; next: {}", self.what, self.next)
    }
}

impl std::error::Error for Failure {}

/// Turns an I/O error into a [`Failure`] that names the file and the attempt.
pub fn at<'a>(attempt: &'a str, path: &'a Path) -> impl FnOnce(std::io::Error) -> Failure + 'a {
    move |error| {
        Failure::new(
            format!("could not {attempt} {}: {error}", path.display()),
            "check that this path is writable and the disk is not full, then run the command again",
        )
    }
}

/// A duration as a person says it: `0.4 s`, `12 s`, `3 min 05 s`.
pub fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// Says a line again and again while something long goes on; silent for shorter things. Ends when dropped.
pub struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Calls `line` with the time since the start, every `every`, and says what it returns.
    pub fn start(every: Duration, line: impl Fn(Duration) -> String + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel();
        let begin = Instant::now();
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                say(line(begin.elapsed()));
            }
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The last `count` lines of a log file, indented, or a note that there is none.
pub fn tail(log: &Path, count: usize) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return format!("    ({} is empty)", log.display());
    }
    let from = lines.len().saturating_sub(count);
    lines[from..]
        .iter()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken_in_fitting_units() {
        assert_eq!(spoken(Duration::from_millis(420)), "0.4 s");
        assert_eq!(spoken(Duration::from_secs(59)), "59 s");
        assert_eq!(spoken(Duration::from_secs(185)), "3 min 05 s");
    }

    #[test]
    fn a_failure_is_one_line_with_its_advice() {
        let failure = Failure::new("no compiler", "install one");
        assert_eq!(failure.to_string(), "no compiler; next: install one");
    }
}
