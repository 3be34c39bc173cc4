//! The table while it is being made: its sections, and how they become one byte string.

use alloc::string::String;
use alloc::vec::Vec;

use super::error::{ReadFault, Warning, WarningKind};
use super::heap::{Heap, Named};
use super::members;
use super::source::{Read, Source, Span};
use crate::hash::{bucket, checksum, text_hash};
use crate::json::write_minified;
use crate::sha256::Sha256;
use crate::table::condition::{CONDITION, ConditionType, FIELD, Operator, mask};
use crate::table::set::{LINEAR, StringSet, bucket_bits};
use crate::table::wire::{NONE, heap, push_varint, same};
use crate::table::{FLAG_V1, FORMAT_VERSION, HEADER, MAGIC, META, SECTIONS, Section};
use crate::user::Builtin;

/// Sets up to this size have masks: with 24 texts a third of the others has the bits of some of them.
const MASKED: u32 = 24;

/// Bytes of a unit's row.
const UNIT: usize = 8;

/// A row that is written field by field, in the order of the format.
pub(super) struct RowBytes {
    /// Each field is written as eight bytes, of which the next one covers those too many.
    bytes: [u8; META + 8],
    at: usize,
}

impl RowBytes {
    pub(super) fn new() -> Self {
        RowBytes {
            bytes: [0; META + 8],
            at: 0,
        }
    }

    #[inline(never)]
    fn put(&mut self, value: u64, size: usize) -> &mut Self {
        let rest = self.bytes.get_mut(self.at..);
        if let Some(place) = rest.and_then(|rest| rest.first_chunk_mut::<8>()) {
            *place = value.to_le_bytes();
        }
        self.at = self.at.wrapping_add(size);
        self
    }

    pub(super) fn u8(&mut self, value: u8) -> &mut Self {
        self.put(u64::from(value), 1)
    }

    pub(super) fn u16(&mut self, value: u16) -> &mut Self {
        self.put(u64::from(value), 2)
    }

    #[inline(never)]
    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.put(u64::from(value), 4)
    }

    pub(super) fn u64(&mut self, value: u64) -> &mut Self {
        self.put(value, 8)
    }

    pub(super) fn f64(&mut self, value: f64) -> &mut Self {
        self.put(value.to_bits(), 8)
    }

    /// The row as far as it is written.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.at).unwrap_or_default()
    }
}

/// Where the compiler is, for warnings.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// The part of the payload, such as `feature_gates`; empty outside of specs.
    pub(super) part: &'static str,
    pub(super) spec: Span,
    /// The id of the rule.
    pub(super) rule: Span,
}

impl Context {
    pub(super) const NONE: Context = Context {
        part: "",
        spec: Span::ABSENT,
        rule: Span::ABSENT,
    };

    /// The spec, such as `feature_gates.new_home`.
    pub(super) fn path(&self, source: &Source<'_>) -> String {
        let mut path = String::from(self.part);
        if self.spec.present().is_some() {
            path.push('.');
            path.push_str(source.text(self.spec));
        }
        path
    }
}

/// All sections, growing.
pub(super) struct Writer {
    pub(super) v1: bool,
    pub(super) strings: Heap,
    pub(super) blobs: Heap,
    pub(super) values: Heap,
    pub(super) prefixes: Heap,
    pub(super) units: Heap,
    pub(super) fields: Heap,
    pub(super) conditions: Heap,
    /// Sections that are written from front to back: gates, rules, stores and so on.
    pub(super) sections: [Vec<u8>; SECTIONS],
    pub(super) warnings: Vec<Warning>,
    /// What is being written.
    pub(super) context: Context,
    /// Whether values may have white space between their tokens.
    pub(super) spaced: bool,
    last_unit: Option<(Span, u16)>,
    /// Space for a prefix while it is made.
    buffer: Vec<u8>,
}

