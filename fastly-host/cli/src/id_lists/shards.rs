//! Shards to and from a KV store, in batches.

use anyhow::Result;
use statsig_edge::id_list::{IdList, Key, MAX_SHARD_BYTES, Shard, write_shard};

use crate::failure::Problem;
use crate::fastly::kv::KvStore;
use crate::progress::Progress;

/// Bytes of shards that one request carries; in Base64 a third more.
const BATCH: usize = 4 << 20;

/// How many items are deleted with a request each.
const ONE_BY_ONE: usize = 32;

/// How often the items of a batch that a store did not take are sent again.
const ATTEMPTS: u32 = 5;

/// Shards on their way to a store.
pub(crate) struct Writer<'a> {
    store: &'a KvStore<'a>,
    prefix: &'a str,
    items: Vec<(String, Vec<u8>)>,
    bytes: usize,
    progress: &'a Progress,
    /// How many shards were written.
    pub written: usize,
}

impl<'a> Writer<'a> {
    /// Nothing is under way yet.
    pub(crate) fn new(store: &'a KvStore<'a>, prefix: &'a str, progress: &'a Progress) -> Self {
        Writer {
            store,
            prefix,
            items: Vec::new(),
            bytes: 0,
            progress,
            written: 0,
        }
    }

    /// Writes a shard, now or with the next ones. `false`: it has too many keys.
    pub(crate) fn shard(&mut self, list: &IdList, number: u32, keys: &[Key]) -> Result<bool> {
        use statsig_edge::id_list::WriteError;
        let value = match write_shard(list, number, keys) {
            Ok(value) => value,
            Err(WriteError::TooManyKeys(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        debug_assert!(value.len() <= MAX_SHARD_BYTES);
        self.bytes += value.len();
        self.items.push((name(list, self.prefix, number), value));
        if self.bytes >= BATCH {
            self.flush()?;
        }
        Ok(true)
    }

    /// Writes what is still here.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let items = std::mem::take(&mut self.items);
        self.bytes = 0;
        let count = items.len();
        write_batch(self.store, items, None)?;
        self.written += count;
        self.progress.add(count as u64);
        Ok(())
    }
}

/// Writes items, those that were not taken again, and halves what is too large for one request.
fn write_batch(
    store: &KvStore<'_>,
    items: Vec<(String, Vec<u8>)>,
    time_to_live_s: Option<u32>,
) -> Result<()> {
    let mut open = vec![(items, ATTEMPTS)];
    while let Some((mut items, attempts)) = open.pop() {
        if items.is_empty() {
            continue;
        }
        let Some(failed) = store.put_batch(&items, time_to_live_s)? else {
            if items.len() == 1 {
                return Err(Problem::failed(
                    format!(
                        "{}: {} bytes are more than the store takes",
                        items[0].0,
                        items[0].1.len()
                    ),
                    "ask Fastly for a higher limit",
                ));
            }
            let rest = items.split_off(items.len() / 2);
            open.push((rest, attempts));
            open.push((items, attempts));
            continue;
        };
        let Some((_, reason)) = failed.first() else {
            continue;
        };
        if attempts <= 1 {
            return Err(Problem::failed(
                format!(
                    "{} of {} items were not taken: {reason}",
                    failed.len(),
                    items.len()
                ),
                "run the command again: it goes on where it stopped",
            ));
        }
        let mut at = 0;
        items.retain(|_| {
            at += 1;
            failed.iter().any(|(number, _)| *number == at - 1)
        });
        open.push((items, attempts - 1));
    }
    Ok(())
}

/// The keys of a shard; `None` if it is not there or not that shard.
pub(crate) fn read(
    store: &KvStore<'_>,
    prefix: &str,
    list: &IdList,
    number: u32,
) -> Result<Option<Vec<Key>>> {
    let found = store.read(&name(list, prefix, number))?;
    Ok(found.and_then(|(_, value)| {
        let shard = Shard::open(&value, list, number).ok()?;
        Some(shard.keys().to_vec())
    }))
}

/// A shard's name in the store.
pub(crate) fn name(list: &IdList, prefix: &str, number: u32) -> String {
    let mut out = String::new();
    // A `String` takes everything.
    let _ = list.write_shard_name(prefix, number, &mut out);
    out
}

/// The epoch in a shard's name.
pub(crate) fn epoch_of(name: &str, prefix: &str) -> Option<u64> {
    let rest = name.strip_prefix(prefix)?.strip_prefix('-')?;
    let (epoch, number) = rest.split_once('-')?;
    match (epoch.len(), number.len()) {
        (16, 4) => {
            u16::from_str_radix(number, 16).ok()?;
            u64::from_str_radix(epoch, 16).ok()
        }
        _ => None,
    }
}

/// Deletes items: few one by one, many by writing them empty with a short life, which takes a request for a thousand.
pub(crate) fn delete(store: &KvStore<'_>, names: &[String]) -> Result<()> {
    if names.len() <= ONE_BY_ONE {
        return names.iter().try_for_each(|name| store.delete(name));
    }
    names.chunks(1_000).try_for_each(|names| {
        let items = names
            .iter()
            .map(|name| (name.clone(), Vec::new()))
            .collect();
        write_batch(store, items, Some(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_their_epoch_back() {
        let list = IdList {
            epoch: 0xAB,
            bits: 12,
            ids: 0,
        };
        let name = name(&list, "statsig-id-lists", 0x7F);
        assert_eq!(epoch_of(&name, "statsig-id-lists"), Some(0xAB));
        for other in [
            "statsig-id-lists",
            "statsig-id-lists-state",
            "x-00000000000000ab-007f",
        ] {
            assert_eq!(epoch_of(other, "statsig-id-lists"), None);
        }
    }
}
