//! The rule table: one position-independent byte string, read in place (`engine/FORMAT.md`).
//!
//! [`Table::open`] checks the header and the bounds of every section, at a cost that does not depend on the size.
//! Everything else is checked where it is read: a corrupt table makes an evaluation end with
//! [`EvaluationError::CorruptTable`](crate::EvaluationError), never with a panic.

mod cmab;
pub(crate) mod condition;
mod error;
mod mapping;
pub(crate) mod members;
mod meta;
pub(crate) mod parameter_store;
pub(crate) mod rule;
mod section;
pub(crate) mod set;
pub(crate) mod spec;
pub(crate) mod wire;

pub(crate) use cmab::GroupRow;
#[cfg(feature = "compile")]
pub(crate) use cmab::{
    CMAB, CMAB_GROUP, CMAB_WEIGHT, flags as cmab_flags, group_flags as cmab_group_flags,
};
pub use cmab::{Cmab, CmabGroup, CmabWeight};
pub use error::TableError;
#[cfg(feature = "compile")]
pub(crate) use mapping::{MAPPING, MAPPING_RULE};
#[cfg(feature = "compile")]
pub(crate) use meta::{HASHED_KEYS, PLAIN_KEYS};
pub use meta::{Meta, SamplingMode};
pub use parameter_store::{Parameter, ParameterStore, Reference};
pub(crate) use section::{SECTIONS, Section};
pub use set::StringList;
pub use spec::{Entity, Spec, SpecKind};

use core::fmt;

use crate::hash::checksum;
use section::SECTION_NAMES;
use wire::Row;

/// The first bytes of a table. The first of them begins neither JSON nor UTF-8.
pub const MAGIC: [u8; 4] = [0x93, b'S', b'R', b'T'];

/// What a signature behind a table begins with (`engine/FORMAT.md`, "Signature"). Whoever wants one checks it; this crate only looks past it.
pub const SIGNATURE_MAGIC: [u8; 4] = [0x93, b'S', b'R', b'S'];

/// The version of the format that this crate writes and reads.
pub const FORMAT_VERSION: u16 = 2;

/// Bytes before the section directory.
pub(crate) const HEADER: usize = 32;

/// Set in the header's flags when the payload was v1: see `evaluation.md` §3.3.
pub(crate) const FLAG_V1: u16 = 1 << 0;

/// Bytes of the header and the directory that [`Table::open`] has checked.
const HEAD: usize = HEADER + SECTIONS * 8;

/// An opened rule table: a view over its bytes, three words, so that every row can carry it.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// let opened = Table::open(&table)?;
/// assert_eq!(opened.time(), 1_767_225_600_000);
/// assert!(!opened.is_v1());
/// opened.verify()?;
///
/// let mut damaged = table.clone();
/// let last = damaged.last_mut().ok_or("empty")?;
/// *last ^= 1;
/// // Opening looks at the header only; a damaged table answers, or says that it cannot, but never panics.
/// assert!(Table::open(&damaged)?.verify().is_err());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Table<'t> {
    bytes: &'t [u8],
    head: wire::Row<'t, HEAD>,
}

impl Table<'static> {
    /// No table: whatever refers to it finds nothing.
    pub(crate) const EMPTY: Self = Table {
        bytes: &[],
        head: Row(&[0; HEAD]),
    };
}

impl fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("len", &self.bytes.len())
            .field("time", &self.time())
            .finish_non_exhaustive()
    }
}

