//! Contextual bandits (`evaluation.md` §5.7).

use super::heap::{Members, Names};
use super::outline::Sections;
use super::read::{Field, Is, record, unsigned};
use super::source::{Read, Source, Span};
use super::writer::{RowBytes, Writer};
use crate::number::parse_float;
use crate::table::{
    CMAB, CMAB_GROUP, CMAB_WEIGHT, Section, cmab_flags as flags, cmab_group_flags as group_flags,
};

/// The bandits by name.
pub(super) static BANDITS: Field = Field::each(Is::Map(&BANDIT)).nullable();
static BANDIT: Field = Field::each(Is::Record(&BANDIT_FIELDS));
static BANDIT_FIELDS: [Field; 11] = [
    Field::new("salt", Is::Text).required(),
    Field::new("defaultValue", Is::Any).required(),
    Field::new("idType", Is::Text).required(),
    Field::new("enabled", Is::Bool).required(),
    Field::new("version", Is::U32).required(),
    Field::new("sampleRate", Is::Float).required(),
    Field::new("higherIsBetter", Is::Bool).required(),
    Field::new("groups", Is::List(&GROUP)).required(),
    Field::new("targetAppIDs", Is::List(&NAME)).nullable(),
    Field::new("config", Is::Map(&MODEL)).nullable(),
    Field::new("targetingGateName", Is::Text).nullable(),
];
static NAME: Field = Field::each(Is::Text);
static GROUP: Field = Field::each(Is::Record(&GROUP_FIELDS));
static GROUP_FIELDS: [Field; 3] = [
    Field::new("name", Is::Text).required(),
    Field::new("id", Is::Text).required(),
    Field::new("parameterValues", Is::Any).required(),
];
static MODEL: Field = Field::each(Is::Record(&MODEL_FIELDS));
static MODEL_FIELDS: [Field; 5] = [
    Field::new("alpha", Is::Float).required(),
    Field::new("intercept", Is::Float).required(),
    Field::new("records", Is::U64).required(),
    Field::new("weightsNumerical", Is::Map(&WEIGHT)).required(),
    Field::new("weightsCategorical", Is::Map(&WEIGHTS)).required(),
];
static WEIGHTS: Field = Field::each(Is::Map(&WEIGHT));
static WEIGHT: Field = Field::each(Is::Float);

/// Writes the bandits; gives each name its row.
pub(super) fn write(
    source: &mut Source<'_>,
    writer: &mut Writer,
    sections: &Sections,
) -> Read<Names> {
    let bandits = sections.read(source, "cmab_configs", &BANDITS)?;
    let mut rows = Names::default();
    let mut written = Ok(());
    source.members(bandits, &mut |source, name, bandit| {
        rows.set(source, name, writer.rows_in(Section::Cmabs, CMAB));
        if written.is_ok() {
            written = write_bandit(source, writer, bandit);
        }
    });
    written?;
    Ok(rows)
}

fn write_bandit(source: &mut Source<'_>, writer: &mut Writer, bandit: Span) -> Read<()> {
    let [
        salt,
        default_value,
        id_type,
        enabled,
        version,
        sample_rate,
        higher_is_better,
        groups,
        target_app_ids,
        config,
        targeting_gate,
    ] = record(source, bandit, &BANDIT_FIELDS);
    let models = Members::read(source, config);
    let first = writer.rows_in(Section::CmabGroups, CMAB_GROUP);
    let mut written = Ok(());
    source.elements(groups, &mut |source, group| {
        if written.is_ok() {
            written = write_group(source, writer, group, &models);
        }
    });
    written?;
    let groups = writer
        .rows_in(Section::CmabGroups, CMAB_GROUP)
        .wrapping_sub(first);
    let flag = |set: bool, flag: u32| if set { flag } else { 0 };
    let flags = flag(source.is(enabled, "true"), flags::ENABLED)
        | flag(source.is(higher_is_better, "true"), flags::HIGHER_IS_BETTER)
        | flag(!config.is_absent(), flags::HAS_CONFIG);
    let prefix = writer.prefix(&[source.bytes(salt)]);
    let mut row = RowBytes::new();
    row.u32(prefix)
        .u16(writer.unit(source, id_type)?)
        .u16(0)
        .u32(writer.optional_list(source, target_app_ids))
        .u32(writer.object_value(source, default_value))
        .u32(unsigned(source.text(version)).unwrap_or(0) as u32)
        .u32(writer.text(source, targeting_gate))
        .u32(flags)
        .f64(float(source, sample_rate))
        .u32(first)
        .u32(groups)
        .u64(0);
    writer.put(Section::Cmabs, row.bytes());
    Ok(())
}

fn float(source: &Source<'_>, number: Span) -> f64 {
    parse_float(source.text(number)).unwrap_or(0.0)
}

fn write_group(
    source: &mut Source<'_>,
    writer: &mut Writer,
    group: Span,
    models: &Members,
) -> Read<()> {
    let [name, id, value] = record(source, group, &GROUP_FIELDS);
    let model = models.get(source, id);
    let [alpha, intercept, records, numerical, categorical] =
        record(source, model.unwrap_or(Span::ABSENT), &MODEL_FIELDS);
    let first = writer.rows_in(Section::CmabWeights, CMAB_WEIGHT);
    // The order in which they are added up.
    let categorical = Members::read(source, categorical);
    for (field, categories) in categorical.iter() {
        for (category, weight) in Members::read(source, categories).iter() {
            write_weight(source, writer, field, category, weight)?;
        }
    }
    let numerical = Members::read(source, numerical);
    for (field, weight) in numerical.iter() {
        write_weight(source, writer, field, Span::ABSENT, weight)?;
    }
    let end = writer.rows_in(Section::CmabWeights, CMAB_WEIGHT);
    let flags = match model {
        None => 0,
        Some(_) if categorical.values.is_empty() && numerical.values.is_empty() => {
            group_flags::HAS_MODEL
        }
        Some(_) => group_flags::HAS_MODEL | group_flags::HAS_WEIGHTS,
    };
    let mut row = RowBytes::new();
    row.u32(writer.text(source, name))
        .u32(writer.text(source, id))
        .u32(writer.object_value(source, value))
        .u32(flags)
        .f64(float(source, alpha))
        .f64(float(source, intercept))
        .u64(unsigned(source.text(records)).unwrap_or(0))
        .u32(first)
        .u32(end.wrapping_sub(first));
    writer.put(Section::CmabGroups, row.bytes());
    Ok(())
}

fn write_weight(
    source: &mut Source<'_>,
    writer: &mut Writer,
    field: Span,
    category: Span,
    weight: Span,
) -> Read<()> {
    let mut row = RowBytes::new();
    row.u16(writer.field(source, field)?)
        .u16(0)
        .u32(writer.text(source, category))
        .f64(float(source, weight));
    writer.put(Section::CmabWeights, row.bytes());
    Ok(())
}
