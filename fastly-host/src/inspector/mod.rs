//! The inspector: a page for people that shows every answer for a user, how it came about, and what is in force.
//!
//! One self-contained page and two questions that it asks of the same service, all below one path:
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /inspect` | the page |
//! | `POST /inspect/answers` | every answer for the user in the body, and the status: see `answers` |
//! | `POST /inspect/explain?kind=KIND&name=NAME` | how that user's answer came about: see [`explanation`](crate::explanation) |
//!
//! The user is the body, so that nobody's attributes get into addresses and access logs, and it is taken as it is: nothing is
//! filled in from who asks. Nothing is logged, and nothing counted.
//!
//! What the page shows are all rules of the project, with the ids and addresses in them. So it is off unless the service's
//! Secret Store has a password for it, it may not be framed, indexed or kept, and what it shows is text to the browser,
//! never markup: names and values in specs are not ours.

mod answers;
mod page;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use statsig_edge::{SpecKind, User, sha256, write_escaped};

use crate::bare::BareResponse;
use crate::explanation::{write_explanation, write_store_explanation};
use crate::platform::request::Request;
use crate::platform::{Error, percent, secret_store};
use crate::signed::{decode, is_same};
use crate::statsig::Statsig;

/// The shortest password that is accepted, in bytes: nothing here slows guessing down.
pub const SHORTEST_PASSWORD: usize = 16;

/// The longest user that is accepted, in bytes of JSON.
pub const MAX_INSPECTED_USER: usize = 64 * 1024;

/// Answers the requests of the inspector (cargo feature `inspector`).
///
/// ```no_run
/// # #[cfg(feature = "fastly")] {
/// use fastly::{Request, Response};
/// use statsig_fastly::Inspector;
/// use statsig_fastly::prelude::*;
///
/// const INSPECTOR: Inspector<'_> = Inspector::new("statsig", "inspector-password");
///
/// let config = Config::new().with_kv_store("statsig", "statsig-specs");
/// statsig_fastly::handle(&config, |mut request: Request, statsig: &Statsig<'_>| {
///     if let Some(response) = INSPECTOR.answer(&mut request, statsig) {
///         return Ok(response);
///     }
///     Ok::<_, fastly::Error>(Response::from_body("the service's own answer"))
/// });
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Inspector<'i> {
    path: &'i str,
    password: Option<(&'i str, &'i str)>,
}

impl<'i> Inspector<'i> {
    /// The inspector at `/inspect` for who has the password in this Secret Store: a browser asks for it (HTTP's basic
    /// authentication), with any user name. Without such a secret the inspector is off, and these requests are the service's own.
    pub const fn new(store: &'i str, name: &'i str) -> Self {
        Inspector {
            path: "/inspect",
            password: Some((store, name)),
        }
    }

    /// The inspector at `/inspect` for everybody whose request gets here: for a service that has checked by itself who is asking.
    pub const fn unprotected() -> Self {
        Inspector {
            path: "/inspect",
            password: None,
        }
    }

    /// Another path, beginning with a slash and not ending with one.
    #[must_use]
    pub const fn at(mut self, path: &'i str) -> Self {
        self.path = path;
        self
    }

    /// Answers what is asked below its path; `None` for other requests, which are untouched, and while the inspector is off.
    ///
    /// Never fails: what is wrong with a request is an answer. Cost for other requests: one comparison of the path.
    #[cfg(feature = "fastly")]
    pub fn answer(
        &self,
        request: &mut fastly::Request,
        statsig: &Statsig<'_>,
    ) -> Option<fastly::Response> {
        let place = self.place(request.get_path())?;
        let method = request.get_method_str();
        let authorization = request.get_header("authorization");
        let page = self.admit(method, place, authorization.map(|value| value.as_bytes()))?;
        let answered = page.unwrap_or_else(|place| {
            let query = String::from(request.get_query_str().unwrap_or_default());
            let mut user = Vec::new();
            for chunk in request.take_body().read_chunks(16 * 1024) {
                let Ok(chunk) = chunk else {
                    return problem(400, "the user did not arrive");
                };
                user.extend_from_slice(&chunk);
                if user.len() > MAX_INSPECTED_USER {
                    break;
                }
            }
            question(place, &query, &user, statsig)
        });
        let mut response = fastly::Response::from_status(answered.status);
        for (name, value) in &answered.headers {
            response.set_header(&**name, &**value);
        }
        Some(response.with_body(answered.body))
    }

    /// [`Self::answer`] on the platform's own request, for [`handle_bare`](crate::handle_bare).
    pub fn answer_bare(
        &self,
        request: &mut Request,
        statsig: &Statsig<'_>,
    ) -> Option<BareResponse> {
        let uri = request.uri().ok()?;
        let place = self.place(uri.path())?;
        let method = request.method().ok()?;
        let authorization = request.header("authorization").ok().flatten();
        let page = self.admit(&method, place, authorization.as_deref())?;
        Some(page.unwrap_or_else(|place| {
            let body = request.take_body();
            match body.map_or(Ok(Vec::new()), |body| body.read_all(MAX_INSPECTED_USER)) {
                Ok(user) => question(place, uri.query().unwrap_or_default(), &user, statsig),
                Err(Error::TooLarge) => problem(413, TOO_LONG),
                Err(_) => problem(400, "the user did not arrive"),
            }
        }))
    }

