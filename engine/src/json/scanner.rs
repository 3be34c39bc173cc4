//! The scanner: one pass, no recursion, constant memory.

mod fault;
mod runs;
mod scalar;
mod skip;

pub(crate) use fault::{Fault, FaultKind};
pub(crate) use runs::{plain_end, space_end};

use super::RawStr;
#[cfg(feature = "compile")]
use crate::table::wire::same;
use crate::work::tick;
use runs::byte_at;

/// Deepest nesting that is read: one level more than by `serde_json`, which reads Statsig's payloads in its own core.
pub(crate) const MAX_DEPTH: u32 = 128;

/// The type of the next value, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool(bool),
    Null,
}

/// A place in a JSON text. Copy it to look at the same text twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'j> {
    text: &'j str,
    at: usize,
    /// Open containers above the current one that this scanner entered.
    depth: u32,
    /// Whether the container just entered has had no member yet.
    first: bool,
    /// Whether white space was passed over.
    spaced: bool,
    /// Whether a number was passed over that is beyond what a double holds.
    huge: bool,
}

type Result<T> = core::result::Result<T, Fault>;

impl<'j> Scanner<'j> {
    pub(crate) fn new(text: &'j str) -> Self {
        Self::at_offset(text, 0)
    }

    /// A scanner that begins at byte `at` of the text.
    pub(crate) fn at_offset(text: &'j str, at: usize) -> Self {
        Scanner {
            text,
            at,
            depth: 0,
            first: false,
            spaced: false,
            huge: false,
        }
    }

    /// Where the scanner is, in bytes from the beginning of the text.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// Passes over a value that the caller has seen to be next, and so many bytes long.
    #[cfg(feature = "compile")]
    pub(crate) fn pass_over(&mut self, length: usize) {
        self.advance(length);
    }

    /// Whether white space was passed over between the tokens so far.
    #[cfg(feature = "compile")]
    pub(crate) fn has_passed_space(&self) -> bool {
        self.spaced
    }

    /// Whether a number was passed over, since this was asked last, that is beyond what a double holds: it is JSON, but
    /// `serde_json` does not read it.
    pub(crate) fn take_huge(&mut self) -> bool {
        core::mem::take(&mut self.huge)
    }

    fn fault<T>(&self, kind: FaultKind) -> Result<T> {
        Err(Fault::new(kind, self.at))
    }

    #[inline(always)]
    fn byte(&self) -> u8 {
        byte_at(self.text.as_bytes(), self.at)
    }

    #[inline(always)]
    fn advance(&mut self, count: usize) {
        self.at = self.at.wrapping_add(count);
    }

    /// The first byte of the next token, zero at the end.
    #[inline]
    fn token(&mut self) -> u8 {
        tick(1);
        let byte = self.byte();
        if byte > b' ' {
            return byte;
        }
        self.token_behind_space()
    }

    #[inline(never)]
    fn token_behind_space(&mut self) -> u8 {
        let start = self.at;
        self.at = space_end(self.text.as_bytes(), start);
        self.spaced |= self.at != start;
        self.byte()
    }

    /// The type of the next value, which is not consumed.
    pub(crate) fn peek(&mut self) -> Result<Kind> {
        match self.token() {
            b'{' => Ok(Kind::Object),
            b'[' => Ok(Kind::Array),
            b'"' => Ok(Kind::String),
            b'-' | b'0'..=b'9' => Ok(Kind::Number),
            b't' => Ok(Kind::Bool(true)),
            b'f' => Ok(Kind::Bool(false)),
            b'n' => Ok(Kind::Null),
            _ => self.fault(FaultKind::Syntax),
        }
    }

    /// Consumes a bracket, a comma or a colon, if one is next.
    pub(crate) fn punctuation(&mut self) -> Option<u8> {
        let byte = self.token();
        let found = matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':');
        found.then(|| {
            self.advance(1);
            byte
        })
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.token();
        if self.at < self.text.len() {
            return self.fault(FaultKind::Syntax);
        }
        Ok(())
    }

    fn begin(&mut self, open: u8) -> Result<()> {
        if self.token() != open {
            self.peek()?;
            return self.fault(FaultKind::Type);
        }
        if self.depth >= MAX_DEPTH {
            return self.fault(FaultKind::Depth);
        }
        self.advance(1);
        self.depth = self.depth.wrapping_add(1);
        self.first = true;
        Ok(())
    }

    /// Enters an object; go on with [`Self::next_key`] until it gives `None`.
    pub(crate) fn begin_object(&mut self) -> Result<()> {
        self.begin(b'{')
    }

    /// Enters an array; go on with [`Self::next_element`] until it gives `false`.
    pub(crate) fn begin_array(&mut self) -> Result<()> {
        self.begin(b'[')
    }

    /// Leaves the container at its closing bracket, which is next.
    #[inline]
    fn close(&mut self) {
        self.advance(1);
        self.first = false;
        self.depth = self.depth.wrapping_sub(1);
    }

    /// The next key of the object; its value must be read or skipped before the next call.
    pub(crate) fn next_key(&mut self) -> Result<Option<RawStr<'j>>> {
        match self.has_next_key()? {
            true => self.key().map(Some),
            false => Ok(None),
        }
    }

    /// Whether the object has another key, which is next; then it must be read.
    #[inline]
    pub(crate) fn has_next_key(&mut self) -> Result<bool> {
        match self.token() {
            b'}' => {
                self.close();
                return Ok(false);
            }
            b',' if !self.first => self.advance(1),
            _ if self.first => self.first = false,
            _ => return self.fault(FaultKind::Syntax),
        }
        if self.token() != b'"' {
            return self.fault(FaultKind::Syntax);
        }
        Ok(true)
    }

    /// The key that is next, and its colon.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<RawStr<'j>> {
        let key = self.quoted()?;
        self.colon()?;
        Ok(key)
    }

    /// Passes over the key that is next, and its colon, if it is this one without escapes and white space.
    #[cfg(feature = "compile")]
    #[inline]
    pub(crate) fn key_is(&mut self, name: &str) -> bool {
        let bytes = self.text.as_bytes();
        let start = self.at.wrapping_add(1);
        let end = start.wrapping_add(name.len());
        let is = byte_at(bytes, end) == b'"'
            && byte_at(bytes, end.wrapping_add(1)) == b':'
            && same(bytes.get(start..end).unwrap_or_default(), name.as_bytes());
        if is {
            self.at = end.wrapping_add(2);
        }
        is
    }

    /// Whether the array has another element, which must then be read or skipped.
    pub(crate) fn next_element(&mut self) -> Result<bool> {
        match self.token() {
            b']' => {
                self.close();
                Ok(false)
            }
            b',' if !self.first => {
                self.advance(1);
                // A comma promises a value.
                match self.token() {
                    b']' => self.fault(FaultKind::Syntax),
                    _ => Ok(true),
                }
            }
            byte if self.first && byte != 0 => {
                self.first = false;
                Ok(true)
            }
            _ => self.fault(FaultKind::Syntax),
        }
    }

    #[inline]
    fn literal<const N: usize>(&mut self, word: &[u8; N]) -> Result<()> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.first_chunk::<N>() == Some(word) {
            self.advance(N);
            Ok(())
        } else {
            self.fault(FaultKind::Syntax)
        }
    }
}
