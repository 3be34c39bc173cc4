//! `fastly_cache`: bytes kept for later requests.

use super::*;
use crate::platform::cache::Lifetime;
use crate::platform::fake::state::Looked;

pub(crate) fn lookup(key: &[u8]) -> Result<u32, Status> {
    call("fastly_cache.lookup", |state| {
        let looked = Looked {
            key: key.to_owned(),
            item: state.usable(key),
            must_insert: false,
        };
        Ok(state.looked(looked))
    })
}

pub(crate) fn transaction_lookup_async(key: &[u8]) -> Result<u32, Status> {
    call("fastly_cache.transaction_lookup_async", |state| {
        let handle = state.handle();
        state.busy.insert(handle, key.to_owned());
        Ok(handle)
    })
}

pub(crate) fn cache_busy_handle_wait(busy: u32) -> Result<u32, Status> {
    let mut key = Err(Status::BadHandle);
    aside(|state| key = state.busy.remove(&busy).ok_or(Status::BadHandle));
    call("fastly_cache.cache_busy_handle_wait", |state| {
        let key = key?;
        let item = state.usable(&key);
        let now = state.host.now_ms;
        let fresh = item.as_ref().is_some_and(|item| now < item.fresh_until_ms);
        let must_insert = !fresh && state.obliged.insert(key.clone());
        Ok(state.looked(Looked {
            key,
            item,
            must_insert,
        }))
    })
}

pub(crate) fn close_busy(busy: u32) -> Result<(), Status> {
    call("fastly_cache.close_busy", |state| {
        let busy = state.busy.remove(&busy);
        busy.map(|_| ()).ok_or(Status::BadHandle)
    })
}

pub(crate) fn insert(
    key: &[u8],
    lifetime: Lifetime,
    _length: u64,
    metadata: &[u8],
) -> Result<u32, Status> {
    call("fastly_cache.insert", |state| {
        Ok(state.begin_insert(key.to_owned(), lifetime, metadata))
    })
}

pub(crate) fn transaction_insert(
    found: u32,
    lifetime: Lifetime,
    _length: u64,
    metadata: &[u8],
) -> Result<u32, Status> {
    call("fastly_cache.transaction_insert", |state| {
        let looked = state.found.get_mut(&found).ok_or(Status::BadHandle)?;
        if !core::mem::take(&mut looked.must_insert) {
            return Err(Status::BadHandle);
        }
        let key = looked.key.clone();
        Ok(state.begin_insert(key, lifetime, metadata))
    })
}

pub(crate) fn transaction_cancel(found: u32) -> Result<(), Status> {
    call("fastly_cache.transaction_cancel", |state| {
        let looked = state.found.get_mut(&found).ok_or(Status::BadHandle)?;
        if !core::mem::take(&mut looked.must_insert) {
            return Err(Status::BadHandle);
        }
        let key = looked.key.clone();
        state.obliged.remove(&key);
        Ok(())
    })
}

pub(crate) fn get_state(found: u32) -> Result<u32, Status> {
    call("fastly_cache.get_state", |state| {
        let now = state.host.now_ms;
        let looked = state.found.get(&found).ok_or(Status::BadHandle)?;
        let stale = |item: &crate::platform::fake::CacheItem| now >= item.fresh_until_ms;
        let item = looked.item.as_ref();
        Ok(match item {
            Some(item) if stale(item) => 0b111,
            Some(_) => 0b011,
            None => 0,
        } | u32::from(looked.must_insert) << 3)
    })
}

pub(crate) fn get_user_metadata(found: u32, out: &mut Vec<u8>) -> Filled {
    fill("fastly_cache.get_user_metadata", out, |state| {
        let looked = state.found.get(&found).ok_or(Status::BadHandle)?;
        Ok(looked.item.as_ref().ok_or(Status::None)?.metadata.clone())
    })
}

pub(crate) fn get_body(found: u32) -> Result<u32, Status> {
    call("fastly_cache.get_body", |state| {
        let looked = state.found.get(&found).ok_or(Status::BadHandle)?;
        let bytes = looked.item.as_ref().ok_or(Status::None)?.bytes.clone();
        Ok(state.body(bytes))
    })
}

pub(crate) fn close(found: u32) -> Result<(), Status> {
    call("fastly_cache.close", |state| {
        let looked = state.found.remove(&found).ok_or(Status::BadHandle)?;
        if looked.must_insert {
            state.obliged.remove(&looked.key);
        }
        Ok(())
    })
}
