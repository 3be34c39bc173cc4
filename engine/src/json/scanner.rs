//! The scanner: one pass, no recursion, constant memory.

use super::RawStr;
use super::string::hex4;

/// Deepest nesting that is read: as `serde_json`, which reads Statsig's payloads in its own core.
pub(crate) const MAX_DEPTH: u32 = 128;

/// What was expected and not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The text is not JSON.
    Syntax,
    /// The value is JSON of another type than asked for.
    Type,
    /// Objects and arrays are nested deeper than [`MAX_DEPTH`].
    Depth,
}

/// A fault and where it is, in bytes from the beginning of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) offset: usize,
}

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
    /// Whether white space was passed over, see [`Self::skip_compact`].
    spaced: bool,
    /// Added to every reported offset: where `text` lies in the document it was cut from.
    base: usize,
}

/// How many bytes at the start stand for themselves in a string: none of them a quote, a backslash or a control character.
///
/// Eight at a time. In each of the three differences the lowest top bit that is set marks the first such byte; what
/// lies above it may be wrong, through its borrow.
fn plain_length(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = EACH << 7;
    const QUOTES: u64 = 0x2222_2222_2222_2222;
    const BACKSLASHES: u64 = 0x5C5C_5C5C_5C5C_5C5C;
    const SPACES: u64 = 0x2020_2020_2020_2020;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut length: usize = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let (quote, backslash) = (word ^ QUOTES, word ^ BACKSLASHES);
        let found = (quote.wrapping_sub(EACH) & !quote
            | backslash.wrapping_sub(EACH) & !backslash
            | word.wrapping_sub(SPACES) & !word)
            & TOPS;
        if found != 0 {
            return length.saturating_add(found.trailing_zeros() as usize / 8);
        }
        length = length.saturating_add(8);
    }
    let plain = rest
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
    length.saturating_add(plain.unwrap_or(rest.len()))
}

type Result<T> = core::result::Result<T, Fault>;

impl<'j> Scanner<'j> {
    pub(crate) fn new(text: &'j str) -> Self {
        Self::at_offset(text, 0)
    }

    /// A scanner over a part of a document which begins at byte `base` of it.
    pub(crate) fn at_offset(text: &'j str, base: usize) -> Self {
        Scanner {
            text,
            at: 0,
            depth: 0,
            first: false,
            spaced: false,
            base,
        }
    }

    /// Where the scanner is, in bytes of the whole document.
    pub(crate) fn offset(&self) -> usize {
        self.base.saturating_add(self.at)
    }

