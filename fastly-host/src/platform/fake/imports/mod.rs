//! The functions of the real `imports`, with the same signatures, on the host in memory.
//!
//! Each does what its call's documentation and Viceroy do where a caller can tell.

pub(crate) mod async_io;
pub(crate) mod cache;
pub(crate) mod config_store;
pub(crate) mod geo;
pub(crate) mod http_body;
pub(crate) mod http_downstream;
pub(crate) mod http_req;
pub(crate) mod http_resp;
pub(crate) mod kv_store;
pub(crate) mod log;
pub(crate) mod secret_store;
pub(crate) mod wasi;

use super::super::status::{Filled, KvCode, NO_HANDLE, SendTag, Status};
use super::state::{AnyRequest, PendingState, State, append, aside, call, set};
use super::{ClientRequest, KvFault, Reply, SentRequest, SentResponse, find};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Writes a value to the spare capacity of `out`.
fn fill(
    name: &'static str,
    out: &mut Vec<u8>,
    act: impl FnOnce(&mut State) -> Result<Vec<u8>, Status>,
) -> Filled {
    let value = call(name, act).map_err(|status| (status, 0))?;
    if value.len() > out.spare_capacity_mut().len() {
        return Err((Status::BufferTooSmall, value.len()));
    }
    out.extend_from_slice(&value);
    Ok(value.len())
}
