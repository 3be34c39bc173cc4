//! ID lists (`evaluation.md` §4.11, §7.3) as a key-value store holds them: shards of sorted keys, and one manifest that
//! names the lists. Statsig's console does not bring them to the edge; a publisher writes them, in these bytes
//! (`engine/FORMAT.md`, "ID lists").
//!
//! A membership costs one read of the manifest and one of a shard of at most [`MAX_SHARD_BYTES`], then one pass for the
//! checksum and a binary search. Nothing is allocated.
//!
//! ```
//! use statsig_edge::id_list::{IdList, key_of, Shard};
//!
//! # #[cfg(feature = "compile")] {
//! use statsig_edge::id_list::write_shard;
//! let key = key_of(b"47DEQpj8").unwrap();
//! let list = IdList { epoch: 7, bits: 0, ids: 1 };
//! let stored = write_shard(&list, list.shard_of(&key), &[key]).unwrap();
//! let shard = Shard::open(&stored, &list, 0).unwrap();
//! assert!(shard.contains(&key));
//! # }
//! ```

mod error;
mod manifest;
mod shard;
#[cfg(feature = "compile")]
mod write;

pub use error::IdListError;
pub use manifest::{IdListManifest, IdLists};
pub use shard::Shard;
#[cfg(feature = "compile")]
pub use write::{WriteError, bits_for, write_manifest, write_shard};

use core::fmt::{self, Write};

/// The version of the two formats that this crate writes and reads.
pub const FORMAT_VERSION: u16 = 1;

/// The largest a shard may be, in bytes; a list that outgrows it is rewritten with more shards.
pub const MAX_SHARD_BYTES: usize = 65_536;

/// The most bits of a key that choose a shard.
pub const MAX_BITS: u8 = 16;

/// An id as lists hold it: the first six bytes of the SHA-256 of its text.
pub type Key = [u8; 6];

/// The key in an entry of Statsig's files: eight characters of standard base64. `None` for anything else, which no id has.
///
/// ```
/// use statsig_edge::{id_list::key_of, sha256};
///
/// // A line of the file is an operation and the first characters of the id's SHA-256 in base64.
/// assert_eq!(key_of(b"xsKJ5J6c").as_ref().map(|key| &key[..]), sha256(&[b"user-1"]).get(..6));
/// assert_eq!(key_of(b"user-1"), None);
/// ```
pub fn key_of(entry: &[u8]) -> Option<Key> {
    let entry: &[u8; 8] = entry.try_into().ok()?;
    let mut bits: u64 = 0;
    for &character in entry {
        bits = bits << 6 | u64::from(sextet(character)?);
    }
    let [_, _, key @ ..] = bits.to_be_bytes();
    Some(key)
}

fn sextet(character: u8) -> Option<u8> {
    let (first, value) = match character {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'+' => (b'+', 62),
        b'/' => (b'/', 63),
        _ => return None,
    };
    Some(character.wrapping_sub(first).wrapping_add(value))
}

/// One list, as the manifest describes it.
///
/// ```
/// use statsig_edge::id_list::{IdList, key_of};
///
/// let list = IdList { epoch: 0x2a, bits: 4, ids: 100_000 };
/// let key = key_of(b"xsKJ5J6c").ok_or("no key")?;
/// // The digest begins with 0xc6.
/// assert_eq!((list.shards(), list.shard_of(&key)), (16, 0xc));
/// let mut name = String::new();
/// list.write_shard_name("ids", 0xc, &mut name)?;
/// assert_eq!(name, "ids-000000000000002a-000c");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdList {
    /// A part of the shards' names: different for every list, and new when a list is rewritten.
    pub epoch: u64,
    /// How many leading bits of a key are the number of its shard; at most [`MAX_BITS`].
    pub bits: u8,
    /// How many ids it had when the manifest was written.
    pub ids: u32,
}

impl IdList {
    /// How many shards there are; each exists, also when it is empty.
    pub fn shards(&self) -> u32 {
        1 << self.bits.min(MAX_BITS)
    }

    /// The shard that a key is in.
    pub fn shard_of(&self, key: &Key) -> u32 {
        let [first, second, ..] = *key;
        let leading = u32::from(u16::from_be_bytes([first, second]));
        let unused = MAX_BITS.saturating_sub(self.bits);
        leading.checked_shr(unused.into()).unwrap_or(0)
    }

    /// Writes the name under which a store holds a shard: the prefix, the epoch and the shard's number as 16 and 4
    /// hexadecimal digits, with `-` between them.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_shard_name(&self, prefix: &str, shard: u32, out: &mut dyn Write) -> fmt::Result {
        out.write_str(prefix)?;
        out.write_char('-')?;
        write_hexadecimal(self.epoch, 16, out)?;
        out.write_char('-')?;
        write_hexadecimal(shard.into(), 4, out)
    }
}

fn write_hexadecimal(number: u64, digits: u32, out: &mut dyn Write) -> fmt::Result {
    (0..digits).rev().try_for_each(|digit| {
        let shifted = number.checked_shr(digit.wrapping_mul(4)).unwrap_or(0);
        let digit = char::from_digit((shifted & 0xF) as u32, 16);
        out.write_char(digit.unwrap_or('0'))
    })
}

/// What both formats begin with: their magic, the version, and the checksum of all that follows it.
fn opened<const N: usize>(bytes: &[u8], magic: [u8; 4]) -> Result<(&[u8; N], &[u8]), IdListError> {
    if !bytes.starts_with(&magic) {
        return Err(IdListError::NotThis);
    }
    let (start, content) = bytes
        .split_first_chunk::<16>()
        .ok_or(IdListError::TooShort)?;
    let start = crate::table::wire::Row(start);
    if start.u16(4) != FORMAT_VERSION {
        return Err(IdListError::Version(start.u16(4)));
    }
    if start.u64(8) != crate::hash::checksum(content) {
        return Err(IdListError::Checksum);
    }
    content.split_first_chunk().ok_or(IdListError::TooShort)
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;
    use crate::testing::{text_of, vectors};

    #[test]
    fn keys_are_base64() {
        assert_eq!(
            key_of(b"47DEQpj8"),
            Some([0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc])
        );
        assert_eq!(key_of(b"//////+A"), Some([255, 255, 255, 255, 255, 0x80]));
        for none in [&b""[..], b"47DEQpj", b"47DEQpj8=", b"47DEQpj=", b"47DEQp-_"] {
            assert_eq!(key_of(none), None);
        }
        for case in vectors()["hash"].as_array().unwrap() {
            let entry = text_of(case, "id_list_key").as_bytes();
            let digest = crate::sha256::h(text_of(case, "input").as_bytes()).to_be_bytes();
            assert_eq!(key_of(entry).as_ref(), digest.first_chunk());
        }
    }

    #[test]
    fn leading_bits_choose_the_shard() {
        let key = [0b1010_0000, 0b0000_0001, 0, 0, 0, 0];
        for (bits, shard) in [
            (0, 0),
            (1, 1),
            (3, 0b101),
            (11, 0b101_0000_0000),
            (16, 0xA001),
        ] {
            let list = IdList {
                epoch: 0,
                bits,
                ids: 0,
            };
            assert_eq!(list.shard_of(&key), shard);
            assert!(shard < list.shards());
        }
    }

    #[test]
    fn shards_have_names() {
        let list = IdList {
            epoch: 0xAB,
            bits: 12,
            ids: 0,
        };
        let mut name = String::new();
        list.write_shard_name("statsig-ids", 0x7F, &mut name)
            .unwrap();
        assert_eq!(name, "statsig-ids-00000000000000ab-007f");
    }
}
