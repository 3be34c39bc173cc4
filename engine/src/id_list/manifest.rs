//! The manifest: which lists there are, and the epoch under which each one's shards are stored.

use super::{IdList, IdListError, opened};
use crate::table::wire::{Row, prefixed};

/// What a manifest begins with.
pub(super) const MAGIC: [u8; 4] = [0x93, b'S', b'I', b'M'];

/// Bytes after the checksum and before the lists: time (u64), number of lists (u32), 4 zero bytes.
pub(super) const HEAD: usize = 16;

/// A list's fixed part: epoch (u64), ids (u32), bits (u8), 3 zero bytes. Its name follows, as prefixed bytes.
pub(super) const LIST: usize = 16;

/// A manifest, read in place.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// use statsig_edge::id_list::{IdList, IdListManifest, write_manifest};
///
/// let beta = IdList { epoch: 7, bits: 0, ids: 1 };
/// let bytes = write_manifest(1_767_225_600_000, [("beta_users", beta)])?;
/// let manifest = IdListManifest::open(&bytes)?;
/// assert_eq!((manifest.time(), manifest.count()), (1_767_225_600_000, 1));
/// assert_eq!(manifest.list("beta_users"), Some(beta));
/// assert_eq!(manifest.list("others"), None);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IdListManifest<'b> {
    time: u64,
    count: u32,
    lists: &'b [u8],
}

impl<'b> IdListManifest<'b> {
    /// Opens a manifest. Cost: one pass for the checksum.
    ///
    /// # Errors
    /// [`IdListError`], when the bytes are none.
    pub fn open(bytes: &'b [u8]) -> Result<Self, IdListError> {
        let (head, lists) = opened::<HEAD>(bytes, MAGIC)?;
        let head = Row(head);
        Ok(IdListManifest {
            time: head.u64(0),
            count: head.u32(8),
            lists,
        })
    }

    /// When it was written, in ms since the epoch.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// How many lists there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The list of this name; `None` when it was not synced. Cost: a pass over the names.
    pub fn list(&self, name: &str) -> Option<IdList> {
        self.lists()
            .find_map(|(listed, list)| (listed == name).then_some(list))
    }

    /// All lists by name, in the order in which they were written.
    pub fn lists(&self) -> IdLists<'b> {
        IdLists { rest: self.lists }
    }
}

/// The lists of a manifest. Ends early where the bytes are none that a publisher writes.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// use statsig_edge::id_list::{IdList, IdListManifest, write_manifest};
///
/// let list = |epoch| IdList { epoch, bits: 0, ids: 0 };
/// let bytes = write_manifest(0, [("b", list(1)), ("a", list(2))])?;
/// let names: Vec<_> = IdListManifest::open(&bytes)?.lists().map(|(name, _)| name).collect();
/// assert_eq!(names, ["b", "a"]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct IdLists<'b> {
    rest: &'b [u8],
}

impl<'b> Iterator for IdLists<'b> {
    type Item = (&'b str, IdList);

    fn next(&mut self) -> Option<Self::Item> {
        let (fixed, rest) = self.rest.split_first_chunk::<LIST>()?;
        let (name, rest) = prefixed(rest)?;
        self.rest = rest;
        let fixed = Row(fixed);
        let list = IdList {
            epoch: fixed.u64(0),
            ids: fixed.u32(8),
            bits: fixed.u8(12),
        };
        Some((core::str::from_utf8(name).ok()?, list))
    }
}
