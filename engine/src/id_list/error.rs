//! Why bytes are no manifest or no shard of ID lists.

use core::fmt;

use super::FORMAT_VERSION;
use crate::message::{Piece, write_pieces};

/// Why bytes could not be read as a manifest or as a shard of this list.
///
/// ```
/// use statsig_edge::id_list::{IdListError, IdListManifest};
///
/// let error = IdListManifest::open(b"+xsKJ5J6c\n").unwrap_err();
/// assert_eq!(error, IdListError::NotThis);
/// assert_eq!(error.to_string(), "no manifest or shard of ID lists: sync the lists anew");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdListError {
    /// They do not begin as one.
    NotThis,
    /// They were written in this version, which this crate does not read.
    Version(u16),
    /// They are cut off.
    TooShort,
    /// The checksum does not fit the content.
    Checksum,
    /// They are a shard of another list, or another shard, than was asked for.
    OtherShard,
}

impl IdListError {
    /// Says what is wrong, as `Display` does, without the formatting machinery.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        use Piece::{Number, Text};
        let pieces: &[Piece<'_>] = match *self {
            IdListError::NotThis => &[Text(
                "no manifest or shard of ID lists: sync the lists anew",
            )],
            IdListError::Version(version) => &[
                Text("ID lists of format version "),
                Number(version.into()),
                Text(", but this build reads version "),
                Number(FORMAT_VERSION.into()),
                Text(": sync the lists with the version of the publisher that fits"),
            ],
            IdListError::TooShort => &[Text("ID lists: cut off")],
            IdListError::Checksum => &[Text("ID lists corrupt: the checksum does not fit")],
            IdListError::OtherShard => &[Text("ID lists: the shard is another than its name says")],
        };
        write_pieces(out, pieces)
    }
}

impl fmt::Display for IdListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for IdListError {}
