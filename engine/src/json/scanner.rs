//! The scanner: one pass, no recursion, constant memory.

use super::RawStr;

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
    /// Whether white space was passed over.
    spaced: bool,
}

/// Where the run of bytes from `at` on ends that stand for themselves in a string: none of them a quote, a backslash or a
/// control character.
///
/// Eight at a time. `0x02` exchanges the quote with the space, below which everything ends a run. In each of the two
/// differences the lowest top bit that is set marks the first such byte; what lies above it may be wrong, through its borrow.
#[inline(never)]
fn plain_end(bytes: &[u8], at: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = EACH << 7;
    const BACKSLASHES: u64 = EACH * b'\\' as u64;
    let mut at = at;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let below = (word ^ EACH << 1).wrapping_sub(EACH * 0x21);
        let backslash = (word ^ BACKSLASHES).wrapping_sub(EACH);
        let found = (below | backslash) & !word & TOPS;
        if found != 0 {
            return at.wrapping_add(found.trailing_zeros() as usize / 8);
        }
        at = at.wrapping_add(8);
    }
    let ends = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    let rest = bytes.get(at..).unwrap_or_default();
    let plain = rest.iter().position(ends).unwrap_or(rest.len());
    at.wrapping_add(plain)
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
        }
    }

    /// Where the scanner is, in bytes from the beginning of the text.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// Whether white space was passed over between the tokens so far.
    #[cfg(feature = "compile")]
    pub(crate) fn has_passed_space(&self) -> bool {
        self.spaced
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
        self.at = self.at.wrapping_add(count);
    }

    #[inline]
    fn skip_space(&mut self) -> Option<u8> {
        match self.byte() {
            Some(b' ' | b'\n' | b'\r' | b'\t') => self.skip_spaces(),
            other => other,
        }
    }

    #[inline(never)]
    fn skip_spaces(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.skip_indentation(),
                other => return other,
            }
        }
    }

    /// One character of white space, and what follows of spaces, eight at a time.
    #[inline]
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

    /// The next byte that is no white space; where a string begins it is not consumed.
    #[cfg(feature = "compile")]
    pub(crate) fn next_byte(&mut self) -> Option<u8> {
        let byte = self.skip_space()?;
        if byte != b'"' {
            self.advance(1);
        }
        Some(byte)
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
        self.colon()?;
        Ok(Some(key))
    }

    /// Whether the array has another element, which must then be read or skipped.
    pub(crate) fn next_element(&mut self) -> Result<bool> {
        self.next_member(b']')
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
        if self.skip_space() != Some(b'"') {
            self.peek()?;
            return self.fault(FaultKind::Type);
        }
        let start = self.at.wrapping_add(1);
        let escaped = self.pass_string()?;
        let raw = self.text.get(start..self.at.wrapping_sub(1));
        Ok(RawStr::new(raw.unwrap_or_default(), escaped))
    }

    /// Passes over a string, whose opening quote is next; says whether it has escapes.
    #[inline]
    fn pass_string(&mut self) -> Result<bool> {
        self.at = plain_end(self.text.as_bytes(), self.at.wrapping_add(1));
        if self.byte() == Some(b'"') {
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
                Some(b'"') => {
                    self.advance(1);
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                _ => return self.fault(FaultKind::Syntax),
            }
            self.at = plain_end(self.text.as_bytes(), self.at);
        }
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
        let digits = self.text.get(self.at..self.at.saturating_add(4));
        match digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit())) {
            Some(digits) => {
                self.advance(4);
                Ok(u32::from_str_radix(digits, 16).unwrap_or(0))
            }
            None => self.fault(FaultKind::Syntax),
        }
    }

    /// A number, as its token.
    pub(crate) fn number(&mut self) -> Result<&'j str> {
        if !matches!(self.skip_space(), Some(b'-' | b'0'..=b'9')) {
            self.peek()?;
            return self.fault(FaultKind::Type);
        }
        let start = self.at;
        self.pass_number()?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    #[inline(never)]
    fn pass_number(&mut self) -> Result<()> {
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
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.advance(1);
        }
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

    /// Consumes `null` if that is what follows.
    pub(crate) fn null(&mut self) -> Result<bool> {
        if self.skip_space() != Some(b'n') {
            self.peek()?;
            return Ok(false);
        }
        self.literal(b"null")?;
        Ok(true)
    }

    /// Passes over one value of any type and gives its text. Checks its grammar; no recursion: one bit for each
    /// open container says whether it is an object.
    pub(crate) fn skip(&mut self) -> Result<&'j str> {
        self.skip_space();
        let start = self.at;
        self.pass()?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn pass(&mut self) -> Result<()> {
        let mut objects: u128 = 0;
        let mut open: u32 = 0;
        'values: loop {
            match self.skip_space() {
                Some(b'"') => {
                    self.pass_string()?;
                }
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                Some(b'-' | b'0'..=b'9') => self.pass_number()?,
                Some(opening @ (b'{' | b'[')) => {
                    if self.depth.saturating_add(open) >= MAX_DEPTH {
                        return self.fault(FaultKind::Depth);
                    }
                    self.advance(1);
                    let is_object = opening == b'{';
                    match self.skip_space() {
                        Some(b'}') if is_object => self.advance(1),
                        Some(b']') if !is_object => self.advance(1),
                        _ => {
                            open = open.wrapping_add(1);
                            objects = objects << 1 | u128::from(is_object);
                            if is_object {
                                self.pass_key()?;
                            }
                            continue;
                        }
                    }
                }
                _ => return self.fault(FaultKind::Syntax),
            }
            // After a value: what ends here, until another one follows.
            while open > 0 {
                let in_object = objects & 1 == 1;
                match self.skip_space() {
                    Some(b',') => {
                        self.advance(1);
                        if in_object {
                            self.pass_key()?;
                        }
                        continue 'values;
                    }
                    Some(b'}') if in_object => {}
                    Some(b']') if !in_object => {}
                    _ => return self.fault(FaultKind::Syntax),
                }
                self.advance(1);
                open = open.wrapping_sub(1);
                objects >>= 1;
            }
            return Ok(());
        }
    }

    /// Passes over a key and its colon.
    #[inline]
    fn pass_key(&mut self) -> Result<()> {
        if self.skip_space() != Some(b'"') {
            return self.fault(FaultKind::Syntax);
        }
        self.pass_string()?;
        self.colon()
    }

    #[inline]
    fn colon(&mut self) -> Result<()> {
        if self.skip_space() != Some(b':') {
            return self.fault(FaultKind::Syntax);
        }
        self.advance(1);
        Ok(())
    }
}
