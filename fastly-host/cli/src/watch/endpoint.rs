//! `/healthz` and `/metrics` over HTTP, for whoever looks after the process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use tiny_http::{Header, Method, Response, Server};

use super::metrics::Metrics;
use crate::secret::redact;

/// Answers in a thread of its own until the process ends; gives the address that it listens at.
pub(crate) fn start(
    address: SocketAddr,
    metrics: Arc<Metrics>,
    within: Duration,
) -> Result<SocketAddr> {
    let server =
        Server::http(address).map_err(|error| anyhow!("listening at {address}: {error}"))?;
    let bound = server.server_addr().to_ip().unwrap_or(address);
    std::thread::spawn(move || {
        for request in server.incoming_requests() {
            let path = request.url().split('?').next().unwrap_or_default();
            let (status, body) = match (request.method(), path) {
                (Method::Get | Method::Head, "/healthz") => match metrics.health(within) {
                    Ok(()) => (200, "ok\n".to_owned()),
                    Err(reason) => (503, reason + "\n"),
                },
                (Method::Get | Method::Head, "/metrics") => (200, metrics.text()),
                (Method::Get | Method::Head, _) => (404, "/healthz or /metrics\n".to_owned()),
                _ => (405, "GET only\n".to_owned()),
            };
            let mut response = Response::from_string(redact(&body)).with_status_code(status);
            let media_type = "text/plain; version=0.0.4; charset=utf-8";
            if let Ok(header) = Header::from_bytes("content-type", media_type) {
                response.add_header(header);
            }
            // A client that has gone away is no concern of the watch.
            let _ = request.respond(response);
        }
    });
    Ok(bound)
}
