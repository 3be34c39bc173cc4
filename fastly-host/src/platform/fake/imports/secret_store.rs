//! `fastly_secret_store`: secrets by name.

use super::*;

pub(crate) fn open(name: &str) -> Result<u32, Status> {
    call("fastly_secret_store.open", |state| {
        if !state.host.secrets.contains_key(name) {
            return Err(Status::None);
        }
        Ok(state.name(name))
    })
}

pub(crate) fn get(store: u32, name: &str) -> Result<u32, Status> {
    call("fastly_secret_store.get", |state| {
        let store = state.named(store)?.clone();
        if !state
            .host
            .secrets
            .get(&store)
            .is_some_and(|store| store.contains_key(name))
        {
            return Err(Status::None);
        }
        let handle = state.handle();
        state.keys.insert(handle, (store, name.to_owned()));
        Ok(handle)
    })
}

pub(crate) fn plaintext(secret: u32, out: &mut Vec<u8>) -> Filled {
    fill("fastly_secret_store.plaintext", out, |state| {
        let (store, name) = state.keys.get(&secret).ok_or(Status::BadHandle)?;
        state
            .host
            .secrets
            .get(store)
            .and_then(|store| store.get(name))
            .cloned()
            .ok_or(Status::BadHandle)
    })
}
