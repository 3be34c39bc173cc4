//! What becomes of the events of a request, after its response (`evaluation.md` §6.6): sent, sent once more, handed to a log
//! endpoint, dropped; and counted.

use core::fmt;

use crate::batch::Fate;
use crate::destination::Events;
use crate::events::Buffer;
use crate::platform::Error;
use crate::post::Round;

/// What became of the events of a request.
///
/// `logged` is always `delivered` + `handed_over` + `dropped`.
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
/// let config = Config::new().with_kv_store("statsig", "specs").with_events(Events::new("events", Key::Secret("secret-k")));
/// let specs = Specs::load(&config);
/// let statsig = Statsig::new(&config, &specs);
/// let user = User::new().with_user_id("u-1");
/// for _ in 0..3 {
///     statsig.check_gate(&user, "staff");
/// }
/// let summary = statsig.flush();
/// assert_eq!((summary.logged, summary.deduplicated), (1, 2));
/// assert_eq!(summary.logged, summary.delivered + summary.handed_over + summary.dropped);
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says whether events were lost"]
pub struct Summary {
    /// Events to be sent: exposures, custom events, the count of unexposed checks.
    pub logged: u32,
    /// Exposures that repeat one of this request, and so were not logged.
    pub deduplicated: u32,
    /// Exposures that were not logged because the payload samples them.
    pub sampled_out: u32,
    /// Events that Statsig accepted.
    pub delivered: u32,
    /// Events that the log endpoint accepted.
    pub handed_over: u32,
    /// Events that were given up: too many or too long, refused, or not accepted after the retry.
    pub dropped: u32,
    /// Secondary exposures that are missing from the events, because a check had more of them than it has room for.
    pub incomplete: u32,
    /// POSTs that were sent a second time.
    pub retries: u32,
    /// What went wrong last, also when the retry or the log endpoint helped.
    pub last_error: Option<DeliveryError>,
}

impl Summary {
    /// Adds the summary of other events, such as those of a sandbox's next request.
    pub fn add(&mut self, other: &Summary) {
        for (sum, more) in [
            (&mut self.logged, other.logged),
            (&mut self.deduplicated, other.deduplicated),
            (&mut self.sampled_out, other.sampled_out),
            (&mut self.delivered, other.delivered),
            (&mut self.handed_over, other.handed_over),
            (&mut self.dropped, other.dropped),
            (&mut self.incomplete, other.incomplete),
            (&mut self.retries, other.retries),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.last_error = other.last_error.or(self.last_error);
    }
}

/// Why events were not accepted.
///
/// ```
/// use statsig_fastly::DeliveryError;
///
/// let error = DeliveryError::Status(401);
/// assert_eq!(error.to_string(), "events: answered with status 401 (see that the key is the project's own and not revoked)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The Secret Store did not give the key.
    Key(Error),
    /// The Secret Store has no such secret.
    NoKey,
    /// The request could not be sent, or there was no answer.
    Platform(Error),
    /// The answer had this status.
    Status(u16),
    /// The status was a success, but the body does not say that the events were accepted.
    NotTaken,
    /// The log endpoint did not take a line.
    Log(Error),
    /// There were more than [`MAX_LOGGED_BYTES`](crate::MAX_LOGGED_BYTES) of events.
    TooMany,
    /// An event is longer than a request, or than a line of the log endpoint, may be.
    TooLong,
}

impl DeliveryError {
    /// Says what went wrong and what to do. The same as `Display`, without the formatting machinery behind it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let (text, error) = match self {
            Self::Key(error) => (
                "events: the key cannot be read (link the secret store to the service): ",
                Some(error),
            ),
            Self::NoKey => (
                "events: the secret store has no key of that name; add it",
                None,
            ),
            Self::Platform(error) => (
                "events: not sent (see that the backend leads to Statsig): ",
                Some(error),
            ),
            Self::Status(status) => {
                out.write_str("events: answered with status ")?;
                let digits = crate::platform::decimal::Decimal::new(u64::from(*status));
                let digits = core::str::from_utf8(digits.as_bytes()).unwrap_or_default();
                out.write_str(digits)?;
                (
                    match status {
                        401 | 403 => " (see that the key is the project's own and not revoked)",
                        404 | 405 => " (see that the backend leads to Statsig)",
                        _ => "",
                    },
                    None,
                )
            }
            Self::NotTaken => (
                "events: the answer does not say that they were taken (see that the backend leads to Statsig)",
                None,
            ),
            Self::Log(error) => (
                "events: the log endpoint did not take them (see that the service has it): ",
                Some(error),
            ),
            Self::TooMany => ("events: too many for one request; log fewer", None),
            Self::TooLong => (
                "events: one is too long to be sent; shorten its metadata",
                None,
            ),
        };
        out.write_str(text)?;
        error.map_or(Ok(()), |error| error.write(out))
    }

    /// No answer, an answer that says nothing, and most 5xx may be different the next time.
    pub(crate) fn is_worth_a_retry(self) -> bool {
        match self {
            Self::Platform(_) | Self::NotTaken => true,
            Self::Status(status) => status >= 500 && status != 501,
            _ => false,
        }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for DeliveryError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Key(error) | Self::Platform(error) | Self::Log(error) => Some(error),
            _ => None,
        }
    }
}

/// Sends the events, once more if that may help, hands over what is left, and counts.
pub(crate) fn flush(buffer: &mut Buffer, events: &Events<'_>) -> Summary {
    let mut batches = buffer.finish(events.counts_are_objects());
    let counts = core::mem::take(&mut buffer.counts);
    let mut summary = Summary {
        logged: counts.encoded.saturating_add(counts.rejected),
        deduplicated: counts.deduplicated,
        sampled_out: counts.sampled_out,
        dropped: counts.rejected,
        incomplete: counts.incomplete,
        last_error: counts.rejection,
        ..Summary::default()
    };
    if batches.is_empty() {
        return summary;
    }
    if let Some(backend) = &events.backend {
        let mut round = Round {
            batches: &mut batches,
            session: &buffer.session,
            is_retry: false,
            retries: 0,
            last_error: summary.last_error,
        };
        (backend.attempt)(backend, &mut round);
        round.is_retry = true;
        if round.wanted().next().is_some() {
            (backend.attempt)(backend, &mut round);
        }
        summary.retries = round.retries;
        summary.last_error = round.last_error;
    }
    for batch in &batches {
        if batch.fate == Fate::Delivered {
            summary.delivered = summary.delivered.saturating_add(batch.count);
            continue;
        }
        let mut taken = 0;
        if let Some(log) = &events.log {
            let error;
            (taken, error) = (log.hand_over)(log.name, events.line_limit, batch);
            summary.last_error = error.or(summary.last_error);
        }
        summary.handed_over = summary.handed_over.saturating_add(taken);
        let lost = batch.count.saturating_sub(taken);
        summary.dropped = summary.dropped.saturating_add(lost);
    }
    summary
}
