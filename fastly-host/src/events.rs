//! The events of one request, encoded as they happen (`evaluation.md` §6.2 to §6.4).
//!
//! Each event is appended to the body of the later POST; nothing else of it is kept but hashes that recognise
//! repeats. More than one POST takes go into several. Cost of an exposure: one clock reading and one pass over the user.

use alloc::string::String;
use alloc::vec::Vec;

use statsig_edge::{Exposure, Options, User, Value};

use crate::batch::{Batch, MAX_BATCH_EVENTS};
use crate::destination::Events;
use crate::encode::{self, Details};
use crate::exposure_key::repeat_key;
use crate::flush::{self, DeliveryError, Summary};
use crate::history::ExposureHistory;
use crate::json::{self, List, Text};
use crate::platform::clock;
use crate::platform::random::{UUID_LENGTH, uuid_v4};
use crate::sampling::Sampling;
use crate::specs::Specs;

/// The most bytes of events that can wait for the end of a request; what comes later is dropped and counted.
///
/// Several times as much passes through memory, of which an execution has 128 MB.
pub const MAX_LOGGED_BYTES: usize = 20_000_000;

/// The name of this crate in events.
pub const SDK_TYPE: &str = "statsig-fastly-rust";

/// Its version.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The value of a custom event.
///
/// ```
/// # #[cfg(feature = "drop-in")] {
/// # use statsig_edge::User;
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # use statsig_fastly::{Config, Specs, Statsig};
/// # let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples/specs.json"));
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("statsig", "specs", KvEntry::new(specs))
/// #     .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
/// # let (_, record) = fake::with(host, || {
/// use statsig_fastly::{Events, Key};
///
/// let config = Config::new().with_events(Events::new("events", Key::Secret("secret-k")));
/// let specs = Specs::load(&config);
/// let statsig = Statsig::new(&config, &specs);
/// let user = User::new().with_user_id("u-1");
/// statsig.log_event(&user, "purchase", 19.5, &[("currency", "EUR")]);
/// statsig.log_event(&user, "coupon", "spring", &[]);
/// assert_eq!(statsig.flush().delivered, 2);
/// # });
/// # }
/// ```
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

/// A check that was made, on its way into the events.
#[derive(Clone, Copy)]
pub(crate) struct Exposed<'a> {
    pub(crate) user: &'a User<'a>,
    pub(crate) defaults: &'a Options<'a>,
    pub(crate) exposure: &'a Exposure<'a, 'a>,
    pub(crate) specs: &'a Specs<'a>,
    /// The time of the specs.
    pub(crate) lcut: Option<u64>,
    /// The service asked for it.
    pub(crate) manual: bool,
}

/// What a service does that logs exposures. Only constructors of [`Events`] name [`Recording`], the one implementation: in the
/// module of a service without events there is none.
pub(crate) trait Recorder: Sync {
    /// Logs an exposure unless it repeats one or is not sampled.
    fn expose(&self, buffer: &mut Buffer, exposed: &Exposed<'_>);

    /// Sends what was logged.
    fn flush(&self, buffer: &mut Buffer, events: &Events<'_>) -> Summary;
}

/// See [`Recorder`].
pub(crate) struct Recording;

impl Recorder for Recording {
    fn expose(&self, buffer: &mut Buffer, exposed: &Exposed<'_>) {
        let (user, exposure) = (exposed.user, exposed.exposure);
        // Whether something is a repeat, the time at which the request began is exact enough to say.
        let start = buffer.start_ms;
        let now = start.unwrap_or_else(|| clock::now_ms().unwrap_or_default());
        let key = repeat_key(user, exposure);
        let counts = &mut buffer.counts;
        if buffer
            .history
            .is_repeat(key, now, buffer.sampling.dedupe_ms)
        {
            counts.deduplicated = counts.deduplicated.saturating_add(1);
            return;
        }
        let history = &mut buffer.history;
        let Some(sampled) = buffer.sampling.decide(user, exposure, now, history) else {
            counts.sampled_out = counts.sampled_out.saturating_add(1);
            return;
        };
        let evaluation = exposure.evaluation();
        let dropped = evaluation.map_or(0, |evaluation| evaluation.dropped);
        counts.incomplete = counts.incomplete.saturating_add(dropped);
        let now = match start {
            Some(_) => clock::now_ms().unwrap_or_default(),
            None => now,
        };
        let specs = exposed.specs;
        let mut details = Details::new(specs.reason());
        // What was kept has the time of the specs that gave it.
        let kept = evaluation.and_then(|answer| answer.persisted_time());
        details.lcut = kept.or(exposed.lcut);
        details.received_at = Some(specs.received_by(now));
        details.manual = exposed.manual;
        let name = encode::event_name(exposure);
        let mut event = buffer.begin_event(name, now, Some((user, exposed.defaults)));
        event.member("value").push_str("null");
        encode::write_metadata(exposure, &details, event.member("metadata"));
        sampled.write(event.member("statsigMetadata"));
        encode::write_secondary_exposures(exposure, event.member("secondaryExposures"));
        event.end();
        buffer.end_event();
    }

    fn flush(&self, buffer: &mut Buffer, events: &Events<'_>) -> Summary {
        flush::flush(buffer, events)
    }
}

/// What events have in place of what exposures say.
const NO_EXPOSURE: &str = r#","statsigMetadata":null,"secondaryExposures":null"#;

/// The events so far.
pub(crate) struct Buffer {
    /// Batches that take no more.
    full: Vec<Batch>,
    /// The one that does.
    open: Batch,
    /// Where in it the last event begins.
    start: usize,
    /// Bytes of all events.
    bytes: usize,
    /// The name of the session; empty before it has one.
    pub(crate) session: String,
    pub(crate) history: ExposureHistory,
    sampling: Sampling,
    unexposed: Vec<(String, u64)>,
    /// Logs them. Not named where nothing is counted, so that it is in no module that never counts.
    log_counts: Option<fn(&mut Buffer, bool)>,
    /// When the request began, if that is known.
    pub(crate) start_ms: Option<u64>,
    pub(crate) counts: Counts,
}

/// What became of the events so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Events in the batches.
    pub(crate) encoded: u32,
    /// Events that had no place there.
    pub(crate) rejected: u32,
    /// Why.
    pub(crate) rejection: Option<DeliveryError>,
    /// Exposures that repeat one before.
    pub(crate) deduplicated: u32,
    /// Exposures that sampling left out.
    pub(crate) sampled_out: u32,
    /// Secondary exposures that did not fit into the scratch.
    pub(crate) incomplete: u32,
}

/// Events may be long, and are the users' own.
impl core::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Buffer")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Buffer {
    pub(crate) fn new(sampling: Sampling) -> Self {
        Buffer {
            full: Vec::new(),
            open: Batch::default(),
            start: 0,
            bytes: 0,
            session: String::new(),
            history: ExposureHistory::new(),
            sampling,
            unexposed: Vec::new(),
            log_counts: None,
            start_ms: None,
            counts: Counts::default(),
        }
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
        let now = clock::now_ms().unwrap_or_default();
        let mut event = self.begin_event(name, now, Some((user, defaults)));
        let place = event.member("value");
        match value {
            EventValue::None => place.push_str("null"),
            EventValue::Text(value) => json::text(value, place),
            EventValue::Number(value) => {
                // A `String` takes everything.
                let _ = Value::Float(value).write_json(&mut Text(place));
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
        event.out.push_str(NO_EXPOSURE);
        event.end();
        self.end_event();
    }

    /// Counts a check whose exposure was not wanted (§6.4).
    pub(crate) fn count_unexposed(&mut self, name: &str) {
        self.log_counts = Some(Buffer::log_unexposed);
        let mut known = self.unexposed.iter_mut();
        match known.find(|(known, _)| known == name) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.unexposed.push((name.into(), 1)),
        }
    }

    /// Begins an event with what all have: name, time and user. [`Self::end_event`] must follow.
    fn begin_event(
        &mut self,
        name: &str,
        now_ms: u64,
        user: Option<(&User<'_>, &Options<'_>)>,
    ) -> List<'_> {
        if self.open.count >= MAX_BATCH_EVENTS {
            self.close();
        }
        let (out, start) = self.open.begin_event();
        self.start = start;
        let mut event = List::object(out);
        event.text("eventName", name);
        json::number(now_ms, event.member("time"));
        let place = event.member("user");
        match user {
            // A `String` takes everything.
            Some((user, defaults)) => drop(user.write_json(defaults, &mut Text(place))),
            None => place.push_str("{}"),
        }
        event
    }

