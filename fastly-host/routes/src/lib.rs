//! From a request to an answer, for a service of either kind: on the `fastly` crate or without it.
//!
//! `GET /gate/NAME`, `/config/NAME`, `/experiment/NAME`, `/layer/NAME/PARAMETER`: one answer, which is logged.
//! `GET /sticky/NAME` (feature `sticky`): an experiment whose user keeps what it was given, in a signed cookie.
//! `GET /all` (feature `all`): every answer for the user, of which nothing is logged. `GET /status` (feature `status`): what is in force.
//!
//! The user is the query parameter `user`, in JSON, or simple parameters: see `RequestUser`. Names are percent-encoded.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::borrow::Cow;
use alloc::string::String;
use core::net::IpAddr;

#[cfg(feature = "sticky")]
use alloc::string::ToString;
#[cfg(feature = "sticky")]
use statsig_edge::Reason;
use statsig_edge::{User, UserError, write_escaped};
use statsig_fastly::answer::{self, Written};
use statsig_fastly::platform::percent;
#[cfg(feature = "all")]
use statsig_fastly::report;
#[cfg(feature = "status")]
use statsig_fastly::write_status;
use statsig_fastly::{Client, RequestUser, Statsig};
#[cfg(feature = "sticky")]
use statsig_fastly::{SigningKeys, Sticky, StickyCookie, StickyRoom};

/// The resource link of the KV Store with the specs, and of the Secret Store with the key.
pub const STORE: &str = "statsig";

/// The key of the specs: a rule table, or the JSON that Statsig's console writes.
pub const SPECS_KEY: &str = "statsig-specs";

/// The name of the server secret key in the Secret Store.
pub const SECRET: &str = "server-key";

/// The name of the password of the inspector, in the Secret Store: without it the inspector is off.
pub const INSPECTOR_PASSWORD: &str = "inspector-password";

/// The name of the key that assignments in cookies are signed with, in the Secret Store.
#[cfg(feature = "sticky")]
pub const COOKIE_KEY: &str = "cookie-key";

/// The cookie that assignments are kept in.
#[cfg(feature = "sticky")]
pub const COOKIE: &str = "statsig_sticky";

/// The log endpoint for events that Statsig does not take.
pub const EVENTS_LOG: &str = "statsig-events";

/// The backend that leads to `https://prodregistryv2.org`.
pub const EVENTS_BACKEND: &str = "statsig-events";

/// What of a request counts.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'r> {
    /// The method, as sent.
    pub method: &'r str,
    /// The path, still percent-encoded.
    pub path: &'r str,
    /// What follows the `?`; empty without one.
    pub query: &'r str,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The `user-agent` header, if it is text.
    pub user_agent: Option<&'r str>,
    /// The `cookie` header, if it is text.
    pub cookie: Option<&'r str>,
}

/// What the client is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// A JSON object.
    pub body: String,
    /// The value of a `set-cookie` header.
    pub set_cookie: Option<String>,
}

impl Answer {
    /// The headers, by name and value.
    pub fn headers(&self) -> &'static [(&'static str, &'static str)] {
        const ALL: &[(&str, &str)] = &[
            ("content-type", "application/json"),
            // Answers are for one user.
            ("cache-control", "private, no-store"),
            ("allow", "GET, HEAD"),
        ];
        match self.status {
            405 => ALL,
            _ => ALL.split_last().map_or(ALL, |(_, usual)| usual),
        }
    }
}

/// Room for most answers.
const USUAL_ANSWER: usize = 512;

