//! Reading the fixed-shape records of a payload: fields by name, in any order.

use alloc::borrow::Cow;
use alloc::string::String;

use super::error::ReadFault;
use crate::json::{Kind, RawStr, Scanner};
use crate::number::parse_float;

pub(super) type Read<T> = Result<T, ReadFault>;

/// A JSON string as text, borrowed where it has no escapes.
pub(super) fn text<'j>(raw: RawStr<'j>) -> Cow<'j, str> {
    match raw.plain() {
        Some(plain) => Cow::Borrowed(plain),
        None => Cow::Owned(raw.chars().collect::<String>()),
    }
}

/// Walks an object; `visit` reads or skips each member's value. A fault gets the member's name into its path.
pub(super) fn object<'j>(
    scanner: &mut Scanner<'j>,
    mut visit: impl FnMut(Cow<'j, str>, &mut Scanner<'j>) -> Read<()>,
) -> Read<()> {
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key()? {
        let key = text(key);
        if let Err(fault) = visit(key.clone(), scanner) {
            return Err(fault.within(&key));
        }
    }
    Ok(())
}

/// Walks an array; `visit` reads or skips each element. A fault gets the index into its path.
pub(super) fn array<'j>(
    scanner: &mut Scanner<'j>,
    mut visit: impl FnMut(&mut Scanner<'j>) -> Read<()>,
) -> Read<()> {
    scanner.begin_array()?;
    let mut index: u32 = 0;
    while scanner.next_element()? {
        if let Err(fault) = visit(scanner) {
            return Err(fault.within(&alloc::format!("{index}")));
        }
        index = index.saturating_add(1);
    }
    Ok(())
}

/// A value that may be null, which counts as absent.
pub(super) fn optional<'j, T>(
    scanner: &mut Scanner<'j>,
    read: impl FnOnce(&mut Scanner<'j>) -> Read<T>,
) -> Read<Option<T>> {
    if scanner.null()? {
        return Ok(None);
    }
    read(scanner).map(Some)
}

pub(super) fn string<'j>(scanner: &mut Scanner<'j>) -> Read<Cow<'j, str>> {
    Ok(text(scanner.string()?))
}

pub(super) fn bool(scanner: &mut Scanner<'_>) -> Read<bool> {
    Ok(scanner.bool()?)
}

pub(super) fn float(scanner: &mut Scanner<'_>) -> Read<f64> {
    scanner.peek()?;
    let offset = scanner.offset();
    parse_float(scanner.number()?)
        .filter(|number| number.is_finite())
        .ok_or_else(|| ReadFault::mistyped("", offset))
}

/// An unsigned integer: no fraction, no exponent, no sign.
pub(super) fn unsigned(scanner: &mut Scanner<'_>) -> Read<u64> {
    scanner.peek()?;
    let offset = scanner.offset();
    scanner
        .number()?
        .parse::<u64>()
        .map_err(|_| ReadFault::mistyped("", offset))
}

/// An unsigned integer of 32 bits.
pub(super) fn version(scanner: &mut Scanner<'_>) -> Read<u32> {
    scanner.peek()?;
    let offset = scanner.offset();
    u32::try_from(unsigned(scanner)?).map_err(|_| ReadFault::mistyped("", offset))
}

/// In v1 a field of the wrong type reads as if it were absent; in v2 it is a fault.
pub(super) fn lenient<'j, T>(
    v1: bool,
    kind: impl FnOnce(Kind) -> bool,
    scanner: &mut Scanner<'j>,
    read: impl FnOnce(&mut Scanner<'j>) -> Read<T>,
) -> Read<Option<T>> {
    if v1 && !kind(scanner.peek()?) {
        scanner.skip()?;
        return Ok(None);
    }
    read(scanner).map(Some)
}
