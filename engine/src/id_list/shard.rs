//! A shard: the keys of one list that begin with the same bits, in ascending order.

use super::{IdList, IdListError, Key, opened};
use crate::table::wire::Row;

/// What a shard begins with.
pub(super) const MAGIC: [u8; 4] = [0x93, b'S', b'I', b'S'];

/// Bytes after the checksum and before the keys: epoch (u64), shard (u32), bits (u8), 3 zero bytes.
pub(super) const HEAD: usize = 16;

/// A shard, read in place.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// use statsig_edge::id_list::{IdList, IdListError, Shard, key_of, write_shard};
///
/// let list = IdList { epoch: 7, bits: 0, ids: 2 };
/// let (first, second) = (key_of(b"xsKJ5J6c").ok_or("no key")?, key_of(b"47DEQpj8").ok_or("no key")?);
/// let bytes = write_shard(&list, 0, &[first, second])?;
/// let shard = Shard::open(&bytes, &list, 0)?;
/// assert!(shard.contains(&first) && shard.contains(&second));
/// // Another shard in its place is found out.
/// let other = IdList { epoch: 8, ..list };
/// assert_eq!(Shard::open(&bytes, &other, 0).unwrap_err(), IdListError::OtherShard);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shard<'b> {
    keys: &'b [Key],
}

impl<'b> Shard<'b> {
    /// Opens what a store holds under the name of this shard of this list. Cost: one pass for the checksum.
    ///
    /// # Errors
    /// [`IdListError`], when the bytes are not that shard.
    pub fn open(bytes: &'b [u8], list: &IdList, shard: u32) -> Result<Self, IdListError> {
        let (head, keys) = opened::<HEAD>(bytes, MAGIC)?;
        let head = Row(head);
        if (head.u64(0), head.u32(8), head.u8(12)) != (list.epoch, shard, list.bits) {
            return Err(IdListError::OtherShard);
        }
        match keys.as_chunks() {
            (keys, []) => Ok(Shard { keys }),
            _ => Err(IdListError::TooShort),
        }
    }

    /// Whether the list holds this key. A binary search.
    pub fn contains(&self, key: &Key) -> bool {
        self.keys.binary_search(key).is_ok()
    }

    /// All keys, ascending.
    pub fn keys(&self) -> &'b [Key] {
        self.keys
    }
}
