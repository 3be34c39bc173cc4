//! `id_list_shard`: manifests and shards of any bytes, with a checksum that fits and without; and lists written and read back.

use std::collections::BTreeSet;

use statsig_edge::id_list::{
    IdList, IdListError, IdListManifest, Key, MAX_BITS, Shard, bits_for, key_of, write_manifest,
    write_shard,
};

use crate::cut::Cut;

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let mut cut = Cut(bytes);
    match cut.byte() % 3 {
        0 => any(cut.0),
        1 => summed(cut.0),
        _ => and_back(&mut cut),
    }
    if let Some(key) = key_of(bytes) {
        assert_eq!(bytes.len(), 8);
        assert_eq!(key.len(), 6);
    }
}

fn any(bytes: &[u8]) {
    let list = IdList {
        epoch: 0,
        bits: 0,
        ids: 0,
    };
    if let Ok(shard) = Shard::open(bytes, &list, 0) {
        for key in shard.keys() {
            shard.contains(key);
        }
    }
    if let Ok(manifest) = IdListManifest::open(bytes) {
        manifest.list("list_1");
        let mut name = String::new();
        for (listed, list) in manifest.lists() {
            assert!(manifest.list(listed).is_some());
            for key in [[0; 6], [255; 6]] {
                let number = list.shard_of(&key);
                assert!(list.bits > MAX_BITS || number < list.shards());
                name.clear();
                // A `String` takes everything.
                let _ = list.write_shard_name("ids", number, &mut name);
            }
        }
    }
}

/// As `engine/FORMAT.md` defines it.
fn checksum(bytes: &[u8]) -> u64 {
    let step =
        |sum: u64, word: u64| (sum.rotate_left(29) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let words = words.iter().chain([&last]);
    let sum = words.fold(0, |sum, word| step(sum, u64::from_le_bytes(*word)));
    let sum = step(sum, bytes.len() as u64);
    sum ^ sum >> 32
}

/// The bytes behind the magic, the version and the checksum that fits them.
fn summed(bytes: &[u8]) {
    let list = IdList {
        epoch: 7,
        bits: 3,
        ids: 1,
    };
    let Ok(shard) = write_shard(&list, 0, &[]) else {
        panic!("an empty shard");
    };
    let Ok(manifest) = write_manifest(7, [("list_1", list)]) else {
        panic!("a manifest");
    };
    for start in [shard, manifest] {
        let mut grafted = start[..16].to_vec();
        grafted.extend(bytes);
        let sum = checksum(bytes);
        grafted[8..16].copy_from_slice(&sum.to_le_bytes());
        any(&grafted);
        if let Err(error) = IdListManifest::open(&grafted) {
            assert_ne!(error, IdListError::Checksum);
        }
        if let Err(error) = Shard::open(&grafted, &list, 0) {
            assert_ne!(error, IdListError::Checksum);
        }
    }
}

fn and_back(cut: &mut Cut<'_>) {
    let bits = cut.byte() % (MAX_BITS + 2);
    let list = IdList {
        epoch: u64::from_le_bytes(cut.array()),
        bits,
        ids: u32::from(cut.byte()),
    };
    let all: BTreeSet<Key> = cut.0.as_chunks::<6>().0.iter().copied().collect();
    assert!(bits_for(all.len()) <= MAX_BITS);
    if bits > MAX_BITS {
        assert!(write_shard(&list, 0, &[]).is_err());
        return;
    }
    let Some(first) = all.first() else {
        return;
    };
    let number = list.shard_of(first);
    let keys: Vec<Key> = all
        .iter()
        .copied()
        .filter(|key| list.shard_of(key) == number)
        .collect();
    let Ok(written) = write_shard(&list, number, &keys) else {
        panic!("{} keys of shard {number} of {list:?}", keys.len());
    };
    let Ok(shard) = Shard::open(&written, &list, number) else {
        panic!("does not open");
    };
    for key in &all {
        assert_eq!(shard.contains(key), keys.contains(key));
    }
    assert!(Shard::open(&written, &list, number ^ 1).is_err());
    let Ok(manifest) = write_manifest(1, [("one", list), ("two", list)]) else {
        panic!("a manifest");
    };
    let Ok(manifest) = IdListManifest::open(&manifest) else {
        panic!("does not open");
    };
    assert_eq!(manifest.list("two"), Some(list));
    assert_eq!(manifest.list("three"), None);
}
