//! Sending the events of a request, after its response (`evaluation.md` §6.1, §6.6).

use alloc::string::String;
use core::fmt;

use crate::config::{Events, Key};
use crate::events::{Buffer, SDK_TYPE, SDK_VERSION};
use crate::platform::random::{UUID_LENGTH, uuid_v4};
use crate::platform::{Error, backend, clock, decimal::Decimal, secret_store};

/// What became of the events of a request.
///
/// `logged` is always `delivered` + `dropped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Events that were to be sent: exposures, custom events, the count of unexposed checks.
    pub logged: u32,
    /// Exposures that repeat one of this request, and so were not logged.
    pub deduplicated: u32,
    /// Exposures that were not logged because the payload samples them.
    pub sampled_out: u32,
    /// Events that Statsig took.
    pub delivered: u32,
    /// Events that were given up: beyond [`MAX_EVENTS`](crate::MAX_EVENTS), refused, or not taken after the retry.
    pub dropped: u32,
    /// Secondary exposures that are missing from the events, because a check had more of them than it has room for.
    pub incomplete: u32,
    /// Attempts after the first.
    pub retries: u32,
    /// What went wrong last, also when the retry helped.
    pub last_error: Option<DeliveryError>,
}

/// Why events were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The Secret Store did not give the key.
    Key(Error),
    /// The Secret Store has no such secret, or it is no text.
    NoKey,
    /// The request could not be sent, or there was no answer.
    Platform(Error),
    /// The answer had this status.
    Status(u16),
    /// There were more than [`MAX_EVENTS`](crate::MAX_EVENTS) events.
    TooMany,
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeliveryError::Key(error) => write!(f, "events: no key: {error}"),
            DeliveryError::NoKey => {
                f.write_str("events: no key: the secret store has none of that name")
            }
            DeliveryError::Platform(error) => write!(f, "events: {error}"),
            DeliveryError::Status(status) => write!(f, "events: answered with status {status}"),
            DeliveryError::TooMany => f.write_str("events: too many for one request"),
        }
    }
}

impl core::error::Error for DeliveryError {}

/// Sends the events, once more if that may help, and counts.
pub(crate) fn flush(mut buffer: Buffer, events: &Events<'_>) -> Summary {
    if buffer.is_empty() {
        return Summary {
            deduplicated: buffer.counts.deduplicated,
            sampled_out: buffer.counts.sampled_out,
            ..Summary::default()
        };
    }
    let session = uuid_v4().unwrap_or([b'0'; UUID_LENGTH]);
    let session = core::str::from_utf8(&session).unwrap_or_default();
    let body = buffer.finish(session, matches!(events.key, Key::Client(_)));
    let counts = buffer.counts;
    let mut summary = Summary {
        logged: counts.encoded.saturating_add(counts.overflow),
        deduplicated: counts.deduplicated,
        sampled_out: counts.sampled_out,
        dropped: counts.overflow,
        incomplete: counts.incomplete,
        last_error: (counts.overflow > 0).then_some(DeliveryError::TooMany),
        ..Summary::default()
    };
    let Some(body) = body else {
        return summary;
    };
    let delivered = resolve_key(events.key).and_then(|key| {
        let post = Post {
            events,
            key: key.as_ref(),
            session,
            count: counts.encoded,
            body: &body,
        };
        post.send(0).or_else(|error| {
            if !is_worth_a_retry(error) {
                return Err(error);
            }
            summary.retries = 1;
            summary.last_error = Some(error);
            post.send(1)
        })
    });
    match delivered {
        Ok(()) => summary.delivered = counts.encoded,
        Err(error) => {
            summary.dropped = summary.dropped.saturating_add(counts.encoded);
            summary.last_error = Some(error);
        }
    }
    summary
}

/// No answer and most 5xx may be different the next time.
fn is_worth_a_retry(error: DeliveryError) -> bool {
    match error {
        DeliveryError::Platform(_) => true,
        DeliveryError::Status(status) => status >= 500 && status != 501,
        _ => false,
    }
}