/// Whether the bytes claim to be a rule table, as opposed to Statsig's JSON.
///
/// ```
/// use statsig_edge::{MAGIC, is_table};
///
/// assert!(is_table(&MAGIC));
/// assert!(!is_table(b"{}"));
/// ```
pub fn is_table(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

impl<'t> Table<'t> {
    /// Opens a table in constant time. A signature behind it is passed over.
    ///
    /// Checks the magic, the version, the total length and the bounds of every section. The content is verified by
    /// [`Table::verify`], on demand.
    ///
    /// # Errors
    /// [`TableError`], all variants but `Checksum`.
    pub fn open(bytes: &'t [u8]) -> Result<Self, TableError> {
        if !is_table(bytes) {
            return Err(TableError::NotATable);
        }
        let header = bytes.first_chunk::<HEADER>().ok_or(TableError::TooShort)?;
        let header = wire::Row(header);
        let version = header.u16(4);
        if version != FORMAT_VERSION {
            return Err(TableError::Version(version));
        }
        let length = header.u32(8);
        let bytes = match bytes.split_at_checked(length as usize) {
            Some((table, b"")) => table,
            Some((table, behind)) if behind.starts_with(&SIGNATURE_MAGIC) => table,
            _ => return Err(TableError::Length(length, bytes.len())),
        };
        let count = header.u32(12) as usize;
        let directory = bytes.get(HEADER..).unwrap_or_default().as_chunks::<8>().0;
        let head = bytes.first_chunk::<HEAD>().ok_or(TableError::TooShort)?;
        if count < SECTIONS || directory.len() < count {
            return Err(TableError::TooShort);
        }
        for (index, entry) in directory.iter().take(SECTIONS).enumerate() {
            let entry = wire::Row(entry);
            match entry.u32(0).checked_add(entry.u32(4)) {
                Some(end) if end <= length => {}
                _ => return Err(TableError::Section(index as u32)),
            }
        }
        Ok(Table {
            bytes,
            head: wire::Row(head),
        })
    }

    /// Compares the checksum with the content. Cost: one pass over the whole table.
    ///
    /// # Errors
    /// [`TableError::Checksum`].
    pub fn verify(&self) -> Result<(), TableError> {
        let content = self.bytes.get(24..).unwrap_or_default();
        if self.checksum() == checksum(content) {
            Ok(())
        } else {
            Err(TableError::Checksum)
        }
    }

    /// The checksum in the header, of everything after it (`engine/FORMAT.md`).
    pub fn checksum(&self) -> u64 {
        self.head.u64(16)
    }

    /// When Statsig made the payload, in ms since the epoch: its `time`, the `lcut` of exposures.
    pub fn time(&self) -> u64 {
        self.head.u64(24)
    }

    /// Whether the payload was v1, to which the rules of `evaluation.md` §3.3 apply.
    pub fn is_v1(&self) -> bool {
        self.head.u16(6) & FLAG_V1 != 0
    }

    /// The table itself, without a signature.
    pub fn as_bytes(&self) -> &'t [u8] {
        self.bytes
    }

    /// The sections by name and size in bytes, in the table's order.
    pub fn section_sizes(&self) -> impl Iterator<Item = (&'static str, u32)> + use<'t> {
        let head = self.head;
        SECTION_NAMES
            .into_iter()
            .zip((HEADER..).step_by(8))
            .map(move |(name, at)| (name, head.u32(at.saturating_add(4))))
    }

    #[inline]
    pub(crate) fn section(&self, section: Section) -> &'t [u8] {
        let at = HEADER.saturating_add((section as usize).saturating_mul(8));
        let (start, size) = (self.head.u32(at), self.head.u32(at.saturating_add(4)));
        self.bytes
            .get(start as usize..start.saturating_add(size) as usize)
            .unwrap_or_default()
    }

    /// Where a section begins.
    #[inline(always)]
    fn start(&self, section: Section) -> u32 {
        let at = HEADER.saturating_add((section as usize).saturating_mul(8));
        self.head.u32(at)
    }

    /// The table from the beginning of a section.
    #[inline(always)]
    pub(crate) fn tail_at(&self, section: Section) -> Option<&'t [u8]> {
        self.bytes.get(self.start(section) as usize..)
    }

    /// Row `index` of a section of such rows. Only the table's end is checked: a number that leads out of its section reads
    /// other bytes of the same table, which is as good or bad as a wrong number within.
    #[inline(always)]
    pub(crate) fn row<const N: usize>(&self, section: Section, index: u32) -> Option<Row<'t, N>> {
        let at = self
            .start(section)
            .wrapping_add(index.wrapping_mul(N as u32));
        self.bytes.get(at as usize..)?.first_chunk().map(Row)
    }

    /// So many rows, one after another.
    #[inline(always)]
    pub(crate) fn rows<const N: usize>(
        &self,
        section: Section,
        first: u32,
        count: u32,
    ) -> Option<&'t [[u8; N]]> {
        let at = self
            .start(section)
            .wrapping_add(first.wrapping_mul(N as u32));
        let rows = self.bytes.get(at as usize..)?.as_chunks::<N>().0;
        rows.get(..count as usize)
    }

    /// The prefixed bytes at an offset of a heap; the bounds are those of [`Table::row`].
    #[inline(never)]
    fn heap(&self, section: Section, at: u32) -> Option<&'t [u8]> {
        wire::heap(self.bytes, self.start(section).wrapping_add(at))
    }

    /// Whether a text is the one at an offset.
    #[inline(always)]
    pub(crate) fn is_string(&self, at: u32, text: &[u8]) -> bool {
        let at = self.start(Section::Strings).wrapping_add(at);
        let Some((&length, rest)) = self.bytes.get(at as usize..).and_then(<[u8]>::split_first)
        else {
            return false;
        };
        // Nearly every length is one byte.
        match length < 0x80 {
            true if usize::from(length) != text.len() => false,
            true => rest
                .get(..text.len())
                .is_some_and(|known| wire::same(known, text)),
            false => wire::heap(self.bytes, at).is_some_and(|known| known == text),
        }
    }

    pub(crate) fn string_bytes(&self, at: u32) -> Option<&'t [u8]> {
        self.heap(Section::Strings, at)
    }

    pub(crate) fn string(&self, at: u32) -> Option<&'t str> {
        core::str::from_utf8(self.string_bytes(at)?).ok()
    }

    pub(crate) fn blob(&self, at: u32) -> Option<&'t [u8]> {
        self.heap(Section::Blobs, at)
    }

    pub(crate) fn list(&self, at: u32) -> Option<StringList<'t>> {
        StringList::read(self.blob(at)?)
    }

    /// JSON text of a value.
    pub(crate) fn value(&self, at: u32) -> Option<&'t str> {
        core::str::from_utf8(self.heap(Section::Values, at)?).ok()
    }
}
