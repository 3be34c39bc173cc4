//! A service whose requests say how it is configured, so that one Viceroy serves every configuration of a test.
//!
//! | header | what it says |
//! | --- | --- |
//! | `settings` | the text of `Settings`, with `|` between its lines |
//! | `bootstrap` | the key of bootstrap bytes in the KV Store `bootstrap` |
//! | `serve` | how many requests this sandbox is to answer; without it one, by `handle` |
//! | `case` | the user's id, and the name of this request in its summary |
//! | `events` | how many events to log, and how long each of them is |
//!
//! Of a sandbox that answers several requests the first one's `settings`, `bootstrap` and `serve` hold. The answer says which rule of the gate
//! `which` decided, and the status. What became of the events is a line of the log endpoint `summaries`.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::fmt::Write;

use fastly::{Request, Response};
use statsig_edge::write_escaped;
use statsig_fastly::platform::{kv, log, request};
use statsig_fastly::prelude::*;
use statsig_fastly::{DeliveryError, EventValue, Handled, Settings, write_status};

/// A header of the first request, which stays there for who is to answer it.
fn first_header(name: &str) -> Option<String> {
    let request = request::Request::from_client().ok()?;
    let value = request.header(name);
    // Dropped, it would be given back to the host.
    std::mem::forget(request);
    String::from_utf8(value.ok()??).ok()
}

fn main() {
    let settings = first_header("settings").unwrap_or_default();
    let settings = Settings::from_text(settings.replace('|', "\n"));
    let mut config = settings.config().expect("the test's settings are right");
    let bootstrap = first_header("bootstrap").map(|key| {
        let store = kv::Store::open("bootstrap").expect("there is a store for bootstrap bytes");
        let item = store.lookup(&key).expect("the test's bytes are there");
        item.read_all().expect("they can be read")
    });
    if let Some(bytes) = &bootstrap {
        config = config.with_bootstrap(bytes);
    }
    let sandbox = Sandbox::default();
    match first_header("serve").and_then(|count| count.parse().ok()) {
        None => {
            let handled = statsig_fastly::handle(&config, |request, statsig| {
                sandbox.respond(request, statsig)
            });
            sandbox.summarise(&handled);
        }
        Some(requests) => {
            let respond =
                |request: Request, statsig: &Statsig<'_>| sandbox.respond(request, statsig);
            statsig_fastly::serve(&config, requests, respond, |handled| {
                sandbox.summarise(&handled);
            });
        }
    }
}

/// What is known from one request to the next.
#[derive(Default)]
struct Sandbox {
    requests: Cell<u32>,
    case: RefCell<String>,
}

impl Sandbox {
    fn respond(&self, request: Request, statsig: &Statsig<'_>) -> Result<Response, Infallible> {
        self.requests.set(self.requests.get() + 1);
        let case = request.get_header_str("case").unwrap_or_default();
        case.clone_into(&mut self.case.borrow_mut());
        let user = User::new().with_user_id(case);
        let gate = statsig.gate(&user, "which");
        let mut events = request
            .get_header_str("events")
            .unwrap_or_default()
            .split(' ');
        let mut number = || events.next().and_then(|text| text.parse::<usize>().ok());
        if let (Some(count), Some(length)) = (number(), number()) {
            let text = "x".repeat(length);
            for number in 0..count {
                let name = format!("event-{number}");
                statsig.log_event(&user, &name, EventValue::Text(&text), &[]);
            }
        }
        let mut body = String::from("{\"rule\":");
        // A `String` takes everything, here and below.
        let _ = write_escaped(gate.rule_id(), &mut body);
        let _ = write!(
            body,
            ",\"value\":{},\"reason\":\"{:?}\"",
            gate.value(),
            gate.reason()
        );
        let _ = write!(
            body,
            ",\"sandbox\":\"{}\"",
            fastly::compute_runtime::sandbox_id()
        );
        let _ = write!(body, ",\"request\":{},\"status\":", self.requests.get());
        write_status(statsig, &mut body);
        body.push('}');
        Ok(Response::from_body(body))
    }

    fn summarise(&self, handled: &Handled) {
        let events = &handled.events;
        let mut line = String::from("{\"case\":");
        let _ = write_escaped(&self.case.borrow(), &mut line);
        for (name, count) in [
            ("logged", events.logged),
            ("deduplicated", events.deduplicated),
            ("delivered", events.delivered),
            ("handedOver", events.handed_over),
            ("dropped", events.dropped),
            ("retries", events.retries),
        ] {
            let _ = write!(line, ",\"{name}\":{count}");
        }
        line.push_str(",\"lastError\":");
        let error = events.last_error.as_ref().map(DeliveryError::to_string);
        let _ = write_escaped(&error.unwrap_or_default(), &mut line);
        line.push('}');
        let endpoint = log::Endpoint::open("summaries").expect("Viceroy has every log endpoint");
        endpoint.write(line.as_bytes()).expect("a line is taken");
    }
}
