//! `fastly_async_io`: waiting for what is under way, no longer than wanted.

use super::*;

pub(crate) fn select(handle: u32, timeout_ms: u32) -> Result<bool, Status> {
    call("fastly_async_io.select", |state| {
        if let Some(key) = state.busy.get(&handle).cloned() {
            return state.wait_for_insert(&key, timeout_ms);
        }
        let pending = state.pending.get(&handle).ok_or(Status::BadHandle)?;
        let hangs = matches!(pending.reply, super::Reply::Hang);
        if hangs {
            state.host.now_ms = state.host.now_ms.saturating_add(timeout_ms.into());
        }
        Ok(!hangs)
    })
}
