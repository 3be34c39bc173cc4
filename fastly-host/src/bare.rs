//! One call for a whole execution of a service without the `fastly` crate.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use crate::config::Config;
use crate::flush::Summary;
use crate::platform::Error;
use crate::platform::request::Request;
use crate::platform::response::Response;
use crate::specs::Loading;
use crate::statsig::Statsig;

/// A response of [`handle_bare`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BareResponse {
    /// The status code.
    pub status: u16,
    /// Headers by name and value.
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

    fn send(&self) -> Result<(), Error> {
        let mut response = Response::new(self.status)?;
        for (name, value) in &self.headers {
            response.set_header(name, value.as_bytes())?;
        }
        response.send(&self.body)
    }
}

/// How an execution went.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BareHandled {
    /// What became of the events.
    pub events: Summary,
    /// What the handler failed with; the client got a 500 without it.
    pub handler_error: Option<String>,
    /// Why the client got no answer.
    pub response_error: Option<Error>,
}

/// Answers the client's request, as `handle` does, on the platform's own `Request`: starts reading the specs, takes the
/// request, runs the handler, sends its response, and then sends the events.
///
/// # Errors
/// When there is no request to take.
pub fn handle_bare<F, E>(config: &Config<'_>, handler: F) -> Result<BareHandled, Error>
where
    F: FnOnce(&mut Request, &Statsig<'_>) -> Result<BareResponse, E>,
    E: Display,
{
    let loading = Loading::begin(config);
    let mut request = Request::from_client()?;
    let specs = loading.finish();
    let statsig = Statsig::new(config, &specs);
    let mut handled = BareHandled::default();
    let response = handler(&mut request, &statsig).unwrap_or_else(|error| {
        handled.handler_error = Some(error.to_string());
        BareResponse::new(500, "text/plain; charset=utf-8", "internal error\n")
    });
    handled.response_error = response.send().err();
    handled.events = statsig.flush();
    Ok(handled)
}
