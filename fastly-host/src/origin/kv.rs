//! An item of a KV Store: a table, or Statsig's JSON. The look-up is under way while the request is taken.
//!
//! Cost with a table: six host calls and one allocation of its size; four host calls and none when it is what is in hand. JSON is
//! compiled, unless the table that another request compiled of this value is in the Core Cache: then it is not read beyond its first bytes.

use statsig_edge::Table;

use super::{Answer, Asking, Origin, Place};
use crate::platform::kv;
use crate::source::{Source, SpecsError};

impl<'c> Origin<'c> {
    #[inline(always)]
    pub(crate) const fn kv(store: &'c str, key: &'c str) -> Self {
        Origin {
            source: Source::KvStore,
            place: Place::Item { store, key },
            begin,
            finish,
            push_project: |_, _| (),
        }
    }
}

fn begin(origin: &Origin<'_>, _: Option<Table<'_>>) -> Result<u32, SpecsError> {
    let (store, key) = origin.place.names();
    Ok(kv::Store::open(store)?.begin_lookup(key)?.into_handle())
}

fn finish(handle: u32, asking: &mut Asking<'_, '_>) -> Answer {
    let item = kv::Pending::from_handle(handle).wait()?;
    if asking.is_current(item.generation) {
        return Ok(false);
    }
    asking.fetched.generation = item.generation;
    read(item, asking)?;
    Ok(true)
}

#[cfg(not(feature = "drop-in"))]
fn read(item: kv::Item, asking: &mut Asking<'_, '_>) -> Result<(), SpecsError> {
    asking.fetched.bytes = item.read_all()?.into();
    Ok(())
}

#[cfg(feature = "drop-in")]
fn read(item: kv::Item, asking: &mut Asking<'_, '_>) -> Result<(), SpecsError> {
    use crate::table_cache;
    use statsig_edge::{MAGIC, is_table};
    let begun = item.read_head(MAGIC.len())?;
    if is_table(begun.head()) {
        asking.fetched.bytes = begun.read_rest(kv::VALUE_LIMIT)?.into();
        return Ok(());
    }
    // Before it is read, and before its table is looked for in the cache.
    if asking.config.signed.is_some() {
        return Err(SpecsError::NotSigned);
    }
    match asking.config.keeps_compiled_tables() {
        true => table_cache::compiled_once(asking, begun),
        false => {
            asking.fetched.bytes = begun.read_rest(super::MAX_JSON)?.into();
            asking.fetched.compile()
        }
    }
}
