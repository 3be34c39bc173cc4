//! The table of a JSON payload in the KV Store, compiled once: whatever is found under its key is that table.

use alloc::borrow::Cow;

use super::entry::{Note, key_of_build, push_names};
use super::{CacheState, keep, look};
use crate::origin::{Asking, MAX_JSON};
use crate::platform::body::Begun;
use crate::platform::cache::Lifetime;
use crate::platform::clock;
use crate::source::{Format, Route, SpecsError};
use crate::specs::Found;

/// Takes the table of a value from the cache, or else compiles it and puts it there.
pub(crate) fn compiled_once(asking: &mut Asking<'_, '_>, json: Begun) -> Result<(), SpecsError> {
    let (config, fetched) = (asking.config, &mut *asking.fetched);
    let mut key = key_of_build();
    key.extend_from_slice(&fetched.generation.to_le_bytes());
    push_names(asking.origin.place.names(), &mut key);
    let absent = match look(&key, config, asking.cached) {
        Ok((table, _)) => {
            asking.cached.state = CacheState::Found;
            fetched.bytes = Cow::Owned(table);
            fetched.format = Format::Json;
            return Ok(());
        }
        Err(absent) => absent,
    };
    fetched.bytes = json.read_rest(MAX_JSON)?.into();
    fetched.compile()?;
    let now = clock::now_ms().unwrap_or_default();
    let found = Found {
        origin: 0,
        source: asking.origin.source,
        format: Format::Json,
        route: Route::Direct,
        generation: fetched.generation,
        received_at: now,
        checked_at: now,
    };
    let note = Note::new(found, &fetched.bytes);
    let lifetime = Lifetime {
        max_age_s: config.table_max_age_s(),
        stale_s: 0,
    };
    keep(&key, absent, lifetime, &note, &fetched.bytes, asking.cached);
    Ok(())
}
