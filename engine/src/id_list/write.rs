//! Writing manifests and shards, for publishers.

use alloc::vec::Vec;
use core::fmt;

use super::{FORMAT_VERSION, IdList, Key, MAX_BITS, MAX_SHARD_BYTES, manifest, shard};
use crate::hash::checksum;
use crate::table::wire::push_varint;

/// How many keys a shard has room for.
const MAX_KEYS: usize = (MAX_SHARD_BYTES - 16 - shard::HEAD) / size_of::<Key>();

/// How many keys a shard should have when a list is written anew: there is room to grow, and the keys of a digest spread
/// so evenly that no shard gets near the limit.
const GOOD_KEYS: usize = MAX_KEYS / 2;

/// Why a manifest or a shard cannot be written.
///
/// ```
/// use statsig_edge::id_list::{IdList, WriteError, write_shard};
///
/// let list = IdList { epoch: 7, bits: 0, ids: 2 };
/// let error = write_shard(&list, 0, &[[2; 6], [1; 6]]).unwrap_err();
/// assert_eq!(error, WriteError::NotAscending(1));
/// assert_eq!(error.to_string(), "id 1 of a shard is out of order");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The shard has this many keys and holds [`MAX_SHARD_BYTES`] only: take more bits.
    TooManyKeys(usize),
    /// The key at this place does not come after the one before it.
    NotAscending(usize),
    /// The key at this place belongs into another shard.
    OtherShard(usize),
    /// More bits than [`MAX_BITS`].
    TooManyBits(u8),
    /// More lists or longer names than 32 bits count.
    TooLong,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::TooManyKeys(keys) => write!(
                f,
                "{keys} ids in one shard, which holds {MAX_KEYS}: split the list into more shards"
            ),
            WriteError::NotAscending(at) => write!(f, "id {at} of a shard is out of order"),
            WriteError::OtherShard(at) => write!(f, "id {at} belongs into another shard"),
            WriteError::TooManyBits(bits) => {
                write!(f, "{bits} bits for the shard, at most {MAX_BITS}")
            }
            WriteError::TooLong => {
                f.write_str("more lists, or a longer name, than a manifest holds")
            }
        }
    }
}

impl core::error::Error for WriteError {}

/// How many bits to write a list of so many ids with.
///
/// Shards are to be half full: 5,458 ids of six bytes and two headers are half of [`MAX_SHARD_BYTES`].
///
/// ```
/// use statsig_edge::id_list::bits_for;
///
/// assert_eq!((bits_for(0), bits_for(5_458), bits_for(12_000), bits_for(1_000_000)), (0, 0, 2, 8));
/// ```
pub fn bits_for(ids: usize) -> u8 {
    let shards = ids.div_ceil(GOOD_KEYS).next_power_of_two();
    u8::try_from(shards.trailing_zeros())
        .unwrap_or(MAX_BITS)
        .min(MAX_BITS)
}

/// A shard of this list with these keys, ascending and each once.
///
/// # Errors
/// [`WriteError`], when they are not, or too many, or not of this shard.
///
/// ```
/// use statsig_edge::id_list::{IdList, MAX_SHARD_BYTES, Shard, WriteError, key_of, write_shard};
///
/// let list = IdList { epoch: 7, bits: 0, ids: 1 };
/// let key = key_of(b"xsKJ5J6c").ok_or("no key")?;
/// let bytes = write_shard(&list, 0, &[key])?;
/// assert!(bytes.len() <= MAX_SHARD_BYTES);
/// assert_eq!(Shard::open(&bytes, &list, 0)?.keys(), [key]);
/// assert_eq!(write_shard(&list, 1, &[key]), Err(WriteError::OtherShard(0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_shard(list: &IdList, number: u32, keys: &[Key]) -> Result<Vec<u8>, WriteError> {
    if list.bits > MAX_BITS {
        return Err(WriteError::TooManyBits(list.bits));
    }
    if keys.len() > MAX_KEYS {
        return Err(WriteError::TooManyKeys(keys.len()));
    }
    if let Some(before) = keys.windows(2).position(|pair| pair.first() >= pair.last()) {
        return Err(WriteError::NotAscending(before.saturating_add(1)));
    }
    if let Some(at) = keys.iter().position(|key| list.shard_of(key) != number) {
        return Err(WriteError::OtherShard(at));
    }
    let mut content = Vec::with_capacity(shard::HEAD.saturating_add(size_of_val(keys)));
    content.extend(list.epoch.to_le_bytes());
    content.extend(number.to_le_bytes());
    content.extend([list.bits, 0, 0, 0]);
    content.extend(keys.as_flattened());
    Ok(begun(shard::MAGIC, &content))
}

/// A manifest of these lists.
///
/// # Errors
/// [`WriteError`], when there are too many.
///
/// ```
/// use statsig_edge::id_list::{IdListManifest, write_manifest};
///
/// let empty = write_manifest(1_767_225_600_000, [])?;
/// assert_eq!(IdListManifest::open(&empty)?.lists().count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_manifest<'l>(
    time: u64,
    lists: impl IntoIterator<Item = (&'l str, IdList)>,
) -> Result<Vec<u8>, WriteError> {
    let mut count: u32 = 0;
    let mut rows = Vec::new();
    for (name, list) in lists {
        if list.bits > MAX_BITS {
            return Err(WriteError::TooManyBits(list.bits));
        }
        count = count.checked_add(1).ok_or(WriteError::TooLong)?;
        rows.extend(list.epoch.to_le_bytes());
        rows.extend(list.ids.to_le_bytes());
        rows.extend([list.bits, 0, 0, 0]);
        push_varint(
            &mut rows,
            u32::try_from(name.len()).map_err(|_| WriteError::TooLong)?,
        );
        rows.extend(name.as_bytes());
    }
    let mut content = Vec::with_capacity(manifest::HEAD.saturating_add(rows.len()));
    content.extend(time.to_le_bytes());
    content.extend(count.to_le_bytes());
    content.extend([0; 4]);
    content.extend(rows);
    Ok(begun(manifest::MAGIC, &content))
}

