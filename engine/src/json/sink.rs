//! Where text goes.

use core::fmt::{self, Write};

use crate::characters::encoded;

/// Takes text piece by piece. `core::fmt::Write` behind a `dyn` brings all of `core`'s formatting into a module, this does not.
pub(crate) trait Sink {
    fn push_str(&mut self, text: &str) -> fmt::Result;

    fn push_char(&mut self, character: char) -> fmt::Result {
        self.push_str(encoded(character, &mut [0; 4]))
    }
}

impl<W: Write> Sink for W {
    fn push_str(&mut self, text: &str) -> fmt::Result {
        self.write_str(text)
    }
}