/// A key in hand.
enum ResolvedKey<'k> {
    Given(Key<'k>),
    Read(secret_store::Secret),
}

/// A key by what it is for.
enum KeyText<'k> {
    Secret(&'k [u8]),
    Client(&'k str),
}

impl<'k> KeyText<'k> {
    fn secret(&self) -> &'k [u8] {
        match self {
            KeyText::Secret(key) => key,
            KeyText::Client(_) => &[],
        }
    }
}

impl ResolvedKey<'_> {
    fn as_ref(&self) -> KeyText<'_> {
        match self {
            ResolvedKey::Given(Key::Client(key)) => KeyText::Client(key),
            ResolvedKey::Given(Key::Secret(key)) => KeyText::Secret(key.as_bytes()),
            ResolvedKey::Given(Key::Stored { .. }) => KeyText::Secret(&[]),
            ResolvedKey::Read(secret) => KeyText::Secret(secret.as_bytes()),
        }
    }
}

fn resolve_key(key: Key<'_>) -> Result<ResolvedKey<'_>, DeliveryError> {
    match key {
        Key::Stored { store, name } => secret_store::Store::open(store)
            .and_then(|store| store.get(name))
            .map_err(DeliveryError::Key)?
            .map(ResolvedKey::Read)
            .ok_or(DeliveryError::NoKey),
        given => Ok(ResolvedKey::Given(given)),
    }
}

struct Post<'p> {
    events: &'p Events<'p>,
    key: KeyText<'p>,
    session: &'p str,
    count: u32,
    body: &'p str,
}

impl Post<'_> {
    /// One attempt, to its end.
    fn send(&self, attempt: u64) -> Result<(), DeliveryError> {
        let now = Decimal::new(clock::now_ms().unwrap_or_default());
        let (count, attempt) = (Decimal::new(self.count.into()), Decimal::new(attempt));
        // The last three are for the end point of servers.
        let headers: [(&str, &[u8]); 8] = [
            ("content-type", b"application/json"),
            ("statsig-event-count", count.as_bytes()),
            ("statsig-retry-count", attempt.as_bytes()),
            ("statsig-sdk-type", SDK_TYPE.as_bytes()),
            ("statsig-sdk-version", SDK_VERSION.as_bytes()),
            ("statsig-server-session-id", self.session.as_bytes()),
            ("statsig-client-time", now.as_bytes()),
            ("statsig-api-key", self.key.secret()),
        ];
        let mut uri = String::from(self.events.base_uri);
        let headers = match self.key {
            KeyText::Secret(_) => {
                uri.push_str("/v1/log_event");
                &headers[..]
            }
            KeyText::Client(key) => {
                uri.push_str("/v1/rgstr?k=");
                percent_encode(key, &mut uri);
                for part in [
                    b"&st=",
                    SDK_TYPE.as_bytes(),
                    b"&sv=",
                    SDK_VERSION.as_bytes(),
                    b"&t=",
                    now.as_bytes(),
                    b"&sid=",
                    self.session.as_bytes(),
                    b"&ec=",
                    count.as_bytes(),
                ] {
                    uri.push_str(core::str::from_utf8(part).unwrap_or_default());
                }
                headers.get(..5).unwrap_or_default()
            }
        };
        let pending = backend::post(self.events.backend, &uri, headers, self.body.as_bytes());
        let answer = pending
            .and_then(backend::Pending::wait)
            .map_err(DeliveryError::Platform)?;
        match answer.status {
            200..=299 => Ok(()),
            status => Err(DeliveryError::Status(status)),
        }
    }
}

/// Writes a query value: all but the unreserved characters as escapes.
pub(crate) fn percent_encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
            continue;
        }
        out.push('%');
        for digit in [byte >> 4, byte & 0xF] {
            let digit = char::from_digit(digit.into(), 16).unwrap_or('0');
            out.push(digit.to_ascii_uppercase());
        }
    }
}
