//! Contextual bandits (`evaluation.md` §5.7).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::error::CompileError;
use super::heap::Map;
use super::mapping::rows_in;
use super::outline::Span;
use super::read::{Read, array, bool, float, object, optional, string, unsigned, version};
use super::spec::{required, strings};
use super::writer::{RowBytes, Writer};
use crate::json::{Kind, Scanner};
use crate::table::wire::NONE;
use crate::table::{CMAB, CMAB_GROUP, CMAB_WEIGHT, Section, cmab_flags as flags};

struct Bandit<'j> {
    salt: Cow<'j, str>,
    target_app_ids: Option<Vec<Cow<'j, str>>>,
    default_value: Option<&'j str>,
    id_type: Cow<'j, str>,
    enabled: bool,
    version: u32,
    sample_rate: f64,
    higher_is_better: bool,
    groups: Vec<Group<'j>>,
    models: Option<Map<'j, Model<'j>>>,
    targeting_gate: Option<Cow<'j, str>>,
}

struct Group<'j> {
    name: Cow<'j, str>,
    id: Cow<'j, str>,
    value: Option<&'j str>,
}

struct Model<'j> {
    alpha: f64,
    intercept: f64,
    records: u64,
    /// Field, category of a categorical weight, weight.
    weights: Vec<(Cow<'j, str>, Option<Cow<'j, str>>, f64)>,
}

/// The names of the bandits.
pub(super) fn names<'j>(span: Span<'j>) -> Result<Vec<Cow<'j, str>>, CompileError> {
    let mut names = Vec::new();
    optional(&mut span.scanner(), |scanner| {
        object(scanner, |name, scanner| {
            names.push(name);
            scanner.skip()?;
            Ok(())
        })
    })
    .map_err(|fault| fault.within("cmab_configs"))?;
    Ok(names)
}

/// Writes the bandits; gives each name its row.
pub(super) fn write<'j>(
    writer: &mut Writer<'j>,
    span: Option<Span<'j>>,
) -> Result<Map<'j, u32>, CompileError> {
    let mut rows = Map::default();
    let Some(span) = span else {
        return Ok(rows);
    };
    optional(&mut span.scanner(), |scanner| {
        object(scanner, |name, scanner| {
            let bandit = read(scanner)?;
            rows.insert(name, rows_in(writer, Section::Cmabs, CMAB));
            write_bandit(writer, bandit)
        })
    })
    .map_err(|fault| fault.within("cmab_configs"))?;
    Ok(rows)
}

fn object_or_none<'j>(scanner: &mut Scanner<'j>) -> Read<Option<&'j str>> {
    let kind = scanner.peek()?;
    let text = scanner.skip()?;
    Ok((kind == Kind::Object).then_some(text))
}

fn read<'j>(scanner: &mut Scanner<'j>) -> Read<Bandit<'j>> {
    let at = scanner.offset();
    let mut salt = None;
    let mut target_app_ids = None;
    let mut default_value = None;
    let mut id_type = None;
    let mut enabled = None;
    let mut bandit_version = None;
    let mut sample_rate = None;
    let mut higher_is_better = None;
    let mut groups = None;
    let mut models = None;
    let mut targeting_gate = None;
    object(scanner, |key, scanner| {
        match key.as_ref() {
            "salt" => salt = Some(string(scanner)?),
            "targetAppIDs" => target_app_ids = optional(scanner, strings)?,
            "defaultValue" => default_value = Some(object_or_none(scanner)?),
            "idType" => id_type = Some(string(scanner)?),
            "enabled" => enabled = Some(bool(scanner)?),
            "version" => bandit_version = Some(version(scanner)?),
            "sampleRate" => sample_rate = Some(float(scanner)?),
            "higherIsBetter" => higher_is_better = Some(bool(scanner)?),
            "groups" => {
                let mut read = Vec::new();
                array(scanner, |scanner| {
                    read.push(read_group(scanner)?);
                    Ok(())
                })?;
                groups = Some(read);
            }
            "config" => {
                models = optional(scanner, |scanner| {
                    let mut read = Map::default();
                    object(scanner, |id, scanner| {
                        read.insert(id, read_model(scanner)?);
                        Ok(())
                    })?;
                    Ok(read)
                })?;
            }
            "targetingGateName" => targeting_gate = optional(scanner, string)?,
            _ => {
                scanner.skip()?;
            }
        }
        Ok(())
    })?;
    Ok(Bandit {
        salt: required(salt, "salt", at)?,
        target_app_ids,
        default_value: required(default_value, "defaultValue", at)?,
        id_type: required(id_type, "idType", at)?,
        enabled: required(enabled, "enabled", at)?,
        version: required(bandit_version, "version", at)?,
        sample_rate: required(sample_rate, "sampleRate", at)?,
        higher_is_better: required(higher_is_better, "higherIsBetter", at)?,
        groups: required(groups, "groups", at)?,
        models,
        targeting_gate,
    })
}

