//! Config mappings: `overrides` and `override_rules` (`evaluation.md` §3.10).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::condition::Conditions;
use super::error::{CompileError, ReadFault};
use super::heap::Map;
use super::outline::Span;
use super::read::{Read, array, object, optional, string};
use super::spec::{RuleDraft, required};
use super::writer::{RowBytes, Writer};
use crate::json::Scanner;
use crate::table::rule::RULE;
use crate::table::wire::NONE;
use crate::table::{MAPPING, MAPPING_RULE, Section};

struct Mapping<'j> {
    new_config_name: Cow<'j, str>,
    rules: Vec<(Cow<'j, str>, u64)>,
}

/// Writes the mappings; gives each name its row of overrides.
pub(super) fn write<'j>(
    writer: &mut Writer<'j>,
    conditions: &mut Conditions<'j>,
    overrides: Option<Span<'j>>,
    override_rules: Option<Span<'j>>,
) -> Result<Map<'j, u32>, CompileError> {
    let mut rules: Map<'j, u32> = Map::default();
    if let Some(span) = override_rules {
        optional(&mut span.scanner(), |scanner| {
            object(scanner, |name, scanner| {
                writer.spec = alloc::format!("override_rules.{name}");
                let rule = RuleDraft::read(writer, conditions, scanner)?;
                let row = (writer.rules.len() / RULE) as u32;
                rule.write(writer, None)?;
                writer.rule = None;
                rules.insert(name, row);
                Ok(())
            })
        })
        .map_err(|fault| fault.within("override_rules"))?;
        writer.spec.clear();
    }
    let mut rows = Map::default();
    let Some(span) = overrides else {
        return Ok(rows);
    };
    optional(&mut span.scanner(), |scanner| {
        object(scanner, |name, scanner| {
            let mut mappings = Vec::new();
            array(scanner, |scanner| {
                mappings.push(read(scanner)?);
                Ok(())
            })?;
            let first = rows_in(writer, Section::Mappings, MAPPING);
            let count = mappings.len() as u32;
            for mapping in mappings {
                let first = rows_in(writer, Section::MappingRules, MAPPING_RULE);
                let count = mapping.rules.len() as u32;
                for (rule_name, start_time) in &mapping.rules {
                    let rule = rules.get(rule_name).copied().unwrap_or(NONE);
                    let row: [u8; MAPPING_RULE] = RowBytes::new().u32(rule).u64(*start_time).done();
                    writer.put(Section::MappingRules, &row);
                }
                let row: [u8; MAPPING] = RowBytes::new()
                    .u32(writer.string(&mapping.new_config_name))
                    .u32(first)
                    .u32(count)
                    .done();
                writer.put(Section::Mappings, &row);
            }
            rows.insert(name, rows_in(writer, Section::Overrides, 8));
            let row: [u8; 8] = RowBytes::new().u32(first).u32(count).done();
            writer.put(Section::Overrides, &row);
            Ok(())
        })
    })
    .map_err(|fault| fault.within("overrides"))?;
    Ok(rows)
}

pub(super) fn rows_in(writer: &Writer<'_>, section: Section, size: usize) -> u32 {
    writer.section(section).len().checked_div(size).unwrap_or(0) as u32
}

fn read<'j>(scanner: &mut Scanner<'j>) -> Read<Mapping<'j>> {
    let at = scanner.offset();
    let mut new_config_name = None;
    let mut rules = None;
    object(scanner, |key, scanner| {
        match key.as_ref() {
            "new_config_name" => new_config_name = Some(string(scanner)?),
            "rules" => {
                let mut read = Vec::new();
                array(scanner, |scanner| {
                    read.push(mapping_rule(scanner)?);
                    Ok(())
                })?;
                rules = Some(read);
            }
            _ => {
                scanner.skip()?;
            }
        }
        Ok(())
    })?;
    Ok(Mapping {
        new_config_name: required(new_config_name, "new_config_name", at)?,
        rules: required(rules, "rules", at)?,
    })
}

/// A time in ms. One before the epoch has passed as surely as the epoch itself.
fn start(scanner: &mut Scanner<'_>) -> Read<u64> {
    scanner.peek()?;
    let offset = scanner.offset();
    let time = scanner.number()?.parse::<i64>();
    let time = time.map_err(|_| ReadFault::mistyped("", offset))?;
    Ok(u64::try_from(time).unwrap_or(0))
}

fn mapping_rule<'j>(scanner: &mut Scanner<'j>) -> Read<(Cow<'j, str>, u64)> {
    let at = scanner.offset();
    let mut rule_name = None;
    let mut start_time = None;
    object(scanner, |key, scanner| {
        match key.as_ref() {
            "rule_name" => rule_name = Some(string(scanner)?),
            "start_time" => start_time = optional(scanner, start)?,
            _ => {
                scanner.skip()?;
            }
        }
        Ok(())
    })?;
    Ok((
        required(rule_name, "rule_name", at)?,
        start_time.unwrap_or(0),
    ))
}
