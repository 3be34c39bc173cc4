//! Conditions: by key (v2) or inside their rules (v1) (`evaluation.md` §1.6).

use alloc::vec::Vec;

use super::error::{ReadFault, WarningKind};
use super::heap::{Names, put};
use super::read::{Field, Is, array, fields, no_parts, object, required};
use super::source::{Read, Source, Span};
use super::target;
use super::writer::Writer;
use crate::json::Scanner;
use crate::table::Section;
use crate::table::condition::{CONDITION, ConditionType, Operator, TYPES};
use crate::table::wire::NONE;

/// In the order in which Statsig writes them.
static FIELDS: [Field; 6] = [
    Field::new("type", Is::Text).required(),
    Field::new("targetValue", Is::Checked(pass_target)),
    Field::new("operator", Is::Text).nullable().lenient(),
    Field::new("field", Is::Text).nullable().lenient(),
    Field::new("additionalValues", Is::Map(&ADDITIONAL_VALUE))
        .nullable()
        .lenient(),
    Field::new("idType", Is::Text).lenient().required_v2(),
];

/// Places of what must be there.
const REQUIRED: [u8; 2] = [0, 5];

static ADDITIONAL_VALUE: Field = Field::each(Is::Text).lenient();

/// A condition that was read, field by field.
type Draft = [Span; 6];

/// The conditions of a payload.
#[derive(Default)]
pub(super) struct Conditions {
    /// v2: those of `condition_map`, with their keys.
    by_key: Vec<Draft>,
    keys: Names,
    /// v2: the keys that rules ask for, rule by rule.
    asked: Vec<Span>,
    /// v1: the conditions of the rules, rule by rule.
    inline: Vec<Draft>,
}

fn pass_target<'j>(source: &mut Source<'j>, scanner: &mut Scanner<'j>) -> Read<()> {
    source.pass_target(scanner)
}

fn read<'j>(source: &mut Source<'j>, scanner: &mut Scanner<'j>) -> Read<Draft> {
    scanner.peek()?;
    let at = scanner.offset();
    let mut draft = [Span::ABSENT; 6];
    fields(source, scanner, &FIELDS, &mut draft, &mut no_parts)?;
    let [_, target, ..] = &mut draft;
    source.judge(scanner, target);
    required(source.v1, &FIELDS, &draft, &REQUIRED, at)?;
    Ok(draft)
}

impl Conditions {
    /// Reads `condition_map`. A fault in any of them rejects the payload, used or not.
    pub(super) fn read_map<'j>(
        &mut self,
        source: &mut Source<'j>,
        scanner: &mut Scanner<'j>,
    ) -> Read<()> {
        self.by_key.clear();
        self.keys = Names::default();
        object(scanner, &mut |key, scanner| {
            let draft = read(source, scanner)?;
            let key = source.decoded(key);
            put(&mut self.by_key, self.keys.add(source, key), draft);
            Ok(())
        })
    }

    /// Reads the conditions of a rule: where they are, and what is wrong with the next one.
    pub(super) fn read_list<'j>(
        &mut self,
        source: &mut Source<'j>,
        scanner: &mut Scanner<'j>,
    ) -> Read<(Span, Option<ReadFault>)> {
        let before = *scanner;
        let first = self.listed(source.v1);
        let mut fault = None;
        if !(source.v1 && scanner.null()?) {
            let read = array(scanner, &mut |scanner| {
                if source.v1 {
                    self.inline.push(read(source, scanner)?);
                } else {
                    let key = scanner.string()?;
                    self.asked.push(source.decoded(key));
                }
                Ok(())
            });
            fault = read.err();
        }
        if let Some(fault) = fault.take_if(|fault| !fault.is_local()) {
            return Err(fault);
        }
        if fault.is_some() {
            *scanner = before;
            scanner.skip()?;
        }
        let list = Span::between(first, self.listed(source.v1));
        Ok((list, fault.map(|fault| fault.within("conditions"))))
    }

    fn listed(&self, v1: bool) -> usize {
        match v1 {
            true => self.inline.len(),
            false => self.asked.len(),
        }
    }

    /// Writes a rule's conditions, so far as they are not yet, and gives their rows.
    pub(super) fn write_list(
        &mut self,
        source: &mut Source<'_>,
        writer: &mut Writer,
        gates: &Names,
        list: Span,
        rows: &mut Vec<u32>,
    ) {
        if writer.v1 {
            for draft in list.of(&self.inline) {
                rows.push(write(source, writer, gates, draft));
            }
            return;
        }
        for key in list.of(&self.asked) {
            let Some(at) = self.keys.find(source, *key) else {
                let key = source.text(*key);
                writer.warn_of(source, WarningKind::MissingCondition, key);
                rows.push(NONE);
                continue;
            };
            // The number of a key is one more than its row.
            let known = self.keys.entries.get_mut(at as usize);
            let written = known.map(|known| &mut known.number);
            let row = match (&written, self.by_key.get(at as usize)) {
                (Some(row), _) if **row > 0 && !writer.warns_at(row.wrapping_sub(1)) => {
                    row.wrapping_sub(1)
                }
                (_, Some(draft)) => write(source, writer, gates, draft),
                _ => NONE,
            };
            if let Some(written) = written {
                *written = row.wrapping_add(1);
            }
            rows.push(row);
        }
    }
}

