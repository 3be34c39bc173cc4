//! The table in force, shared by all requests in the same place: loaded, renewed and put there.

use alloc::vec::Vec;

use statsig_edge::TableError;

use super::entry::{Note, key_of_build, push_names, read};
use super::{Absent, CacheError, CacheState, WAIT_MS, keep, look};
use crate::config::Config;
use crate::platform::cache::{self, Lifetime};
use crate::source::Source;
use crate::specs::{Asked, Specs};

/// For how long a table stays in force whose source could not be asked, before the next request tries.
const RETRY_S: u32 = 5;

/// How a configuration uses the cache for the table in force. Functions in a value, so that the linker drops them where none does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared {
    /// Fills specs that have nothing yet.
    pub(crate) load: for<'c> fn(&mut Specs<'c>, &Config<'c>),
    /// Looks whether there is something newer, and renews what is past its time.
    pub(crate) refresh: for<'c> fn(&mut Specs<'c>, &Config<'c>) -> Asked,
    /// Puts the specs there.
    pub(crate) put: for<'c> fn(&mut Specs<'c>, &Config<'c>),
}

pub(crate) const SHARED: Shared = Shared { load, refresh, put };

/// The key of the table in force: every source of the configuration, in order.
fn key_of(config: &Config<'_>) -> Vec<u8> {
    let mut key = key_of_build();
    for origin in config.origins() {
        key.push(origin.source.code());
        push_names(origin.place.names(), &mut key);
        (origin.push_project)(origin, &mut key);
    }
    // What was put there without this demand is not trusted.
    if let Some(demand) = config.signed {
        (demand.name)(demand.keys, &mut key);
    }
    key
}

fn lifetime(config: &Config<'_>, asked: Asked) -> Lifetime {
    Lifetime {
        max_age_s: match asked {
            Asked::Failed => config.max_age_s.min(RETRY_S),
            _ => config.max_age_s,
        },
        stale_s: config.stale_s,
    }
}

fn load<'c>(specs: &mut Specs<'c>, config: &Config<'c>) {
    let key = key_of(config);
    match look(&key, config, &mut specs.cached) {
        Ok((table, note)) => {
            if specs.cached.state != CacheState::Stale {
                specs.cached.state = CacheState::Found;
            }
            specs.put_in_force(table, note.found);
        }
        Err(absent) => {
            specs.first(config, None);
            keep_specs(&key, absent, Asked::New, specs, config);
        }
    }
}

/// Puts what is in force into the cache, but for bytes that every instance has.
fn keep_specs(
    key: &[u8],
    absent: Absent,
    asked: Asked,
    specs: &mut Specs<'_>,
    config: &Config<'_>,
) {
    let Some(found) = specs.found() else { return };
    if found.source == Source::Bootstrap {
        return;
    }
    let note = Note::new(found, specs.bytes());
    let mut cached = specs.cached;
    let lifetime = lifetime(config, asked);
    keep(key, absent, lifetime, &note, specs.bytes(), &mut cached);
    specs.cached = cached;
}

fn refresh<'c>(specs: &mut Specs<'c>, config: &Config<'c>) -> Asked {
    let key = key_of(config);
    let entry = match cache::begin(&key, WAIT_MS) {
        Ok(Some(entry)) => entry,
        Ok(None) => return Asked::Unchanged,
        Err(error) => {
            specs.cached.fail(CacheError::LookUp(error));
            return specs.ask(config);
        }
    };
    if entry.must_insert() {
        let asked = specs.ask(config);
        keep_specs(&key, Absent::Obliged(entry), asked, specs, config);
        return asked;
    }
    // Another request has renewed it, or is about to.
    let note = entry.metadata().map_err(CacheError::LookUp);
    let note = note.and_then(|note| {
        let note = Note::read(&note).ok_or(CacheError::Table(TableError::NotATable))?;
        let known = specs.table().map(|table| table.checksum());
        match known == Some(note.checksum) {
            true => Ok((note, None)),
            false => read(&entry, note.length, config).map(|table| (note, Some(table))),
        }
    });
    match note {
        Ok((note, Some(table))) => {
            specs.put_in_force(table, note.found);
            Asked::New
        }
        Ok((note, None)) => {
            specs.set_checked_at(note.found.checked_at);
            Asked::Unchanged
        }
        Err(error) => {
            specs.cached.fail(error);
            let asked = specs.ask(config);
            keep_specs(&key, Absent::Replace, asked, specs, config);
            asked
        }
    }
}

fn put<'c>(specs: &mut Specs<'c>, config: &Config<'c>) {
    let key = key_of(config);
    keep_specs(&key, Absent::Replace, Asked::New, specs, config);
}
