//! `fastly_kv_store`: one value by key.

use super::*;

pub(crate) fn open(name: &str) -> Result<u32, Status> {
    call("fastly_kv_store.open", |state| {
        if !state.host.kv.contains_key(name) {
            return Err(Status::InvalidArgument);
        }
        Ok(state.name(name))
    })
}

pub(crate) fn lookup(store: u32, key: &str) -> Result<u32, Status> {
    call("fastly_kv_store.lookup", |state| {
        let store = state.named(store)?.clone();
        if key.is_empty() || key.len() > 1024 {
            return Err(Status::InvalidArgument);
        }
        let handle = state.handle();
        state.keys.insert(handle, (store, key.to_owned()));
        Ok(handle)
    })
}

pub(crate) fn lookup_wait_v2(
    pending: u32,
    metadata: &mut [u8],
) -> Result<(u32, u64, KvCode), Status> {
    call("fastly_kv_store.lookup_wait_v2", |state| {
        let (store, key) = state.keys.remove(&pending).ok_or(Status::BadHandle)?;
        let Some(entry) = state.host.kv.get(&store).and_then(|store| store.get(&key)) else {
            return Ok((NO_HANDLE, 0, KvCode::NotFound));
        };
        match entry.fault {
            Some(KvFault::Outcome(outcome)) => return Ok((NO_HANDLE, 0, outcome)),
            Some(KvFault::NoBody) => return Ok((NO_HANDLE, 0, KvCode::Ok)),
            None => {}
        }
        if entry.metadata.len() > metadata.len() {
            return Err(Status::BufferTooSmall);
        }
        let (value, generation) = (entry.value.clone(), entry.generation);
        Ok((state.body(value), generation, KvCode::Ok))
    })
}
