//! The payload, and places in it: what was read is remembered as eight bytes, not as text.

use alloc::string::String;
use core::cell::Cell;

use super::buckets::BucketSets;
use super::error::ReadFault;
use super::members::Indexes;
use crate::json::{Fault, Kind, RawStr, Scanner};
use crate::lowercase::{is_plain_lowercase, lowercase};
use crate::table::wire::same;

pub(super) type Read<T> = Result<T, ReadFault>;

/// A run of bytes of the payload, or of the texts made from it. Also a run of drafts in their list.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) length: u32,
}

impl Span {
    /// What a field has that is not there.
    pub(super) const ABSENT: Span = Span {
        start: u32::MAX,
        length: 0,
    };

    /// What a field has whose value Statsig's core does not read, though it is JSON: like a text without anything in it.
    const UNFIT: Span = Span {
        start: u32::MAX - 1,
        length: 0,
    };

    pub(super) fn between(start: usize, end: usize) -> Self {
        Span {
            start: start as u32,
            length: end.wrapping_sub(start) as u32,
        }
    }

    pub(super) fn is_absent(self) -> bool {
        self.start == u32::MAX
    }

    pub(super) fn is_unfit(self) -> bool {
        self.start == Span::UNFIT.start
    }

    pub(super) fn present(self) -> Option<Self> {
        (!self.is_absent()).then_some(self)
    }

    /// The items of a list that this is a run of.
    pub(super) fn of<T>(self, items: &[T]) -> &[T] {
        let start = self.start as usize;
        let end = start.saturating_add(self.length as usize);
        items.get(start..end).unwrap_or_default()
    }
}

/// What an absent id type means (v1).
const USER_ID: &str = "userID";

/// The payload, and texts made from it.
pub(super) struct Source<'j> {
    text: &'j str,
    /// Texts that do not stand in the payload as they are: without their escapes, in lower case, spelt anew.
    made: String,
    pub(super) buckets: BucketSets,
    pub(super) indexes: Indexes,
    /// Whether fields are read by the rules of v1.
    pub(super) v1: bool,
    /// Whether the payload has something that is JSON but that Statsig's core does not read ([`Scanner::take_unfit`]).
    unfit: bool,
    /// Whether some names were chosen to be slow.
    pub(super) crowded: Cell<bool>,
}

impl<'j> Source<'j> {
    pub(super) fn new(text: &'j str) -> Self {
        Source {
            text,
            made: String::from(USER_ID),
            buckets: BucketSets::default(),
            indexes: Indexes::default(),
            v1: false,
            unfit: false,
            crowded: Cell::new(false),
        }
    }

    /// Remembers whether the scanner has passed over something that Statsig's core does not read.
    pub(super) fn note_unfit(&mut self, scanner: &mut Scanner<'j>) {
        self.unfit |= scanner.take_unfit();
    }

    /// Marks the value of a record that the scanner has just read, if Statsig's core does not read it. JavaScript does, so in v1 it stays.
    #[inline]
    pub(super) fn judge(&mut self, scanner: &mut Scanner<'j>, value: &mut Span) {
        self.note_unfit(scanner);
        if self.unfit && !self.is_fit(*value) {
            *value = Span::UNFIT;
        }
    }

    /// Whether Statsig's core reads a value; costs nothing in a payload without such values.
    pub(super) fn is_fit(&self, value: Span) -> bool {
        if !self.unfit || self.v1 || value.is_absent() {
            return true;
        }
        self.looks_fit(value)
    }

    #[cold]
    #[inline(never)]
    fn looks_fit(&self, value: Span) -> bool {
        let mut scanner = self.scanner_at(value);
        scanner.skip().is_ok() && !scanner.take_unfit()
    }

    /// An id type, `userID` where there is none.
    pub(super) fn or_user_id(&self, id_type: Span) -> Span {
        let start = self.text.len();
        let user_id = Span::between(start, start.wrapping_add(USER_ID.len()));
        id_type.present().unwrap_or(user_id)
    }

    #[inline(never)]
    pub(super) fn text(&self, span: Span) -> &str {
        let (text, start) = match (span.start as usize).checked_sub(self.text.len()) {
            None => (self.text, span.start as usize),
            Some(start) => (self.made.as_str(), start),
        };
        text.get(start..start.saturating_add(span.length as usize))
            .unwrap_or_default()
    }

