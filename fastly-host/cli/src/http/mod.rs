//! Requests to one server: time limits, retries, rate limits, and errors that say what was being done.
//!
//! Every request here may be sent again: it reads, or it writes what a repetition writes again, or it carries a condition
//! that a repetition fails. So a connection that breaks is tried again like a 503.

mod message;
mod patience;
mod rate_limit;
mod retry;
mod trust;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};

use crate::failure::{Kind, Problem, kind, message};
use crate::output::Output;
use crate::stop::Stop;
pub(crate) use message::{Answer, Ask};
pub(crate) use patience::{Patience, seconds};
pub(crate) use rate_limit::RateLimit;

/// A body this large asks the server first whether it wants it: one that answers amid the body and hangs up would not be heard.
const ASK_FIRST: usize = 100_000;

/// What a request under way is given to end when the process is asked to stop.
const LAST: Duration = Duration::from_secs(3);

/// A server that sends less than this many bytes in a second is too slow to wait for.
const SLOWEST: u64 = 20_000;

/// A client of one server.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
    server: &'static str,
    base: String,
    patience: Patience,
    limit: Mutex<RateLimit>,
    stop: Stop,
    output: Output,
}

impl Http {
    /// A client of the server at `base`, called `server` in messages.
    ///
    /// Secrets go to it: plain HTTP is for this machine only.
    pub(crate) fn new(
        server: &'static str,
        base: &str,
        patience: &Patience,
        stop: &Stop,
        output: Output,
    ) -> Result<Self> {
        let base = base.trim_end_matches('/');
        let uri: ureq::http::Uri = base
            .parse()
            .with_context(|| format!("the address of {server}, {base:?}"))?;
        let local = matches!(uri.host(), Some("127.0.0.1" | "[::1]" | "localhost"));
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if local => {}
            _ => {
                return Err(Problem::usage(
                    format!("{server} at {base:?}: only https:// keeps the key secret on the way"),
                    "give an address that begins with https:// (http:// is for 127.0.0.1)",
                ));
            }
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("statsig-fastly/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .tls_config(patience.trust.config()?)
            .timeout_connect(Some(patience.timeout))
            .timeout_recv_response(Some(patience.timeout))
            .timeout_per_read(Some(patience.timeout))
            .timeout_per_write(Some(patience.timeout));
        Ok(Http {
            agent: config.build().into(),
            server,
            base: base.to_owned(),
            patience: patience.clone(),
            limit: Mutex::default(),
            stop: stop.clone(),
            output,
        })
    }

    /// The address of a path that begins with `/`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The server's address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Once asked to stop, a request under way has a little longer, and is broken off then.
    pub(crate) fn end_when_asked(&self) {
        let (stop, agent) = (self.stop.clone(), self.agent.clone());
        std::thread::spawn(move || {
            while !stop.wait(Duration::from_secs(3_600)) {}
            std::thread::sleep(LAST);
            agent.shutdown();
        });
    }

    /// What the server last said of its rate limit.
    pub(crate) fn rate_limit(&self) -> RateLimit {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request until it has an answer that a repetition would not better.
    pub(crate) fn send(&self, ask: &Ask<'_>) -> Result<Answer> {
        let mut attempt = 0;
        loop {
            if ask.writes() {
                self.wait_for_allowance(ask)?;
            }
            let outcome = self.once(ask).and_then(|response| read(response, ask));
            if let Ok(answer) = &outcome {
                self.note_limit(answer);
                if !retry::helps(answer.status) {
                    return outcome;
                }
            }
            self.before_retry(ask, &mut attempt, outcome.as_ref())?;
        }
    }

    /// Waits before sending again, or gives up with the reason.
    pub(crate) fn before_retry(
        &self,
        ask: &Ask<'_>,
        attempt: &mut u32,
        outcome: Result<&Answer, &anyhow::Error>,
    ) -> Result<()> {
        let reason = match outcome {
            Ok(answer) => format!("{} answered {}", self.server, answer.said()),
            Err(error) if kind(error) == Kind::Usage => bail!("{}", message(error)),
            Err(error) => format!("{} at {}: {error:#}", self.server, self.base),
        };
        if *attempt >= self.patience.retries {
            let tries = *attempt + 1;
            return Err(Problem::failed(
                format!("{}: {reason} ({tries} tries)", ask.what),
                format!(
                    "run the command again when {} is well; nothing is left half done",
                    self.server
                ),
            ));
        }
        if let Ok(answer) = outcome
            && answer.status == 429
            && let Some(at) = rate_limit::lifted_at(answer, SystemTime::now())
        {
            *attempt += 1;
            return self.wait_until(ask, at, &reason);
        }
        let pause = retry::pause(self.patience.retry_pause, *attempt);
        *attempt += 1;
        self.output.note(&format!(
            "{}: {reason}; trying again in {:.1} s",
            ask.what,
            pause.as_secs_f64()
        ));
        match self.stop.wait(pause) {
            true => Err(stopped(ask)),
            false => Ok(()),
        }
    }

    /// A write that would only be refused is not sent.
    fn wait_for_allowance(&self, ask: &Ask<'_>) -> Result<()> {
        match self.rate_limit().exhausted_until(SystemTime::now()) {
            Some(at) => self.wait_until(ask, at, "no requests are left until then"),
            None => Ok(()),
        }
    }

    fn wait_until(&self, ask: &Ask<'_>, at: SystemTime, reason: &str) -> Result<()> {
        let wait = at.duration_since(SystemTime::now()).unwrap_or_default();
        if wait > self.patience.max_wait {
            return Err(Problem::failed(
                format!(
                    "{}: the rate limit of {} is used up for another {} s: {reason}",
                    ask.what,
                    self.server,
                    wait.as_secs()
                ),
                "run the command again then, or let it wait with --max-wait; it goes on where it stopped",
            ));
        }
        // A little over, and not all clients in the same moment.
        let wait = wait + retry::pause(self.patience.retry_pause, 0);
        self.output.note(&format!(
            "{}: rate limit of {}, waiting {:.0} s",
            ask.what,
            self.server,
            wait.as_secs_f64().ceil()
        ));
        match self.stop.wait(wait) {
            true => Err(stopped(ask)),
            false => Ok(()),
        }
    }

    fn note_limit(&self, answer: &Answer) {
        if let Some(limit) = RateLimit::of(answer) {
            *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = limit;
        }
    }

    /// Sends a request once; the answer's body is not read yet.
    pub(crate) fn once(&self, ask: &Ask<'_>) -> Result<Response<Body>> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(ask.url.as_str());
        for (name, value) in &ask.headers {
            request = request.header(*name, value.as_str());
        }
        let sent = match ask.body {
            None => self.agent.run(request.body(()).map_err(|_| odd(ask))?),
            Some(body) => {
                if body.len() >= ASK_FIRST {
                    request = request.header("expect", "100-continue");
                }
                self.agent.run(request.body(body).map_err(|_| odd(ask))?)
            }
        };
        sent.map_err(describe)
    }
}

/// Reads the rest of an answer.
fn read(mut response: Response<Body>, ask: &Ask<'_>) -> Result<Answer> {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = match ask.method {
        Method::HEAD => Vec::new(),
        _ => read_body(&mut response, ask.limit)?,
    };
    Ok(Answer {
        status,
        headers,
        body,
    })
}

/// Reads a body that neither ends early nor goes on for too long.
fn read_body(response: &mut Response<Body>, limit: u64) -> Result<Vec<u8>> {
    let started = SystemTime::now();
    let mut reader = response.body_mut().with_config().limit(limit).reader();
    let mut body = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        match std::io::Read::read(&mut reader, &mut chunk)? {
            0 => return Ok(body),
            length => body.extend_from_slice(&chunk[..length]),
        }
        let seconds = started.elapsed().unwrap_or_default().as_secs();
        if seconds > 60 && body.len() as u64 / seconds < SLOWEST {
            bail!("too slow: {} bytes in {seconds} s", body.len());
        }
    }
}

