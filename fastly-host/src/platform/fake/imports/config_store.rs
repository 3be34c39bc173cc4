//! `fastly_config_store`: short texts by key.

use super::*;

pub(crate) fn open(name: &str) -> Result<u32, Status> {
    call("fastly_config_store.open", |state| {
        if !state.host.config.contains_key(name) {
            return Err(Status::BadHandle);
        }
        Ok(state.name(name))
    })
}

pub(crate) fn get(store: u32, key: &str, out: &mut Vec<u8>) -> Filled {
    fill("fastly_config_store.get", out, |state| {
        let store = state
            .host
            .config
            .get(state.named(store)?)
            .ok_or(Status::BadHandle)?;
        Ok(store.get(key).ok_or(Status::None)?.clone().into_bytes())
    })
}
