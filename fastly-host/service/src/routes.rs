//! From a request to an answer.

use std::convert::Infallible;

use fastly::http::{Method, StatusCode, header};
use fastly::{Request, Response};
use statsig_edge::write_escaped;
use statsig_fastly::platform::percent;
use statsig_fastly::prelude::*;
use statsig_fastly::{Client, RequestUser, report, write_status};

use crate::answer;

/// Answers a request; what is wrong with it is an answer too.
pub(crate) fn answer(request: Request, statsig: &Statsig<'_>) -> Result<Response, Infallible> {
    Ok(match respond(&request, statsig) {
        Ok(body) => json(StatusCode::OK, body),
        Err(Problem { status, message }) => {
            let mut body = String::from(r#"{"error":"#);
            // A `String` takes everything.
            let _ = write_escaped(&message, &mut body);
            body.push('}');
            let response = json(status, body);
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.with_set_header(header::ALLOW, "GET, HEAD")
            } else {
                response
            }
        }
    })
}

fn json(status: StatusCode, body: String) -> Response {
    Response::from_status(status)
        .with_set_header(header::CONTENT_TYPE, "application/json")
        // Answers are for one user.
        .with_set_header(header::CACHE_CONTROL, "private, no-store")
        .with_body(body)
}

/// What is wrong with a request.
struct Problem {
    status: StatusCode,
    message: String,
}

impl Problem {
    fn not_found(kind: &str, name: &str) -> Self {
        Problem {
            status: StatusCode::NOT_FOUND,
            message: format!("no {kind} named {name:?}"),
        }
    }
}

fn respond(request: &Request, statsig: &Statsig<'_>) -> Result<String, Problem> {
    if ![Method::GET, Method::HEAD].contains(request.get_method()) {
        return Err(Problem {
            status: StatusCode::METHOD_NOT_ALLOWED,
            message: "only GET is answered here".into(),
        });
    }
    let url = request.get_url();
    let segments: Vec<String> = url
        .path()
        .trim_start_matches('/')
        .split('/')
        .map(decode_segment)
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let mut out = String::new();
    if segments == ["status"] {
        write_status(statsig, &mut out);
        return Ok(out);
    }
    let mut request_user = request_user(request);
    // The path first: a wrong path is not found, whoever asks.
    let user = request_user.user().map_err(|error| Problem {
        status: StatusCode::BAD_REQUEST,
        message: error.to_string(),
    });
    match segments[..] {
        ["gate", name] => answer::gate(statsig, &user?, name, &mut out)
            .ok_or_else(|| Problem::not_found("gate", name))?,
        ["config", name] => answer::config(statsig, &user?, name, &mut out)
            .ok_or_else(|| Problem::not_found("config", name))?,
        ["experiment", name] => answer::experiment(statsig, &user?, name, &mut out)
            .ok_or_else(|| Problem::not_found("experiment", name))?,
        ["layer", name, parameter] => {
            match answer::layer(statsig, &user?, name, parameter, &mut out) {
                answer::LayerAnswer::Written => {}
                answer::LayerAnswer::NoLayer => return Err(Problem::not_found("layer", name)),
                answer::LayerAnswer::NoParameter => {
                    let name = format!("{name}/{parameter}");
                    return Err(Problem::not_found("layer parameter", &name));
                }
            }
        }
        ["all"] => {
            let evaluator = statsig.evaluator().ok_or_else(|| Problem {
                status: StatusCode::SERVICE_UNAVAILABLE,
                message: "there are no specs: see /status".into(),
            })?;
            report::write_all(&evaluator, &user?, statsig.reason_source(), &mut out);
        }
        _ => {
            return Err(Problem {
                status: StatusCode::NOT_FOUND,
                message: "paths: /gate/NAME, /config/NAME, /experiment/NAME, /layer/NAME/PARAMETER, /all, /status".into(),
            });
        }
    }
    Ok(out)
}

fn request_user(request: &Request) -> RequestUser {
    let user_agent = request
        .get_header(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let client = Client::locate(request.get_client_ip_addr(), user_agent);
    RequestUser::new(request.get_query_str().unwrap_or_default(), client)
}

/// A part of the path, in which `+` is no space.
fn decode_segment(segment: &str) -> String {
    percent::decode(&segment.replace('+', "%2B")).into_owned()
}
