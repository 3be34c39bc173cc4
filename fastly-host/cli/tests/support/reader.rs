//! What the edge makes of a store: the code that the service reads with, on the server's stores.

use std::collections::BTreeMap;

use statsig_edge::Table;
use statsig_edge::chunks::ChunkManifest;
use statsig_edge::compile::compile;
use statsig_edge::id_list::{self, Key, Shard};

use super::stores::Stores;

/// The table under a key of the KV store, checked.
pub fn kv_table(stores: &Stores, key: &str) -> Option<Vec<u8>> {
    Some(table(&stores.kv.get(key)?.value))
}

/// The table under a key of the config store, checked.
pub fn config_table(stores: &Stores, key: &str) -> Option<Vec<u8>> {
    let value = stores.config.get(key)?.value.as_bytes();
    if !ChunkManifest::is_one(value) {
        return Some(table(value));
    }
    let manifest = ChunkManifest::parse(value).unwrap();
    let mut lookups = 1;
    let mut whole = |entry: &id_entry::Entry| -> Option<Vec<u8>> {
        let mut texts = match manifest.inline {
            Some(text) => text.as_bytes().to_vec(),
            None => {
                let mut texts = Vec::new();
                for chunk in 0..entry.chunks {
                    let mut name = String::new();
                    entry.write_key(key, chunk, &mut name).unwrap();
                    lookups += 1;
                    texts.extend_from_slice(stores.config.get(&name)?.value.as_bytes());
                }
                texts
            }
        };
        let length = entry.decode(&mut texts).ok()?;
        texts.truncate(length);
        Some(texts)
    };
    // A reader who sees one store at one time never needs the one before.
    let found = whole(&manifest.current).expect("the current table is whole");
    if let Some(previous) = &manifest.previous {
        whole(previous).expect("the table before is whole");
    }
    assert!(lookups <= 2 * statsig_edge::chunks::MAX_LOOKUPS);
    Some(table(&found))
}

mod id_entry {
    pub(super) use statsig_edge::chunks::Entry;
}

fn table(value: &[u8]) -> Vec<u8> {
    match statsig_edge::is_table(value) {
        true => {
            Table::open(value).unwrap().verify().unwrap();
            value.to_vec()
        }
        false => compile(value).unwrap().table,
    }
}

/// The lists that a reader sees, with all their keys; every shard is there and whole.
pub fn lists(stores: &Stores, prefix: &str) -> BTreeMap<String, Vec<Key>> {
    let Some(item) = stores.kv.get(prefix) else {
        return BTreeMap::new();
    };
    let manifest = id_list::IdListManifest::open(&item.value).unwrap();
    manifest
        .lists()
        .map(|(name, list)| {
            let mut keys = Vec::new();
            for number in 0..list.shards() {
                let mut shard = String::new();
                list.write_shard_name(prefix, number, &mut shard).unwrap();
                let value = &stores
                    .kv
                    .get(&shard)
                    .unwrap_or_else(|| panic!("{shard} is missing"))
                    .value;
                assert!(value.len() <= id_list::MAX_SHARD_BYTES);
                keys.extend(Shard::open(value, &list, number).unwrap().keys());
            }
            (name.to_owned(), keys)
        })
        .collect()
}
