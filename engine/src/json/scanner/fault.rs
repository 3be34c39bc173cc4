//! What is wrong with a JSON text, and where.

use core::fmt;
use core::num::NonZeroUsize;

/// What was expected and not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The text is not JSON.
    Syntax,
    /// The value is JSON of another type than asked for.
    Type,
    /// A text that was asked for has half of a surrogate pair: it is JSON, but no Unicode.
    Surrogate,
    /// Objects and arrays are nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    Depth,
}

/// A fault and where it is: one word, which needs no memory to be returned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault(NonZeroUsize);

impl Fault {
    pub(super) fn new(kind: FaultKind, offset: usize) -> Self {
        let kind = match kind {
            FaultKind::Syntax => NonZeroUsize::MIN,
            FaultKind::Type => NonZeroUsize::MIN.saturating_add(1),
            FaultKind::Surrogate => NonZeroUsize::MIN.saturating_add(2),
            FaultKind::Depth => NonZeroUsize::MIN.saturating_add(3),
        };
        // No text fills an eighth of the memory.
        Fault(kind | offset << 3)
    }

    /// What was expected and not found.
    pub(crate) fn kind(self) -> FaultKind {
        match self.0.get() & 7 {
            1 => FaultKind::Syntax,
            2 => FaultKind::Type,
            3 => FaultKind::Surrogate,
            _ => FaultKind::Depth,
        }
    }

    /// Where, in bytes from the beginning of the text.
    pub(crate) fn offset(self) -> usize {
        self.0.get() >> 3
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fault")
            .field(&self.kind())
            .field(&self.offset())
            .finish()
    }
}
