//! Waiting for what is under way, no longer than wanted.

use super::error::Error;
use super::imports::async_io;

/// Waits until the call under way is done, at most this long (0: no limit); whether it is.
pub(crate) fn wait(handle: u32, timeout_ms: u32) -> Result<bool, Error> {
    async_io::select(handle, timeout_ms).map_err(Error::Host)
}
