//! One call for a whole execution of a service without the `fastly` crate: of one request, or of many.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use crate::after::{self, Answered};
use crate::config::Config;
use crate::flush::Summary;
use crate::history::ExposureHistory;
use crate::platform::Error;
use crate::platform::request::Request;
use crate::platform::response::Response;
use crate::specs::Loading;
use crate::statsig::Statsig;

/// A response of [`handle_bare`].
///
/// ```
/// use statsig_fastly::BareResponse;
///
/// let mut response = BareResponse::new(200, "text/plain", "hello");
/// response.headers.push(("cache-control".into(), "no-store".into()));
/// assert_eq!(response.headers[0].0, "content-type");
/// assert_eq!(response.body, b"hello");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BareResponse {
    /// The status code.
    pub status: u16,
    /// Headers by name and value. All of them are sent, in this order: [`Self::new`] has given the `content-type` already.
    pub headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl BareResponse {
    /// A response with a body of this type.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        BareResponse {
            status,
            headers: [("content-type".into(), content_type.into())].into(),
            body: body.into(),
        }
    }

    /// What the client gets in place of an answer.
    fn internal_error() -> Self {
        BareResponse::new(500, "text/plain; charset=utf-8", "internal error\n")
    }

    fn send(&self, status_header: Option<(&str, String)>) -> Result<(), Error> {
        let mut response = Response::new(self.status)?;
        if let Some((name, value)) = status_header {
            response.append_header(name, value.as_bytes())?;
        }
        for (name, value) in &self.headers {
            response.append_header(name, value.as_bytes())?;
        }
        response.send(&self.body)
    }
}

/// How an execution went.
///
/// What a failing handler leaves:
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
/// use statsig_fastly::{BareResponse, handle_bare};
///
/// let config = Config::new().with_kv_store("statsig", "specs");
/// let handled = handle_bare(&config, |_, _| Err::<BareResponse, _>("no such page")).unwrap();
/// assert_eq!(handled.handler_error.as_deref(), Some("no such page"));
/// assert_eq!(handled.response_error, None); // the client has its 500
/// # });
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BareHandled {
    /// What became of the events.
    pub events: Summary,
    /// What the handler failed with; the client got a 500 without it.
    pub handler_error: Option<String>,
    /// Why the client did not get the answer, such as a header that HTTP cannot carry: it got a 500 where the host takes that.
    pub response_error: Option<Error>,
}

