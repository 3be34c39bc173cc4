//! Statsig's decisions over HTTP, from Fastly's edge.
//!
//! `GET /gate/NAME`, `/config/NAME`, `/experiment/NAME`, `/layer/NAME/PARAMETER`: one answer, which is logged.
//! `GET /all`: every answer for the user, of which nothing is logged. `GET /status`: what is in force.
//!
//! The user is the query parameter `user`, in JSON, or simple parameters: see `RequestUser`. Names are percent-encoded.

mod answer;
mod routes;

use statsig_fastly::prelude::*;

/// The resource link of the KV Store with the specs, and of the Secret Store with the key.
const STORE: &str = "statsig";

/// The key of the specs: a rule table, or the JSON that Statsig's console writes.
const SPECS_KEY: &str = "statsig-specs";

/// The name of the server secret key in the Secret Store.
const SECRET: &str = "server-key";

/// The backend that leads to `https://prodregistryv2.org`.
const EVENTS_BACKEND: &str = "statsig-events";

fn main() {
    let key = Key::Stored {
        store: STORE,
        name: SECRET,
    };
    let config = Config::new()
        .with_kv_store(STORE, SPECS_KEY)
        .with_events(Events::new(EVENTS_BACKEND, key));
    let handled = statsig_fastly::handle(&config, routes::answer);
    if let Some(error) = handled.events.last_error {
        // One line for the service's log; the client has had its answer.
        eprintln!("{error}");
    }
}
