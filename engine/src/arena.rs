//! A caller's buffer, given out piece by piece to what is decoded from JSON.

use core::fmt::{self, Write};

use crate::json::{RawStr, Sink};

/// The buffer is too small.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Full;

/// The unused rest of the caller's buffer.
pub(crate) struct Arena<'u> {
    free: &'u mut [u8],
}

/// Text that is being written at the beginning of the free part.
pub(crate) struct Draft<'a, 'u> {
    arena: &'a mut Arena<'u>,
    length: usize,
}

impl Write for Draft<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

impl Draft<'_, '_> {
    /// Adds a decoded string with its length before it, as [`prefixed`](crate::table::wire::prefixed) reads it.
    pub(crate) fn push_prefixed(&mut self, raw: RawStr<'_>) -> Result<(), Full> {
        let length: usize = raw.chars().map(char::len_utf8).sum();
        let mut rest = u32::try_from(length).map_err(|_| Full)?;
        while rest >= 0x80 {
            self.push(&[rest as u8 | 0x80])?;
            rest >>= 7;
        }
        self.push(&[rest as u8])?;
        raw.write_to(self).map_err(|_| Full)
    }

    /// Bytes so far.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Writes over bytes that were added.
    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len());
        if let Some(place) = self.arena.free.get_mut(at..end) {
            place.copy_from_slice(bytes);
        }
    }

    /// Adds bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        crate::work::tick(bytes.len());
        let end = self.length.saturating_add(bytes.len());
        self.arena
            .free
            .get_mut(self.length..end)
            .ok_or(Full)?
            .copy_from_slice(bytes);
        self.length = end;
        Ok(())
    }
}

impl<'u> Arena<'u> {
    pub(crate) fn new(free: &'u mut [u8]) -> Self {
        Arena { free }
    }

    /// Begins a text.
    pub(crate) fn draft(&mut self) -> Draft<'_, 'u> {
        Draft {
            arena: self,
            length: 0,
        }
    }

    /// Keeps the first `length` bytes.
    pub(crate) fn keep(&mut self, length: usize) -> &'u [u8] {
        let free = core::mem::take(&mut self.free);
        match free.split_at_mut_checked(length) {
            Some((kept, rest)) => {
                self.free = rest;
                kept
            }
            None => &[],
        }
    }

    /// A text that is written here.
    pub(crate) fn text(
        &mut self,
        write: impl FnOnce(&mut dyn Sink) -> fmt::Result,
    ) -> Result<&'u str, Full> {
        let mut draft = self.draft();
        write(&mut draft).map_err(|_| Full)?;
        let length = draft.length;
        Ok(core::str::from_utf8(self.keep(length)).unwrap_or_default())
    }

    /// A string: where it stands, or decoded here.
    pub(crate) fn string(&mut self, raw: RawStr<'u>) -> Result<&'u str, Full> {
        match raw.plain() {
            Some(plain) => Ok(plain),
            None => self.text(|out| raw.write_to(out)),
        }
    }
}
