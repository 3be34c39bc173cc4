//! A rule table as texts, for stores whose values are short texts (`engine/FORMAT.md`, "Chunks").
//!
//! A Config Store has values of 8,000 characters, no conditional writes and no order among its items. So a table lies
//! there as base64url text in chunks whose keys carry a generation, and a *manifest* under the key that readers know
//! names the generation. Chunks are written first, the manifest last; the chunks of the generation before stay until
//! the next one. A reader sees the old table or the new one, whole, or knows that it does not.
//!
//! Reading: one pass over the text to decode it in place, one for the checksum; no allocation. Writing needs the feature
//! `compile`.

mod base64url;
#[cfg(feature = "compile")]
mod limits;
#[cfg(feature = "compile")]
mod write;

#[cfg(feature = "compile")]
pub use limits::{Limits, TooLarge};
#[cfg(feature = "compile")]
pub use write::{Publication, publish};

use core::fmt::{self, Write};

use crate::hash::checksum;
use crate::message::{Piece, write_pieces};
use base64url::{decode, text_length};

/// What a manifest begins with; the version follows.
const MAGIC: &str = "statsig-chunks ";

/// The version of the format that this crate writes and reads.
pub const CHUNKS_VERSION: u32 = 1;

/// Reads of a store that one table may take, the manifest's included; a service has 32 for everything.
pub const MAX_LOOKUPS: u8 = 16;

/// The line that holds a table which is short enough for the manifest itself.
const INLINE: char = '=';

/// Why texts could not be read as a table.
///
/// ```
/// use statsig_edge::chunks::{ChunkError, ChunkManifest};
///
/// let error = ChunkManifest::parse(b"{}").unwrap_err();
/// assert_eq!(error, ChunkError::NotAManifest);
/// assert_eq!(error.to_string(), "not a manifest of chunks");
/// assert_eq!(ChunkManifest::parse(b"statsig-chunks 1\n1 99 5 0\n"), Err(ChunkError::TooMany(99)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChunkError {
    /// The text is no manifest.
    NotAManifest,
    /// The manifest was written in this version, which this crate does not read.
    Version(u32),
    /// A line of the manifest, from 1, is not what it should be.
    Line(u8),
    /// The table has this many chunks, more than a reader fetches.
    TooMany(u32),
    /// The chunks are no base64url text.
    Text,
    /// The manifest promises the first number of bytes; the chunks hold the second.
    Length(u32, usize),
    /// The manifest's checksum does not fit the bytes.
    Checksum,
}

impl ChunkError {
    /// Says what is wrong. The same as `Display`, but light: see [`TableError::write`](crate::TableError::write).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        use Piece::{Number, Text};
        let pieces: &[Piece<'_>] = match *self {
            ChunkError::NotAManifest => &[Text("not a manifest of chunks")],
            ChunkError::Version(version) => &[
                Text("manifest of version "),
                Number(version.into()),
                Text(", but this build reads version "),
                Number(CHUNKS_VERSION.into()),
                Text(": publish again with the matching command-line tool"),
            ],
            ChunkError::Line(line) => &[Text("manifest corrupt in line "), Number(line.into())],
            ChunkError::TooMany(chunks) => &[
                Text("a table of "),
                Number(chunks.into()),
                Text(" chunks; one request reads at most "),
                Number(MAX_LOOKUPS.saturating_sub(1).into()),
            ],
            ChunkError::Text => &[Text("chunks corrupt: no base64url")],
            ChunkError::Length(promised, found) => &[
                Text("chunks cut off or overlong: "),
                Number(found as u64),
                Text(" bytes, the manifest says "),
                Number(promised.into()),
            ],
            ChunkError::Checksum => &[Text("chunks corrupt: the manifest's checksum does not fit")],
        };
        write_pieces(out, pieces)
    }
}

impl fmt::Display for ChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for ChunkError {}

/// One table in a store: a line of the manifest.
///
/// ```
/// use statsig_edge::chunks::ChunkManifest;
///
/// let manifest = ChunkManifest::parse(b"statsig-chunks 1\n7 2 9000 0123456789abcdef\n")?;
/// let entry = manifest.current;
/// assert_eq!((entry.generation, entry.chunks, entry.text_length()), (7, 2, 12_000));
/// let mut key = String::new();
/// entry.write_key("statsig-specs", 1, &mut key)?;
/// assert_eq!(key, "statsig-specs.7.1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Grows with every table that is published under the key.
    pub generation: u64,
    /// How many chunks it has; 0 when it is in the manifest itself.
    pub chunks: u8,
    /// Its bytes.
    pub bytes: u32,
    /// Their checksum.
    pub checksum: u64,
}

