//! How far a long task is, on a terminal; elsewhere nothing.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;
use crate::secret::redact;

/// One task's bar.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar of so many bytes.
    pub(crate) fn bytes(output: Output, task: &str, length: u64) -> Self {
        Self::new(
            output,
            task,
            length,
            "{prefix} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        )
    }

    /// A bar of so many items.
    pub(crate) fn items(output: Output, task: &str, length: u64) -> Self {
        Self::new(output, task, length, "{prefix} {bar:24} {pos}/{len} {eta}")
    }

    fn new(output: Output, task: &str, length: u64, template: &str) -> Self {
        let shown = !output.json && output.log.is_none() && std::io::stderr().is_terminal();
        let target = match shown {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(length), target).with_prefix(redact(task));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress(bar)
    }

    /// So much more is done.
    pub(crate) fn add(&self, done: u64) {
        self.0.inc(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
