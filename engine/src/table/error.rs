//! Why bytes could not be read as a table.

use core::fmt;

use super::FORMAT_VERSION;
use crate::message::{Piece, write_pieces};

/// Why bytes could not be read as a table.
///
/// ```
/// use statsig_edge::{MAGIC, Table, TableError};
///
/// let error = Table::open(b"{\"has_updates\": true}").unwrap_err();
/// assert_eq!(error, TableError::NotATable);
/// assert_eq!(error.to_string(), "not a rule table: compile the config specs first");
/// assert_eq!(Table::open(&MAGIC).unwrap_err(), TableError::TooShort);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableError {
    /// The bytes do not begin with [`MAGIC`](super::MAGIC).
    NotATable,
    /// The table was written in this version, which this crate does not read.
    Version(u16),
    /// The header or the directory is cut off.
    TooShort,
    /// The header promises the first number of bytes; there are as many as the second says.
    Length(u32, usize),
    /// The section of this number lies outside the table.
    Section(u32),
    /// The checksum does not fit the content.
    Checksum,
}

impl TableError {
    /// Says what is wrong. The same as `Display`, which a small module avoids: the formatting machinery behind it weighs
    /// kilobytes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        use Piece::{Number, Text};
        let pieces: &[Piece<'_>] = match *self {
            TableError::NotATable => &[Text("not a rule table: compile the config specs first")],
            TableError::Version(version) => &[
                Text("rule table of format version "),
                Number(version.into()),
                Text(", but this build reads version "),
                Number(FORMAT_VERSION.into()),
                Text(": publish again with the matching command-line tool"),
            ],
            TableError::TooShort => &[Text("rule table cut off in its header")],
            TableError::Length(promised, found) => &[
                Text("rule table cut off or overlong: "),
                Number(found as u64),
                Text(" bytes, its header says "),
                Number(promised.into()),
            ],
            TableError::Section(index) => &[
                Text("rule table corrupt: section "),
                Number(index.into()),
                Text(" lies outside of it"),
            ],
            TableError::Checksum => &[Text("rule table corrupt: its checksum does not fit")],
        };
        write_pieces(out, pieces)
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for TableError {}
