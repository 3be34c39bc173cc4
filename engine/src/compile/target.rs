//! Targets in the encoding of their operators (`evaluation.md` §2.3, §4.2).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::error::WarningKind;
use super::heap::Map;
use super::outline::Span;
use super::read::{Read, array, object, text};
use super::writer::{Writer, push_string};
use crate::evaluate::eq;
use crate::json::{Kind, Scanner, write_canonical};
use crate::number::parse_float;
use crate::table::condition::Operator;
use crate::table::wire::{NONE, push_varint};
use crate::{timestamp, version};

/// A target value by its forms.
pub(super) enum Target<'j> {
    Null,
    Bool(bool),
    Number(f64),
    String(Cow<'j, str>),
    /// Elements by lower case: of those that differ only by case the last one counts.
    Array(Map<'j, Element<'j>>),
    /// Keys and the texts of their values.
    Object(Map<'j, Cow<'j, str>>),
}

pub(super) struct Element<'j> {
    index: u32,
    text: Cow<'j, str>,
}

/// The text of an element or member: a string itself, else its JSON text.
fn element_text<'j>(scanner: &mut Scanner<'j>) -> Read<Cow<'j, str>> {
    match scanner.peek()? {
        Kind::String => return Ok(text(scanner.string()?)),
        Kind::Bool(value) => {
            scanner.bool()?;
            return Ok(Cow::Borrowed(if value { "true" } else { "false" }));
        }
        _ => {}
    }
    let json = scanner.skip()?;
    let mut out = String::new();
    // A number without a text, such as 1e999, has no form that a user value could equal.
    let _ = write_canonical(json, &mut out);
    Ok(Cow::Owned(out))
}

fn lowercase<'j>(text: &Cow<'j, str>) -> Cow<'j, str> {
    if crate::lowercase::is_plain_lowercase(text) {
        return text.clone();
    }
    Cow::Owned(crate::lowercase::lowercased(text))
}

impl<'j> Target<'j> {
    pub(super) fn read(span: Option<Span<'j>>) -> Read<Self> {
        let Some(span) = span else {
            return Ok(Target::Null);
        };
        let mut scanner = span.scanner();
        Ok(match scanner.peek()? {
            Kind::Null => Target::Null,
            Kind::Bool(value) => Target::Bool(value),
            Kind::Number => Target::Number(parse_float(scanner.number()?).unwrap_or(f64::NAN)),
            Kind::String => Target::String(text(scanner.string()?)),
            Kind::Array => {
                let mut elements = Map::default();
                let mut index = 0;
                array(&mut scanner, |scanner| {
                    let text = element_text(scanner)?;
                    elements.insert(lowercase(&text), Element { index, text });
                    index = index.saturating_add(1);
                    Ok(())
                })?;
                Target::Array(elements)
            }
            Kind::Object => {
                let mut members = Map::default();
                object(&mut scanner, |key, scanner| {
                    members.insert(key, element_text(scanner)?);
                    Ok(())
                })?;
                Target::Object(members)
            }
        })
    }

    fn float(&self) -> Option<f64> {
        match self {
            Target::Number(number) => Some(*number),
            Target::String(text) => parse_float(text),
            _ => None,
        }
    }

    /// §4.6: the timestamp of a string, else the float truncated.
    fn millis(&self) -> Option<i64> {
        let time = match self {
            Target::String(text) => timestamp::parse(text),
            _ => None,
        };
        time.or_else(|| Some(self.float()? as i64))
    }

    fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Target::Array(elements) => Some(
                elements
                    .entries
                    .iter()
                    .map(|(_, element)| element.text.as_ref())
                    .collect(),
            ),
            _ => None,
        }
    }

    fn keys(&self) -> Option<Vec<&str>> {
        fn names<'a, T>(map: &'a Map<'_, T>) -> Vec<&'a str> {
            map.entries.iter().map(|(name, _)| name.as_ref()).collect()
        }
        match self {
            Target::Array(elements) => Some(names(elements)),
            Target::Object(members) => Some(names(members)),
            _ => None,
        }
    }
}

/// The gate that a condition asks for: by row, with its name for the exposure (§3.6).
pub(super) fn gate(writer: &mut Writer<'_>, target: &Target<'_>) -> u32 {
    let name = match target {
        Target::String(name) => name.as_ref(),
        _ => "",
    };
    let blob = gate_bytes(writer, name);
    writer.blobs.intern(&blob)
}