impl Entry {
    /// Writes the key of a chunk: the manifest's key, the generation, the chunk's number from 0, with dots between them.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_key(&self, manifest_key: &str, chunk: u8, out: &mut dyn Write) -> fmt::Result {
        use Piece::{Number, Text};
        write_pieces(
            out,
            &[
                Text(manifest_key),
                Text("."),
                Number(self.generation),
                Text("."),
                Number(chunk.into()),
            ],
        )
    }

    /// The number of characters of its chunks together.
    pub fn text_length(&self) -> usize {
        text_length(self.bytes as usize)
    }

    /// Whether these bytes, which were decoded before, are its table. Generations alone do not say: they begin anew where the manifest
    /// was deleted, and in another store. One pass over the bytes.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        bytes.len() == self.bytes as usize && checksum(bytes) == self.checksum
    }

    /// Decodes the chunks' texts, which lie one behind the other, in place: the table is at the beginning, as long as the
    /// answer says.
    ///
    /// # Errors
    /// `Text`, `Length`, `Checksum`.
    pub fn decode(&self, texts: &mut [u8]) -> Result<usize, ChunkError> {
        let found = decode(texts).ok_or(ChunkError::Text)?;
        let bytes = texts.get(..found).unwrap_or_default();
        if found != self.bytes as usize {
            return Err(ChunkError::Length(self.bytes, found));
        }
        if checksum(bytes) != self.checksum {
            return Err(ChunkError::Checksum);
        }
        Ok(found)
    }

    fn parse(line: Option<&str>, number: u8) -> Result<Self, ChunkError> {
        let bad = ChunkError::Line(number);
        let mut words = line.unwrap_or_default().split(' ');
        let mut next = || {
            words
                .next()
                .filter(|word| !word.starts_with('+'))
                .ok_or(bad)
        };
        let mut decimal = || next()?.parse::<u64>().map_err(|_| bad);
        let (generation, chunks, bytes) = (decimal()?, decimal()?, decimal()?);
        let sum = u64::from_str_radix(next()?, 16).map_err(|_| bad)?;
        if words.next().is_some() {
            return Err(bad);
        }
        if chunks >= MAX_LOOKUPS.into() {
            let chunks = u32::try_from(chunks).unwrap_or(u32::MAX);
            return Err(ChunkError::TooMany(chunks));
        }
        Ok(Entry {
            generation,
            chunks: chunks as u8,
            bytes: u32::try_from(bytes).map_err(|_| bad)?,
            checksum: sum,
        })
    }
}

/// What a store says it holds.
///
/// ```
/// use statsig_edge::chunks::ChunkManifest;
///
/// let text = b"statsig-chunks 1\n7 2 9000 0123456789abcdef\n6 1 5000 00000000000000aa\n";
/// assert!(ChunkManifest::is_one(text));
/// let manifest = ChunkManifest::parse(text)?;
/// assert_eq!(manifest.current.generation, 7);
/// assert_eq!(manifest.previous.map(|entry| entry.bytes), Some(5000));
/// assert_eq!(manifest.inline, None);
/// # Ok::<(), statsig_edge::chunks::ChunkError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkManifest<'m> {
    /// The table in force.
    pub current: Entry,
    /// The one before, whose chunks are still there: for a place that has this manifest already, but not every chunk.
    pub previous: Option<Entry>,
    /// The text of a table without chunks.
    pub inline: Option<&'m str>,
}

impl<'m> ChunkManifest<'m> {
    /// Whether a value claims to be a manifest, as opposed to Statsig's JSON.
    pub fn is_one(value: &[u8]) -> bool {
        value.starts_with(MAGIC.as_bytes())
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// `NotAManifest`, `Version`, `Line`, `TooMany`.
    pub fn parse(value: &'m [u8]) -> Result<Self, ChunkError> {
        let text = core::str::from_utf8(value).map_err(|_| ChunkError::NotAManifest)?;
        let mut lines = text
            .strip_prefix(MAGIC)
            .ok_or(ChunkError::NotAManifest)?
            .split('\n');
        let version = lines.next().unwrap_or_default();
        match version.parse().map_err(|_| ChunkError::Line(1))? {
            CHUNKS_VERSION => {}
            other => return Err(ChunkError::Version(other)),
        }
        let current = Entry::parse(lines.next(), 2)?;
        let third = lines.next().filter(|line| !line.is_empty());
        let (previous, inline) = match (current.chunks, third) {
            (0, third) => {
                let text = third.and_then(|line| line.strip_prefix(INLINE));
                (None, Some(text.ok_or(ChunkError::Line(3))?))
            }
            (_, None) => (None, None),
            (_, line) => (Some(Entry::parse(line, 3)?), None),
        };
        match lines.find(|line| !line.is_empty()) {
            Some(_) => Err(ChunkError::Line(4)),
            None => Ok(ChunkManifest {
                current,
                previous,
                inline,
            }),
        }
    }
}
