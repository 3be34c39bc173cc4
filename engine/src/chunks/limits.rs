//! What a store takes, and a table that does not fit.

use core::fmt;

use super::MAX_LOOKUPS;

/// What a store takes.
///
/// ```
/// use statsig_edge::chunks::Limits;
///
/// // 15 chunks of 8,000 characters, three bytes in four of them.
/// assert_eq!(Limits::CONFIG_STORE.largest(), 90_000);
/// assert_eq!(Limits::CONFIG_STORE.with_value_chars(64_000).largest(), 720_000);
/// // A manifest and four chunks.
/// assert_eq!(Limits::CONFIG_STORE.with_lookups(5).largest(), 24_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Characters of a value.
    pub value_chars: usize,
    /// Characters of a key.
    pub key_chars: usize,
    /// Reads that the table may take, the manifest's included; at most [`MAX_LOOKUPS`].
    pub lookups: u8,
}

impl Limits {
    /// Those of a Config Store: 8,000 characters (an account can have more), keys of 255, [`MAX_LOOKUPS`].
    pub const CONFIG_STORE: Self = Limits {
        value_chars: 8_000,
        key_chars: 255,
        lookups: MAX_LOOKUPS,
    };

    /// The same store with other values.
    #[must_use]
    pub const fn with_value_chars(mut self, value_chars: usize) -> Self {
        self.value_chars = value_chars;
        self
    }

    /// Fewer reads.
    #[must_use]
    pub const fn with_lookups(mut self, lookups: u8) -> Self {
        self.lookups = lookups;
        self
    }

    /// Characters of a chunk: whole groups of four, so that the texts of all chunks together are one text.
    pub(super) fn chunk_chars(&self) -> usize {
        self.value_chars & !3
    }

    pub(super) fn chunks(&self) -> usize {
        usize::from(self.lookups.min(MAX_LOOKUPS)).saturating_sub(1)
    }

    /// The largest table that fits, in bytes.
    pub fn largest(&self) -> usize {
        (self.chunk_chars() / 4)
            .saturating_mul(3)
            .saturating_mul(self.chunks())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::CONFIG_STORE
    }
}

/// A table that does not fit.
///
/// ```
/// use statsig_edge::chunks::{Limits, TooLarge, publish};
///
/// let error = publish(&[0; 90_001], "specs", None, &Limits::CONFIG_STORE).unwrap_err();
/// assert!(matches!(error, TooLarge::Table(90_001, 90_000, _)));
/// assert!(error.to_string().starts_with("the table has 90001 bytes; 90000 fit into 15 values"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TooLarge {
    /// The table: its bytes, how many would fit, and the limits.
    Table(usize, usize, Limits),
    /// The key: characters of the chunks' keys, and how many a key may have.
    Key(usize, usize),
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TooLarge::Table(bytes, fits, limits) => write!(
                f,
                "the table has {bytes} bytes; {fits} fit into {} values of {} characters, which one request may read: \
                 use a KV Store, or narrow the payload down to a target app",
                limits.chunks(),
                limits.value_chars,
            ),
            TooLarge::Key(has, may) => write!(
                f,
                "the key is too long: with generation and number a chunk's has {has} characters, and {may} are allowed"
            ),
        }
    }
}

impl core::error::Error for TooLarge {}
