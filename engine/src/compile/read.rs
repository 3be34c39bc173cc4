//! Reading the records of a payload by what is said about their fields, in any order of the text (`evaluation.md` §1.3).
//!
//! A field's value is checked while the scanner passes over it, and remembered as its place.

use super::error::ReadFault;
use super::source::{Read, Source, Span};
use crate::json::{Kind, RawStr, Scanner};
use crate::number::parse_float;

/// What a field's value must be, and what is remembered of it.
pub(super) enum Is {
    /// Anything.
    Any,
    /// A string: remembered without its quotes and escapes.
    Text,
    Bool,
    /// A number of any size.
    Number,
    /// A number that a double holds.
    Float,
    /// An unsigned integer of 32 bits: no fraction, no exponent, no sign.
    U32,
    /// One of 64 bits.
    U64,
    /// An integer that 64 bits hold.
    Integer,
    /// An array of values of one type.
    List(&'static Field),
    /// An object with values of one type.
    Map(&'static Field),
    /// An object with these fields.
    Record(&'static [Field]),
    /// What a function of its own reads.
    Checked(for<'s, 'j> fn(&'s mut Source<'j>, &'s mut Scanner<'j>) -> Read<()>),
    /// What the caller of [`fields`] reads and remembers in its own way.
    Parts,
}

/// What is said about a field.
pub(super) struct Field {
    name: &'static str,
    is: Is,
    flags: u8,
}

/// Any value.
pub(super) static ANYTHING: Field = Field::each(Is::Any);

/// An object, or null.
pub(super) static ANY_MAP: Field = Field::each(Is::Map(&ANYTHING)).nullable();

const REQUIRED_V1: u8 = 1;
const REQUIRED_V2: u8 = 2;
const NULLABLE: u8 = 4;
const LENIENT: u8 = 8;

impl Field {
    pub(super) const fn new(name: &'static str, is: Is) -> Self {
        Field { name, is, flags: 0 }
    }

    /// What the elements of a list or the members of a map are.
    pub(super) const fn each(is: Is) -> Self {
        Field::new("", is)
    }

    const fn with(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    /// It must be there.
    pub(super) const fn required(self) -> Self {
        self.with(REQUIRED_V1 | REQUIRED_V2)
    }

    /// In v2 it must be there.
    pub(super) const fn required_v2(self) -> Self {
        self.with(REQUIRED_V2)
    }

    /// Null counts as absent.
    pub(super) const fn nullable(self) -> Self {
        self.with(NULLABLE)
    }

    /// In v1 what is of the wrong type counts as absent, and so does null.
    pub(super) const fn lenient(self) -> Self {
        self.with(LENIENT)
    }

    fn is_required(&self, v1: bool) -> bool {
        self.flags & (if v1 { REQUIRED_V1 } else { REQUIRED_V2 }) != 0
    }

    /// Whether a value may be of the type that its first byte tells.
    fn takes(&self, kind: Kind) -> bool {
        match self.is {
            Is::Any | Is::Checked(_) | Is::Parts => true,
            Is::Text => kind == Kind::String,
            Is::Bool => matches!(kind, Kind::Bool(_)),
            Is::Number | Is::Float | Is::U32 | Is::U64 | Is::Integer => kind == Kind::Number,
            Is::List(_) => kind == Kind::Array,
            Is::Map(_) | Is::Record(_) => kind == Kind::Object,
        }
    }

    /// Whether a number's token is one of those that the field takes.
    fn takes_number(&self, token: &str) -> bool {
        match self.is {
            // No double is as short as this and not finite, unless it has an exponent.
            Is::Float => {
                token.len() < 300 && token.bytes().all(|byte| byte | 0x20 != b'e')
                    || parse_float(token).is_some_and(f64::is_finite)
            }
            Is::U32 => {
                unsigned(token.as_bytes()).is_some_and(|number| number <= u64::from(u32::MAX))
            }
            Is::U64 => unsigned(token.as_bytes()).is_some(),
            Is::Integer => {
                let (sign, digits) = match token.strip_prefix('-') {
                    Some(digits) => (1, digits),
                    None => (0, token),
                };
                unsigned(digits.as_bytes())
                    .is_some_and(|number| number <= (i64::MAX as u64).wrapping_add(sign))
            }
            _ => true,
        }
    }
}

/// What the digits spell, if 64 bits hold it.
#[inline(never)]
pub(super) fn unsigned(digits: &[u8]) -> Option<u64> {
    let mut number: u64 = 0;
    for digit in digits.iter().map(|byte| byte.wrapping_sub(b'0')) {
        if digit > 9 {
            return None;
        }
        // A checked multiplication takes a hundred instructions in Wasm.
        if number > u64::MAX / 10 {
            return None;
        }
        number = number.wrapping_mul(10).checked_add(u64::from(digit))?;
    }
    Some(number)
}

/// Reads the parts of a record that its owner keeps, and says where they are.
pub(super) type Parts<'p, 'j> = &'p mut dyn FnMut(&mut Source<'j>, &mut Scanner<'j>) -> Read<Span>;

/// For records without [`Is::Parts`].
pub(super) fn no_parts<'j>(_: &mut Source<'j>, _: &mut Scanner<'j>) -> Read<Span> {
    Ok(Span::ABSENT)
}

/// Reads an object's fields into the slots of the same places; of a name given twice the last counts.
pub(super) fn fields<'j>(
    source: &mut Source<'j>,
    scanner: &mut Scanner<'j>,
    schema: &[Field],
    slots: &mut [Span],
    parts: Parts<'_, 'j>,
) -> Read<()> {
    slots.fill(Span::ABSENT);
    scanner.begin_object()?;
    // Fields come in much the same order in all records: the one behind the last one found, or that behind it.
    let mut next: usize = 0;
    while scanner.has_next_key()? {
        let guessed = (next..next.wrapping_add(2)).find(|&at| {
            let field: Option<&Field> = schema.get(at);
            field.is_some_and(|field| scanner.key_is(field.name))
        });
        let found = match guessed {
            Some(at) => Some(at),
            None => {
                let key = scanner.key()?;
                schema.iter().position(|field| key.is(field.name))
            }
        };
        let Some(at) = found else {
            scanner.skip()?;
            continue;
        };
        next = at.wrapping_add(1);
        if let (Some(field), Some(slot)) = (schema.get(at), slots.get_mut(at)) {
            match value(source, scanner, field, parts) {
                Ok(span) => *slot = span,
                Err(fault) => return Err(fault.within(field.name)),
            }
        }
    }
    Ok(())
}

/// A fault seen from outside of the member it is in.
#[cold]
#[inline(never)]
fn within(fault: ReadFault, key: RawStr<'_>) -> ReadFault {
    let mut name = alloc::string::String::new();
    // A `String` takes everything.
    let _ = key.write_to(&mut name);
    fault.within(&name)
}

/// Whether all fields are there that must be, asked in an order of their places; the record begins at byte `at`.
pub(super) fn required(
    v1: bool,
    schema: &[Field],
    slots: &[Span],
    order: &[u8],
    at: usize,
) -> Read<()> {
    for &place in order {
        let place = place as usize;
        let absent = slots.get(place).is_none_or(|slot| slot.is_absent());
        if let Some(field) = schema.get(place).filter(|_| absent)
            && field.is_required(v1)
        {
            return Err(ReadFault::missing(field.name, at));
        }
    }
    Ok(())
}

/// Reads one value.
pub(super) fn value<'j>(
    source: &mut Source<'j>,
    scanner: &mut Scanner<'j>,
    field: &Field,
    parts: Parts<'_, 'j>,
) -> Read<Span> {
    let kind = scanner.peek()?;
    let start = scanner.offset();
    let v1 = source.v1;
    if kind == Kind::Null && field.flags & NULLABLE != 0 {
        scanner.null()?;
        return Ok(Span::ABSENT);
    }
    let lenient = v1 && field.flags & LENIENT != 0;
    if !field.takes(kind) {
        if lenient {
            scanner.skip()?;
            return Ok(Span::ABSENT);
        }
        return Err(ReadFault::mistyped("", start));
    }
    match &field.is {
        Is::Parts => return parts(source, scanner),
        Is::Text => {
            let raw = scanner.string()?;
            return Ok(source.decoded(raw));
        }
        Is::Number | Is::Float | Is::U32 | Is::U64 | Is::Integer => {
            if !field.takes_number(scanner.number()?) {
                if lenient {
                    return Ok(Span::ABSENT);
                }
                return Err(ReadFault::mistyped("", start));
            }
        }
        Is::Any | Is::Bool => {
            scanner.skip()?;
        }
        Is::List(each) => array(scanner, &mut |scanner| {
            value(source, scanner, each, &mut no_parts).map(|_| ())
        })?,
        Is::Map(each) => object(scanner, &mut |_, scanner| {
            value(source, scanner, each, &mut no_parts).map(|_| ())
        })?,
        Is::Record(schema) => {
            let mut slots = [Span::ABSENT; MOST_FIELDS];
            let slots = slots.get_mut(..schema.len()).unwrap_or_default();
            fields(source, scanner, schema, slots, &mut no_parts)?;
            required(v1, schema, slots, &IN_ORDER, start)?;
        }
        Is::Checked(check) => check(source, scanner)?,
    }
    Ok(Span::between(start, scanner.offset()))
}

/// The fields of the largest record that another one holds.
const MOST_FIELDS: usize = 11;

const IN_ORDER: [u8; MOST_FIELDS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/// The fields of a record that has been read.
#[inline(never)]
pub(super) fn record(source: &mut Source<'_>, record: Span, schema: &[Field], slots: &mut [Span]) {
    let mut scanner = source.scanner_at(record);
    // It was read before, so there is no fault.
    let _ = fields(source, &mut scanner, schema, slots, &mut no_parts);
}

/// Walks an object; `visit` reads or skips each member's value. A fault gets the member's name into its path.
pub(super) fn object<'j>(
    scanner: &mut Scanner<'j>,
    visit: &mut dyn FnMut(RawStr<'j>, &mut Scanner<'j>) -> Read<()>,
) -> Read<()> {
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        if let Err(fault) = visit(key, scanner) {
            return Err(within(fault, key));
        }
    }
    Ok(())
}

/// Walks an array; `visit` reads or skips each element. A fault gets the index into its path.
pub(super) fn array<'j>(
    scanner: &mut Scanner<'j>,
    visit: &mut dyn FnMut(&mut Scanner<'j>) -> Read<()>,
) -> Read<()> {
    scanner.begin_array()?;
    let mut index: u32 = 0;
    while scanner.next_element()? {
        if let Err(fault) = visit(scanner) {
            return Err(fault.within_element(index));
        }
        index = index.wrapping_add(1);
    }
    Ok(())
}
