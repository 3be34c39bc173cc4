//! The scanner: one pass, no recursion, constant memory.

use core::fmt;
use core::num::NonZeroUsize;

use super::RawStr;
use super::string::hex4;
#[cfg(feature = "compile")]
use crate::table::wire::same;
use crate::work::tick;

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

/// A fault and where it is: one word, which needs no memory to be returned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault(NonZeroUsize);

impl Fault {
    fn new(kind: FaultKind, offset: usize) -> Self {
        let kind = match kind {
            FaultKind::Syntax => NonZeroUsize::MIN,
            FaultKind::Type => NonZeroUsize::MIN.saturating_add(1),
            FaultKind::Depth => NonZeroUsize::MIN.saturating_add(2),
        };
        // No text fills a quarter of the memory.
        Fault(kind | offset << 2)
    }

    /// What was expected and not found.
    pub(crate) fn kind(self) -> FaultKind {
        match self.0.get() & 3 {
            1 => FaultKind::Syntax,
            2 => FaultKind::Type,
            _ => FaultKind::Depth,
        }
    }

    /// Where, in bytes from the beginning of the text.
    pub(crate) fn offset(self) -> usize {
        self.0.get() >> 2
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

/// Where the run of bytes from `at` on ends that stand for themselves in a string: none of them a quote, a backslash or a
/// control character.
///
/// Eight at a time. `0x02` exchanges the quote with the space, below which everything ends a run. In each of the two
/// differences the lowest top bit that is set marks the first such byte; what lies above it may be wrong, through its borrow.
#[inline(never)]
pub(crate) fn plain_end(bytes: &[u8], at: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = EACH << 7;
    const BACKSLASHES: u64 = EACH * b'\\' as u64;
    let mut end = at;
    let (words, rest) = bytes.get(at..).unwrap_or_default().as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let below = (word ^ EACH << 1).wrapping_sub(EACH * 0x21);
        let backslash = (word ^ BACKSLASHES).wrapping_sub(EACH);
        let found = (below | backslash) & !word & TOPS;
        if found != 0 {
            tick(end.wrapping_sub(at).wrapping_add(8));
            return end.wrapping_add(found.trailing_zeros() as usize / 8);
        }
        end = end.wrapping_add(8);
    }
    let ends = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    let plain = rest.iter().position(ends).unwrap_or(rest.len());
    let end = end.wrapping_add(plain);
    tick(end.wrapping_sub(at));
    end
}

/// Where the white space from `at` on ends: spaces eight at a time.
#[inline(never)]
pub(crate) fn space_end(bytes: &[u8], at: usize) -> usize {
    const SPACES: u64 = 0x2020_2020_2020_2020;
    let mut at = at;
    while let b' ' | b'\n' | b'\r' | b'\t' = byte_at(bytes, at) {
        at = at.wrapping_add(1);
        tick(8);
        for word in bytes.get(at..).unwrap_or_default().as_chunks::<8>().0 {
            let others = u64::from_le_bytes(*word) ^ SPACES;
            tick(8);
            at = at.wrapping_add(others.trailing_zeros() as usize / 8);
            if others != 0 {
                break;
            }
        }
    }
    at
}

/// A byte; zero, which no token has, behind the end.
#[inline(always)]
fn byte_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
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

