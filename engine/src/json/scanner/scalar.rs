//! Strings, numbers, bools and nulls: what has no parts.

use super::super::RawStr;
use super::super::string::unicode_escape;
use super::runs::plain_end;
use super::{FaultKind, Kind, Result, Scanner};
use crate::work::tick;

impl<'j> Scanner<'j> {
    /// A string, as the raw text between its quotes; escapes are checked, not decoded. It is Unicode.
    pub(crate) fn string(&mut self) -> Result<RawStr<'j>> {
        if self.token() != b'"' {
            self.peek()?;
            return self.fault(FaultKind::Type);
        }
        self.quoted()
    }

    /// A string, whose opening quote is next.
    #[inline]
    pub(super) fn quoted(&mut self) -> Result<RawStr<'j>> {
        let start = self.at.wrapping_add(1);
        self.at = plain_end(self.text.as_bytes(), start);
        let escaped = self.byte() != b'"';
        if escaped {
            if !self.pass_escapes()? {
                return self.fault(FaultKind::Surrogate);
            }
        } else {
            self.advance(1);
        }
        let raw = self.text.get(start..self.at.wrapping_sub(1));
        Ok(RawStr::new(raw.unwrap_or_default(), escaped))
    }

    /// The rest of a string from its first escape on; whether that is Unicode.
    #[inline(never)]
    pub(super) fn pass_escapes(&mut self) -> Result<bool> {
        let mut whole = true;
        loop {
            match self.byte() {
                b'"' => {
                    self.advance(1);
                    self.unfit |= !whole;
                    return Ok(whole);
                }
                b'\\' => whole &= self.escape()?,
                _ => return self.fault(FaultKind::Syntax),
            }
            self.at = plain_end(self.text.as_bytes(), self.at);
        }
    }

    /// Passes over an escape, or two that make a pair; whether that is a character.
    fn escape(&mut self) -> Result<bool> {
        self.advance(1);
        match self.byte() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.advance(1);
                Ok(true)
            }
            b'u' => {
                let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
                let Some((code, length)) = unicode_escape(rest) else {
                    return self.fault(FaultKind::Syntax);
                };
                self.advance(length);
                Ok(char::from_u32(code).is_some())
            }
            _ => self.fault(FaultKind::Syntax),
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
    pub(super) fn pass_number(&mut self) -> Result<()> {
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
        // The largest double has 309 digits, of which an exponent of two digits stands for up to 99.
        if exponent > 2 || self.at.wrapping_sub(start) > 308 - 99 {
            self.look_for_huge(start);
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    pub(super) fn look_for_huge(&mut self, start: usize) {
        let number = crate::number::parse_float(self.since(start));
        self.unfit |= !number.is_some_and(f64::is_finite);
    }

    pub(super) fn digits(&mut self) -> Result<()> {
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
}