/// Several gates in order (§4.9): unlike in other lists, names that differ only by case are different.
pub(super) fn gates<'j>(writer: &mut Writer<'j>, span: Option<Span<'j>>) -> Read<u32> {
    let mut names = Vec::new();
    if let Some(span) = span {
        array(&mut span.scanner(), |scanner| {
            // As the target of `pass_gate`: what is no name is the empty one.
            names.push(match scanner.peek()? {
                Kind::String => text(scanner.string()?),
                _ => {
                    scanner.skip()?;
                    Cow::Borrowed("")
                }
            });
            Ok(())
        })?;
    }
    let mut blob = Vec::new();
    push_varint(&mut blob, names.len() as u32);
    for name in names {
        let gate = gate_bytes(writer, &name);
        push_varint(&mut blob, gate.len() as u32);
        blob.extend_from_slice(&gate);
    }
    Ok(writer.blobs.intern(&blob))
}

fn gate_bytes(writer: &Writer<'_>, name: &str) -> Vec<u8> {
    let row = writer.gates.get(name).copied().unwrap_or(NONE);
    let mut bytes = Vec::from(row.to_le_bytes());
    bytes.extend_from_slice(name.as_bytes());
    bytes
}

/// The operator and the target in its encoding; `None` for an operator that is not known.
///
/// `bucket` says that the left side is a user bucket.
pub(super) fn comparison(
    writer: &mut Writer<'_>,
    name: &str,
    target: &Target<'_>,
    bucket: bool,
) -> Option<(Operator, u32)> {
    let never = (Operator::Never, NONE);
    let always = (Operator::Always, NONE);
    let compared = |operator: Operator, target: Option<u32>, otherwise: (Operator, u32)| {
        target.map_or(otherwise, |target| (operator, target))
    };
    Some(match name {
        "gt" | "gte" | "lt" | "lte" => {
            let operator = match name {
                "gt" => Operator::Gt,
                "gte" => Operator::Gte,
                "lt" => Operator::Lt,
                _ => Operator::Lte,
            };
            let number = target.float();
            let blob = number.map(|number| writer.blobs.intern(&number.to_le_bytes()));
            compared(operator, blob, never)
        }
        "version_gt" | "version_gte" | "version_lt" | "version_lte" | "version_eq"
        | "version_neq" => {
            let operator = match name {
                "version_gt" => Operator::VersionGt,
                "version_gte" => Operator::VersionGte,
                "version_lt" => Operator::VersionLt,
                "version_lte" => Operator::VersionLte,
                "version_eq" => Operator::VersionEq,
                _ => Operator::VersionNeq,
            };
            match target {
                Target::String(text) => {
                    let mut blob = Vec::new();
                    version::encode(text, &mut |bytes| blob.extend_from_slice(bytes));
                    (operator, writer.blobs.intern(&blob))
                }
                _ => never,
            }
        }
        "any" | "none" => {
            let any = name == "any";
            match target.keys() {
                None if any => never,
                None => always,
                Some(keys) if bucket => {
                    let operator = if any {
                        Operator::BucketAny
                    } else {
                        Operator::BucketNone
                    };
                    (operator, writer.blobs.intern(&bucket_bitmap(&keys)))
                }
                Some(keys) => {
                    let operator = if any { Operator::Any } else { Operator::None };
                    (operator, writer.set(&keys))
                }
            }
        }
        "any_case_sensitive" => {
            let set = target.texts().map(|texts| writer.set(&texts));
            compared(Operator::AnyCaseSensitive, set, never)
        }
        "none_case_sensitive" => {
            let set = target.texts().map(|texts| writer.set(&texts));
            compared(Operator::NoneCaseSensitive, set, always)
        }
        "str_starts_with_any" | "str_ends_with_any" | "str_contains_any" | "str_contains_none" => {
            let (operator, otherwise) = match name {
                "str_starts_with_any" => (Operator::StrStartsWithAny, never),
                "str_ends_with_any" => (Operator::StrEndsWithAny, never),
                "str_contains_any" => (Operator::StrContainsAny, never),
                _ => (Operator::StrContainsNone, always),
            };
            let keys = match target {
                Target::Array(_) => target.keys(),
                _ => None,
            };
            let list = keys.map(|keys| writer.list(&keys));
            compared(operator, list, otherwise)
        }
        "str_matches" => match target {
            Target::String(pattern) => self::pattern(writer, pattern),
            _ => never,
        },
        "before" | "after" | "on" => {
            let operator = match name {
                "before" => Operator::Before,
                "after" => Operator::After,
                _ => Operator::On,
            };
            let millis = target.millis();
            let blob = millis.map(|millis| writer.blobs.intern(&millis.to_le_bytes()));
            compared(operator, blob, never)
        }
        "eq" => (Operator::Eq, equality(writer, target)),
        "neq" => (Operator::Neq, equality(writer, target)),
        "in_segment_list" | "not_in_segment_list" => {
            let (operator, otherwise) = match name {
                "in_segment_list" => (Operator::InSegmentList, never),
                _ => (Operator::NotInSegmentList, always),
            };
            match target {
                Target::String(list) => (operator, writer.blobs.intern(list.as_bytes())),
                _ => otherwise,
            }
        }
        "array_contains_any"
        | "array_contains_none"
        | "array_contains_all"
        | "not_array_contains_all" => {
            let operator = match name {
                "array_contains_any" => Operator::ArrayContainsAny,
                "array_contains_none" => Operator::ArrayContainsNone,
                "array_contains_all" => Operator::ArrayContainsAll,
                _ => Operator::NotArrayContainsAll,
            };
            let list = target.texts().map(|texts| writer.list(&texts));
            compared(operator, list, never)
        }
        _ => return None,
    })
}

