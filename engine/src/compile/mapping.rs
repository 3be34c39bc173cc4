//! Config mappings: `overrides` and `override_rules` (`evaluation.md` §3.10).

use alloc::vec::Vec;

use super::heap::Names;
use super::outline::Sections;
use super::read::{Field, Is, object, record, unsigned};
use super::rule;
use super::source::{Read, Source, Span};
use super::spec::Rules;
use super::writer::{Context, RowBytes, Writer};
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

/// Writes the mappings; gives each name its row of overrides.
pub(super) fn write(
    source: &mut Source<'_>,
    writer: &mut Writer,
    rules: &mut Rules,
    sections: &Sections,
    (gates, configs): (&Names, &Names),
) -> Read<Names> {
    let mut by_name = Names::default();
    if let Some(section) = sections.get("override_rules").present() {
        write_rules(
            source,
            writer,
            rules,
            section,
            (gates, configs),
            &mut by_name,
        )
        .map_err(|fault| fault.within("override_rules"))?;
    }
    let overrides = sections.read(source, "overrides", &OVERRIDES)?;
    let mut rows = Names::default();
    source.members(overrides, &mut |source, name, mappings| {
        let first = writer.rows_in(Section::Mappings, MAPPING);
        source.elements(mappings, &mut |source, mapping| {
            write_mapping(source, writer, mapping, &by_name);
        });
        let count = writer
            .rows_in(Section::Mappings, MAPPING)
            .wrapping_sub(first);
        rows.set(source, name, writer.rows_in(Section::Overrides, 8));
        let mut row = RowBytes::new();
        row.u32(first).u32(count);
        writer.put(Section::Overrides, row.bytes());
    });
    Ok(rows)
}

fn write_rules(
    source: &mut Source<'_>,
    writer: &mut Writer,
    rules: &mut Rules,
    section: Span,
    (gates, configs): (&Names, &Names),
    by_name: &mut Names,
) -> Read<()> {
    let mut scanner = source.scanner_at(section);
    if scanner.null()? {
        return Ok(());
    }
    let mut rows = Vec::new();
    object(&mut scanner, &mut |name, scanner| {
        let name = source.decoded(name);
        let mut drafts = Vec::new();
        rule::read(source, scanner, &mut rules.conditions, &mut drafts)?;
        writer.context = Context {
            part: "override_rules",
            spec: name,
            rule: Span::ABSENT,
        };
        for draft in &drafts {
            rows.clear();
            let conditions = &mut rules.conditions;
            rule::write_conditions(source, writer, conditions, gates, draft, &mut rows)?;
            by_name.set(source, name, rule::written(writer));
            rule::write(source, writer, configs, draft, &rows, None)?;
        }
        Ok(())
    })?;
    writer.context = Context::NONE;
    Ok(())
}

fn write_mapping(source: &mut Source<'_>, writer: &mut Writer, mapping: Span, by_name: &Names) {
    let [new_config_name, rules] = record(source, mapping, &MAPPING_FIELDS);
    let first = writer.rows_in(Section::MappingRules, MAPPING_RULE);
    source.elements(rules, &mut |source, rule| {
        let [rule_name, start_time] = record(source, rule, &RULE_FIELDS);
        let rule = by_name.number(source, rule_name).unwrap_or(NONE);
        let mut row = RowBytes::new();
        // A time before the epoch has passed as surely as the epoch itself.
        let start_time = unsigned(source.text(start_time)).unwrap_or(0);
        row.u32(rule).u64(start_time);
        writer.put(Section::MappingRules, row.bytes());
    });
    let end = writer.rows_in(Section::MappingRules, MAPPING_RULE);
    let mut row = RowBytes::new();
    row.u32(writer.text(source, new_config_name))
        .u32(first)
        .u32(end.wrapping_sub(first));
    writer.put(Section::Mappings, row.bytes());
}