fn write(source: &mut Source<'_>, writer: &mut Writer, gates: &Names, draft: &Draft) -> u32 {
    let [name, target, operator, field, additional_values, id_type] = *draft;
    let mark = source.mark();
    if target.is_unfit() {
        writer.warn_of(source, WarningKind::Unreadable, "target");
    }
    let known = ConditionType::from_name(source.text(name)).filter(|known| match known {
        ConditionType::Unsupported => false,
        ConditionType::MultiPassGate | ConditionType::MultiFailGate => {
            writer.v1 && source.text(target).starts_with('[')
        }
        _ => true,
    });
    let condition_type = known.unwrap_or_else(|| {
        writer.warn_of(source, WarningKind::UnsupportedType, source.text(name));
        ConditionType::Unsupported
    });
    let (operator, target) = match condition_type {
        ConditionType::Unsupported => (Operator::Unsupported, NONE),
        ConditionType::Public => (Operator::Always, NONE),
        ConditionType::PassGate | ConditionType::FailGate => (
            Operator::Always,
            target::gate(source, writer, gates, target),
        ),
        ConditionType::MultiPassGate | ConditionType::MultiFailGate => (
            Operator::Always,
            target::gates(source, writer, gates, target),
        ),
        _ => {
            let known = operator
                .present()
                .and_then(|operator| Operator::from_name(source.text(operator)));
            match known {
                // Three words are the table's own.
                Some(operator) if operator as u8 > Operator::Always as u8 => {
                    let bucket = condition_type == ConditionType::UserBucket;
                    target::comparison(source, writer, operator, target, bucket)
                }
                _ => {
                    let name = match operator.present() {
                        Some(operator) => source.text(operator),
                        None => "null",
                    };
                    writer.warn_of(source, WarningKind::UnsupportedOperator, name);
                    (Operator::Unsupported, NONE)
                }
            }
        }
    };
    let subject = match condition_type {
        ConditionType::UnitId | ConditionType::UserBucket => writer.unit(source, id_type),
        ConditionType::UserField
        | ConditionType::EnvironmentField
        | ConditionType::IpBased
        | ConditionType::UaBased
        | ConditionType::ExperimentGroup => writer.field(source, field),
        _ => u16::MAX,
    };
    let extra = match (condition_type, operator) {
        (ConditionType::UserBucket, _) => {
            let mut salt = Span::ABSENT;
            let mut walk = source.walk(additional_values);
            while let Some((key, value)) = walk.next(source) {
                if source.is(key, "salt") {
                    salt = source.string(value).unwrap_or(Span::ABSENT);
                }
            }
            u64::from(writer.prefix(source, &[salt]))
        }
        (_, Operator::Any | Operator::None) => writer.masks,
        _ => 0,
    };
    let slot = match (condition_type, operator) {
        (
            ConditionType::UserField | ConditionType::UnitId | ConditionType::EnvironmentField,
            Operator::Any | Operator::None,
        ) => writer.slot(condition_type, subject),
        _ => 0,
    };
    let first = u64::from(target) << 32
        | u64::from(subject) << 16
        | u64::from(operator as u8) << 8
        | u64::from(slot.wrapping_mul(TYPES) | condition_type as u8);
    let row = u128::from(extra) << 64 | u128::from(first);
    source.forget(mark);
    writer.intern(Section::Conditions, CONDITION, &row.to_le_bytes())
}