    /// The payload's text at a place in it.
    pub(super) fn payload(&self, span: Span) -> &'j str {
        let start = span.start as usize;
        let end = start.saturating_add(span.length as usize);
        self.text.get(start..end).unwrap_or_default()
    }

    /// The bytes of a text. Cheaper: nobody asks whether it begins and ends between characters.
    #[inline(never)]
    pub(super) fn bytes(&self, span: Span) -> &[u8] {
        let (text, start) = match (span.start as usize).checked_sub(self.text.len()) {
            None => (self.text.as_bytes(), span.start as usize),
            Some(start) => (self.made.as_bytes(), start),
        };
        text.get(start..start.saturating_add(span.length as usize))
            .unwrap_or_default()
    }

    /// Whether a value is this word.
    #[inline(never)]
    pub(super) fn is(&self, value: Span, word: &str) -> bool {
        same(self.bytes(value), word.as_bytes())
    }

    /// The value that begins at a span.
    pub(super) fn scanner_at(&self, span: Span) -> Scanner<'j> {
        Scanner::at_offset(self.text, span.start as usize)
    }

    /// Passes over a condition's target, and remembers it as bits if it is a set of buckets.
    pub(super) fn pass_target(&mut self, scanner: &mut Scanner<'j>) -> Read<()> {
        if let Kind::Object | Kind::Array = scanner.peek()?
            && let Some(length) = self.buckets.read(self.text.as_bytes(), scanner.offset())
        {
            scanner.pass_over(length);
            return Ok(());
        }
        scanner.skip()?;
        Ok(())
    }

    #[inline(never)]
    pub(super) fn kind(&self, value: Span) -> Kind {
        self.scanner_at(value).peek().unwrap_or(Kind::Null)
    }

    /// Where texts that are made from now on begin.
    pub(super) fn mark(&self) -> usize {
        self.made.len()
    }

    /// Forgets the texts made since.
    pub(super) fn forget(&mut self, mark: usize) {
        self.made.truncate(mark);
    }

    /// A text of which `write` says what it is.
    #[inline(never)]
    pub(super) fn make(&mut self, write: &mut dyn FnMut(&mut String)) -> Span {
        let start = self.made.len();
        write(&mut self.made);
        let base = self.text.len();
        Span::between(
            base.saturating_add(start),
            base.saturating_add(self.made.len()),
        )
    }

    /// The lower case of a text.
    #[inline(never)]
    pub(super) fn lowered(&mut self, span: Span) -> Span {
        let text = self.text(span);
        if is_plain_lowercase(text) {
            return span;
        }
        let text = String::from(text);
        self.make(&mut |made| made.extend(lowercase(&text)))
    }

    /// Where a part of the payload lies in it.
    fn place_of(&self, part: &str) -> Span {
        let start = part.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        Span::between(start, start.wrapping_add(part.len()))
    }

    /// The text of a string or key in the payload.
    pub(super) fn decoded(&mut self, raw: RawStr<'j>) -> Span {
        match raw.plain() {
            Some(plain) => self.place_of(plain),
            None => self.make(&mut |made| {
                // A `String` takes everything.
                let _ = raw.write_to(made);
            }),
        }
    }

    /// The text of a value, if it is a string.
    #[inline(never)]
    pub(super) fn string(&mut self, value: Span) -> Option<Span> {
        let raw = self.scanner_at(value).string().ok()?;
        Some(self.decoded(raw))
    }

    /// Passes over a value of any type.
    #[inline(never)]
    pub(super) fn any(&self, scanner: &mut Scanner<'j>) -> Result<Span, Fault> {
        Ok(self.place_of(scanner.skip()?))
    }

    /// Walks a value that has been read, if it is an object or an array.
    #[inline(never)]
    pub(super) fn walk(&self, value: Span) -> Walk<'j> {
        let mut scanner = self.scanner_at(value);
        let of_object = scanner.begin_object().is_ok();
        Walk {
            of_object,
            open: of_object || scanner.begin_array().is_ok(),
            scanner,
        }
    }
}

/// The members of an object or the elements of an array.
pub(super) struct Walk<'j> {
    scanner: Scanner<'j>,
    pub(super) of_object: bool,
    open: bool,
}

impl<'j> Walk<'j> {
    /// The next key, decoded, and its value. An element has no key.
    #[inline(never)]
    pub(super) fn next(&mut self, source: &mut Source<'j>) -> Option<(Span, Span)> {
        if !core::mem::take(&mut self.open) {
            return None;
        }
        let key = match self.of_object {
            true => source.decoded(self.scanner.next_key().ok()??),
            false => self.scanner.next_element().ok()?.then_some(Span::ABSENT)?,
        };
        let value = source.place_of(self.scanner.skip().ok()?);
        self.open = true;
        Some((key, value))
    }

    /// The next text: a key of an object, an element of an array that is a string.
    #[inline(never)]
    pub(super) fn next_text(&mut self, source: &mut Source<'j>) -> Option<Span> {
        loop {
            let (key, element) = self.next(source)?;
            if self.of_object {
                return Some(key);
            }
            if let Some(text) = source.string(element) {
                return Some(text);
            }
        }
    }
}
