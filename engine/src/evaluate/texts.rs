//! Texts in lists: whether a list has the text, or one that lies in it (`evaluation.md` §4.3, §4.4).

use super::operator::counted;
use crate::hash::cased_hash;
use crate::lowercase::lowercase;
use crate::table::condition::Operator;
use crate::table::set::{StringSet, Strings};
use crate::table::wire::{same, same_lowered};

/// The target's entries among which the text is, or one that lies in it, if the operator holds. `None` for a corrupt table.
#[inline(always)]
pub(super) fn candidates<'t>(
    operator: Operator,
    text: &str,
    target: &'t [u8],
) -> Option<Strings<'t>> {
    match operator {
        Operator::StrStartsWithAny
        | Operator::StrEndsWithAny
        | Operator::StrContainsAny
        | Operator::StrContainsNone => counted(target),
        _ => {
            let set = StringSet::read(target)?;
            set.bucket(match set.has_directory() {
                false => 0,
                true => cased_hash(text, !is_sensitive(operator)).0,
            })
        }
    }
}

fn is_sensitive(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::AnyCaseSensitive | Operator::NoneCaseSensitive
    )
}

/// Where in a text an entry must lie: at its start, at its end, or both.
type Where = (bool, bool);

/// Whether one of the entries is the text, or lies in it, as the operator asks; the text lower-cased but for the case-sensitive
/// ones.
#[inline(never)]
pub(super) fn has_text(operator: Operator, text: &str, mut entries: Strings<'_>) -> bool {
    let place = match operator {
        Operator::StrStartsWithAny => (true, false),
        Operator::StrEndsWithAny => (false, true),
        Operator::StrContainsAny | Operator::StrContainsNone => (false, false),
        _ => (true, true),
    };
    let (lowered, bytes) = (!is_sensitive(operator), text.as_bytes());
    let by_bytes = !lowered || text.is_ascii();
    if by_bytes && place == (true, true) {
        return match lowered {
            true => has_ascii(bytes, entries),
            false => entries.any(|entry| same(bytes, entry)),
        };
    }
    entries.any(|entry| match by_bytes {
        true => lies_in(place, bytes, entry),
        false => core::str::from_utf8(entry).is_ok_and(|entry| has_lowered(place, text, entry)),
    })
}

/// Whether one of the entries is an ASCII text, lower-cased.
#[inline(never)]
pub(super) fn has_ascii(text: &[u8], entries: Strings<'_>) -> bool {
    entries.has(text.len(), |entry| same_lowered(text, entry))
}

/// Whether the entry lies there in an ASCII text, lower-cased.
#[inline(never)]
fn lies_in((from_start, to_end): Where, mut text: &[u8], entry: &[u8]) -> bool {
    loop {
        let Some(behind) = text.len().checked_sub(entry.len()) else {
            return false;
        };
        let mut pairs = text.iter().zip(entry);
        if (!to_end || behind == 0)
            && pairs.all(|(byte, known)| byte.to_ascii_lowercase() == *known)
        {
            return true;
        }
        match text.split_first() {
            Some((_, rest)) if !from_start => text = rest,
            _ => return false,
        }
    }
}

/// The same for any text.
#[inline(never)]
fn has_lowered((from_start, to_end): Where, text: &str, entry: &str) -> bool {
    let mut rest = lowercase(text);
    loop {
        let mut later = rest.clone();
        let begins = entry.chars().all(|expected| later.next() == Some(expected));
        if begins && (!to_end || later.next().is_none()) {
            return true;
        }
        if from_start || rest.next().is_none() {
            return false;
        }
    }
}
