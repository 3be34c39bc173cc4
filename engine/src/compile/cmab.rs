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
use crate::table::{
    CMAB, CMAB_GROUP, CMAB_WEIGHT, Section, cmab_flags as flags, cmab_group_flags as group_flags,
};

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
    categorical: Map<'j, Map<'j, f64>>,
    numerical: Map<'j, f64>,
}

impl<'j> Model<'j> {
    fn flags(&self) -> u32 {
        let none = self.categorical.entries.is_empty() && self.numerical.entries.is_empty();
        match none {
            true => group_flags::HAS_MODEL,
            false => group_flags::HAS_MODEL | group_flags::HAS_WEIGHTS,
        }
    }

    /// Field, category of a categorical weight, weight: in the order in which they are added up.
    fn weights(&self) -> impl Iterator<Item = (&Cow<'j, str>, Option<&Cow<'j, str>>, f64)> {
        let categorical = self
            .categorical
            .entries
            .iter()
            .flat_map(|(field, categories)| {
                categories
                    .entries
                    .iter()
                    .map(move |(category, weight)| (field, Some(category), *weight))
            });
        let numerical = self.numerical.entries.iter();
        categorical.chain(numerical.map(|(field, weight)| (field, None, *weight)))
    }
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
    // §1.7, as the values of rules.
    Ok(match kind {
        Kind::Object => Some(text),
        Kind::String | Kind::Number | Kind::Array => Some("{}"),
        Kind::Bool(_) | Kind::Null => None,
    })
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
    let (mut numerical, mut categorical) = (None, None);
    object(scanner, |key, scanner| {
        match key.as_ref() {
            "alpha" => alpha = Some(float(scanner)?),
            "intercept" => intercept = Some(float(scanner)?),
            "records" => records = Some(unsigned(scanner)?),
            "weightsNumerical" => numerical = Some(map_of(scanner, float)?),
            "weightsCategorical" => {
                categorical = Some(map_of(scanner, |scanner| map_of(scanner, float))?);
            }
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
        numerical: required(numerical, "weightsNumerical", at)?,
        categorical: required(categorical, "weightsCategorical", at)?,
    })
}

/// An object; of a name given twice the last counts.
fn map_of<'j, T>(
    scanner: &mut Scanner<'j>,
    value: impl Fn(&mut Scanner<'j>) -> Read<T>,
) -> Read<Map<'j, T>> {
    let mut map = Map::default();
    object(scanner, |key, scanner| {
        map.insert(key, value(scanner)?);
        Ok(())
    })?;
    Ok(map)
}

fn write_bandit<'j>(writer: &mut Writer<'j>, bandit: Bandit<'j>) -> Read<()> {
    let first = rows_in(writer, Section::CmabGroups, CMAB_GROUP);
    for group in &bandit.groups {
        let model = bandit
            .models
            .as_ref()
            .and_then(|models| models.get(&group.id));
        let first = rows_in(writer, Section::CmabWeights, CMAB_WEIGHT);
        let mut weights: u32 = 0;
        for (field, category, weight) in model.into_iter().flat_map(Model::weights) {
            weights = weights.saturating_add(1);
            let row: [u8; CMAB_WEIGHT] = RowBytes::new()
                .u16(writer.field(Some(field))?)
                .u16(0)
                .u32(writer.optional_string(category.map(Cow::as_ref)))
                .f64(weight)
                .done();
            writer.put(Section::CmabWeights, &row);
        }
        let row: [u8; CMAB_GROUP] = RowBytes::new()
            .u32(writer.string(&group.name))
            .u32(writer.string(&group.id))
            .u32(group.value.map_or(NONE, |value| writer.value(value)))
            .u32(model.map_or(0, Model::flags))
            .f64(model.map_or(0.0, |model| model.alpha))
            .f64(model.map_or(0.0, |model| model.intercept))
            .u64(model.map_or(0, |model| model.records))
            .u32(first)
            .u32(weights)
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
