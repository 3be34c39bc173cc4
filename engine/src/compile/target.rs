//! Targets in the encoding of their operators (`evaluation.md` §2.3, §4.2).

use alloc::string::String;
use alloc::vec::Vec;

use super::buckets::{self, Bits};
use super::error::WarningKind;
use super::heap::{Names, put};
use super::read::unsigned;
use super::source::{Source, Span};
use super::writer::{Writer, push_string};
use crate::evaluate::eq;
use crate::json::{Kind, write_canonical};
use crate::number::parse_float;
use crate::table::condition::Operator;
use crate::table::wire::{NONE, push_varint};
use crate::{timestamp, version};

/// The text of an element or member: a string itself, else its JSON text.
fn text(source: &mut Source<'_>, value: Span) -> Span {
    match source.kind(value) {
        Kind::String => source.string(value).unwrap_or(Span::ABSENT),
        Kind::Bool(_) | Kind::Null => value,
        // It stays as it is written.
        Kind::Number if unsigned(source.text(value)).is_some() => value,
        _ => {
            let mut text = String::new();
            // A number without a text, such as 1e999, has no form that a user value could equal.
            let _ = write_canonical(source.text(value), &mut text);
            source.make(&mut |made| made.push_str(&text))
        }
    }
}

/// The elements or members of a target: of those with the same key the last one counts, at the place of the first.
#[derive(Default)]
struct Entries {
    /// Elements in lower case, members' names. With each key, the place of the element.
    keys: Names,
    texts: Vec<Span>,
}

impl Entries {
    fn read(source: &mut Source<'_>, target: Span) -> Self {
        let mut entries = Entries::default();
        if source.kind(target) == Kind::Array {
            let mut index: u32 = 0;
            source.elements(target, &mut |source, element| {
                let text = text(source, element);
                let key = source.lowered(text);
                entries.set(source, key, index, text);
                index = index.wrapping_add(1);
            });
        } else {
            source.members(target, &mut |source, name, member| {
                let text = text(source, member);
                entries.set(source, name, 0, text);
            });
        }
        entries
    }

    fn set(&mut self, source: &Source<'_>, key: Span, index: u32, text: Span) {
        let at = self.keys.set(source, key, index);
        put(&mut self.texts, at, text);
    }

    fn keys(&self) -> Vec<Span> {
        self.keys.entries.iter().map(|known| known.name).collect()
    }
}

/// The gate that a condition asks for: by row, with its name for the exposure (§3.6). What is no name is the empty one.
fn gate_bytes(source: &mut Source<'_>, gates: &Names, target: Span, out: &mut Vec<u8>) {
    let name = source.string(target).unwrap_or(Span::ABSENT);
    let row = gates.number(source, name).unwrap_or(NONE);
    out.extend_from_slice(&row.to_le_bytes());
    out.extend_from_slice(source.bytes(name));
}

pub(super) fn gate(
    source: &mut Source<'_>,
    writer: &mut Writer,
    gates: &Names,
    target: Span,
) -> u32 {
    let mut blob = Vec::new();
    gate_bytes(source, gates, target, &mut blob);
    writer.blobs.intern(&blob)
}

