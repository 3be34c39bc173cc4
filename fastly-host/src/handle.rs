//! One call for a whole execution of a service that uses the `fastly` crate.

use alloc::string::{String, ToString};
use core::fmt::Display;

use fastly::http::StatusCode;
use fastly::{Request, Response};

use crate::config::Config;
use crate::flush::Summary;
use crate::specs::Loading;
use crate::statsig::Statsig;

/// How an execution went.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Handled {
    /// What became of the events.
    pub events: Summary,
    /// What the handler failed with; the client got a 500 without it.
    pub handler_error: Option<String>,
}

/// Answers the client's request: starts reading the specs, takes the request, runs the handler, sends its response, and
/// then, while the client has it, keeps the table if it was compiled here and sends the events.
///
/// An error of the handler becomes a plain 500; specs that cannot be had, or events that are not taken, never fail a
/// request. To be called from a plain `main`, once.
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
    let specs = loading.finish();
    let statsig = Statsig::new(config, &specs);
    let mut handled = Handled::default();
    let response = match handler(request, &statsig) {
        Ok(response) => response,
        Err(error) => {
            handled.handler_error = Some(error.to_string());
            Response::from_status(StatusCode::INTERNAL_SERVER_ERROR)
                .with_body_text_plain("internal error\n")
        }
    };
    response.send_to_client();
    specs.keep();
    handled.events = statsig.flush();
    handled
}