/// Answers a request; what is wrong with it is an answer too.
pub fn answer(asked: &Asked<'_>, statsig: &Statsig<'_>) -> Answer {
    let mut body = String::with_capacity(USUAL_ANSWER);
    let mut set_cookie = None;
    let status = match respond(asked, statsig, &mut body) {
        Ok(cookie) => {
            set_cookie = cookie;
            200
        }
        Err(Problem { status, message }) => {
            body.clear();
            body.push_str(r#"{"error":"#);
            // A `String` takes everything.
            let _ = write_escaped(&message, &mut body);
            body.push('}');
            status
        }
    };
    Answer {
        status,
        body,
        set_cookie,
    }
}

/// What is wrong with a request.
struct Problem {
    status: u16,
    message: Cow<'static, str>,
}

impl Problem {
    fn new(status: u16, message: &'static str) -> Self {
        Problem {
            status,
            message: Cow::Borrowed(message),
        }
    }
}

/// Writes the answer, and gives the cookie that goes with it.
fn respond(
    asked: &Asked<'_>,
    statsig: &Statsig<'_>,
    out: &mut String,
) -> Result<Option<String>, Problem> {
    if !matches!(asked.method, "GET" | "HEAD") {
        return Err(Problem::new(405, "only GET is answered here"));
    }
    let segments = segments(asked.path);
    let route = match segments.each_ref().map(Option::as_deref) {
        #[cfg(feature = "status")]
        [Some("status"), None, None, None] => {
            write_status(statsig, out);
            return Ok(None);
        }
        #[cfg(feature = "all")]
        [Some("all"), None, None, None] => Route::All,
        [Some("layer"), Some(name), Some(parameter), None] => Route::Layer { name, parameter },
        [Some(kind), Some(name), None, None] => match kind {
            "gate" => Route::Check(answer::gate, kind, name),
            "config" => Route::Check(answer::config, kind, name),
            "experiment" => Route::Check(answer::experiment, kind, name),
            #[cfg(feature = "sticky")]
            "sticky" => Route::Sticky(name),
            _ => return Err(no_such_path()),
        },
        _ => return Err(no_such_path()),
    };
    // The path comes first: a wrong path is not found, whoever asks.
    let client = Client::locate(asked.ip, asked.user_agent);
    let mut request_user = RequestUser::new(asked.query, client);
    let user = &request_user.user().map_err(bad_user)?;
    let (written, words) = match route {
        Route::Check(check, kind, name) => (
            check(statsig, user, name, out),
            ["no ", kind, " named ", name],
        ),
        Route::Layer { name, parameter } => (
            answer::layer_parameter(statsig, user, name, parameter, out),
            ["no layer parameter named ", name, "/", parameter],
        ),
        #[cfg(feature = "sticky")]
        Route::Sticky(name) => return sticky(asked, statsig, user, name, out),
        #[cfg(feature = "all")]
        Route::All => {
            let evaluator = statsig
                .evaluator()
                .ok_or_else(|| Problem::new(503, "there are no specs: see /status"))?;
            report::write_all(&evaluator, user, statsig.reason_source(), out);
            return Ok(None);
        }
    };
    match written {
        Written::Answer => Ok(None),
        _ => Err(not_found(words)),
    }
}

/// What is wrong with the user; which byte it is with the feature `messages`.
fn bad_user(error: UserError) -> Problem {
    #[cfg(feature = "messages")]
    {
        let mut message = String::new();
        // A `String` takes everything.
        let _ = error.write(&mut message);
        Problem {
            status: 400,
            message: Cow::Owned(message),
        }
    }
    #[cfg(not(feature = "messages"))]
    {
        let _ = error;
        Problem::new(400, "user: not one")
    }
}

/// What is not there; its name with the feature `messages`.
fn not_found(words: [&str; 4]) -> Problem {
    #[cfg(feature = "messages")]
    let message = Cow::Owned(words.concat());
    #[cfg(not(feature = "messages"))]
    let message = {
        let _ = words;
        Cow::Borrowed("not found")
    };
    Problem {
        status: 404,
        message,
    }
}

/// What a path asks for.
enum Route<'p> {
    Check(Check, &'p str, &'p str),
    Layer {
        name: &'p str,
        parameter: &'p str,
    },
    #[cfg(feature = "sticky")]
    Sticky(&'p str),
    #[cfg(feature = "all")]
    All,
}

/// An experiment from the cookie, or for it.
#[cfg(feature = "sticky")]
fn sticky(
    asked: &Asked<'_>,
    statsig: &Statsig<'_>,
    user: &User<'_>,
    name: &str,
    out: &mut String,
) -> Result<Option<String>, Problem> {
    let keys = SigningKeys::from_secret_store(STORE, &[COOKIE_KEY]).map_err(|error| Problem {
        status: 503,
        message: Cow::Owned(error.to_string()),
    })?;
    let cookie = StickyCookie::read(COOKIE, &keys, asked.cookie.unwrap_or_default());
    let mut room = StickyRoom::new();
    let sticky = Sticky::new(&cookie);
    let experiment = statsig.experiment_sticky(user, name, &sticky, &mut room);
    out.push_str(r#"{"name":"#);
    // A `String` takes everything, here and below.
    let _ = write_escaped(name, out);
    out.push_str(r#","value":"#);
    out.push_str(experiment.json());
    out.push_str(r#","persisted":"#);
    let persisted = experiment.reason() == Reason::Persisted;
    out.push_str(if persisted { "true" } else { "false" });
    out.push_str(r#","problem":"#);
    match cookie.problem() {
        Some(problem) => drop(write_escaped(&problem.to_string(), out)),
        None => out.push_str("null"),
    }
    out.push('}');
    Ok(cookie.set_cookie())
}

type Check = fn(&Statsig<'_>, &User<'_>, &str, &mut String) -> Written;

fn no_such_path() -> Problem {
    Problem::new(
        404,
        "paths: /gate/NAME, /config/NAME, /experiment/NAME, /layer/NAME/PARAMETER, /all, /status",
    )
}

/// The first parts of a path; slashes at its beginning do not count.
fn segments(path: &str) -> [Option<Cow<'_, str>>; 4] {
    let slashes = path.bytes().take_while(|byte| *byte == b'/').count();
    let mut rest = path.get(slashes..);
    core::array::from_fn(|_| {
        let (segment, after) = percent::cut(rest?, b'/');
        rest = after;
        Some(percent::decode_segment(segment))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_at_slashes() {
        for (path, expected) in [
            ("/gate/a%2Fb", [Some("gate"), Some("a/b"), None, None]),
            (
                "//layer/x+y/p",
                [Some("layer"), Some("x+y"), Some("p"), None],
            ),
            ("/a/b/c/d/e", [Some("a"), Some("b"), Some("c"), Some("d")]),
            ("/status/", [Some("status"), Some(""), None, None]),
            ("/", [Some(""), None, None, None]),
            ("", [Some(""), None, None, None]),
        ] {
            let segments = segments(path);
            assert_eq!(
                segments.each_ref().map(Option::as_deref),
                expected,
                "{path}"
            );
        }
    }
}
