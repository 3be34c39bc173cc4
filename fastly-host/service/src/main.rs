//! Statsig's decisions over HTTP, from Fastly's edge: what is answered at which path is in `statsig-fastly-routes`.

use std::convert::Infallible;

use fastly::http::header;
use fastly::{Request, Response};
#[cfg(feature = "inspector")]
use statsig_fastly::Inspector;
use statsig_fastly::prelude::*;
#[cfg(feature = "inspector")]
use statsig_fastly_routes::INSPECTOR_PASSWORD;
use statsig_fastly_routes::{Asked, EVENTS_BACKEND, EVENTS_LOG, SECRET, SPECS_KEY, STORE, answer};

/// A constant: what it does not name is not in the module.
const CONFIG: Config<'static> = Config::new()
    .with_kv_store(STORE, SPECS_KEY)
    .with_events(Events::new(EVENTS_BACKEND, KEY).with_log_endpoint(EVENTS_LOG));

const KEY: Key<'static> = Key::Stored {
    store: STORE,
    name: SECRET,
};

fn main() {
    let handled = statsig_fastly::handle(&CONFIG, respond);
    if let Some(error) = handled.events.last_error {
        // One line for the service's log; the client has had its answer.
        eprintln!("{error}");
    }
}

#[cfg(feature = "inspector")]
const INSPECTOR: Inspector<'_> = Inspector::new(STORE, INSPECTOR_PASSWORD);

#[cfg_attr(
    not(feature = "inspector"),
    expect(unused_mut, reason = "only the inspector takes the body")
)]
fn respond(mut request: Request, statsig: &Statsig<'_>) -> Result<Response, Infallible> {
    #[cfg(feature = "inspector")]
    if let Some(response) = INSPECTOR.answer(&mut request, statsig) {
        return Ok(response);
    }
    let user_agent = request.get_header(header::USER_AGENT);
    let cookie = request.get_header(header::COOKIE);
    let asked = Asked {
        method: request.get_method_str(),
        path: request.get_path(),
        query: request.get_query_str().unwrap_or_default(),
        ip: request.get_client_ip_addr(),
        user_agent: user_agent.and_then(|value| std::str::from_utf8(value.as_bytes()).ok()),
        cookie: cookie.and_then(|value| std::str::from_utf8(value.as_bytes()).ok()),
    };
    let answer = answer(&asked, statsig);
    let mut response = Response::from_status(answer.status);
    for &(name, value) in answer.headers() {
        response.set_header(name, value);
    }
    if let Some(cookie) = answer.set_cookie {
        response.set_header(header::SET_COOKIE, cookie);
    }
    Ok(response.with_body(answer.body))
}