    /// Keeps the event that was written, in the next batch where it is too much for this one.
    fn end_event(&mut self) {
        let length = self.open.length_since(self.start);
        let bytes = self.bytes.saturating_add(length);
        let mut rejection = (bytes > MAX_LOGGED_BYTES).then_some(DeliveryError::TooMany);
        if rejection.is_none() && self.open.is_over() {
            if self.open.count > 0 {
                let event = self.open.take_event(self.start);
                self.close();
                let (out, start) = self.open.begin_event();
                out.push_str(&event);
                self.start = start;
            }
            rejection = self.open.is_over().then_some(DeliveryError::TooLong);
        }
        let counts = &mut self.counts;
        if rejection.is_some() {
            self.open.take_event(self.start);
            counts.rejected = counts.rejected.saturating_add(1);
            counts.rejection = rejection;
            return;
        }
        self.bytes = bytes;
        self.open.count = self.open.count.saturating_add(1);
        counts.encoded = counts.encoded.saturating_add(1);
    }

    /// How many events there will be to send; the count of unexposed checks is one.
    #[cfg(feature = "inspector")]
    pub(crate) fn pending(&self) -> u64 {
        let unexposed = u64::from(!self.unexposed.is_empty());
        u64::from(self.counts.encoded).saturating_add(unexposed)
    }

    /// Logs the counts of unexposed checks: as a text for the server's end point, as an object for that of clients.
    fn log_unexposed(&mut self, as_object: bool) {
        let mut checks = String::new();
        let mut object = List::object(&mut checks);
        for (name, count) in core::mem::take(&mut self.unexposed) {
            json::number(count, object.entry(&name));
        }
        object.end();
        let now = clock::now_ms().unwrap_or_default();
        let mut event = self.begin_event("statsig::non_exposed_checks", now, None);
        event.member("value").push_str("null");
        let mut metadata = List::object(event.member("metadata"));
        let place = metadata.member("checks");
        if as_object {
            place.push_str(&checks);
        } else {
            json::text(&checks, place);
        }
        metadata.end();
        event.out.push_str(NO_EXPOSURE);
        event.end();
        self.end_event();
    }

    /// Closes the batch that is open. All batches of a request are of one session.
    fn close(&mut self) {
        if self.session.is_empty() {
            let session = uuid_v4().unwrap_or([b'0'; UUID_LENGTH]);
            self.session
                .push_str(core::str::from_utf8(&session).unwrap_or_default());
        }
        self.open.close(&self.session);
        self.full.push(core::mem::take(&mut self.open));
    }

    /// The batches, complete. The counts are final after this.
    pub(crate) fn finish(&mut self, counts_are_objects: bool) -> Vec<Batch> {
        if let Some(log_counts) = self.log_counts.take() {
            log_counts(self, counts_are_objects);
        }
        if self.open.count > 0 {
            self.close();
        }
        core::mem::take(&mut self.full)
    }
}