/// The client's own errors may hold the address, and with it a key: they are put in other words.
fn describe(error: ureq::Error) -> anyhow::Error {
    match error {
        ureq::Error::Timeout(part) => anyhow::anyhow!("no answer in time ({part})"),
        ureq::Error::HostNotFound => anyhow::anyhow!("the host's name is unknown"),
        ureq::Error::BadUri(_) => anyhow::anyhow!("the address is not one"),
        ureq::Error::BodyExceedsLimit(limit) => {
            anyhow::anyhow!("the answer is longer than {limit} bytes")
        }
        error if error.to_string().contains("certificate") => anyhow::anyhow!(
            "{error}; behind a proxy that opens connections, name its certificate with --ca-file"
        ),
        error => anyhow::anyhow!("{error}"),
    }
}

fn odd(ask: &Ask<'_>) -> anyhow::Error {
    Problem::usage(
        format!(
            "{}: an address or a header that HTTP cannot carry",
            ask.what
        ),
        "use names of plain letters, digits, `-` and `_`",
    )
}

fn stopped(ask: &Ask<'_>) -> anyhow::Error {
    Problem::failed(
        format!("{}: asked to stop", ask.what),
        "run the command again: it goes on where it stopped",
    )
}

/// An answer that means failure, with advice.
pub(crate) fn unexpected(ask: &Ask<'_>, server: &str, answer: &Answer) -> anyhow::Error {
    let advice = match answer.status {
        401 | 403 => "check the key: whether it is valid, and whether it may do this",
        404 => "check the id of the store and the names",
        413 => {
            "the value is too large for this store: send less, or another format, or ask for a higher limit"
        }
        300..=399 => {
            "the server redirects, which is not followed with a key: give the final address"
        }
        _ => "run the command again; if it goes on, the message above is for the server's support",
    };
    Problem::failed(
        format!("{}: {server} answered {}", ask.what, answer.said()),
        advice,
    )
}
