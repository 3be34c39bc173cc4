//! Config mappings: `overrides` and `override_rules` (`evaluation.md` §3.10).

use super::heap::Names;
use super::outline::Sections;
use super::read::{Field, Is, object, record};
use super::row::Column;
use super::rule;
use super::source::{Read, Source, Span};
use super::spec::Rules;
use super::writer::{Context, Writer};
use crate::table::wire::NONE;
use crate::table::{MAPPING, MAPPING_RULE, Section};

/// A config's mappings by its name.
pub(super) static OVERRIDES: Field = Field::each(Is::Map(&MAPPINGS)).nullable();
static MAPPINGS: Field = Field::each(Is::List(&ONE_MAPPING));
static ONE_MAPPING: Field = Field::each(Is::Record(&MAPPING_FIELDS));
static MAPPING_FIELDS: [Field; 2] = [
    Field::new("new_config_name", Is::Text).required(),
    Field::new("rules", Is::List(&ONE_RULE)).required(),
];
static ONE_RULE: Field = Field::each(Is::Record(&RULE_FIELDS));
static RULE_FIELDS: [Field; 2] = [
    Field::new("rule_name", Is::Text).required(),
    Field::new("start_time", Is::Integer).nullable(),
];

static COLUMNS: [Column; 3] = [Column::Text(0), Column::Given(4), Column::Given(4)];

/// A time before the epoch, which reads as zero, has passed as surely as the epoch itself.
static RULE_COLUMNS: [Column; 2] = [Column::Given(4), Column::Long(1)];

/// Writes the mappings; gives each name its row of overrides.
pub(super) fn write(
    source: &mut Source<'_>,
    writer: &mut Writer,
    rules: &mut Rules,
    sections: &Sections,
    (gates, configs): (&Names, &Names),
    rows: &mut Names,
) -> Read<()> {
    let mut by_name = Names::default();
    let section = sections.get("override_rules");
    let read = write_rules(
        source,
        writer,
        rules,
        section,
        (gates, configs),
        &mut by_name,
    );
    read.map_err(|fault| fault.within("override_rules"))?;
    let overrides = sections.read(source, "overrides", &OVERRIDES)?;
    let mut walk = source.walk(overrides);
    while let Some((name, mappings)) = walk.next(source) {
        let first = writer.rows_in(Section::Mappings, MAPPING);
        let mut walk = source.walk(mappings);
        while let Some((_, mapping)) = walk.next(source) {
            write_mapping(source, writer, mapping, &by_name);
        }
        let end = writer.rows_in(Section::Mappings, MAPPING);
        let row = writer.rows_in(Section::Overrides, 8);
        rows.set(source, name, row, Span::ABSENT);
        writer.put(Section::Overrides, first.into(), 4);
        writer.put(Section::Overrides, end.wrapping_sub(first).into(), 4);
    }
    Ok(())
}

fn write_rules(
    source: &mut Source<'_>,
    writer: &mut Writer,
    rules: &mut Rules,
    section: Span,
    (gates, configs): (&Names, &Names),
    by_name: &mut Names,
) -> Read<()> {
    if section.is_absent() {
        return Ok(());
    }
    let mut scanner = source.scanner_at(section);
    if scanner.null()? {
        return Ok(());
    }
    object(&mut scanner, &mut |name, scanner| {
        let name = source.decoded(name);
        rule::read(source, scanner, &mut rules.conditions, &mut rules.drafts)?;
        writer.context = Context {
            part: "override_rules",
            spec: name,
            rule: Span::ABSENT,
        };
        if let Some(draft) = rules.drafts.pop() {
            rules.rows.clear();
            let rows = &mut rules.rows;
            rule::write_conditions(source, writer, &mut rules.conditions, gates, &draft, rows);
            by_name.set(source, name, rule::written(writer), Span::ABSENT);
            rule::write(source, writer, configs, &draft, rows, None);
        }
        Ok(())
    })?;
    writer.context = Context::NONE;
    Ok(())
}

fn write_mapping(source: &mut Source<'_>, writer: &mut Writer, mapping: Span, by_name: &Names) {
    let mut fields = [Span::ABSENT; 2];
    record(source, mapping, &MAPPING_FIELDS, &mut fields);
    let [_, rules] = fields;
    let first = writer.rows_in(Section::MappingRules, MAPPING_RULE);
    let mut walk = source.walk(rules);
    while let Some((_, rule)) = walk.next(source) {
        let mut fields = [Span::ABSENT; 2];
        record(source, rule, &RULE_FIELDS, &mut fields);
        let [name, _] = fields;
        let row = by_name.number(source, name).unwrap_or(NONE);
        let section = Section::MappingRules;
        writer.row(source, section, &RULE_COLUMNS, &fields, &[row]);
    }
    let end = writer.rows_in(Section::MappingRules, MAPPING_RULE);
    let given = [first, end.wrapping_sub(first)];
    writer.row(source, Section::Mappings, &COLUMNS, &fields, &given);
}
