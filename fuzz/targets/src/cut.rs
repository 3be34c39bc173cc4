//! Cuts an input into the pieces that a target wants.

/// What is left of an input.
pub(crate) struct Cut<'b>(pub(crate) &'b [u8]);

impl<'b> Cut<'b> {
    /// The next byte; 0 behind the end.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// So many bytes, the rest filled with zeros.
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// The bytes up to the next zero, or all.
    pub(crate) fn bytes(&mut self) -> &'b [u8] {
        let end = self.0.iter().position(|byte| *byte == 0);
        let (piece, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        piece
    }

    /// [`Self::bytes`] as far as they are text.
    pub(crate) fn text(&mut self) -> &'b str {
        let bytes = self.bytes();
        match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}
