//! Parameter stores (`evaluation.md` §5.6).

use super::error::ReadFault;
use super::heap::{Named, Names, hash};
use super::outline::Sections;
use super::read::{Field, Is, fields, no_parts, record, unsigned};
use super::row::Column;
use super::source::{Read, Source, Span};
use super::writer::Writer;
use crate::json::Scanner;
use crate::table::Section;
use crate::table::parameter_store::{PARAMETER, STORE as STORE_ROW};
use crate::table::wire::NONE;

static STORES: Field = Field::each(Is::Map(&STORE)).nullable();
static STORE: Field = Field::each(Is::Record(&STORE_FIELDS));
static STORE_FIELDS: [Field; 3] = [
    Field::new("parameters", Is::Map(&PARAMETER_OF_STORE)).required(),
    Field::new("targetAppIDs", Is::List(&NAME)).nullable(),
    Field::new("version", Is::U32).nullable(),
];
static NAME: Field = Field::each(Is::Text);
static PARAMETER_OF_STORE: Field = Field::each(Is::Checked(check));

static PARAMETER_FIELDS: [Field; 11] = [
    Field::new("ref_type", Is::Any),
    Field::new("param_type", Is::Any),
    Field::new("name", Is::Any),
    Field::new("value", Is::Any),
    Field::new("gate_name", Is::Any),
    Field::new("pass_value", Is::Any),
    Field::new("fail_value", Is::Any),
    Field::new("config_name", Is::Any),
    Field::new("experiment_name", Is::Any),
    Field::new("layer_name", Is::Any),
    Field::new("param_name", Is::Any),
];

static COLUMNS: [Column; 7] = [
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::List(1),
    Column::Given(4),
    Column::Given(4),
];

/// The fields, and behind them the name, the entity, the parameter and both values.
static PARAMETER_COLUMNS: [Column; 8] = [
    Column::Text(11),
    Column::String(1),
    Column::String(0),
    Column::Given(4),
    Column::Text(12),
    Column::Text(13),
    Column::Given(4),
    Column::Given(4),
];

pub(super) fn write(source: &mut Source<'_>, writer: &mut Writer, sections: &Sections) -> Read<()> {
    let stores = sections.read(source, "param_stores", &STORES)?;
    if sections.get("param_stores").is_absent() {
        return Ok(());
    }
    let stores = Names::of_members(source, stores);
    let section = Section::ParameterStores;
    let ordered = writer.index(source, section, STORE_ROW, &stores.entries);
    for &at in ordered.order() {
        if let Some(store) = stores.entries.get(at as usize) {
            write_store(source, writer, store);
        }
    }
    stores.discard();
    Ok(())
}

fn write_store(source: &mut Source<'_>, writer: &mut Writer, store: &Named) {
    let mut fields = [Span::ABSENT; 3];
    record(source, store.value, &STORE_FIELDS, &mut fields);
    let [parameters, _, version] = fields;
    let first = writer.rows_in(Section::Parameters, PARAMETER);
    let parameters = Names::of_members(source, parameters);
    for parameter in &parameters.entries {
        write_parameter(source, writer, parameter);
    }
    parameters.discard();
    let end = writer.rows_in(Section::Parameters, PARAMETER);
    let version = match version.is_absent() {
        true => None,
        false => unsigned(source.bytes(version)),
    };
    let given = [
        hash(source.bytes(store.name)),
        writer.text(source, store.name),
        first,
        end.wrapping_sub(first),
        version.map_or(NONE, |version| version as u32),
        0,
    ];
    writer.row(source, Section::ParameterStores, &COLUMNS, &fields, &given);
}

fn write_parameter(source: &mut Source<'_>, writer: &mut Writer, parameter: &Named) {
    let mut fields = [Span::ABSENT; 14];
    let (of_parameter, _) = fields.split_at_mut(11);
    record(source, parameter.value, &PARAMETER_FIELDS, of_parameter);
    let Some(meaning) = Meaning::of(source, of_parameter) else {
        return;
    };
    let [.., name, entity, parameter_name] = &mut fields;
    (*name, *entity, *parameter_name) = (parameter.name, meaning.entity, meaning.parameter);
    let first = writer.value(source, meaning.first);
    let second = writer.value(source, meaning.second);
    let given = [meaning.kind, first, second];
    let section = Section::Parameters;
    writer.row(source, section, &PARAMETER_COLUMNS, &fields, &given);
}

/// What a parameter's fields make it.
struct Meaning {
    kind: u32,
    entity: Span,
    parameter: Span,
    first: Span,
    second: Span,
}

impl Meaning {
    /// In this order: static, gate, dynamic config, experiment, layer.
    fn of(source: &mut Source<'_>, slots: &[Span]) -> Option<Self> {
        let [
            _,
            _,
            _,
            value,
            gate_name,
            pass_value,
            fail_value,
            config_name,
            experiment_name,
            layer_name,
            param_name,
        ] = *slots.first_chunk::<11>()?;
        let mut meaning = Meaning {
            kind: 0,
            entity: Span::ABSENT,
            parameter: Span::ABSENT,
            first: value,
            second: Span::ABSENT,
        };
        if !value.is_absent() {
            return Some(meaning);
        }
        if let Some(gate) = source.string(gate_name)
            && !pass_value.is_absent()
            && !fail_value.is_absent()
        {
            meaning.kind = 1;
            meaning.entity = gate;
            meaning.first = pass_value;
            meaning.second = fail_value;
            return Some(meaning);
        }
        meaning.parameter = source.string(param_name)?;
        for (kind, name) in (2..).zip([config_name, experiment_name, layer_name]) {
            if let Some(entity) = source.string(name) {
                meaning.kind = kind;
                meaning.entity = entity;
                return Some(meaning);
            }
        }
        None
    }
}

fn check<'j>(source: &mut Source<'j>, scanner: &mut Scanner<'j>) -> Read<()> {
    scanner.peek()?;
    let at = scanner.offset();
    let mut slots = [Span::ABSENT; 11];
    fields(
        source,
        scanner,
        &PARAMETER_FIELDS,
        &mut slots,
        &mut no_parts,
    )?;
    let [ref_type, param_type, name, ..] = slots;
    for (text, field) in [(ref_type, "ref_type"), (param_type, "param_type")] {
        if source.string(text).is_none() {
            return Err(ReadFault::missing(field, at));
        }
    }
    let named = name.is_absent() || source.is(name, "null");
    if !named && source.string(name).is_none() {
        return Err(ReadFault::mistyped("name", name.start as usize));
    }
    match Meaning::of(source, &slots) {
        Some(_) => Ok(()),
        None => Err(ReadFault::mistyped("", at)),
    }
}
