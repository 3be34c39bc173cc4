//! Parameter stores (`evaluation.md` §5.6).

use super::error::ReadFault;
use super::heap::Members;
use super::outline::Sections;
use super::read::{Field, Is, fields, no_parts, record, unsigned};
use super::source::{Read, Source, Span};
use super::writer::{RowBytes, Writer};
use crate::hash::text_hash;
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

pub(super) fn write(source: &mut Source<'_>, writer: &mut Writer, sections: &Sections) -> Read<()> {
    let stores = sections.read(source, "param_stores", &STORES)?;
    if sections.get("param_stores").is_absent() {
        return Ok(());
    }
    let stores = Members::read(source, stores);
    let section = Section::ParameterStores;
    for at in writer.index(source, section, STORE_ROW, &stores.names.entries) {
        let Some((name, store)) = stores.at(at) else {
            continue;
        };
        let [parameters, target_app_ids, version] = record(source, store, &STORE_FIELDS);
        let first = writer.rows_in(Section::Parameters, PARAMETER);
        for (name, parameter) in Members::read(source, parameters).iter() {
            write_parameter(source, writer, name, parameter);
        }
        let end = writer.rows_in(Section::Parameters, PARAMETER);
        let version = unsigned(source.text(version)).filter(|_| !version.is_absent());
        let mut row = RowBytes::new();
        row.u32(text_hash(source.bytes(name)))
            .u32(writer.text(source, name))
            .u32(first)
            .u32(end.wrapping_sub(first))
            .u32(writer.optional_list(source, target_app_ids))
            .u32(version.map_or(NONE, |version| version as u32))
            .u32(0);
        writer.put(section, row.bytes());
    }
    Ok(())
}

fn write_parameter(source: &mut Source<'_>, writer: &mut Writer, name: Span, parameter: Span) {
    let slots = record(source, parameter, &PARAMETER_FIELDS);
    let [ref_type, param_type, ..] = slots;
    let Some(meaning) = Meaning::of(source, &slots) else {
        return;
    };
    let (first, second) = (
        writer.value(source, meaning.first),
        writer.value(source, meaning.second),
    );
    let mut row = RowBytes::new();
    row.u32(writer.text(source, name));
    for text in [param_type, ref_type] {
        let text = source.string(text).unwrap_or(Span::ABSENT);
        row.u32(writer.text(source, text));
    }
    row.u32(meaning.kind)
        .u32(writer.text(source, meaning.entity))
        .u32(writer.text(source, meaning.parameter))
        .u32(first)
        .u32(second);
    writer.put(Section::Parameters, row.bytes());
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
    fn of(source: &mut Source<'_>, slots: &[Span; 11]) -> Option<Self> {
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
        ] = *slots;
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
