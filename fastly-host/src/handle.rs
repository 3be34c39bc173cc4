//! One call for a whole execution of a service that uses the `fastly` crate.

use alloc::string::{String, ToString};
use core::fmt::Display;

use fastly::http::StatusCode;
use fastly::http::serve::{NextRequestOptions, RequestPromise};
use fastly::{Request, Response};

use crate::after::{self, Answered};
use crate::config::Config;
use crate::flush::Summary;
use crate::history::ExposureHistory;
use crate::specs::Loading;
use crate::statsig::Statsig;

/// How an execution went.
///
/// ```
/// use statsig_fastly::Handled;
///
/// fn look(handled: &Handled) {
///     if handled.events.dropped > 0 {
///         eprintln!("{} events lost: {:?}", handled.events.dropped, handled.events.last_error);
///     }
/// }
/// # look(&Handled::default());
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Handled {
    /// What became of the events.
    pub events: Summary,
    /// What the handler failed with; the client got a 500 without it.
    pub handler_error: Option<String>,
}

/// Answers the client's request: starts reading the specs, takes the request, runs the handler, sends its response, and
/// then, while the client has it, sends the events and renews what in the Core Cache is past its time.
///
/// An error of the handler becomes a plain 500; specs that cannot be had, or events that are not taken, never fail a
/// request. To be called from a plain `main`, once.
///
/// A handler that panics ends the execution there: the platform answers in its place, no event of the request is sent or counted in
/// a [`Summary`], and nothing is renewed. One that returns an error loses none of this.
///
/// ```no_run
/// use statsig_fastly::prelude::*;
/// use fastly::{Request, Response};
///
/// fn main() {
///     let config = Config::new()
///         .with_kv_store("statsig", "statsig-specs")
///         .with_events(Events::new("statsig-events", Key::Stored { store: "statsig", name: "server-key" }));
///     statsig_fastly::handle(&config, |request: Request, statsig: &Statsig<'_>| {
///         let user = User::new().with_user_id("u-1");
///         let text = if statsig.check_gate(&user, "new_home") { "new" } else { "old" };
///         Ok::<_, fastly::Error>(Response::from_body(text))
///     });
/// }
/// ```
pub fn handle<F, E>(config: &Config<'_>, handler: F) -> Handled
where
    F: FnOnce(Request, &Statsig<'_>) -> Result<Response, E>,
    E: Display,
{
    let loading = Loading::begin(config);
    let request = Request::from_client();
    let mut specs = loading.finish();
    let statsig = Statsig::new(config, &specs);
    let answered = answer(config, statsig, request, handler);
    after::once(&mut specs, config, answered.wants_sync);
    answered.handled
}

/// [`handle`] for one request after another, as long as the platform gives this sandbox more of them, and at most `requests` times.
/// Returns how many there were. `each` is called with the outcome of each.
///
/// The specs stay in memory. When they are older than [`Config::with_max_age`] allows, their source is asked again after a response, and before the
/// handler if they are older than [`Config::with_stale_while_revalidate`] allows besides. Exposures of one request are not repeated for
/// the next one within a minute ([`ExposureHistory`]). A handler that panics loses what [`handle`] says, and the sandbox with its specs and its
/// history; outcomes that `each` was told stand.
///
/// ```no_run
/// use fastly::{Request, Response};
/// use statsig_fastly::prelude::*;
///
/// fn main() {
///     let config = Config::new().with_kv_store("statsig", "statsig-specs").with_max_age(30);
///     let handler = |_: Request, statsig: &Statsig<'_>| {
///         let new = statsig.check_gate(&User::new().with_user_id("u-1"), "new_home");
///         Ok::<_, fastly::Error>(Response::from_body(if new { "new" } else { "old" }))
///     };
///     statsig_fastly::serve(&config, 100, handler, |handled| println!("{:?}", handled.events));
/// }
/// ```
pub fn serve<F, E>(
    config: &Config<'_>,
    requests: u32,
    mut handler: F,
    mut each: impl FnMut(Handled),
) -> u32
where
    F: FnMut(Request, &Statsig<'_>) -> Result<Response, E>,
    E: Display,
{
    let loading = Loading::begin(config);
    let mut request = Request::from_client();
    let mut specs = loading.finish();
    let mut history = ExposureHistory::new();
    let mut count = 0_u32;
    let mut due = after::Due::first(&specs);
    loop {
        let statsig = Statsig::new(config, &specs)
            .with_history(history)
            .with_start(Some(due.now_ms()));
        let answered = answer(config, statsig, request, &mut handler);
        history = answered.history;
        due = due.after(&mut specs, config, answered.wants_sync);
        each(answered.handled);
        count = count.saturating_add(1);
        if count >= requests {
            return count;
        }
        let promise = RequestPromise::new(&NextRequestOptions::default());
        // A platform that cannot say has no more.
        let Ok(next) = promise.and_then(RequestPromise::wait) else {
            return count;
        };
        request = next;
        due = due.before(&mut specs, config);
    }
}

/// One request, from the handler to the events.
fn answer<F, E>(
    config: &Config<'_>,
    statsig: Statsig<'_>,
    request: Request,
    handler: F,
) -> Answered<Handled>
where
    F: FnOnce(Request, &Statsig<'_>) -> Result<Response, E>,
    E: Display,
{
    let mut handled = Handled::default();
    let mut response = match handler(request, &statsig) {
        Ok(response) => response,
        Err(error) => {
            handled.handler_error = Some(error.to_string());
            Response::from_status(StatusCode::INTERNAL_SERVER_ERROR)
                .with_body_text_plain("internal error\n")
        }
    };
    if let Some((name, write)) = config.status_header {
        response.set_header(name, write(statsig.specs()));
    }
    response.send_to_client();
    let wants_sync = statsig.wants_sync();
    let (events, history) = statsig.flush_keeping_history();
    handled.events = events;
    Answered {
        handled,
        history,
        wants_sync,
    }
}
