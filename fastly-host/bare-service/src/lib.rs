//! The service of `statsig-fastly-service` without the `fastly` crate and without `std`: a module that starts at once.
//!
//! Same stores, same paths, same answers: see `statsig-fastly-routes`.
#![cfg_attr(target_family = "wasm", no_std)]
#![cfg(target_family = "wasm")]

mod heap;

extern crate alloc;

#[cfg(feature = "settings")]
use alloc::string::String;
#[cfg(not(feature = "sticky"))]
use alloc::vec::Vec;
use core::convert::Infallible;

#[cfg(feature = "inspector")]
use statsig_fastly::Inspector;
#[cfg(feature = "settings")]
use statsig_fastly::Settings;
use statsig_fastly::platform::Error;
use statsig_fastly::platform::request::Request;
use statsig_fastly::{BareResponse, Config, Statsig};
#[cfg(all(feature = "events", not(feature = "settings")))]
use statsig_fastly::{Events, Key};
#[cfg(feature = "inspector")]
use statsig_fastly_routes::INSPECTOR_PASSWORD;
#[cfg(not(feature = "settings"))]
use statsig_fastly_routes::SPECS_KEY;
use statsig_fastly_routes::{Answer, Asked, STORE, answer};
#[cfg(all(feature = "events", not(feature = "settings")))]
use statsig_fastly_routes::{EVENTS_BACKEND, SECRET};

// `memcmp` and its like: on this target they are the C library's.
#[link(name = "c")]
unsafe extern "C" {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Then a new instance begins, with new memory.
#[cfg(feature = "reuse")]
const REQUESTS: u32 = 500;

/// What Compute calls, once for each request.
#[unsafe(no_mangle)]
extern "C" fn _start() {
    #[cfg(feature = "settings")]
    by_settings();
    #[cfg(not(feature = "settings"))]
    as_built();
}

/// Settings that are wrong are told to the client: a service that is misconfigured should not look like one that is not.
#[cfg(feature = "settings")]
fn by_settings() {
    let settings = Settings::from_config_store(STORE, "statsig-settings");
    let config = settings.as_ref().map_err(|error| *error);
    let handled = match config.and_then(Settings::config) {
        Ok(config) => statsig_fastly::handle_bare(&config, respond),
        Err(error) => statsig_fastly::handle_bare(&Config::new(), |_, _| {
            let mut says = String::new();
            // A `String` takes everything.
            let _ = error.write(&mut says);
            Ok::<_, Infallible>(BareResponse::new(500, "text/plain", says))
        }),
    };
    // Without a request there is nobody to tell.
    let _ = handled;
}

/// A constant: what it does not name is not in the module.
#[cfg(not(feature = "settings"))]
const CONFIG: Config<'static> = {
    let config = Config::new().with_kv_store(STORE, SPECS_KEY);
    #[cfg(feature = "core-cache")]
    let config = config.with_core_cache();
    #[cfg(feature = "events")]
    let config = {
        let key = Key::Stored {
            store: STORE,
            name: SECRET,
        };
        let events = Events::new(EVENTS_BACKEND, key);
        #[cfg(feature = "log-endpoint")]
        let events = events.with_log_endpoint(statsig_fastly_routes::EVENTS_LOG);
        config.with_events(events)
    };
    config
};

#[cfg(not(feature = "settings"))]
fn as_built() {
    // Without a request there is nobody to tell.
    #[cfg(not(feature = "reuse"))]
    let _ = statsig_fastly::handle_bare(&CONFIG, respond);
    #[cfg(feature = "reuse")]
    let _ = statsig_fastly::serve_bare(&CONFIG, REQUESTS, respond, |_| ());
}

#[cfg(feature = "inspector")]
const INSPECTOR: Inspector<'_> = Inspector::new(STORE, INSPECTOR_PASSWORD);

fn respond(request: &mut Request, statsig: &Statsig<'_>) -> Result<BareResponse, Infallible> {
    #[cfg(feature = "inspector")]
    if let Some(response) = INSPECTOR.answer_bare(request, statsig) {
        return Ok(response);
    }
    let answer = read(request, statsig).unwrap_or_else(|_| Answer {
        status: 400,
        body: r#"{"error":"the request cannot be read"}"#.into(),
        set_cookie: None,
    });
    let headers = answer.headers().iter();
    let headers = headers.map(|&(name, value)| (name.into(), value.into()));
    #[cfg(feature = "sticky")]
    let headers = headers.chain(
        answer
            .set_cookie
            .map(|cookie| ("set-cookie".into(), cookie.into())),
    );
    Ok(BareResponse {
        status: answer.status,
        headers: headers.collect(),
        body: answer.body.into_bytes(),
    })
}

fn read(request: &Request, statsig: &Statsig<'_>) -> Result<Answer, Error> {
    let (method, uri) = (request.method()?, request.uri()?);
    let user_agent = request.header("user-agent")?;
    #[cfg(feature = "sticky")]
    let cookie = request.header("cookie")?;
    #[cfg(not(feature = "sticky"))]
    let cookie: Option<Vec<u8>> = None;
    let asked = Asked {
        method: &method,
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        ip: request.client_ip(),
        user_agent: user_agent
            .as_deref()
            .and_then(|value| core::str::from_utf8(value).ok()),
        cookie: cookie
            .as_deref()
            .and_then(|value| core::str::from_utf8(value).ok()),
    };
    Ok(answer(&asked, statsig))
}
