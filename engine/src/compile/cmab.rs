//! Contextual bandits (`evaluation.md` §5.7).

use super::heap::Names;
use super::outline::Sections;
use super::read::{Field, Is, record};
use super::row::Column;
use super::source::{Read, Source, Span};
use super::writer::Writer;
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

/// The hash's prefix, and what else is not a field, are given.
static COLUMNS: [Column; 12] = [
    Column::Given(4),
    Column::Unit(2),
    Column::Given(2),
    Column::List(8),
    Column::Object(1),
    Column::Number(4),
    Column::Text(10),
    Column::Given(4),
    Column::Float(5),
    Column::Given(4),
    Column::Given(4),
    Column::Given(8),
];

/// Fields of the group, then those of its model.
static GROUP_COLUMNS: [Column; 9] = [
    Column::Text(0),
    Column::Text(1),
    Column::Object(2),
    Column::Given(4),
    Column::Float(3),
    Column::Float(4),
    Column::Long(5),
    Column::Given(4),
    Column::Given(4),
];

static WEIGHT_COLUMNS: [Column; 4] = [
    Column::Field(0),
    Column::Given(2),
    Column::Text(1),
    Column::Float(2),
];

/// Writes the bandits; gives each name its row.
pub(super) fn write(
    source: &mut Source<'_>,
    writer: &mut Writer,
    sections: &Sections,
    rows: &mut Names,
) -> Read<()> {
    let bandits = sections.read(source, "cmab_configs", &BANDITS)?;
    let mut walk = source.walk(bandits);
    while let Some((name, bandit)) = walk.next(source) {
        let row = writer.rows_in(Section::Cmabs, CMAB);
        rows.set(source, name, row, Span::ABSENT);
        write_bandit(source, writer, bandit);
    }
    Ok(())
}

fn write_bandit(source: &mut Source<'_>, writer: &mut Writer, bandit: Span) {
    let mut fields = [Span::ABSENT; 11];
    record(source, bandit, &BANDIT_FIELDS, &mut fields);
    let [
        salt,
        _,
        _,
        enabled,
        _,
        _,
        higher_is_better,
        groups,
        _,
        config,
        _,
    ] = fields;
    let models = Names::of_members(source, config);
    let first = writer.rows_in(Section::CmabGroups, CMAB_GROUP);
    let mut walk = source.walk(groups);
    while let Some((_, group)) = walk.next(source) {
        write_group(source, writer, group, &models);
    }
    models.discard();
    let end = writer.rows_in(Section::CmabGroups, CMAB_GROUP);
    let flag = |set: bool, flag: u32| if set { flag } else { 0 };
    let flags = flag(source.is(enabled, "true"), flags::ENABLED)
        | flag(source.is(higher_is_better, "true"), flags::HIGHER_IS_BETTER)
        | flag(!config.is_absent(), flags::HAS_CONFIG);
    let prefix = writer.prefix(source, &[salt]);
    let given = [prefix, 0, flags, first, end.wrapping_sub(first), 0];
    writer.row(source, Section::Cmabs, &COLUMNS, &fields, &given);
}

fn write_group(source: &mut Source<'_>, writer: &mut Writer, group: Span, models: &Names) {
    let mut fields = [Span::ABSENT; 8];
    let (of_group, of_model) = fields.split_at_mut(3);
    record(source, group, &GROUP_FIELDS, of_group);
    let id = of_group.get(1).copied().unwrap_or(Span::ABSENT);
    let model = models.get(source, id).map(|model| model.value);
    record(
        source,
        model.unwrap_or(Span::ABSENT),
        &MODEL_FIELDS,
        of_model,
    );
    let [.., numerical, categorical] = fields;
    let first = writer.rows_in(Section::CmabWeights, CMAB_WEIGHT);
    // The order in which they are added up.
    let categorical = Names::of_members(source, categorical);
    for field in &categorical.entries {
        let categories = Names::of_members(source, field.value);
        for weight in &categories.entries {
            write_weight(source, writer, [field.name, weight.name, weight.value]);
        }
        categories.discard();
    }
    let numerical = Names::of_members(source, numerical);
    for weight in &numerical.entries {
        write_weight(source, writer, [weight.name, Span::ABSENT, weight.value]);
    }
    let end = writer.rows_in(Section::CmabWeights, CMAB_WEIGHT);
    let flags = match model {
        None => 0,
        Some(_) if categorical.entries.is_empty() && numerical.entries.is_empty() => {
            group_flags::HAS_MODEL
        }
        Some(_) => group_flags::HAS_MODEL | group_flags::HAS_WEIGHTS,
    };
    categorical.discard();
    numerical.discard();
    let given = [flags, first, end.wrapping_sub(first)];
    writer.row(source, Section::CmabGroups, &GROUP_COLUMNS, &fields, &given);
}

fn write_weight(source: &mut Source<'_>, writer: &mut Writer, fields: [Span; 3]) {
    writer.row(source, Section::CmabWeights, &WEIGHT_COLUMNS, &fields, &[0]);
}