fn read_group<'j>(scanner: &mut Scanner<'j>) -> Read<Group<'j>> {
    let at = scanner.offset();
    let (mut name, mut id, mut value) = (None, None, None);
    object(scanner, |key, scanner| {
        match key.as_ref() {
            "name" => name = Some(string(scanner)?),
            "id" => id = Some(string(scanner)?),
            "parameterValues" => value = Some(object_or_none(scanner)?),
            _ => {
                scanner.skip()?;
            }
        }
        Ok(())
    })?;
    Ok(Group {
        name: required(name, "name", at)?,
        id: required(id, "id", at)?,
        value: required(value, "parameterValues", at)?,
    })
}

fn read_model<'j>(scanner: &mut Scanner<'j>) -> Read<Model<'j>> {
    let at = scanner.offset();
    let (mut alpha, mut intercept, mut records) = (None, None, None);
    let mut weights = Vec::new();
    object(scanner, |key, scanner| {
        match key.as_ref() {
            "alpha" => alpha = Some(float(scanner)?),
            "intercept" => intercept = Some(float(scanner)?),
            "records" => records = Some(unsigned(scanner)?),
            "weightsNumerical" => object(scanner, |field, scanner| {
                weights.push((field, None, float(scanner)?));
                Ok(())
            })?,
            "weightsCategorical" => object(scanner, |field, scanner| {
                object(scanner, |category, scanner| {
                    weights.push((field.clone(), Some(category), float(scanner)?));
                    Ok(())
                })
            })?,
            _ => {
                scanner.skip()?;
            }
        }
        Ok(())
    })?;
    Ok(Model {
        alpha: required(alpha, "alpha", at)?,
        intercept: required(intercept, "intercept", at)?,
        records: required(records, "records", at)?,
        weights,
    })
}

fn write_bandit<'j>(writer: &mut Writer<'j>, bandit: Bandit<'j>) -> Read<()> {
    let first = rows_in(writer, Section::CmabGroups, CMAB_GROUP);
    for group in &bandit.groups {
        let model = bandit
            .models
            .as_ref()
            .and_then(|models| models.get(&group.id));
        let first = rows_in(writer, Section::CmabWeights, CMAB_WEIGHT);
        let weights = model.map_or(&[][..], |model| &model.weights);
        for (field, category, weight) in weights {
            let row: [u8; CMAB_WEIGHT] = RowBytes::new()
                .u16(writer.field(Some(field))?)
                .u16(0)
                .u32(writer.optional_string(category.as_deref()))
                .f64(*weight)
                .done();
            writer.put(Section::CmabWeights, &row);
        }
        let row: [u8; CMAB_GROUP] = RowBytes::new()
            .u32(writer.string(&group.name))
            .u32(writer.string(&group.id))
            .u32(group.value.map_or(NONE, |value| writer.value(value)))
            .u32(u32::from(model.is_some()))
            .f64(model.map_or(0.0, |model| model.alpha))
            .f64(model.map_or(0.0, |model| model.intercept))
            .u64(model.map_or(0, |model| model.records))
            .u32(first)
            .u32(weights.len() as u32)
            .done();
        writer.put(Section::CmabGroups, &row);
    }
    let flag = |set: bool, flag: u32| if set { flag } else { 0 };
    let row: [u8; CMAB] = RowBytes::new()
        .u32(writer.prefix(&alloc::format!("{}.", bandit.salt)))
        .u16(writer.unit(&bandit.id_type)?)
        .u16(0)
        .u32(writer.optional_list(bandit.target_app_ids.as_deref()))
        .u32(
            bandit
                .default_value
                .map_or(NONE, |value| writer.value(value)),
        )
        .u32(bandit.version)
        .u32(writer.optional_string(bandit.targeting_gate.as_deref()))
        .u32(
            flag(bandit.enabled, flags::ENABLED)
                | flag(bandit.higher_is_better, flags::HIGHER_IS_BETTER)
                | flag(bandit.models.is_some(), flags::HAS_CONFIG),
        )
        .f64(bandit.sample_rate)
        .u32(first)
        .u32(bandit.groups.len() as u32)
        .u64(0)
        .done();
    writer.put(Section::Cmabs, &row);
    Ok(())
}
