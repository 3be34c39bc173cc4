//! The table while it is being made: its sections, and how they become one byte string.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::error::{ReadFault, Warning, WarningKind};
use super::heap::{Heap, Map, Rows};
use super::read::Read;
use crate::hash::{bucket, checksum, text_hash};
use crate::json::write_minified;
use crate::lowercase::lowercased;
use crate::sha256::Prefix;
use crate::table::condition::{CONDITION, ConditionType, FIELD, Operator, mask};
use crate::table::set::{LINEAR, StringSet, bucket_bits};
use crate::table::wire::{NONE, heap, push_varint};
use crate::table::{FLAG_V1, FORMAT_VERSION, HEADER, MAGIC, SECTIONS, Section};
use crate::user::Builtin;

/// Sets up to this size have masks: with 24 texts a third of the others has the bits of some of them.
const MASKED: u32 = 24;

/// A row that is written field by field, in the order of the format.
pub(super) struct RowBytes<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> RowBytes<N> {
    pub(super) fn new() -> Self {
        RowBytes {
            bytes: [0; N],
            at: 0,
        }
    }

    fn put(mut self, field: &[u8]) -> Self {
        let end = self.at.saturating_add(field.len());
        if let Some(place) = self.bytes.get_mut(self.at..end) {
            place.copy_from_slice(field);
        }
        self.at = end;
        self
    }

    pub(super) fn u8(self, value: u8) -> Self {
        self.put(&[value])
    }

    pub(super) fn u16(self, value: u16) -> Self {
        self.put(&value.to_le_bytes())
    }

    pub(super) fn u32(self, value: u32) -> Self {
        self.put(&value.to_le_bytes())
    }

    pub(super) fn u64(self, value: u64) -> Self {
        self.put(&value.to_le_bytes())
    }

    pub(super) fn f64(self, value: f64) -> Self {
        self.put(&value.to_le_bytes())
    }

    /// The finished row; every byte has been written.
    pub(super) fn done(self) -> [u8; N] {
        debug_assert_eq!(self.at, N, "a row is written completely");
        self.bytes
    }
}

/// All sections, growing.
pub(super) struct Writer<'j> {
    pub(super) v1: bool,
    pub(super) time: u64,
    pub(super) strings: Heap,
    pub(super) blobs: Heap,
    pub(super) values: Heap,
    pub(super) prefixes: Heap,
    pub(super) units: Rows<8>,
    pub(super) fields: Rows<FIELD>,
    pub(super) conditions: Rows<CONDITION>,
    pub(super) rules: Vec<u8>,
    pub(super) rule_conditions: Vec<u8>,
    /// Sections that are written once: gates, configs, stores and so on.
    pub(super) sections: [Vec<u8>; SECTIONS],
    /// The rows of gates and configs by name.
    pub(super) gates: Map<'j, u32>,
    pub(super) configs: Map<'j, u32>,
    pub(super) warnings: Vec<Warning>,
    /// The spec and the rule being read, for warnings.
    pub(super) spec: String,
    pub(super) rule: Option<String>,
}

impl<'j> Writer<'j> {
    pub(super) fn new(v1: bool) -> Self {
        let mut writer = Writer {
            v1,
            time: 0,
            strings: Heap::default(),
            blobs: Heap::default(),
            values: Heap::default(),
            prefixes: Heap::default(),
            units: Rows::default(),
            fields: Rows::default(),
            conditions: Rows::default(),
            rules: Vec::new(),
            rule_conditions: Vec::new(),
            sections: [const { Vec::new() }; SECTIONS],
            gates: Map::default(),
            configs: Map::default(),
            warnings: Vec::new(),
            spec: String::new(),
            rule: None,
        };
        // The empty text, so that offset 0 is one.
        writer.strings.intern(b"");
        writer
    }

