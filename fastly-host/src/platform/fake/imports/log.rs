//! `fastly_log`: named log endpoints.

use super::*;

pub(crate) fn endpoint_get(name: &str) -> Result<u32, Status> {
    call("fastly_log.endpoint_get", |state| {
        if !state
            .host
            .log_endpoints
            .iter()
            .any(|endpoint| endpoint == name)
        {
            return Err(Status::InvalidArgument);
        }
        Ok(state.name(name))
    })
}

pub(crate) fn write(endpoint: u32, message: &[u8]) -> Result<usize, Status> {
    call("fastly_log.write", |state| {
        let name = state.named(endpoint)?.clone();
        let part = state
            .host
            .write_at_most
            .and_then(|at_most| message.get(..at_most))
            .unwrap_or(message);
        state.record.log_lines.push((name, part.to_owned()));
        Ok(part.len())
    })
}