fn begun(magic: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len().saturating_add(16));
    out.extend(magic);
    out.extend(FORMAT_VERSION.to_le_bytes());
    out.extend([0; 2]);
    out.extend(checksum(content).to_le_bytes());
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::super::{IdListError, IdListManifest, Shard};
    use super::*;

    const LIST: IdList = IdList {
        epoch: 0x0123_4567_89AB_CDEF,
        bits: 0,
        ids: 3,
    };

    fn key(number: u32) -> Key {
        let [.., a, b, c, d] = u64::from(number).to_be_bytes();
        [a, b, c, d, 0, 1]
    }

    proptest! {
        /// What a set of the standard library holds, and nothing else.
        #[test]
        fn shards_hold_what_was_written(
            keys in prop::collection::btree_set(any::<Key>(), 0..300),
            others in prop::collection::vec(any::<Key>(), 0..20),
            bits in 0_u8..=4,
        ) {
            let list = IdList { bits, ..LIST };
            for shard in 0..list.shards() {
                let own: Vec<Key> = keys.iter().copied().filter(|key| list.shard_of(key) == shard).collect();
                let bytes = write_shard(&list, shard, &own).unwrap();
                let read = Shard::open(&bytes, &list, shard).unwrap();
                prop_assert_eq!(read.keys(), &own[..]);
                for key in keys.iter().chain(&others) {
                    let expected = keys.contains(key) && list.shard_of(key) == shard;
                    prop_assert_eq!(read.contains(key), expected);
                }
            }
        }
    }

    #[test]
    fn any_damage_to_a_shard_is_seen() {
        let bytes = write_shard(&LIST, 0, &[key(1), key(2), key(3)]).unwrap();
        for length in 0..bytes.len() {
            assert!(Shard::open(&bytes[..length], &LIST, 0).is_err(), "{length}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                // Two bytes of the head mean nothing.
                let unused = at == 6 || at == 7;
                assert_eq!(
                    Shard::open(&changed, &LIST, 0).is_ok(),
                    unused,
                    "{at}.{bit}"
                );
            }
        }
        let other = IdList { epoch: 1, ..LIST };
        assert_eq!(
            Shard::open(&bytes, &other, 0).unwrap_err(),
            IdListError::OtherShard
        );
        assert_eq!(
            Shard::open(&bytes, &LIST, 1).unwrap_err(),
            IdListError::OtherShard
        );
        assert_eq!(
            IdListManifest::open(&bytes).unwrap_err(),
            IdListError::NotThis
        );
    }

    #[test]
    fn only_right_keys_are_written() {
        assert_eq!(
            write_shard(&LIST, 0, &[key(2), key(2)]),
            Err(WriteError::NotAscending(1))
        );
        let list = IdList { bits: 16, ..LIST };
        assert_eq!(
            write_shard(&list, 1, &[[0, 1, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0]]),
            Err(WriteError::OtherShard(1))
        );
        let list = IdList { bits: 17, ..LIST };
        assert_eq!(write_shard(&list, 0, &[]), Err(WriteError::TooManyBits(17)));
        assert_eq!(
            write_manifest(0, [("a", list)]),
            Err(WriteError::TooManyBits(17))
        );
    }

    #[test]
    fn a_full_shard_is_within_the_limit_and_one_key_more_is_not() {
        let keys: BTreeSet<Key> = (0..=MAX_KEYS as u32).map(key).collect();
        let keys: Vec<Key> = keys.into_iter().collect();
        let full = write_shard(&LIST, 0, &keys[..MAX_KEYS]).unwrap();
        assert!(full.len() <= MAX_SHARD_BYTES && full.len() + 6 > MAX_SHARD_BYTES);
        assert!(
            Shard::open(&full, &LIST, 0)
                .unwrap()
                .contains(&keys[MAX_KEYS - 1])
        );
        assert_eq!(
            write_shard(&LIST, 0, &keys),
            Err(WriteError::TooManyKeys(MAX_KEYS + 1))
        );
    }

    #[test]
    fn new_lists_have_room_to_grow() {
        for (ids, bits) in [
            (0, 0),
            (1, 0),
            (5_000, 0),
            (6_000, 1),
            (1_000_001, 8),
            (10_000_000, 11),
        ] {
            assert_eq!(bits_for(ids), bits, "{ids}");
        }
        assert_eq!(bits_for(usize::MAX / 2), MAX_BITS);
    }

    #[test]
    fn a_manifest_gives_its_lists() {
        let lists = [("b", LIST), ("ä", IdList { bits: 3, ..LIST }), ("", LIST)];
        let bytes = write_manifest(1_790_000_000_123, lists).unwrap();
        let manifest = IdListManifest::open(&bytes).unwrap();
        assert_eq!((manifest.time(), manifest.count()), (1_790_000_000_123, 3));
        assert!(manifest.lists().eq(lists));
        assert_eq!(manifest.list("ä"), Some(lists[1].1));
        assert_eq!(manifest.list("a"), None);
        for length in 0..bytes.len() {
            assert!(IdListManifest::open(&bytes[..length]).is_err());
        }
        let mut future = bytes;
        future[4] = 2;
        assert_eq!(
            IdListManifest::open(&future).unwrap_err(),
            IdListError::Version(2)
        );
    }
}
