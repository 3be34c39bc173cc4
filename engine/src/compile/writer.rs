//! The table while it is being made: its sections, and how they become one byte string.

use alloc::string::String;
use alloc::vec::Vec;

use super::error::{Warning, WarningKind};
use super::heap::{self, Heap};
use super::members;
use super::source::{Source, Span};
use crate::hash::checksum;
use crate::json::write_minified;
use crate::sha256::Sha256;
use crate::table::condition::{CONDITION, Condition, ConditionType, FIELD, Operator, SLOTS};
use crate::table::wire::{NONE, same};
use crate::table::{FLAG_V1, FORMAT_VERSION, HEADER, MAGIC, SECTIONS, Section};
use crate::user::Builtin;

/// Bytes of a unit's row.
const UNIT: usize = 8;

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
    pub(super) sections: Vec<Heap>,
    pub(super) warnings: Vec<Warning>,
    /// What is being written.
    pub(super) context: Context,
    /// Whether values may have white space between their tokens.
    pub(super) spaced: bool,
    /// The masks of the texts in the last set, together; all ones for a large set, of which each bit would be one soon.
    pub(super) masks: u64,
    /// Whether something has more of it than the format can number.
    pub(super) too_large: bool,
    /// What is compared with lists: types and fields or units.
    slots: Vec<u32>,
    last_unit: Option<(Span, u16)>,
    /// Space for a blob or a prefix while it is made.
    pub(super) buffer: Vec<u8>,
}

impl Writer {
    pub(super) fn new(v1: bool, spaced: bool) -> Self {
        let mut writer = Writer {
            v1,
            sections: Vec::new(),
            warnings: Vec::new(),
            context: Context::NONE,
            spaced,
            masks: 0,
            too_large: false,
            slots: Vec::new(),
            last_unit: None,
            buffer: Vec::new(),
        };
        writer.sections.resize_with(SECTIONS, Heap::default);
        // The empty text, so that offset 0 is one.
        writer.string(b"");
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
        // Those of a rule come one behind another, but for its value's.
        let known = self.warnings.iter().rev();
        let mut known = known.take_while(|known| known.is_of_rule(&warning));
        if !known.any(|known| known.says(&warning)) {
            self.warnings.push(warning);
        }
    }

    /// Warns of a text.
    #[cold]
    #[inline(never)]
    pub(super) fn warn_of(
        &mut self,
        source: &Source<'_>,
        kind: fn(String) -> WarningKind,
        text: &str,
    ) {
        self.warn(source, kind(text.into()));
    }

    /// Appends the lowest bytes of a number to a section.
    #[inline(never)]
    pub(super) fn put(&mut self, section: Section, value: u64, size: usize) {
        if let Some(place) = self.sections.get_mut(section as usize) {
            place.push(value.to_le_bytes().get(..size).unwrap_or_default());
        }
    }

    pub(super) fn bytes(&self, section: Section) -> &[u8] {
        let section = self.sections.get(section as usize);
        section.map_or(&[], |section| &section.bytes)
    }

    /// How many rows of a size a section has.
    #[inline(never)]
    pub(super) fn rows_in(&self, section: Section, size: usize) -> u32 {
        let length = self.bytes(section).len();
        length.checked_div(size).unwrap_or(0) as u32
    }