/// The thousand buckets as bits. A key that is no bucket's decimal text can equal none.
fn bucket_bitmap(keys: &[&str]) -> [u8; 125] {
    let mut bitmap = [0u8; 125];
    for key in keys {
        let canonical = !key.starts_with('0') || key.len() == 1;
        if let Some(bucket) = key
            .parse::<usize>()
            .ok()
            .filter(|_| canonical && !key.starts_with('+'))
            && let Some(byte) = bitmap.get_mut(bucket / 8)
        {
            *byte |= 1 << (bucket % 8);
        }
    }
    bitmap
}

fn equality(writer: &mut Writer<'_>, target: &Target<'_>) -> u32 {
    let mut blob = Vec::new();
    match target {
        Target::Null => blob.push(eq::NULL),
        Target::Bool(false) => blob.push(eq::FALSE),
        Target::Bool(true) => blob.push(eq::TRUE),
        Target::Number(number) => {
            blob.push(eq::NUMBER);
            blob.extend_from_slice(&number.to_le_bytes());
        }
        Target::String(text) => {
            blob.push(eq::STRING);
            blob.extend_from_slice(text.as_bytes());
        }
        Target::Array(elements) => {
            blob.push(eq::ARRAY);
            push_varint(&mut blob, elements.entries.len() as u32);
            for (_, element) in &elements.entries {
                push_varint(&mut blob, element.index);
                push_string(&mut blob, &element.text);
            }
        }
        Target::Object(members) => {
            blob.push(eq::OBJECT);
            push_varint(&mut blob, members.entries.len() as u32);
            for (key, text) in &members.entries {
                push_string(&mut blob, key);
                push_string(&mut blob, text);
            }
        }
    }
    writer.blobs.intern(&blob)
}

/// A DFA where this build makes them and the pattern fits; else the pattern's text.
fn pattern(writer: &mut Writer<'_>, pattern: &str) -> (Operator, u32) {
    #[cfg(feature = "compile-regex")]
    {
        use crate::pattern::compile::{Compiled, compile};

        match compile(pattern) {
            Compiled::Dfa(dfa) => return (Operator::StrMatches, writer.blobs.intern(&dfa)),
            Compiled::Invalid => {
                writer.warn(WarningKind::InvalidPattern(pattern.into()));
                return (Operator::Never, NONE);
            }
            Compiled::NeedsEngine(_) => {}
        }
    }
    writer.warn(WarningKind::PatternNeedsEngine(pattern.into()));
    (
        Operator::StrMatchesPattern,
        writer.blobs.intern(pattern.as_bytes()),
    )
}