    /// The text from here to where another scanner of the same text is.
    #[cfg(feature = "compile")]
    pub(crate) fn until(&self, later: &Self) -> &'j str {
        self.text.get(self.at..later.at).unwrap_or_default()
    }

    fn fault<T>(&self, kind: FaultKind) -> Result<T> {
        Err(Fault {
            kind,
            offset: self.offset(),
        })
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    #[inline]
    pub(super) fn skip_space(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.skip_indentation(),
                other => return other,
            }
        }
    }

    /// One character of white space, and what follows of spaces, eight at a time.
    #[inline(never)]
    fn skip_indentation(&mut self) {
        const SPACES: u64 = 0x2020_2020_2020_2020;
        self.spaced = true;
        self.advance(1);
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        for word in rest.as_chunks::<8>().0 {
            let others = u64::from_le_bytes(*word) ^ SPACES;
            self.advance(others.trailing_zeros() as usize / 8);
            if others != 0 {
                break;
            }
        }
    }

    /// The type of the next value, which is not consumed.
    pub(crate) fn peek(&mut self) -> Result<Kind> {
        match self.skip_space() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't') => Ok(Kind::Bool(true)),
            Some(b'f') => Ok(Kind::Bool(false)),
            Some(b'n') => Ok(Kind::Null),
            _ => self.fault(FaultKind::Syntax),
        }
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<()> {
        match self.skip_space() {
            None => Ok(()),
            Some(_) => self.fault(FaultKind::Syntax),
        }
    }

    fn begin(&mut self, open: u8) -> Result<()> {
        match self.skip_space() {
            Some(byte) if byte == open => {
                if self.depth >= MAX_DEPTH {
                    return self.fault(FaultKind::Depth);
                }
                self.advance(1);
                self.depth = self.depth.saturating_add(1);
                self.first = true;
                Ok(())
            }
            Some(_) => {
                self.peek()?;
                self.fault(FaultKind::Type)
            }
            None => self.fault(FaultKind::Syntax),
        }
    }

    /// Enters an object; go on with [`Self::next_key`] until it gives `None`.
    pub(crate) fn begin_object(&mut self) -> Result<()> {
        self.begin(b'{')
    }

    /// Enters an array; go on with [`Self::next_element`] until it gives `false`.
    pub(crate) fn begin_array(&mut self) -> Result<()> {
        self.begin(b'[')
    }

    /// True when another member follows, false when the container was closed.
    fn next_member(&mut self, close: u8) -> Result<bool> {
        let first = core::mem::replace(&mut self.first, false);
        match self.skip_space() {
            Some(byte) if byte == close => {
                self.advance(1);
                self.depth = self.depth.saturating_sub(1);
                Ok(false)
            }
            Some(b',') if !first => {
                self.advance(1);
                // A comma promises a value.
                match self.skip_space() {
                    Some(byte) if byte == close => self.fault(FaultKind::Syntax),
                    _ => Ok(true),
                }
            }
            Some(_) if first => Ok(true),
            _ => self.fault(FaultKind::Syntax),
        }
    }

    /// The next key of the object; its value must be read or skipped before the next call.
    pub(crate) fn next_key(&mut self) -> Result<Option<RawStr<'j>>> {
        if !self.next_member(b'}')? {
            return Ok(None);
        }
        if self.skip_space() != Some(b'"') {
            return self.fault(FaultKind::Syntax);
        }
        let key = self.string()?;
        if self.skip_space() != Some(b':') {
            return self.fault(FaultKind::Syntax);
        }
        self.advance(1);
        Ok(Some(key))
    }

    /// Whether the array has another element, which must then be read or skipped.
    pub(crate) fn next_element(&mut self) -> Result<bool> {
        self.next_member(b']')
    }

    fn literal(&mut self, word: &'static str) -> Result<()> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.advance(word.len());
            Ok(())
        } else {
            self.fault(FaultKind::Syntax)
        }
    }

    /// A string, as the raw text between its quotes; escapes are checked, not decoded.
    pub(crate) fn string(&mut self) -> Result<RawStr<'j>> {
        if self.skip_space() != Some(b'"') {
            self.peek()?;
            return self.fault(FaultKind::Type);
        }
        self.advance(1);
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            self.advance(plain_length(rest));
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return self.fault(FaultKind::Syntax),
            }
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        self.advance(1);
        Ok(RawStr::new(raw, escaped))
    }

    fn escape(&mut self) -> Result<()> {
        self.advance(1);
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.advance(1);
                Ok(())
            }
            Some(b'u') => {
                self.advance(1);
                match self.hex4()? {
                    0xD800..=0xDBFF => {
                        self.literal("\\u")?;
                        match self.hex4()? {
                            0xDC00..=0xDFFF => Ok(()),
                            _ => self.fault(FaultKind::Syntax),
                        }
                    }
                    0xDC00..=0xDFFF => self.fault(FaultKind::Syntax),
                    _ => Ok(()),
                }
            }
            _ => self.fault(FaultKind::Syntax),
        }
    }

    fn hex4(&mut self) -> Result<u32> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        match hex4(rest) {
            Some(unit) => {
                self.advance(4);
                Ok(unit)
            }
            None => self.fault(FaultKind::Syntax),
        }
    }

    fn digits(&mut self) -> Result<()> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest
            .iter()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(rest.len());
        if count == 0 {
            return self.fault(FaultKind::Syntax);
        }
        self.advance(count);
        Ok(())
    }

    /// A number, as its token.
    pub(crate) fn number(&mut self) -> Result<&'j str> {
        if !matches!(self.skip_space(), Some(b'-' | b'0'..=b'9')) {
            self.peek()?;
            return self.fault(FaultKind::Type);
        }
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.advance(1);
        }
        if self.byte() == Some(b'0') {
            self.advance(1);
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.advance(1);
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.advance(1);
            if let Some(b'+' | b'-') = self.byte() {
                self.advance(1);
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// `true` or `false`.
    pub(crate) fn bool(&mut self) -> Result<bool> {
        match self.peek()? {
            Kind::Bool(value) => {
                self.literal(if value { "true" } else { "false" })?;
                Ok(value)
            }
            _ => self.fault(FaultKind::Type),
        }
    }

    /// Consumes `null` if that is what follows.
    pub(crate) fn null(&mut self) -> Result<bool> {
        if self.skip_space() != Some(b'n') {
            self.peek()?;
            return Ok(false);
        }
        self.literal("null")?;
        Ok(true)
    }

    /// [`Self::skip`], and whether the value's text is free of white space outside of strings.
    #[cfg(feature = "compile")]
    pub(crate) fn skip_compact(&mut self) -> Result<(&'j str, bool)> {
        self.skip_space();
        self.spaced = false;
        let text = self.skip()?;
        Ok((text, !self.spaced))
    }

    /// Passes over one value of any type and gives its text. Checks its grammar; no recursion: one bit for each
    /// open container says whether it is an object.
    pub(crate) fn skip(&mut self) -> Result<&'j str> {
        self.skip_space();
        let start = self.at;
        let outer = self.depth;
        let mut objects: u128 = 0;
        loop {
            let opened = match self.peek()? {
                Kind::Object => Some(true),
                Kind::Array => Some(false),
                Kind::String => self.string().map(|_| None)?,
                Kind::Number => self.number().map(|_| None)?,
                Kind::Bool(_) => self.bool().map(|_| None)?,
                Kind::Null => self.null().map(|_| None)?,
            };
            if let Some(object) = opened {
                if object {
                    self.begin_object()?;
                } else {
                    self.begin_array()?;
                }
                objects = objects << 1 | u128::from(object);
            }
            // After a value, or just inside a container: find the next value, closing what ends here.
            loop {
                if self.depth <= outer {
                    return Ok(self.text.get(start..self.at).unwrap_or_default());
                }
                let more = if objects & 1 == 1 {
                    self.next_key()?.is_some()
                } else {
                    self.next_element()?
                };
                if more {
                    break;
                }
                objects >>= 1;
            }
        }
    }
}
