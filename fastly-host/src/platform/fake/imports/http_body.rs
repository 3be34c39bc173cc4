//! `fastly_http_body`: bytes in transit.

use super::*;

pub(crate) fn new() -> Result<u32, Status> {
    call("fastly_http_body.new", |state| Ok(state.body(Vec::new())))
}

pub(crate) fn read(body: u32, out: &mut Vec<u8>) -> Result<usize, Status> {
    call("fastly_http_body.read", |state| {
        let at_most = state
            .host
            .read_at_most
            .unwrap_or(usize::MAX)
            .min(out.spare_capacity_mut().len());
        let body = state.bodies.get_mut(&body).ok_or(Status::BadHandle)?;
        let end = body.bytes.len().saturating_sub(state.host.end_early_by);
        let rest = body.bytes.get(body.read..end).unwrap_or_default();
        let part = rest.get(..at_most).unwrap_or(rest);
        out.extend_from_slice(part);
        body.read = body.read.saturating_add(part.len());
        Ok(part.len())
    })
}

pub(crate) fn write(body: u32, bytes: &[u8]) -> Result<usize, Status> {
    call("fastly_http_body.write", |state| {
        let part = state
            .host
            .write_at_most
            .and_then(|at_most| bytes.get(..at_most))
            .unwrap_or(bytes);
        let body = state.bodies.get_mut(&body).ok_or(Status::BadHandle)?;
        body.bytes.extend_from_slice(part);
        Ok(part.len())
    })
}

pub(crate) fn close(body: u32) -> Result<(), Status> {
    call("fastly_http_body.close", |state| {
        state.finish_insert(body);
        state.take_body(body).map(|_| ())
    })
}

pub(crate) fn append(to: u32, from: u32) -> Result<(), Status> {
    call("fastly_http_body.append", |state| {
        let bytes = state.take_body(from)?;
        state
            .bodies
            .get_mut(&to)
            .ok_or(Status::BadHandle)?
            .bytes
            .extend(bytes);
        Ok(())
    })
}

pub(crate) fn known_length(body: u32) -> Result<u64, Status> {
    call("fastly_http_body.known_length", |state| {
        let body = state.bodies.get(&body).ok_or(Status::BadHandle)?;
        if state.host.unknown_length {
            return Err(Status::None);
        }
        let length = body.bytes.len().saturating_add(body.missing);
        Ok(length.saturating_sub(body.read) as u64)
    })
}
