//! Tables in the Core Cache, which is one for all requests in the same place.
//!
//! *Compiled once* (with the feature `drop-in`): the table of a JSON payload in the KV Store, under a key that names the value's
//! generation, so that what is found is never out of date. The store is asked in every request all the same.
//!
//! *Shared* ([`Config::with_core_cache`]): the table in force, whatever its source, under a key that names the
//! configuration. Within `max_age` no source is asked; after it the old table is still served for a while, and one request renews it
//! when its response has been sent.
//!
//! Of requests that find nothing at the same time one fetches and the others wait for it, but no longer than [`WAIT_MS`]: then they
//! fetch for themselves. What is found is trusted as a store is: see [`Config::with_checksums`]. An item that is no table is replaced.

mod cached;
#[cfg(feature = "drop-in")]
mod compiled;
mod entry;
mod shared;

pub use cached::{CacheError, CacheState, Cached};
#[cfg(feature = "drop-in")]
pub(crate) use compiled::compiled_once;
pub(crate) use shared::{SHARED, Shared};

use alloc::vec::Vec;

use statsig_edge::TableError;

use crate::config::Config;
use crate::platform::Error;
use crate::platform::cache::{self, Entry, Lifetime};
use entry::{Note, read};

/// How long a request waits for another one that fetches the same, in ms.
pub const WAIT_MS: u32 = 250;

/// What is to be done about a key that has nothing.
enum Absent {
    /// Insert through this, which the others wait for.
    Obliged(Entry),
    /// Insert over what is there and unusable.
    Replace,
    /// Leave it to the others.
    Leave,
}

/// Finds a table: at once if it is there, else when another request has put it there.
fn look(key: &[u8], config: &Config<'_>, cached: &mut Cached) -> Result<(Vec<u8>, Note), Absent> {
    let mut found = match cache::lookup(key) {
        Ok(entry) => entry,
        Err(error) => {
            cached.fail(CacheError::LookUp(error));
            return Err(Absent::Leave);
        }
    };
    if !found.is_found() {
        match cache::begin(key, WAIT_MS) {
            Ok(Some(entry)) if entry.is_found() => found = entry,
            Ok(Some(entry)) => return Err(Absent::Obliged(entry)),
            Ok(None) => {
                cached.fail(CacheError::Waited);
                return Err(Absent::Leave);
            }
            Err(error) => {
                cached.fail(CacheError::LookUp(error));
                return Err(Absent::Leave);
            }
        }
    }
    if found.is_stale() {
        cached.state = CacheState::Stale;
    }
    let table = found
        .metadata()
        .map_err(CacheError::LookUp)
        .and_then(|note| Note::read(&note).ok_or(CacheError::Table(TableError::NotATable)))
        .and_then(|note| Ok((read(&found, note.length, config)?, note)));
    table.map_err(|error| {
        cached.fail(error);
        cached.state = CacheState::Unused;
        match error {
            CacheError::Table(_) | CacheError::LookUp(Error::Truncated | Error::TooLarge) => {
                Absent::Replace
            }
            _ => Absent::Leave,
        }
    })
}

fn keep(
    key: &[u8],
    absent: Absent,
    lifetime: Lifetime,
    note: &Note,
    table: &[u8],
    cached: &mut Cached,
) {
    let kept = match absent {
        Absent::Obliged(entry) => entry.insert(lifetime, &note.write(), table),
        Absent::Replace => cache::insert(key, lifetime, &note.write(), table),
        Absent::Leave => {
            cached.state = CacheState::Missed;
            return;
        }
    };
    cached.state = CacheState::Kept;
    if let Err(error) = kept {
        cached.state = CacheState::Refused;
        cached.fail(CacheError::Insert(error));
    }
}