    /// A string, as the raw text between its quotes; escapes are checked, not decoded.
    pub(crate) fn string(&mut self) -> Result<RawStr<'j>> {
        if self.token() != b'"' {
            self.peek()?;
            return self.fault(FaultKind::Type);
        }
        self.quoted()
    }

    /// A string, whose opening quote is next.
    #[inline]
    fn quoted(&mut self) -> Result<RawStr<'j>> {
        let start = self.at.wrapping_add(1);
        let escaped = self.pass_string()?;
        let raw = self.text.get(start..self.at.wrapping_sub(1));
        Ok(RawStr::new(raw.unwrap_or_default(), escaped))
    }

    /// Passes over a string, whose opening quote is next; says whether it has escapes.
    #[inline]
    fn pass_string(&mut self) -> Result<bool> {
        self.at = plain_end(self.text.as_bytes(), self.at.wrapping_add(1));
        if self.byte() == b'"' {
            self.advance(1);
            return Ok(false);
        }
        self.pass_escapes()?;
        Ok(true)
    }

    /// The rest of a string from its first escape on.
    #[inline(never)]
    fn pass_escapes(&mut self) -> Result<()> {
        loop {
            match self.byte() {
                b'"' => {
                    self.advance(1);
                    return Ok(());
                }
                b'\\' => self.escape()?,
                _ => return self.fault(FaultKind::Syntax),
            }
            self.at = plain_end(self.text.as_bytes(), self.at);
        }
    }

    fn escape(&mut self) -> Result<()> {
        self.advance(1);
        match self.byte() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.advance(1);
                Ok(())
            }
            b'u' => {
                self.advance(1);
                match self.hex4()? {
                    0xD800..=0xDBFF => {
                        self.literal(b"\\u")?;
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

    /// A number, as its token.
    pub(crate) fn number(&mut self) -> Result<&'j str> {
        if !matches!(self.token(), b'-' | b'0'..=b'9') {
            self.peek()?;
            return self.fault(FaultKind::Type);
        }
        let start = self.at;
        self.pass_number()?;
        Ok(self.since(start))
    }

    /// The text from an earlier place on.
    #[inline(never)]
    pub(crate) fn since(&self, start: usize) -> &'j str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    #[inline(never)]
    fn pass_number(&mut self) -> Result<()> {
        let start = self.at;
        let mut exponent = 0;
        if self.byte() == b'-' {
            self.advance(1);
        }
        if self.byte() == b'0' {
            self.advance(1);
        } else {
            self.digits()?;
        }
        if self.byte() == b'.' {
            self.advance(1);
            self.digits()?;
        }
        if let b'e' | b'E' = self.byte() {
            self.advance(1);
            if let b'+' | b'-' = self.byte() {
                self.advance(1);
            }
            exponent = self.at;
            self.digits()?;
            exponent = self.at.wrapping_sub(exponent);
        }
        // The largest double has 309 digits.
        if exponent > 2 || self.at.wrapping_sub(start) > 308 {
            self.look_for_huge(start);
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn look_for_huge(&mut self, start: usize) {
        let number = crate::number::parse_float(self.since(start));
        self.huge |= !number.is_some_and(f64::is_finite);
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while let b'0'..=b'9' = self.byte() {
            self.advance(1);
        }
        tick(self.at.wrapping_sub(start));
        if self.at == start {
            return self.fault(FaultKind::Syntax);
        }
        Ok(())
    }

    /// `true` or `false`.
    pub(crate) fn bool(&mut self) -> Result<bool> {
        match self.peek()? {
            Kind::Bool(value) => {
                if value {
                    self.literal(b"true")?;
                } else {
                    self.literal(b"false")?;
                }
                Ok(value)
            }
            _ => self.fault(FaultKind::Type),
        }
    }

    /// Whether what follows begins as `null`.
    pub(crate) fn is_null(&mut self) -> bool {
        self.token() == b'n'
    }

    /// Consumes `null` if that is what follows.
    pub(crate) fn null(&mut self) -> Result<bool> {
        if self.token() != b'n' {
            self.peek()?;
            return Ok(false);
        }
        self.literal(b"null")?;
        Ok(true)
    }

    /// Passes over one value of any type and gives its text. Checks its grammar; no recursion: one bit for each
    /// open container says whether it is an object.
    pub(crate) fn skip(&mut self) -> Result<&'j str> {
        self.token();
        let start = self.at;
        self.pass()?;
        Ok(self.since(start))
    }

    fn pass(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        let mut objects: u128 = 0;
        let mut open: u32 = 0;
        // Whether a key comes before the value.
        let mut key = false;
        loop {
            let byte = self.token_from(&mut at);
            match byte {
                b'"' => {
                    at = plain_end(bytes, at.wrapping_add(1));
                    if byte_at(bytes, at) == b'"' {
                        at = at.wrapping_add(1);
                    } else {
                        self.at = at;
                        self.pass_escapes()?;
                        at = self.at;
                    }
                    if key {
                        if self.token_from(&mut at) != b':' {
                            break;
                        }
                        at = at.wrapping_add(1);
                        key = false;
                        continue;
                    }
                }
                _ if key => break,
                b'{' | b'[' => {
                    if self.depth.wrapping_add(open) >= MAX_DEPTH {
                        self.at = at;
                        return self.fault(FaultKind::Depth);
                    }
                    at = at.wrapping_add(1);
                    key = byte == b'{';
                    // The brackets of both kinds are two apart.
                    if self.token_from(&mut at) != byte.wrapping_add(2) {
                        open = open.wrapping_add(1);
                        objects = objects << 1 | u128::from(key);
                        continue;
                    }
                    at = at.wrapping_add(1);
                }
                _ => {
                    self.at = at;
                    match byte {
                        b't' => self.literal(b"true")?,
                        b'f' => self.literal(b"false")?,
                        b'n' => self.literal(b"null")?,
                        b'-' | b'0'..=b'9' => self.pass_number()?,
                        _ => break,
                    }
                    at = self.at;
                }
            }
            // After a value: what ends here, until another one follows.
            loop {
                if open == 0 {
                    self.at = at;
                    return Ok(());
                }
                key = objects & 1 == 1;
                let byte = self.token_from(&mut at);
                if byte == b',' {
                    at = at.wrapping_add(1);
                    break;
                }
                if byte != (if key { b'}' } else { b']' }) {
                    self.at = at;
                    return self.fault(FaultKind::Syntax);
                }
                at = at.wrapping_add(1);
                open = open.wrapping_sub(1);
                objects >>= 1;
            }
        }
        self.at = at;
        self.fault(FaultKind::Syntax)
    }

    /// [`Self::token`], at a place of one's own.
    #[inline(always)]
    fn token_from(&mut self, at: &mut usize) -> u8 {
        tick(1);
        let byte = byte_at(self.text.as_bytes(), *at);
        if byte > b' ' {
            return byte;
        }
        self.at = *at;
        let byte = self.token_behind_space();
        *at = self.at;
        byte
    }

    #[inline]
    fn colon(&mut self) -> Result<()> {
        if self.token() != b':' {
            return self.fault(FaultKind::Syntax);
        }
        self.advance(1);
        Ok(())
    }
}
