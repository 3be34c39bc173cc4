//! Batches on their way to Statsig (`evaluation.md` §6.1, §6.2): one POST each, all of them on their way at once.
//!
//! Bodies are plain JSON, which both end points take. Gzip is not worth its bytes: a deflater (`miniz_oxide`, for size) makes a module
//! 25,600 bytes larger, in every start, to make the body of one exposure smaller by 370 bytes (843 to 476), of three by
//! 1,180 (1,759 to 574) and of eight by 3,700 (4,589 to 875), after the response, when nobody waits.

use alloc::string::String;

use crate::batch::{Batch, Fate};
use crate::destination::{Backend, Key};
use crate::events::{SDK_TYPE, SDK_VERSION};
use crate::flush::DeliveryError;
use crate::platform::backend::{self, Answer, Pending};
use crate::platform::decimal::Decimal;
use crate::platform::{Error, clock, percent, scan, secret_store};

/// The longest answer that is read; Statsig's are some tens of bytes.
const ANSWER_LIMIT: usize = 64 * 1024;

/// The status of success that has no body.
const NO_CONTENT: u16 = 204;

/// One attempt for each batch that wants one.
pub(crate) struct Round<'r> {
    pub(crate) batches: &'r mut [Batch],
    pub(crate) session: &'r str,
    pub(crate) is_retry: bool,
    pub(crate) retries: u32,
    pub(crate) last_error: Option<DeliveryError>,
}

impl Round<'_> {
    /// Batches that are neither delivered nor given up.
    pub(crate) fn wanted(&mut self) -> impl Iterator<Item = &mut Batch> {
        self.batches
            .iter_mut()
            .filter(|batch| batch.fate == Fate::Open)
    }

    /// Nothing can be sent.
    fn give_up(&mut self, error: DeliveryError) {
        self.last_error = Some(error);
        for batch in self.batches.iter_mut() {
            batch.fate = Fate::GivenUp;
        }
    }
}

/// Where a key leads.
struct Route<'k> {
    /// The server's secret.
    secret: Option<&'k [u8]>,
    /// Writes the path and the query: for a batch of so many events, at this time.
    path: &'k Path<'k>,
    /// Whether an answer of success is one.
    confirm: fn(Answer) -> Result<(), DeliveryError>,
}

/// Writes a path: of the time, the number of events, and the session.
type Path<'k> = dyn Fn(&[u8], &[u8], &str, &mut String) + 'k;

/// [`Key::Secret`].
pub(crate) fn with_secret(backend: &Backend<'_>, round: &mut Round<'_>) {
    if let Key::Secret(secret) = backend.key {
        to_servers(backend, secret.as_bytes(), round);
    }
}

/// [`Key::Stored`].
pub(crate) fn with_stored_secret(backend: &Backend<'_>, round: &mut Round<'_>) {
    let Key::Stored { store, name } = backend.key else {
        return;
    };
    match secret_store::Store::open(store).and_then(|store| store.get(name)) {
        // A secret that was made from a file often ends with its newline.
        Ok(Some(secret)) => to_servers(backend, secret.as_bytes().trim_ascii(), round),
        Ok(None) => round.give_up(DeliveryError::NoKey),
        Err(error) => round.give_up(DeliveryError::Key(error)),
    }
}

fn to_servers(backend: &Backend<'_>, secret: &[u8], round: &mut Round<'_>) {
    let route = Route {
        secret: Some(secret),
        path: &|_, _, _, uri| uri.push_str("/v1/log_event"),
        confirm: is_taken,
    };
    attempt(backend, &route, round);
}

/// [`Key::Client`].
pub(crate) fn with_client_key(backend: &Backend<'_>, round: &mut Round<'_>) {
    let Key::Client(key) = backend.key else {
        return;
    };
    let route = Route {
        secret: None,
        path: &|now, count, session, uri| {
            uri.push_str("/v1/rgstr?k=");
            percent::encode(key, uri);
            for part in [
                b"&st=",
                SDK_TYPE.as_bytes(),
                b"&sv=",
                SDK_VERSION.as_bytes(),
                b"&t=",
                now,
                b"&sid=",
                session.as_bytes(),
                b"&ec=",
                count,
            ] {
                uri.push_str(core::str::from_utf8(part).unwrap_or_default());
            }
        },
        confirm: |_| Ok(()),
    };
    attempt(backend, &route, round);
}