    /// What a path asks for.
    fn place(&self, path: &str) -> Option<Place> {
        Some(match path.strip_prefix(self.path)? {
            "" | "/" => Place::Page,
            "/answers" => Place::Answers,
            "/explain" => Place::Explanation,
            _ => return None,
        })
    }

    /// The page or a refusal, or the question to go on with; `None` when the inspector is off.
    fn admit(
        &self,
        method: &str,
        place: Place,
        authorization: Option<&[u8]>,
    ) -> Option<Result<BareResponse, Place>> {
        if let Some((store, name)) = self.password {
            let secret = secret_store::Store::open(store).and_then(|store| store.get(name));
            let secret = match secret {
                Ok(Some(secret)) => secret,
                Ok(None) | Err(Error::UnknownName) => return None,
                Err(_) => return Some(Ok(problem(503, "the password cannot be read"))),
            };
            // A secret that was made from a file often ends with its newline.
            let secret = secret.as_bytes().trim_ascii();
            if secret.len() < SHORTEST_PASSWORD {
                let message = "the password in the Secret Store is shorter than 16 bytes";
                return Some(Ok(problem(503, message)));
            }
            let given = authorization.and_then(password).unwrap_or_default();
            // Their hashes: so the time says nothing of the length either.
            if !is_same(&sha256(&[secret]), &sha256(&[&given])) {
                let mut refusal = problem(401, "a password is needed");
                let realm = r#"Basic realm="Statsig inspector", charset="UTF-8""#;
                refusal
                    .headers
                    .push(("www-authenticate".into(), realm.into()));
                return Some(Ok(refusal));
            }
        }
        Some(match (place, method) {
            (Place::Page, "GET" | "HEAD") => Ok(page::response()),
            (Place::Answers | Place::Explanation, "POST") => Err(place),
            (Place::Page, _) => Ok(problem(405, "GET gives the page")),
            _ => Ok(problem(405, "POST the user as JSON")),
        })
    }
}

/// What is below the inspector's path.
#[derive(Clone, Copy)]
enum Place {
    Page,
    Answers,
    Explanation,
}

const TOO_LONG: &str = "the user is longer than 64 KiB";

/// The password of basic authentication (RFC 7617).
fn password(authorization: &[u8]) -> Option<Vec<u8>> {
    let text = core::str::from_utf8(authorization).ok()?;
    let (scheme, credentials) = percent::cut(text, b' ');
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let digits = credentials?.trim().trim_end_matches('=').chars();
    let digits: String = digits
        .map(|digit| match digit {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    let decoded = decode(&digits)?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    decoded.get(colon.checked_add(1)?..).map(Vec::from)
}

fn question(place: Place, query: &str, user: &[u8], statsig: &Statsig<'_>) -> BareResponse {
    if user.len() > MAX_INSPECTED_USER {
        return problem(413, TOO_LONG);
    }
    let json = match user.trim_ascii() {
        [] => b"{}",
        given => given,
    };
    let mut scratch = alloc::vec![0; json.len().saturating_mul(6)];
    let user = match User::from_json(json, &mut scratch) {
        Ok(user) => user,
        Err(error) => {
            let mut message = String::from("the user cannot be read: ");
            // A `String` takes everything.
            let _ = error.write(&mut message);
            return problem(400, &message);
        }
    };
    let mut out = String::new();
    match place {
        Place::Explanation => explain(query, &user, statsig, out),
        _ => {
            answers::write(statsig, &user, &mut out);
            response(200, JSON, out.into_bytes())
        }
    }
}

fn explain(query: &str, user: &User<'_>, statsig: &Statsig<'_>, mut out: String) -> BareResponse {
    let Some(evaluator) = statsig.evaluator() else {
        return problem(503, "there are no specs");
    };
    let name = percent::value(query, "name").unwrap_or_default();
    let kind = percent::value(query, "kind").unwrap_or_default();
    let spec_kind = match &*kind {
        "gate" => SpecKind::Gate,
        "config" => SpecKind::DynamicConfig,
        "experiment" => SpecKind::Experiment,
        "layer" => SpecKind::Layer,
        "store" => {
            return match evaluator.parameter_store(&name) {
                Some(store) => {
                    write_store_explanation(&evaluator, user, &store, &mut out);
                    response(200, JSON, out.into_bytes())
                }
                None => problem(404, "there is no parameter store of this name"),
            };
        }
        _ => return problem(400, "kind: gate, config, experiment, layer or store"),
    };
    if evaluator.table().spec(spec_kind, &name).is_none() {
        return problem(404, "there is no spec of this kind and name");
    }
    let source = statsig.reason_source();
    write_explanation(&evaluator, user, spec_kind, &name, source, &mut out);
    response(200, JSON, out.into_bytes())
}

const JSON: &str = "application/json";

fn problem(status: u16, message: &str) -> BareResponse {
    let mut body = String::from(r#"{"error":"#);
    // A `String` takes everything.
    let _ = write_escaped(message, &mut body);
    body.push('}');
    response(status, JSON, body.into_bytes())
}

/// A response that no cache, no search engine, no other site and no frame gets anything of.
fn response(status: u16, content_type: &'static str, body: Vec<u8>) -> BareResponse {
    let headers = [
        ("content-type", content_type),
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex, nofollow"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    let headers = headers.map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)));
    BareResponse {
        status,
        headers: headers.into(),
        body,
    }
}