/// Several gates in order (§4.9): unlike in other lists, names that differ only by case are different.
pub(super) fn gates(
    source: &mut Source<'_>,
    writer: &mut Writer,
    gates: &Names,
    target: Span,
) -> u32 {
    let mut list = Vec::new();
    let mut count: u32 = 0;
    source.elements(target, &mut |source, element| {
        let mut gate = Vec::new();
        gate_bytes(source, gates, element, &mut gate);
        push_varint(&mut list, gate.len() as u32);
        list.extend_from_slice(&gate);
        count = count.wrapping_add(1);
    });
    let mut blob = Vec::new();
    push_varint(&mut blob, count);
    blob.extend_from_slice(&list);
    writer.blobs.intern(&blob)
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
            number.map(|number| writer.blobs.intern(&number.to_le_bytes()))
        }
        Operator::VersionGt
        | Operator::VersionGte
        | Operator::VersionLt
        | Operator::VersionLte
        | Operator::VersionEq
        | Operator::VersionNeq => source.string(target).map(|text| {
            let mut blob = Vec::new();
            version::encode(source.text(text), &mut |bytes| {
                blob.extend_from_slice(bytes);
            });
            writer.blobs.intern(&blob)
        }),
        Operator::Any | Operator::None if is_list || kind == Kind::Object => {
            if bucket {
                let operator = match operator {
                    Operator::Any => Operator::BucketAny,
                    _ => Operator::BucketNone,
                };
                let bits = bucket_bits(source, target);
                return (operator, writer.blobs.intern(&bits));
            }
            let keys = Entries::read(source, target).keys();
            Some(writer.set(source, &keys))
        }
        Operator::AnyCaseSensitive | Operator::NoneCaseSensitive if is_list => {
            let entries = Entries::read(source, target);
            Some(writer.set(source, &entries.texts))
        }
        Operator::StrStartsWithAny
        | Operator::StrEndsWithAny
        | Operator::StrContainsAny
        | Operator::StrContainsNone
            if is_list =>
        {
            let keys = Entries::read(source, target).keys();
            Some(writer.list(source, &keys))
        }
        Operator::ArrayContainsAny
        | Operator::ArrayContainsNone
        | Operator::ArrayContainsAll
        | Operator::NotArrayContainsAll
            if is_list =>
        {
            let entries = Entries::read(source, target);
            Some(writer.list(source, &entries.texts))
        }
        Operator::StrMatches => match source.string(target) {
            Some(text) => return pattern(source, writer, text),
            None => None,
        },
        Operator::Before | Operator::After | Operator::On => {
            millis(source, kind, target).map(|millis| writer.blobs.intern(&millis.to_le_bytes()))
        }
        Operator::Eq | Operator::Neq => {
            let blob = equality(source, kind, target);
            Some(writer.blobs.intern(&blob))
        }
        Operator::InSegmentList | Operator::NotInSegmentList => source
            .string(target)
            .map(|list| writer.blobs.intern(source.bytes(list))),
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
    if source.kind(target) == Kind::Array {
        source.elements(target, &mut |source, element| {
            let text = text(source, element);
            add_bucket(&mut bits, source.text(text));
        });
    } else {
        source.members(target, &mut |source, key, _| {
            add_bucket(&mut bits, source.text(key));
        });
    }
    bits
}

/// Adds a bucket by its decimal text; other texts can equal none.
fn add_bucket(bits: &mut Bits, text: &str) {
    let canonical = !text.starts_with('0') || text.len() == 1;
    if let Some(bucket) = unsigned(text).filter(|_| canonical && !text.is_empty()) {
        buckets::add(bits, u32::try_from(bucket).unwrap_or(u32::MAX));
    }
}

fn equality(source: &mut Source<'_>, kind: Kind, target: Span) -> Vec<u8> {
    let mut blob = Vec::new();
    match kind {
        Kind::Null => blob.push(eq::NULL),
        Kind::Bool(false) => blob.push(eq::FALSE),
        Kind::Bool(true) => blob.push(eq::TRUE),
        Kind::Number => {
            let number = float(source, kind, target).unwrap_or(f64::NAN);
            blob.push(eq::NUMBER);
            blob.extend_from_slice(&number.to_le_bytes());
        }
        Kind::String => {
            let text = source.string(target).unwrap_or(Span::ABSENT);
            blob.push(eq::STRING);
            blob.extend_from_slice(source.bytes(text));
        }
        Kind::Array | Kind::Object => {
            let is_list = kind == Kind::Array;
            let entries = Entries::read(source, target);
            blob.push(if is_list { eq::ARRAY } else { eq::OBJECT });
            push_varint(&mut blob, entries.texts.len() as u32);
            for (key, text) in entries.keys.entries.iter().zip(&entries.texts) {
                if is_list {
                    push_varint(&mut blob, key.number);
                } else {
                    push_string(&mut blob, source.bytes(key.name));
                }
                push_string(&mut blob, source.bytes(*text));
            }
        }
    }
    blob
}

/// A DFA where this build makes them and the pattern fits; else the pattern's text.
fn pattern(source: &Source<'_>, writer: &mut Writer, pattern: Span) -> (Operator, u32) {
    let text = source.text(pattern);
    #[cfg(feature = "compile-regex")]
    {
        use crate::pattern::compile::{Compiled, compile};

        match compile(text) {
            Compiled::Dfa(dfa) => return (Operator::StrMatches, writer.blobs.intern(&dfa)),
            Compiled::Invalid => {
                writer.warn(source, WarningKind::InvalidPattern(text.into()));
                return (Operator::Never, NONE);
            }
            Compiled::NeedsEngine(_) => {}
        }
    }
    writer.warn(source, WarningKind::PatternNeedsEngine(text.into()));
    (
        Operator::StrMatchesPattern,
        writer.blobs.intern(text.as_bytes()),
    )
}
