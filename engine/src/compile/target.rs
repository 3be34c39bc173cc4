//! Targets in the encoding of their operators (`evaluation.md` §2.3, §4.2).

use super::buckets::{self, Bits};
use super::error::WarningKind;
use super::heap::Names;
use super::lists;
use super::read::unsigned;
use super::source::{Source, Span};
use super::writer::Writer;
use crate::evaluate::eq;
use crate::json::{Kind, write_canonical};
use crate::number::parse_float;
use crate::table::condition::Operator;
use crate::table::wire::NONE;
use crate::{timestamp, version};

/// The text of an element or member: a string itself, else its JSON text.
#[inline(never)]
fn text(source: &mut Source<'_>, value: Span) -> Span {
    match source.kind(value) {
        Kind::String => source.string(value).unwrap_or(Span::ABSENT),
        Kind::Bool(_) | Kind::Null => value,
        // It stays as it is written.
        Kind::Number if unsigned(source.bytes(value)).is_some() => value,
        _ => {
            let json = source.payload(value);
            source.make(&mut |made| {
                // A number without a text, such as 1e999, has no form that a user value could equal.
                let _ = write_canonical(json, made);
            })
        }
    }
}

/// The elements or members of a target: of those with the same key the last one counts, at the place of the first. The keys
/// are elements in lower case or members' names; with each go the place of the element and its text.
#[inline(never)]
fn entries(source: &mut Source<'_>, target: Span) -> Names {
    let mut entries = Names::default();
    let mut walk = source.walk(target);
    let mut index: u32 = 0;
    while let Some((name, element)) = walk.next(source) {
        let text = text(source, element);
        let key = match walk.of_object {
            true => name,
            false => source.lowered(text),
        };
        entries.set(source, key, index, text);
        index = index.wrapping_add(1);
    }
    entries
}

/// The gate that a condition asks for: by row, with its name for the exposure (§3.6). What is no name is the empty one.
#[inline(never)]
fn gate_bytes(
    source: &mut Source<'_>,
    writer: &mut Writer,
    gates: &Names,
    target: Span,
    counted: bool,
) {
    let name = source.string(target).unwrap_or(Span::ABSENT);
    let row = gates.number(source, name).unwrap_or(NONE);
    let name = source.bytes(name);
    if counted {
        writer.push_varint(name.len().wrapping_add(4));
    }
    writer.buffer.extend_from_slice(&row.to_le_bytes());
    writer.buffer.extend_from_slice(name);
}

pub(super) fn gate(
    source: &mut Source<'_>,
    writer: &mut Writer,
    gates: &Names,
    target: Span,
) -> u32 {
    writer.buffer.clear();
    gate_bytes(source, writer, gates, target, false);
    writer.blob()
}

/// Several gates in order (§4.9): unlike in other lists, names that differ only by case are different.
pub(super) fn gates(
    source: &mut Source<'_>,
    writer: &mut Writer,
    gates: &Names,
    target: Span,
) -> u32 {
    let mut count: usize = 0;
    let mut walk = source.walk(target);
    while walk.next(source).is_some() {
        count = count.wrapping_add(1);
    }
    writer.buffer.clear();
    writer.push_varint(count);
    let mut walk = source.walk(target);
    while let Some((_, element)) = walk.next(source) {
        gate_bytes(source, writer, gates, element, true);
    }
    writer.blob()
}

/// The operator and the target in its encoding; `bucket` says that the left side is a user bucket.
pub(super) fn comparison(
    source: &mut Source<'_>,
    writer: &mut Writer,
    operator: Operator,
    target: Span,
    bucket: bool,
) -> (Operator, u32) {
    let kind = match target.present() {
        Some(target) => source.kind(target),
        None => Kind::Null,
    };
    let is_list = kind == Kind::Array;
    let encoded = match operator {
        Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
            let number = float(source, kind, target);
            number.map(|number| writer.blob_of(&number.to_le_bytes()))
        }
        Operator::VersionGt
        | Operator::VersionGte
        | Operator::VersionLt
        | Operator::VersionLte
        | Operator::VersionEq
        | Operator::VersionNeq => source.string(target).map(|text| {
            writer.buffer.clear();
            version::encode(source.text(text), &mut |bytes| {
                writer.buffer.extend_from_slice(bytes);
            });
            writer.blob()
        }),
        Operator::Any | Operator::None if bucket && (is_list || kind == Kind::Object) => {
            let operator = match operator {
                Operator::Any => Operator::BucketAny,
                _ => Operator::BucketNone,
            };
            let bits = bucket_bits(source, target);
            return (operator, writer.blob_of(&bits));
        }
        Operator::Any
        | Operator::None
        | Operator::AnyCaseSensitive
        | Operator::NoneCaseSensitive
        | Operator::StrStartsWithAny
        | Operator::StrEndsWithAny
        | Operator::StrContainsAny
        | Operator::StrContainsNone
        | Operator::ArrayContainsAny
        | Operator::ArrayContainsNone
        | Operator::ArrayContainsAll
        | Operator::NotArrayContainsAll => {
            let folds = matches!(operator, Operator::Any | Operator::None);
            (is_list || folds && kind == Kind::Object)
                .then(|| texts(source, writer, operator, target))
        }
        Operator::StrMatches => match source.string(target) {
            Some(text) => return pattern(source, writer, text),
            None => None,
        },
        Operator::Before | Operator::After | Operator::On => {
            millis(source, kind, target).map(|millis| writer.blob_of(&millis.to_le_bytes()))
        }
        Operator::Eq | Operator::Neq => Some(equality(source, writer, kind, target)),
        Operator::InSegmentList | Operator::NotInSegmentList => source
            .string(target)
            .map(|list| writer.blob_of(source.bytes(list))),
        _ => None,
    };
    match (encoded, operator) {
        (Some(encoded), _) => (operator, encoded),
        // What a target of another type gives.
        (
            None,
            Operator::None
            | Operator::NoneCaseSensitive
            | Operator::StrContainsNone
            | Operator::NotInSegmentList,
        ) => (Operator::Always, NONE),
        (None, _) => (Operator::Never, NONE),
    }
}