/// One attempt for each batch that wants one: all are sent, then each is waited for.
fn attempt(backend: &Backend<'_>, route: &Route<'_>, round: &mut Round<'_>) {
    let (session, is_retry) = (round.session, round.is_retry);
    let mut retries = round.retries;
    let mut last_error = round.last_error;
    for batch in round.wanted() {
        retries = retries.saturating_add(u32::from(is_retry));
        match send(backend, route, session, is_retry, batch) {
            Ok(pending) => batch.pending = Some(pending),
            Err(error) => last_error = Some(DeliveryError::Platform(error)),
        }
    }
    for batch in round.wanted() {
        let Some(pending) = batch.pending.take() else {
            continue;
        };
        let outcome = match pending.wait() {
            // A proxy of one's own: nothing can follow this status, and it says that all is done.
            Ok(answer) if answer.status == NO_CONTENT => Ok(()),
            Ok(answer) if (200..300).contains(&answer.status) => (route.confirm)(answer),
            Ok(answer) => Err(DeliveryError::Status(answer.status)),
            Err(error) => Err(DeliveryError::Platform(error)),
        };
        match outcome {
            Ok(()) => batch.fate = Fate::Delivered,
            Err(error) => {
                last_error = Some(error);
                if !error.is_worth_a_retry() {
                    batch.fate = Fate::GivenUp;
                }
            }
        }
    }
    round.retries = retries;
    round.last_error = last_error;
}

/// Starts sending a batch.
fn send(
    backend: &Backend<'_>,
    route: &Route<'_>,
    session: &str,
    is_retry: bool,
    batch: &Batch,
) -> Result<Pending, Error> {
    let now = Decimal::new(clock::now_ms().unwrap_or_default());
    let count = Decimal::new(batch.count.into());
    let mut uri = String::from(backend.base_uri);
    (route.path)(now.as_bytes(), count.as_bytes(), session, &mut uri);
    // The last three are for the end point of servers.
    let headers: [(&str, &[u8]); 8] = [
        ("content-type", b"application/json"),
        ("statsig-event-count", count.as_bytes()),
        ("statsig-retry-count", if is_retry { b"1" } else { b"0" }),
        ("statsig-sdk-type", SDK_TYPE.as_bytes()),
        ("statsig-sdk-version", SDK_VERSION.as_bytes()),
        ("statsig-server-session-id", session.as_bytes()),
        ("statsig-client-time", now.as_bytes()),
        ("statsig-api-key", route.secret.unwrap_or_default()),
    ];
    let headers = match route.secret {
        Some(_) => &headers[..],
        None => headers.get(..5).unwrap_or_default(),
    };
    backend::post(backend.name, &uri, headers, batch.body())
}

/// Servers are told in the body whether their events were taken: JSON in which `success` is not false.
///
/// Statsig answers 202 and `{"success":true}`. Any other 2xx with another body, or with none, is a page of somebody who stands in between, and is
/// no delivery, as Statsig's core has it (§6.1): better an event twice, after the retry, or in the log than counted as delivered and
/// gone. What Statsig's core does not know is a proxy that passes events on by itself; that is believed if it answers 204, which says in so
/// many words that there is nothing to say.
fn is_taken(answer: Answer) -> Result<(), DeliveryError> {
    let body = answer.body.read_all(ANSWER_LIMIT);
    let success = body
        .as_ref()
        .ok()
        .and_then(|body| scan::member(body, b"success"));
    match success {
        Some(value) if !value.starts_with(b"false") => Ok(()),
        _ => Err(DeliveryError::NotTaken),
    }
}
