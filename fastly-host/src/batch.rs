//! Events of one POST: its body, written event by event.

use alloc::string::String;

use crate::events::{SDK_TYPE, SDK_VERSION};
use crate::json::List;
use crate::platform::backend::Pending;

/// The most events of one POST, as many as Statsig's core sends at once.
pub const MAX_BATCH_EVENTS: u32 = 2000;

/// The longest body of a POST, in bytes.
pub const MAX_BATCH_BYTES: usize = 10_000_000;

/// What a body begins with.
pub(crate) const HEAD: &str = r#"{"events":["#;

/// More than what a body ends with.
const TAIL_ROOM: usize = 256;

/// Events of one POST.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The head, events with commas between them, and the tail once the batch is closed.
    body: String,
    /// Where the tail begins.
    tail: usize,
    pub(crate) count: u32,
    pub(crate) fate: Fate,
    /// An attempt on its way.
    pub(crate) pending: Option<Pending>,
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Another attempt may help.
    #[default]
    Open,
    /// Statsig has it.
    Delivered,
    /// Statsig does not want it.
    GivenUp,
}

impl Batch {
    /// The place for one more event, and where it begins.
    pub(crate) fn begin_event(&mut self) -> (&mut String, usize) {
        self.body
            .push_str(if self.body.is_empty() { HEAD } else { "," });
        let start = self.body.len();
        (&mut self.body, start)
    }

    /// How long the event is that began there.
    pub(crate) fn length_since(&self, start: usize) -> usize {
        self.body.len().saturating_sub(start)
    }

    /// Whether the body has become too long.
    pub(crate) fn is_over(&self) -> bool {
        self.body.len() > MAX_BATCH_BYTES.saturating_sub(TAIL_ROOM)
    }

    /// Takes the event out that began there.
    pub(crate) fn take_event(&mut self, start: usize) -> String {
        let event = self.body.split_off(start);
        // Its comma, or all there is.
        self.body.truncate(match self.count {
            0 => 0,
            _ => start.saturating_sub(1),
        });
        event
    }

    /// Ends the body.
    pub(crate) fn close(&mut self, session: &str) {
        self.tail = self.body.len();
        self.body.push_str(r#"],"statsigMetadata":"#);
        let mut metadata = List::object(&mut self.body);
        metadata.text("sdkType", SDK_TYPE);
        metadata.text("sdkVersion", SDK_VERSION);
        metadata.text("sessionID", session);
        metadata.end();
        self.body.push('}');
    }

    /// The whole body.
    pub(crate) fn body(&self) -> &[u8] {
        self.body.as_bytes()
    }

    /// The events alone.
    pub(crate) fn events(&self) -> &str {
        self.body.get(HEAD.len()..self.tail).unwrap_or_default()
    }

    /// What follows them.
    pub(crate) fn tail(&self) -> &str {
        self.body.get(self.tail..).unwrap_or_default()
    }
}
