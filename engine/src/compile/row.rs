//! Rows by their columns: what each is made of stands in a table beside the fields of the record.

use super::read::unsigned;
use super::source::{Source, Span};
use super::writer::Writer;
use crate::number::parse_float;
use crate::table::Section;

/// What a column is made of: a field of the record by its place, or what the caller gives.
#[derive(Clone, Copy)]
pub(super) enum Column {
    /// The field's text.
    Text(u8),
    /// The text of a value that may be a string.
    String(u8),
    /// The value itself.
    Value(u8),
    /// What stands for the value where an object is asked for.
    Object(u8),
    /// The list that an array of strings is.
    List(u8),
    /// Four bytes of an unsigned integer, zero without one.
    Number(u8),
    /// Eight bytes of one.
    Long(u8),
    /// A double, zero without one.
    Float(u8),
    /// An id type.
    Unit(u8),
    /// A user field.
    Field(u8),
    /// The next given number, in at most eight bytes.
    Given(u8),
}

impl Writer {
    /// Appends a row to a section.
    #[inline(never)]
    pub(super) fn row(
        &mut self,
        source: &mut Source<'_>,
        section: Section,
        columns: &[Column],
        fields: &[Span],
        given: &[u32],
    ) {
        let mut given = given.iter();
        for column in columns {
            let at = match *column {
                Column::Text(at)
                | Column::String(at)
                | Column::Value(at)
                | Column::Object(at)
                | Column::List(at)
                | Column::Number(at)
                | Column::Long(at)
                | Column::Float(at)
                | Column::Unit(at)
                | Column::Field(at)
                | Column::Given(at) => at,
            };
            let field = fields.get(at as usize).copied().unwrap_or(Span::ABSENT);
            let (size, value) = match column {
                Column::Text(_) => (4, self.text(source, field).into()),
                Column::String(_) => {
                    let text = source.string(field).unwrap_or(Span::ABSENT);
                    (4, self.text(source, text).into())
                }
                Column::Value(_) => (4, self.value(source, field).into()),
                Column::Object(_) => (4, self.object_value(source, field).into()),
                Column::List(_) => (4, self.optional_list(source, field).into()),
                Column::Number(_) => (4, unsigned(source.bytes(field)).unwrap_or(0)),
                Column::Long(_) => (8, unsigned(source.bytes(field)).unwrap_or(0)),
                Column::Float(_) => {
                    let number = parse_float(source.text(field)).unwrap_or(0.0);
                    (8, number.to_bits())
                }
                Column::Unit(_) => (2, self.unit(source, field).into()),
                Column::Field(_) => (2, self.field(source, field).into()),
                Column::Given(size) => {
                    let number = given.next().copied().unwrap_or(0);
                    (usize::from(*size), number.into())
                }
            };
            self.put(section, value, size);
        }
    }
}