/// Answers the client's request, as `handle` does, on the platform's own `Request`: starts reading the specs, takes the
/// request, runs the handler, sends its response, and then sends the events and renews what in the Core Cache is past its time. The
/// request's handles are left to the end of the execution, which gives them back.
///
/// A handler that panics ends the execution there: the platform answers in its place, no event of the request is sent or counted in
/// a [`Summary`], and nothing is renewed. One that returns an error loses none of this.
///
/// # Errors
/// When there is no client request, or it was taken before.
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
/// use statsig_fastly::{BareResponse, Events, Key, handle_bare};
///
/// let config = Config::new().with_kv_store("statsig", "specs").with_events(Events::new("events", Key::Secret("secret-k")));
/// let handled = handle_bare(&config, |request, statsig| {
///     let user = User::new().with_email("ada@example.com");
///     let page = if statsig.check_gate(&user, "staff") { "backstage" } else { "shop" };
///     Ok::<_, statsig_fastly::platform::Error>(BareResponse::new(200, "text/plain", page))
/// }).unwrap();
/// assert_eq!((handled.events.logged, handled.events.delivered), (1, 1));
/// # });
/// # assert_eq!(record.responses[0].body, b"backstage");
/// # }
/// ```
pub fn handle_bare<F, E>(config: &Config<'_>, handler: F) -> Result<BareHandled, Error>
where
    F: FnOnce(&mut Request, &Statsig<'_>) -> Result<BareResponse, E>,
    E: Display,
{
    let loading = Loading::begin(config);
    let mut request = Request::from_client()?;
    let mut specs = loading.finish();
    let statsig = Statsig::new(config, &specs);
    let Answered {
        handled,
        wants_sync,
        ..
    } = answer(config, statsig, &mut request, handler);
    // The execution ends, and with it what the host keeps for it: giving that back would be two calls more.
    core::mem::forget(request);
    after::once(&mut specs, config, wants_sync);
    Ok(handled)
}

/// [`handle_bare`] for one request after another, as long as the platform gives this sandbox more of them, and at most
/// `requests` times. Returns how many there were. `each` is called with the outcome of each.
///
/// The specs stay in memory. When they are older than [`Config::with_max_age`] allows, their source is asked again after a response, and before the
/// handler if they are older than [`Config::with_stale_while_revalidate`] allows besides. Exposures of one request are not repeated for
/// the next one within a minute ([`ExposureHistory`]). A handler that panics loses what [`handle_bare`] says, and the sandbox with its specs
/// and its history; outcomes that `each` was told stand.
///
/// # Errors
/// When there is no first request to take.
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
/// use statsig_fastly::platform::request::Request;
/// use statsig_fastly::{BareResponse, serve_bare};
///
/// let config = Config::new().with_kv_store("statsig", "specs");
/// let mut lost = 0;
/// let handler = |_: &mut Request, _: &Statsig<'_>| {
///     Ok::<_, statsig_fastly::platform::Error>(BareResponse::new(204, "text/plain", ""))
/// };
/// let answered = serve_bare(&config, 100, handler, |handled| lost += handled.events.dropped);
/// // This platform had one request for the sandbox.
/// assert_eq!((answered, lost), (Ok(1), 0));
/// # });
/// # }
/// ```
pub fn serve_bare<F, E>(
    config: &Config<'_>,
    requests: u32,
    mut handler: F,
    mut each: impl FnMut(BareHandled),
) -> Result<u32, Error>
where
    F: FnMut(&mut Request, &Statsig<'_>) -> Result<BareResponse, E>,
    E: Display,
{
    let loading = Loading::begin(config);
    let mut request = Request::from_client()?;
    let mut specs = loading.finish();
    let mut history = ExposureHistory::new();
    let mut count = 0_u32;
    let mut due = after::Due::first(&specs);
    loop {
        let statsig = Statsig::new(config, &specs)
            .with_history(history)
            .with_start(Some(due.now_ms()));
        let answered = answer(config, statsig, &mut request, &mut handler);
        history = answered.history;
        due = due.after(&mut specs, config, answered.wants_sync);
        each(answered.handled);
        count = count.saturating_add(1);
        let next = match count < requests {
            true => Request::next(None),
            false => Ok(None),
        };
        // A host that cannot say has no more.
        let Ok(Some(next)) = next else {
            return Ok(count);
        };
        request = next;
        due = due.before(&mut specs, config);
    }
}

/// One request, from the handler to the events.
fn answer<F, E>(
    config: &Config<'_>,
    statsig: Statsig<'_>,
    request: &mut Request,
    handler: F,
) -> Answered<BareHandled>
where
    F: FnOnce(&mut Request, &Statsig<'_>) -> Result<BareResponse, E>,
    E: Display,
{
    let mut handled = BareHandled::default();
    let response = handler(request, &statsig).unwrap_or_else(|error| {
        handled.handler_error = Some(error.to_string());
        BareResponse::internal_error()
    });
    let status_header = config.status_header;
    let status_header = status_header.map(|(name, write)| (name, write(statsig.specs())));
    handled.response_error = response.send(status_header).err();
    if handled.response_error.is_some() {
        // Of no answer at all the platform makes a 200. What the host says to this one is no news.
        let _ = BareResponse::internal_error().send(None);
    }
    let wants_sync = statsig.wants_sync();
    let (events, history) = statsig.flush_keeping_history();
    handled.events = events;
    Answered {
        handled,
        history,
        wants_sync,
    }
}