/// The texts of a list: in lower case or as they are, as a set or in their order.
fn texts(source: &mut Source<'_>, writer: &mut Writer, operator: Operator, target: Span) -> u32 {
    let entries = entries(source, target);
    let which = match operator {
        Operator::Any
        | Operator::None
        | Operator::StrStartsWithAny
        | Operator::StrEndsWithAny
        | Operator::StrContainsAny
        | Operator::StrContainsNone => lists::name,
        _ => lists::value,
    };
    let encoded = match operator {
        Operator::Any
        | Operator::None
        | Operator::AnyCaseSensitive
        | Operator::NoneCaseSensitive => writer.set(source, &entries.entries, which),
        _ => writer.list(source, &entries.entries, which),
    };
    entries.discard();
    encoded
}

fn float(source: &mut Source<'_>, kind: Kind, target: Span) -> Option<f64> {
    match kind {
        Kind::Number => Some(parse_float(source.text(target)).unwrap_or(f64::NAN)),
        _ => {
            let text = source.string(target)?;
            parse_float(source.text(text))
        }
    }
}

/// §4.6: the timestamp of a string, else the float truncated.
fn millis(source: &mut Source<'_>, kind: Kind, target: Span) -> Option<i64> {
    let text = source.string(target);
    let time = text.and_then(|text| timestamp::parse(source.text(text)));
    time.or_else(|| Some(float(source, kind, target)? as i64))
}

/// The buckets as bits.
fn bucket_bits(source: &mut Source<'_>, target: Span) -> Bits {
    if let Some(bits) = source.buckets.find(target) {
        return *bits;
    }
    let mut bits = [0; 125];
    let mut walk = source.walk(target);
    while let Some((key, element)) = walk.next(source) {
        let text = match walk.of_object {
            true => key,
            false => text(source, element),
        };
        add_bucket(&mut bits, source.bytes(text));
    }
    bits
}

/// Adds a bucket by its decimal text; other texts can equal none.
fn add_bucket(bits: &mut Bits, text: &[u8]) {
    let canonical = text.first() != Some(&b'0') || text.len() == 1;
    if let Some(bucket) = unsigned(text).filter(|_| canonical && !text.is_empty()) {
        buckets::add(bits, u32::try_from(bucket).unwrap_or(u32::MAX));
    }
}

fn equality(source: &mut Source<'_>, writer: &mut Writer, kind: Kind, target: Span) -> u32 {
    let code = match kind {
        Kind::Null => eq::NULL,
        Kind::Bool(false) => eq::FALSE,
        Kind::Bool(true) => eq::TRUE,
        Kind::Number => eq::NUMBER,
        Kind::String => eq::STRING,
        Kind::Array => eq::ARRAY,
        Kind::Object => eq::OBJECT,
    };
    writer.buffer.clear();
    writer.buffer.push(code);
    match kind {
        Kind::Number => {
            let number = float(source, kind, target).unwrap_or(f64::NAN);
            writer.buffer.extend_from_slice(&number.to_le_bytes());
        }
        Kind::String => {
            let text = source.string(target).unwrap_or(Span::ABSENT);
            writer.buffer.extend_from_slice(source.bytes(text));
        }
        Kind::Array | Kind::Object => {
            let entries = entries(source, target);
            writer.push_varint(entries.entries.len());
            for entry in &entries.entries {
                match kind {
                    Kind::Array => writer.push_varint(entry.number as usize),
                    _ => writer.push_text(source, entry.name),
                }
                writer.push_text(source, entry.value);
            }
            entries.discard();
        }
        Kind::Null | Kind::Bool(_) => {}
    }
    writer.blob()
}

/// A DFA where this build makes them and the pattern fits; else the pattern's text.
fn pattern(source: &Source<'_>, writer: &mut Writer, pattern: Span) -> (Operator, u32) {
    let text = source.text(pattern);
    #[cfg(feature = "compile-regex")]
    {
        use crate::pattern::compile::{Compiled, compile};

        match compile(text) {
            Compiled::Dfa(dfa) => return (Operator::StrMatches, writer.blob_of(&dfa)),
            Compiled::Invalid => {
                writer.warn_of(source, WarningKind::InvalidPattern, text);
                return (Operator::Never, NONE);
            }
            Compiled::NeedsEngine(_) => {}
        }
    }
    writer.warn_of(source, WarningKind::PatternNeedsEngine, text);
    (Operator::StrMatchesPattern, writer.blob_of(text.as_bytes()))
}
