//! Parameter stores (`evaluation.md` §5.6).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::error::{CompileError, ReadFault};
use super::heap::Map;
use super::mapping::rows_in;
use super::outline::Span;
use super::read::{Read, object, optional, string, text, version};
use super::spec::{required, strings};
use super::writer::{RowBytes, Writer, buckets};
use crate::hash::text_hash;
use crate::json::{Kind, Scanner};
use crate::table::Section;
use crate::table::parameter_store::{PARAMETER, STORE};
use crate::table::set::bucket_bits;
use crate::table::wire::NONE;

struct Store<'j> {
    parameters: Vec<(Cow<'j, str>, Parameter<'j>)>,
    target_app_ids: Option<Vec<Cow<'j, str>>>,
    version: Option<u32>,
}

/// The fields of a parameter; which of them are there says what it is.
#[derive(Default)]
struct Parameter<'j> {
    param_type: Cow<'j, str>,
    ref_type: Cow<'j, str>,
    kind: u32,
    entity: Option<Cow<'j, str>>,
    parameter: Option<Cow<'j, str>>,
    first: Option<&'j str>,
    second: Option<&'j str>,
}

pub(super) fn write<'j>(writer: &mut Writer<'j>, span: Span<'j>) -> Result<(), CompileError> {
    let mut stores: Map<'j, Store<'j>> = Map::default();
    optional(&mut span.scanner(), |scanner| {
        object(scanner, |name, scanner| {
            stores.insert(name, read_store(scanner)?);
            Ok(())
        })
    })
    .map_err(|fault| fault.within("param_stores"))?;
    let entries = &stores.entries;
    let (starts, order) = buckets(
        entries.iter().map(|(name, _)| text_hash(name.as_bytes())),
        bucket_bits(entries.len() as u32),
    );
    writer.put_index(Section::ParameterStores, &starts, STORE);
    for (name, store) in order.iter().filter_map(|&at| entries.get(at as usize)) {
        let first = rows_in(writer, Section::Parameters, PARAMETER);
        for (name, parameter) in &store.parameters {
            write_parameter(writer, name, parameter);
        }
        let row: [u8; STORE] = RowBytes::new()
            .u32(text_hash(name.as_bytes()))
            .u32(writer.string(name))
            .u32(first)
            .u32(store.parameters.len() as u32)
            .u32(writer.optional_list(store.target_app_ids.as_deref()))
            .u32(store.version.unwrap_or(NONE))
            .u32(0)
            .done();
        writer.put(Section::ParameterStores, &row);
    }
    Ok(())
}

fn write_parameter(writer: &mut Writer<'_>, name: &str, parameter: &Parameter<'_>) {
    let mut value = |json: Option<&str>| json.map_or(NONE, |json| writer.value(json));
    let (first, second) = (value(parameter.first), value(parameter.second));
    let row: [u8; PARAMETER] = RowBytes::new()
        .u32(writer.string(name))
        .u32(writer.string(&parameter.param_type))
        .u32(writer.string(&parameter.ref_type))
        .u32(parameter.kind)
        .u32(writer.optional_string(parameter.entity.as_deref()))
        .u32(writer.optional_string(parameter.parameter.as_deref()))
        .u32(first)
        .u32(second)
        .done();
    writer.put(Section::Parameters, &row);
}

fn read_store<'j>(scanner: &mut Scanner<'j>) -> Read<Store<'j>> {
    let at = scanner.offset();
    let mut parameters = None;
    let mut target_app_ids = None;
    let mut store_version = None;
    object(scanner, |key, scanner| {
        match key.as_ref() {
            "parameters" => {
                let mut read: Map<'j, Parameter<'j>> = Map::default();
                object(scanner, |name, scanner| {
                    read.insert(name, read_parameter(scanner)?);
                    Ok(())
                })?;
                parameters = Some(read.entries);
            }
            "targetAppIDs" => target_app_ids = optional(scanner, strings)?,
            "version" => store_version = optional(scanner, version)?,
            _ => {
                scanner.skip()?;
            }
        }
        Ok(())
    })?;
    Ok(Store {
        parameters: required(parameters, "parameters", at)?,
        target_app_ids,
        version: store_version,
    })
}

/// A parameter is what its fields make it, in this order: static, gate, dynamic config, experiment, layer.
fn read_parameter<'j>(scanner: &mut Scanner<'j>) -> Read<Parameter<'j>> {
    let at = scanner.offset();
    let mut fields: Map<'j, Span<'j>> = Map::default();
    object(scanner, |key, scanner| {
        fields.insert(key, Span::take(scanner)?);
        Ok(())
    })?;
    let as_text = |name: &str| -> Option<Cow<'j, str>> {
        let mut scanner = fields.get(name)?.scanner();
        match scanner.peek() {
            Ok(Kind::String) => scanner.string().ok().map(text),
            _ => None,
        }
    };
    let json = |name: &str| fields.get(name).map(Span::text);
    let ref_type = required(as_text("ref_type"), "ref_type", at)?;
    let param_type = required(as_text("param_type"), "param_type", at)?;
    if let Some(name) = fields.get("name").filter(|name| name.text() != "null") {
        string(&mut name.scanner()).map_err(|fault| fault.within("name"))?;
    }
    if let Some(value) = json("value") {
        return Ok(Parameter {
            param_type,
            ref_type,
            first: Some(value),
            ..Parameter::default()
        });
    }
    if let (Some(gate), Some(pass), Some(fail)) =
        (as_text("gate_name"), json("pass_value"), json("fail_value"))
    {
        return Ok(Parameter {
            param_type,
            ref_type,
            kind: 1,
            entity: Some(gate),
            first: Some(pass),
            second: Some(fail),
            ..Parameter::default()
        });
    }
    for (kind, name) in [
        (2, "config_name"),
        (3, "experiment_name"),
        (4, "layer_name"),
    ] {
        if let (Some(entity), Some(parameter)) = (as_text(name), as_text("param_name")) {
            return Ok(Parameter {
                param_type,
                ref_type,
                kind,
                entity: Some(entity),
                parameter: Some(parameter),
                ..Parameter::default()
            });
        }
    }
    Err(ReadFault::mistyped("", at))
}
