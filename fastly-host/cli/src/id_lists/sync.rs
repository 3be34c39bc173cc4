//! One list: from Statsig's file to shards.

use anyhow::{Context, Result};
use statsig_edge::id_list::{IdList, Key, bits_for};

use super::entries::{Entries, Entry};
use super::record::Epoch;
use super::shards::{self, Writer};
use super::spill::{PARTS, Spill};
use super::{Done, Sync};
use crate::progress::Progress;
use crate::statsig::id_lists::Listed;

/// Entries of a file from a place on, sorted on disk.
struct Fetched {
    entries: Spill,
    /// The place behind the last one.
    read: u64,
}

fn fetch(
    sync: &Sync<'_>,
    name: &str,
    listed: &Listed,
    from: u64,
    done: &mut Done,
) -> Result<Fetched> {
    let progress = Progress::bytes(sync.output, name, listed.size.saturating_sub(from));
    let mut spill = Spill::default();
    let mut entries = Entries::default();
    let mut each = |entry: Entry| spill.push(entry);
    if listed.size > from {
        let downloaded = sync.cdn.download(name, listed, from, &mut |bytes| {
            progress.add(bytes.len() as u64);
            entries.take(bytes, &mut each)
        })?;
        done.downloaded += downloaded;
    }
    let read = from + entries.finish(&mut each)?;
    Ok(Fetched {
        entries: spill,
        read,
    })
}

/// The whole file in shards of a new epoch, which `begin` gives.
pub(super) fn anew(
    sync: &Sync<'_>,
    begin: impl FnOnce() -> Result<u64>,
    name: &str,
    listed: &Listed,
    done: &mut Done,
) -> Result<Epoch> {
    let mut fetched = fetch(sync, name, listed, 0, done)?;
    let epoch = begin()?;
    let mut ids: usize = 0;
    for part in 0..PARTS {
        ids += fetched
            .entries
            .part(part)?
            .iter()
            .filter(|(_, present)| *present)
            .count();
    }
    let ids = u32::try_from(ids).with_context(|| format!("{name}: {ids} ids"))?;
    let mut bits = bits_for(ids as usize);
    loop {
        let list = IdList { epoch, bits, ids };
        if write_all(sync, name, &mut fetched.entries, &list, done)? {
            break;
        }
        // Keys of a digest are spread evenly; these are not.
        bits += 1;
    }
    Ok(Epoch {
        name: name.to_owned(),
        epoch,
        bits,
        ids,
        file_id: listed.file_id.clone(),
        creation_time: listed.creation_time,
        read: fetched.read,
        retired_ms: None,
    })
}

/// Writes all shards; `false` if one of them has too many keys.
fn write_all(
    sync: &Sync<'_>,
    name: &str,
    entries: &mut Spill,
    list: &IdList,
    done: &mut Done,
) -> Result<bool> {
    let progress = Progress::items(sync.output, name, list.shards().into());
    let mut writer = Writer::new(sync.store, sync.prefix, &progress);
    let mut keys: Vec<Key> = Vec::new();
    let mut number = 0;
    for part in 0..PARTS {
        let present = entries.part(part)?;
        for (key, _) in present.iter().filter(|(_, present)| *present) {
            while list.shard_of(key) != number {
                if !writer.shard(list, number, &keys)? {
                    return Ok(false);
                }
                keys.clear();
                number += 1;
            }
            keys.push(*key);
        }
    }
    while number < list.shards() {
        if !writer.shard(list, number, &keys)? {
            return Ok(false);
        }
        keys.clear();
        number += 1;
    }
    writer.flush()?;
    done.shards += writer.written;
    Ok(true)
}

/// What is new in the shards that it concerns; `None` if the list has to be written anew.
pub(super) fn extend(
    sync: &Sync<'_>,
    live: &Epoch,
    listed: &Listed,
    done: &mut Done,
) -> Result<Option<Epoch>> {
    let mut fetched = fetch(sync, &live.name, listed, live.read, done)?;
    let list = live.list();
    let mut numbers: Vec<u32> = Vec::new();
    for part in 0..PARTS {
        for (key, _) in fetched.entries.part(part)? {
            let number = list.shard_of(&key);
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        }
        if numbers.len() > sync.read_back {
            return Ok(None);
        }
    }
    let progress = Progress::items(sync.output, &live.name, numbers.len() as u64);
    let mut writer = Writer::new(sync.store, sync.prefix, &progress);
    let mut ids = i64::from(live.ids);
    let mut part = 0;
    let mut changes = fetched.entries.part(part)?.into_iter().peekable();
    for number in numbers {
        let Some(before) = shards::read(sync.store, sync.prefix, &list, number)? else {
            return Ok(None);
        };
        let mut after: std::collections::BTreeSet<Key> = before.iter().copied().collect();
        loop {
            match changes.next_if(|(key, _)| list.shard_of(key) == number) {
                Some((key, true)) => after.insert(key),
                Some((key, false)) => after.remove(&key),
                None if changes.peek().is_none() && part + 1 < PARTS => {
                    part += 1;
                    changes = fetched.entries.part(part)?.into_iter().peekable();
                    continue;
                }
                None => break,
            };
        }
        let after: Vec<Key> = after.into_iter().collect();
        ids += after.len() as i64 - before.len() as i64;
        if after != before && !writer.shard(&list, number, &after)? {
            return Ok(None);
        }
    }
    writer.flush()?;
    done.shards += writer.written;
    Ok(Some(Epoch {
        ids: u32::try_from(ids.max(0)).unwrap_or(u32::MAX),
        creation_time: listed.creation_time,
        read: fetched.read,
        ..live.clone()
    }))
}