    pub(super) fn warn(&mut self, kind: WarningKind) {
        let warning = Warning {
            kind,
            spec: self.spec.clone(),
            rule: self.rule.clone(),
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Appends to a section.
    pub(super) fn put(&mut self, section: Section, bytes: &[u8]) {
        if let Some(place) = self.sections.get_mut(section as usize) {
            place.extend_from_slice(bytes);
        }
    }

    /// Begins an index: how many buckets there are, and where their rows of this size begin in the section.
    pub(super) fn put_index(&mut self, section: Section, starts: &[u32], row: usize) {
        let buckets = starts.len().saturating_sub(1) as u32;
        self.put(section, &buckets.trailing_zeros().to_le_bytes());
        let head = starts.len().saturating_add(1).saturating_mul(4) as u32;
        for start in starts {
            let at = head.saturating_add(start.saturating_mul(row as u32));
            self.put(section, &at.to_le_bytes());
        }
    }

    pub(super) fn section(&self, section: Section) -> &[u8] {
        self.sections
            .get(section as usize)
            .map_or(&[], Vec::as_slice)
    }

    /// Whether writing the condition of this row again gives a warning.
    pub(super) fn warns_at(&self, condition: u32) -> bool {
        let row = self
            .conditions
            .bytes
            .as_chunks::<CONDITION>()
            .0
            .get(condition as usize);
        row.is_some_and(|[condition_type, operator, ..]| {
            *condition_type == ConditionType::Unsupported as u8
                || *operator == Operator::Unsupported as u8
                || *operator == Operator::StrMatchesPattern as u8
        })
    }

    /// Whether the condition of this row is `public`.
    pub(super) fn is_for_everyone(&self, condition: u32) -> bool {
        let rows = self.conditions.bytes.as_chunks::<CONDITION>().0;
        rows.get(condition as usize)
            .is_some_and(|row| row.first() == Some(&(ConditionType::Public as u8)))
    }

    pub(super) fn string(&mut self, text: &str) -> u32 {
        self.strings.intern(text.as_bytes())
    }

    pub(super) fn optional_string(&mut self, text: Option<&str>) -> u32 {
        text.map_or(NONE, |text| self.string(text))
    }

    /// Interns JSON text of any type, without its white space.
    pub(super) fn value(&mut self, json: &str) -> u32 {
        let mut minified = String::with_capacity(json.len());
        // A `String` takes everything, and the text has been scanned.
        let _ = write_minified(json, &mut minified);
        self.values.intern(minified.as_bytes())
    }

    pub(super) fn prefix(&mut self, text: &str) -> u32 {
        self.prefixes.intern(&Prefix::encode(text.as_bytes()))
    }

    pub(super) fn unit(&mut self, name: &str) -> Read<u16> {
        let lowered = match &*lowercased(name) {
            "userid" => NONE,
            lowered => self.string(lowered),
        };
        let row = RowBytes::new().u32(self.string(name)).u32(lowered).done();
        u16::try_from(self.units.intern(&row)).map_err(|_| ReadFault::too_large())
    }

    /// A user field; all ones for none.
    pub(super) fn field(&mut self, name: Option<&str>) -> Read<u16> {
        let Some(name) = name else {
            return Ok(u16::MAX);
        };
        let lowered = lowercased(name);
        let row = RowBytes::new()
            .u32(self.string(name))
            .u32(self.string(&lowered))
            .u8(Builtin::code_of(&lowered))
            .u8(0)
            .u16(0)
            .done();
        u16::try_from(self.fields.intern(&row))
            .ok()
            .filter(|&at| at < u16::MAX)
            .ok_or_else(ReadFault::too_large)
    }

    /// A list of strings in order.
    pub(super) fn list<S: AsRef<str>>(&mut self, items: &[S]) -> u32 {
        let mut blob = Vec::new();
        push_varint(&mut blob, items.len() as u32);
        for item in items {
            push_string(&mut blob, item.as_ref());
        }
        self.blobs.intern(&blob)
    }

    pub(super) fn optional_list(&mut self, items: Option<&[Cow<'_, str>]>) -> u32 {
        items.map_or(NONE, |items| self.list(items))
    }

    /// A set of distinct strings, for membership.
    pub(super) fn set<S: AsRef<str>>(&mut self, items: &[S]) -> u32 {
        let count = items.len() as u32;
        if count <= LINEAR {
            return self.list(items);
        }
        let bits = bucket_bits(count);
        let (starts, order) = buckets(
            items.iter().map(|item| text_hash(item.as_ref().as_bytes())),
            bits,
        );
        let mut entries = Vec::new();
        let mut offsets = Vec::with_capacity(starts.len());
        let mut ordered = order.iter();
        let mut placed: u32 = 0;
        for start in starts {
            while placed < start {
                if let Some(item) = ordered.next().and_then(|&at| items.get(at as usize)) {
                    push_string(&mut entries, item.as_ref());
                }
                placed = placed.saturating_add(1);
            }
            offsets.push(entries.len() as u32);
        }
        let mut blob = Vec::with_capacity(
            entries
                .len()
                .saturating_add(offsets.len().saturating_mul(4)),
        );
        push_varint(&mut blob, count);
        for offset in offsets {
            blob.extend_from_slice(&offset.to_le_bytes());
        }
        blob.extend_from_slice(&entries);
        self.blobs.intern(&blob)
    }

    /// The masks of the texts in a set, together; all ones for a large set, of which each bit would be one soon.
    pub(super) fn masks(&self, set: u32) -> u64 {
        let set = heap(&self.blobs.bytes, set).and_then(StringSet::read);
        match set {
            Some(set) if set.len() <= MASKED => set
                .entries()
                .fold(0, |masks, entry| masks | mask(text_hash(entry))),
            _ => u64::MAX,
        }
    }

    /// The finished table: header, directory, sections.
    pub(super) fn finish(mut self) -> Option<(Vec<u8>, Vec<Warning>)> {
        for (section, bytes) in [
            (Section::Units, self.units.bytes),
            (Section::Fields, self.fields.bytes),
            (Section::Rules, self.rules),
            (Section::RuleConditions, self.rule_conditions),
            (Section::Conditions, self.conditions.bytes),
            (Section::Prefixes, self.prefixes.bytes),
            (Section::Strings, self.strings.bytes),
            (Section::Blobs, self.blobs.bytes),
            (Section::Values, self.values.bytes),
        ] {
            if let Some(place) = self.sections.get_mut(section as usize) {
                *place = bytes;
            }
        }
        let start = HEADER.checked_add(SECTIONS.checked_mul(8)?)?;
        let total = self
            .sections
            .iter()
            .try_fold(start, |sum, section| sum.checked_add(section.len()))?;
        let mut out = Vec::with_capacity(total);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&(if self.v1 { FLAG_V1 } else { 0 }).to_le_bytes());
        out.extend_from_slice(&u32::try_from(total).ok()?.to_le_bytes());
        out.extend_from_slice(&(SECTIONS as u32).to_le_bytes());
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.time.to_le_bytes());
        let mut at = u32::try_from(start).ok()?;
        for section in &self.sections {
            let size = section.len() as u32;
            out.extend_from_slice(&at.to_le_bytes());
            out.extend_from_slice(&size.to_le_bytes());
            at = at.checked_add(size)?;
        }
        for section in &mut self.sections {
            out.append(&mut core::mem::take(section));
        }
        let checksum = checksum(out.get(24..)?);
        out.get_mut(16..24)?
            .copy_from_slice(&checksum.to_le_bytes());
        Some((out, self.warnings))
    }
}

pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    push_varint(out, text.len() as u32);
    out.extend_from_slice(text.as_bytes());
}

/// The items of 2^bits buckets: where each bucket starts (one more entry than buckets), and the items in bucket
/// order, those of one bucket in the order given.
pub(super) fn buckets(hashes: impl Iterator<Item = u32>, bits: u32) -> (Vec<u32>, Vec<u32>) {
    let mut order: Vec<(u32, u32)> = hashes
        .enumerate()
        .map(|(at, hash)| (bucket(hash, bits), at as u32))
        .collect();
    order.sort_unstable();
    let mut starts = Vec::new();
    for (at, (bucket, _)) in order.iter().enumerate() {
        while starts.len() <= *bucket as usize {
            starts.push(at as u32);
        }
    }
    let buckets = 1usize.checked_shl(bits).unwrap_or(1);
    while starts.len() <= buckets {
        starts.push(order.len() as u32);
    }
    (starts, order.into_iter().map(|(_, at)| at).collect())
}
