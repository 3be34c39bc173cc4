//! The events of one request, encoded as they happen (`evaluation.md` §6.2 to §6.4).
//!
//! Each event is appended to the body of the later POST; nothing else of it is kept but hashes that recognise
//! repeats. Cost of an exposure: one clock reading and one pass over the user.

use alloc::string::String;
use alloc::vec::Vec;

use statsig_edge::{Exposure, Options, User, Value};

use crate::encode::{self, Details};
use crate::exposure_key::repeat_key;
use crate::history::ExposureHistory;
use crate::json::{self, List};
use crate::platform::clock;
use crate::sampling::Sampling;

/// Most events that one request can log, as many as Statsig's core sends at once; more are dropped and counted.
pub const MAX_EVENTS: u32 = 2000;

/// How this crate calls itself in events.
pub const SDK_TYPE: &str = "statsig-fastly-rust";

/// Its version.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The value of a custom event.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventValue<'v> {
    /// None.
    None,
    /// A text.
    Text(&'v str),
    /// A number.
    Number(f64),
}

impl<'v> From<&'v str> for EventValue<'v> {
    fn from(value: &'v str) -> Self {
        EventValue::Text(value)
    }
}

impl From<f64> for EventValue<'_> {
    fn from(value: f64) -> Self {
        EventValue::Number(value)
    }
}

/// The events so far.
#[derive(Debug)]
pub(crate) struct Buffer {
    /// The body without its end.
    body: String,
    pub(crate) history: ExposureHistory,
    sampling: Sampling,
    unexposed: Vec<(String, u64)>,
    pub(crate) counts: Counts,
}

/// What became of the events so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Events in the body.
    pub(crate) encoded: u32,
    /// Events beyond [`MAX_EVENTS`].
    pub(crate) overflow: u32,
    /// Exposures that repeat one before.
    pub(crate) deduplicated: u32,
    /// Exposures that sampling left out.
    pub(crate) sampled_out: u32,
    /// Secondary exposures that did not fit into the scratch.
    pub(crate) incomplete: u32,
}

impl Buffer {
    pub(crate) fn new(sampling: Sampling) -> Self {
        Buffer {
            body: String::new(),
            history: ExposureHistory::new(),
            sampling,
            unexposed: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Logs an exposure unless it repeats one or is not sampled.
    pub(crate) fn expose(
        &mut self,
        user: &User<'_>,
        defaults: &Options<'_>,
        exposure: &Exposure<'_, '_>,
        details: &Details<'_>,
    ) {
        let now = clock::now_ms().unwrap_or_default();
        let key = repeat_key(user, exposure);
        if self.history.is_repeat(key, now, self.sampling.dedupe_ms) {
            self.counts.deduplicated = self.counts.deduplicated.saturating_add(1);
            return;
        }
        let Some(sampled) = self.sampling.decide(user, exposure, now, &mut self.history) else {
            self.counts.sampled_out = self.counts.sampled_out.saturating_add(1);
            return;
        };
        if !self.begin_event() {
            return;
        }
        let mut event = List::object(&mut self.body);
        event.text("eventName", encode::event_name(exposure));
        event.member("value").push_str("null");
        encode::write_metadata(exposure, details, event.member("metadata"));
        sampled.write(event.member("statsigMetadata"));
        // A `String` takes everything, here and below.
        let _ = user.write_json(defaults, event.member("user"));
        json::number(now, event.member("time"));
        encode::write_secondary_exposures(exposure, event.member("secondaryExposures"));
        event.end();
        let evaluation = exposure.evaluation();
        let dropped = evaluation.map_or(0, |evaluation| evaluation.dropped);
        self.counts.incomplete = self.counts.incomplete.saturating_add(dropped);
    }

    /// Logs an event of the service's own.
    pub(crate) fn log(
        &mut self,
        user: &User<'_>,
        defaults: &Options<'_>,
        name: &str,
        value: EventValue<'_>,
        metadata: &[(&str, &str)],
    ) {
        if !self.begin_event() {
            return;
        }
        let mut event = List::object(&mut self.body);
        event.text("eventName", name);
        let place = event.member("value");
        match value {
            EventValue::None => place.push_str("null"),
            EventValue::Text(value) => json::text(value, place),
            EventValue::Number(value) => {
                let _ = Value::Float(value).write_json(place);
            }
        }
        let place = event.member("metadata");
        if metadata.is_empty() {
            place.push_str("null");
        } else {
            let mut object = List::object(place);
            for (name, value) in metadata {
                json::text(value, object.entry(name));
            }
            object.end();
        }
        event.member("statsigMetadata").push_str("null");
        // A `String` takes everything, here and below.
        let _ = user.write_json(defaults, event.member("user"));
        write_time(event.member("time"));
        event.member("secondaryExposures").push_str("null");
        event.end();
    }

    /// Counts a check whose exposure was not wanted (§6.4).
    pub(crate) fn count_unexposed(&mut self, name: &str) {
        match self.unexposed.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.unexposed.push((name.into(), 1)),
        }
    }

    /// Logs the counts of [`Self::count_unexposed`]: as a text for the server's end point, as an object for that of clients.
    fn log_unexposed(&mut self, as_object: bool) {
        if self.unexposed.is_empty() || !self.begin_event() {
            return;
        }
        let mut checks = String::new();
        let mut object = List::object(&mut checks);
        for (name, count) in core::mem::take(&mut self.unexposed) {
            json::number(count, object.entry(&name));
        }
        object.end();
        let mut event = List::object(&mut self.body);
        event.text("eventName", "statsig::non_exposed_checks");
        event.member("value").push_str("null");
        let mut metadata = List::object(event.member("metadata"));
        if as_object {
            metadata.member("checks").push_str(&checks);
        } else {
            metadata.text("checks", &checks);
        }
        metadata.end();
        event.member("statsigMetadata").push_str("null");
        event.member("user").push_str("{}");
        write_time(event.member("time"));
        event.member("secondaryExposures").push_str("null");
        event.end();
    }

    /// Makes place for one more event, if it may be logged.
    fn begin_event(&mut self) -> bool {
        if self.counts.encoded >= MAX_EVENTS {
            self.counts.overflow = self.counts.overflow.saturating_add(1);
            return false;
        }
        let before = if self.counts.encoded == 0 {
            r#"{"events":["#
        } else {
            ","
        };
        self.body.push_str(before);
        self.counts.encoded = self.counts.encoded.saturating_add(1);
        true
    }

    /// The finished body; nothing when there were no events. `counts` are final after this.
    pub(crate) fn finish(&mut self, session: &str, client_key: bool) -> Option<String> {
        self.log_unexposed(client_key);
        if self.counts.encoded == 0 {
            return None;
        }
        let mut body = core::mem::take(&mut self.body);
        body.push_str(r#"],"statsigMetadata":"#);
        let mut metadata = List::object(&mut body);
        metadata.text("sdkType", SDK_TYPE);
        metadata.text("sdkVersion", SDK_VERSION);
        metadata.text("sessionID", session);
        metadata.end();
        body.push('}');
        Some(body)
    }
}

fn write_time(out: &mut String) {
    json::number(clock::now_ms().unwrap_or_default(), out);
}