impl Writer {
    pub(super) fn new(v1: bool, spaced: bool) -> Self {
        let mut writer = Writer {
            v1,
            strings: Heap::default(),
            blobs: Heap::default(),
            values: Heap::default(),
            prefixes: Heap::default(),
            units: Heap::rows(UNIT),
            fields: Heap::rows(FIELD),
            conditions: Heap::rows(CONDITION),
            sections: [const { Vec::new() }; SECTIONS],
            warnings: Vec::new(),
            context: Context::NONE,
            spaced,
            last_unit: None,
            buffer: Vec::new(),
        };
        // The empty text, so that offset 0 is one.
        writer.strings.intern(b"");
        writer
    }

    #[cold]
    #[inline(never)]
    pub(super) fn warn(&mut self, source: &Source<'_>, kind: WarningKind) {
        let rule = self.context.rule.present();
        let warning = Warning {
            kind,
            spec: self.context.path(source),
            rule: rule.map(|rule| source.text(rule).into()),
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Appends to a section.
    #[inline(never)]
    pub(super) fn put(&mut self, section: Section, bytes: &[u8]) {
        if let Some(place) = self.sections.get_mut(section as usize) {
            place.extend_from_slice(bytes);
        }
    }

    /// How many rows of a size a section has.
    #[inline(never)]
    pub(super) fn rows_in(&self, section: Section, size: usize) -> u32 {
        let section = self.sections.get(section as usize);
        let length = section.map_or(0, Vec::len);
        length.checked_div(size).unwrap_or(0) as u32
    }

    /// Whether the condition of this row is `public`.
    pub(super) fn is_for_everyone(&self, condition: u32) -> bool {
        self.conditions.row(condition).first() == Some(&(ConditionType::Public as u8))
    }

    /// Whether writing the condition of this row again gives a warning.
    pub(super) fn warns_at(&self, condition: u32) -> bool {
        match *self.conditions.row(condition) {
            [condition_type, operator, ..] => {
                condition_type == ConditionType::Unsupported as u8
                    || operator == Operator::Unsupported as u8
                    || operator == Operator::StrMatchesPattern as u8
            }
            _ => false,
        }
    }

    #[inline(never)]
    pub(super) fn string(&mut self, text: &[u8]) -> u32 {
        self.strings.intern(text)
    }

    /// A text of the payload.
    #[inline(never)]
    pub(super) fn text(&mut self, source: &Source<'_>, text: Span) -> u32 {
        match text.present() {
            Some(text) => self.string(source.bytes(text)),
            None => NONE,
        }
    }

    /// Interns JSON text of any type, without its white space. A new object has the index of its members behind it.
    #[inline(never)]
    pub(super) fn value(&mut self, source: &Source<'_>, value: Span) -> u32 {
        let Some(value) = value.present() else {
            return NONE;
        };
        let json = source.bytes(value);
        if !self.spaced {
            let end = self.values.bytes.len();
            let at = self.values.intern(json);
            if at as usize == end && json.starts_with(b"{") {
                match source.indexes.get(value) {
                    Some(index) => self.values.bytes.extend_from_slice(index),
                    None => members::write(source.text(value), &mut self.values.bytes),
                }
            }
            return at;
        }
        let mut minified = String::with_capacity(json.len());
        // A `String` takes everything, and the text has been scanned.
        let _ = write_minified(source.text(value), &mut minified);
        self.minified(&minified)
    }

    #[inline(never)]
    fn minified(&mut self, json: &str) -> u32 {
        let end = self.values.bytes.len();
        let at = self.values.intern(json.as_bytes());
        if at as usize == end && json.starts_with('{') {
            members::write(json, &mut self.values.bytes);
        }
        at
    }

    /// What stands for a value where an object is asked for: it, the empty one for another type, none for a bool or null
    /// (`evaluation.md` §1.7).
    #[inline(never)]
    pub(super) fn object_value(&mut self, source: &Source<'_>, value: Span) -> u32 {
        match source.bytes(value).first() {
            Some(b'{') => self.value(source, value),
            None | Some(b't' | b'f' | b'n') => NONE,
            Some(_) => self.minified("{}"),
        }
    }

    /// What a hash begins with: the texts, each with a full stop behind it.
    pub(super) fn prefix(&mut self, texts: &[&[u8]]) -> u32 {
        self.buffer.clear();
        for text in texts {
            self.buffer.extend_from_slice(text);
            self.buffer.push(b'.');
        }
        self.prefixes.intern(&Sha256::encode_prefix(&self.buffer))
    }

    /// An id type.
    pub(super) fn unit(&mut self, source: &mut Source<'_>, name: Span) -> Read<u16> {
        let name = source.or_user_id(name);
        // Nearly all are the same.
        if let Some((known, unit)) = self.last_unit
            && same(source.bytes(known), source.bytes(name))
        {
            return Ok(unit);
        }
        let mark = source.mark();
        let lowered = source.lowered(name);
        let lowered = match source.bytes(lowered) {
            b"userid" => NONE,
            lowered => self.string(lowered),
        };
        source.forget(mark);
        let mut row = RowBytes::new();
        row.u32(self.text(source, name)).u32(lowered);
        let unit = u16::try_from(self.units.intern(row.bytes()));
        let unit = unit.map_err(|_| ReadFault::too_large())?;
        self.last_unit = Some((name, unit));
        Ok(unit)
    }

    /// A user field; all ones for none.
    pub(super) fn field(&mut self, source: &mut Source<'_>, name: Span) -> Read<u16> {
        if name.is_absent() {
            return Ok(u16::MAX);
        }
        let mark = source.mark();
        let lowered = source.lowered(name);
        let mut row = RowBytes::new();
        row.u32(self.text(source, name))
            .u32(self.text(source, lowered))
            .u32(u32::from(Builtin::code_of(source.text(lowered))));
        source.forget(mark);
        u16::try_from(self.fields.intern(row.bytes()))
            .ok()
            .filter(|&at| at < u16::MAX)
            .ok_or_else(ReadFault::too_large)
    }

    /// A list of strings in order.
    pub(super) fn list(&mut self, source: &Source<'_>, items: &[Span]) -> u32 {
        let mut blob = Vec::new();
        push_varint(&mut blob, items.len() as u32);
        for item in items {
            push_string(&mut blob, source.bytes(*item));
        }
        self.blobs.intern(&blob)
    }

    /// The list that an array of strings is.
    #[inline(never)]
    pub(super) fn optional_list(&mut self, source: &mut Source<'_>, array: Span) -> u32 {
        let Some(array) = array.present() else {
            return NONE;
        };
        let mut items = Vec::new();
        source.elements(array, &mut |source, element| {
            items.extend(source.string(element));
        });
        self.list(source, &items)
    }

    /// A set of distinct strings, for membership.
    pub(super) fn set(&mut self, source: &Source<'_>, items: &[Span]) -> u32 {
        let count = items.len() as u32;
        if count <= LINEAR {
            return self.list(source, items);
        }
        let (starts, order) = buckets(source, items.iter().copied());
        let mut entries = Vec::new();
        let mut blob = Vec::new();
        push_varint(&mut blob, count);
        let mut ordered = order.iter();
        let mut placed: u32 = 0;
        for start in starts {
            while placed < start {
                if let Some(item) = ordered.next().and_then(|&at| items.get(at as usize)) {
                    push_string(&mut entries, source.bytes(*item));
                }
                placed = placed.wrapping_add(1);
            }
            blob.extend_from_slice(&(entries.len() as u32).to_le_bytes());
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

    /// Begins a section of named rows of one size: how many buckets there are, and where their rows begin in the section.
    /// Gives the names' positions in the order of the rows.
    pub(super) fn index(
        &mut self,
        source: &Source<'_>,
        section: Section,
        row: usize,
        names: &[Named],
    ) -> Vec<u32> {
        let (starts, order) = buckets(source, names.iter().map(|known| known.name));
        let buckets = starts.len().saturating_sub(1) as u32;
        self.put(section, &buckets.trailing_zeros().to_le_bytes());
        let head = starts.len().saturating_add(1).saturating_mul(4) as u32;
        for start in starts {
            let at = head.saturating_add(start.saturating_mul(row as u32));
            self.put(section, &at.to_le_bytes());
        }
        order
    }

    /// The finished table: header, directory, sections.
    pub(super) fn finish(self, time: u64) -> Option<(Vec<u8>, Vec<Warning>)> {
        let mut sections = self.sections;
        for (section, heap) in [
            (Section::Units, self.units),
            (Section::Fields, self.fields),
            (Section::Conditions, self.conditions),
            (Section::Prefixes, self.prefixes),
            (Section::Strings, self.strings),
            (Section::Blobs, self.blobs),
            (Section::Values, self.values),
        ] {
            if let Some(place) = sections.get_mut(section as usize) {
                *place = heap.bytes;
            }
        }
        let start = HEADER.checked_add(SECTIONS.checked_mul(8)?)?;
        let mut total = start;
        for section in &mut sections {
            total = total.checked_add(section.len())?;
            // The table is copied together beside them.
            section.shrink_to_fit();
        }
        let mut out = Vec::with_capacity(total);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&(if self.v1 { FLAG_V1 } else { 0 }).to_le_bytes());
        out.extend_from_slice(&u32::try_from(total).ok()?.to_le_bytes());
        out.extend_from_slice(&(SECTIONS as u32).to_le_bytes());
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&time.to_le_bytes());
        let mut at = u32::try_from(start).ok()?;
        for section in &sections {
            let size = section.len() as u32;
            out.extend_from_slice(&at.to_le_bytes());
            out.extend_from_slice(&size.to_le_bytes());
            at = at.checked_add(size)?;
        }
        for section in sections {
            out.extend_from_slice(&section);
        }
        let checksum = checksum(out.get(24..)?);
        out.get_mut(16..24)?
            .copy_from_slice(&checksum.to_le_bytes());
        Some((out, self.warnings))
    }
}

pub(super) fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    push_varint(out, text.len() as u32);
    out.extend_from_slice(text);
}

/// Texts in the buckets of their hashes, about as many as there are texts: where each bucket starts (one more entry than
/// buckets), and the texts' positions in bucket order, those of one bucket in the order given.
fn buckets(
    source: &Source<'_>,
    texts: impl ExactSizeIterator<Item = Span>,
) -> (Vec<u32>, Vec<u32>) {
    let bits = bucket_bits(texts.len() as u32);
    let hashes: Vec<u32> = texts
        .map(|text| bucket(text_hash(source.bytes(text)), bits))
        .collect();
    // How many there are in the buckets before; then, one place further on, where the next one of a bucket goes.
    let buckets = 1usize.checked_shl(bits).unwrap_or(1);
    let mut starts = alloc::vec![0u32; buckets.saturating_add(2)];
    for &bucket in &hashes {
        if let Some(count) = starts.get_mut((bucket as usize).saturating_add(2)) {
            *count = count.wrapping_add(1);
        }
    }
    let mut sum: u32 = 0;
    for start in &mut starts {
        sum = sum.wrapping_add(*start);
        *start = sum;
    }
    let mut order = alloc::vec![0u32; hashes.len()];
    for (at, &bucket) in hashes.iter().enumerate() {
        let Some(next) = starts.get_mut((bucket as usize).saturating_add(1)) else {
            continue;
        };
        if let Some(place) = order.get_mut(*next as usize) {
            *place = at as u32;
        }
        *next = next.wrapping_add(1);
    }
    starts.pop();
    (starts, order)
}