    /// The condition of a row.
    #[inline(never)]
    fn condition(&self, row: u32) -> Option<Condition<'_>> {
        let row = heap::row(self.bytes(Section::Conditions), CONDITION, row);
        row?.first_chunk().map(Condition::new)
    }

    /// The number of what a condition compares with a list, by its type and its field or unit; 0 when there are too many.
    pub(super) fn slot(&mut self, condition_type: ConditionType, subject: u16) -> u8 {
        let subject = u32::from(subject) << 8 | u32::from(condition_type as u8);
        let known = self.slots.iter().position(|known| *known == subject);
        let at = known.unwrap_or(self.slots.len()).saturating_add(1);
        if at >= SLOTS {
            return 0;
        }
        if known.is_none() {
            self.slots.push(subject);
        }
        at as u8
    }

    /// What a rule holds of its only condition, if that wants a text in a list: slot and masks.
    pub(super) fn list_test(&self, condition: u32) -> (u8, u64) {
        match self.condition(condition) {
            Some(condition)
                if condition.codes().1 == Operator::Any as u8 && condition.slot() > 0 =>
            {
                (condition.slot(), condition.masks())
            }
            _ => (0, 0),
        }
    }

    /// Whether the condition of this row is `public`.
    pub(super) fn is_for_everyone(&self, condition: u32) -> bool {
        let condition = self.condition(condition);
        condition.is_some_and(|condition| condition.codes().0 == ConditionType::Public as u8)
    }

    /// Whether writing the condition of this row again gives a warning.
    pub(super) fn warns_at(&self, condition: u32) -> bool {
        let Some(condition) = self.condition(condition) else {
            return false;
        };
        let (condition_type, operator) = condition.codes();
        condition_type == ConditionType::Unsupported as u8
            || operator == Operator::Unsupported as u8
            || operator == Operator::StrMatchesPattern as u8
    }

    /// The place of a byte string or a row in its section.
    #[inline(never)]
    pub(super) fn intern(&mut self, section: Section, size: usize, content: &[u8]) -> u32 {
        match self.sections.get_mut(section as usize) {
            Some(heap) => heap.intern(size, content),
            None => NONE,
        }
    }

    pub(super) fn string(&mut self, text: &[u8]) -> u32 {
        self.intern(Section::Strings, 0, text)
    }

    /// A text of the payload.
    #[inline(never)]
    pub(super) fn text(&mut self, source: &Source<'_>, text: Span) -> u32 {
        match text.present() {
            Some(text) => self.string(source.bytes(text)),
            None => NONE,
        }
    }

    /// Interns JSON text of any type, without its white space.
    #[inline(never)]
    pub(super) fn value(&mut self, source: &Source<'_>, value: Span) -> u32 {
        let Some(value) = value.present() else {
            return NONE;
        };
        if !source.is_fit(value) {
            self.warn_of(source, WarningKind::Unreadable, "value");
            return NONE;
        }
        let json = source.payload(value);
        if !self.spaced {
            return self.json(json, source.indexes.get(value));
        }
        let mut minified = String::with_capacity(json.len());
        // A `String` takes everything, and the text has been scanned.
        let _ = write_minified(json, &mut minified);
        self.json(&minified, None)
    }

    /// A new object has the index of its members behind it.
    #[inline(never)]
    fn json(&mut self, json: &str, index: Option<&[u8]>) -> u32 {
        let end = self.bytes(Section::Values).len();
        let at = self.intern(Section::Values, 0, json.as_bytes());
        if at as usize == end
            && json.starts_with('{')
            && let Some(values) = self.sections.get_mut(Section::Values as usize)
        {
            match index {
                Some(index) => values.push(index),
                None => members::write(json, &mut values.bytes),
            }
        }
        at
    }

    /// What stands for a value where an object is asked for: it, the empty one for another type, none for a bool or null
    /// (`evaluation.md` §1.7).
    #[inline(never)]
    pub(super) fn object_value(&mut self, source: &Source<'_>, value: Span) -> u32 {
        if value.is_unfit() {
            self.warn_of(source, WarningKind::Unreadable, "value");
            return self.json("{}", None);
        }
        match source.bytes(value).first() {
            Some(b'{') => self.value(source, value),
            None | Some(b't' | b'f' | b'n') => NONE,
            Some(_) => self.json("{}", None),
        }
    }

    /// What a hash begins with: the texts, each with a full stop behind it.
    #[inline(never)]
    pub(super) fn prefix(&mut self, source: &Source<'_>, texts: &[Span]) -> u32 {
        self.buffer.clear();
        for text in texts {
            self.buffer.extend_from_slice(source.bytes(*text));
            self.buffer.push(b'.');
        }
        let prefix = Sha256::encode_prefix(&self.buffer);
        self.intern(Section::Prefixes, 0, &prefix)
    }

    /// The number of a row that is small.
    fn small(&mut self, section: Section, size: usize, columns: [u32; 3]) -> u16 {
        let [first, second, third] = columns.map(u32::to_le_bytes);
        let mut row = [0; 12];
        for (place, column) in row.as_chunks_mut().0.iter_mut().zip([first, second, third]) {
            *place = column;
        }
        let number = self.intern(section, size, row.get(..size).unwrap_or_default());
        // All ones is no field.
        self.too_large |= number >= u32::from(u16::MAX);
        number as u16
    }

    /// An id type.
    #[inline(never)]
    pub(super) fn unit(&mut self, source: &mut Source<'_>, name: Span) -> u16 {
        let name = source.or_user_id(name);
        // Nearly all are the same.
        if let Some((known, unit)) = self.last_unit
            && same(source.bytes(known), source.bytes(name))
        {
            return unit;
        }
        let mark = source.mark();
        let lowered = source.lowered(name);
        let lowered = match source.bytes(lowered) {
            b"userid" => NONE,
            lowered => self.string(lowered),
        };
        source.forget(mark);
        let name_at = self.text(source, name);
        let unit = self.small(Section::Units, UNIT, [name_at, lowered, 0]);
        self.last_unit = Some((name, unit));
        unit
    }

    /// A user field; all ones for none.
    #[inline(never)]
    pub(super) fn field(&mut self, source: &mut Source<'_>, name: Span) -> u16 {
        if name.is_absent() {
            return u16::MAX;
        }
        let mark = source.mark();
        let lowered = source.lowered(name);
        let name_at = self.text(source, name);
        let lowered_at = self.text(source, lowered);
        let builtin = Builtin::of(source.text(lowered)).0.into();
        source.forget(mark);
        self.small(Section::Fields, FIELD, [name_at, lowered_at, builtin])
    }

    /// The finished table: header, directory, sections.
    pub(super) fn finish(&mut self, time: u64) -> Option<Vec<u8>> {
        let start = HEADER.checked_add(SECTIONS.checked_mul(8)?)?;
        let mut total = start;
        if self.sections.iter().any(Heap::has_given_up) {
            return None;
        }
        for section in &mut self.sections {
            total = total.checked_add(section.bytes.len())?;
            // The table is copied together beside them.
            section.bytes.shrink_to_fit();
        }
        let total = u32::try_from(total).ok().filter(|_| !self.too_large)?;
        let mut out = Heap::default();
        out.bytes.reserve_exact(total as usize);
        out.push(&MAGIC);
        out.push(&FORMAT_VERSION.to_le_bytes());
        out.push(&(if self.v1 { FLAG_V1 } else { 0 }).to_le_bytes());
        out.push(&total.to_le_bytes());
        out.push(&(SECTIONS as u32).to_le_bytes());
        out.push(&[0; 8]);
        out.push(&time.to_le_bytes());
        let mut at = start as u32;
        for section in &self.sections {
            let size = section.bytes.len() as u32;
            out.push(&at.to_le_bytes());
            out.push(&size.to_le_bytes());
            at = at.wrapping_add(size);
        }
        for section in &self.sections {
            out.push(&section.bytes);
        }
        let mut table = out.bytes;
        let checksum = checksum(table.get(24..)?);
        *table.get_mut(16..)?.first_chunk_mut()? = checksum.to_le_bytes();
        Some(table)
    }
}
