//! Passing over a value, whatever is in it.

use super::runs::{byte_at, plain_end};
use super::{FaultKind, MAX_DEPTH, Result, Scanner};
use crate::work::tick;

impl<'j> Scanner<'j> {
    /// Passes over one value of any type and gives its text. Checks its grammar; no recursion: one bit for each
    /// open container says whether it is an object.
    pub(crate) fn skip(&mut self) -> Result<&'j str> {
        self.token();
        let start = self.at;
        self.pass()?;
        Ok(self.since(start))
    }

    pub(super) fn pass(&mut self) -> Result<()> {
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
    pub(super) fn token_from(&mut self, at: &mut usize) -> u8 {
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
    pub(super) fn colon(&mut self) -> Result<()> {
        if self.token() != b':' {
            return self.fault(FaultKind::Syntax);
        }
        self.advance(1);
        Ok(())
    }
}
