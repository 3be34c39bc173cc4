//! Conditions: by key (v2) or inside their rules (v1) (`evaluation.md` §1.6).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::error::{CompileError, WarningKind};
use super::heap::Map;
use super::outline::Span;
use super::read::{Read, array, lenient, object, optional, string};
use super::spec::{id_type, id_type_or_default, required};
use super::target::{self, Target};
use super::writer::{RowBytes, Writer};
use crate::json::{Kind, Scanner};
use crate::table::condition::{CONDITION, ConditionType, Operator};
use crate::table::wire::NONE;

/// The conditions of a payload while its rules are read.
pub(super) struct Conditions<'j> {
    /// v2: each key's condition, and its row once a rule has asked for it.
    by_key: Map<'j, (Draft<'j>, Option<u32>)>,
}

/// A condition that was read.
struct Draft<'j> {
    condition_type: Cow<'j, str>,
    operator: Option<Cow<'j, str>>,
    target: Option<Span<'j>>,
    field: Option<Cow<'j, str>>,
    salt: Option<Cow<'j, str>>,
    id_type: Cow<'j, str>,
}

impl<'j> Conditions<'j> {
    pub(super) fn inline() -> Self {
        Conditions {
            by_key: Map::default(),
        }
    }

    /// A fault in any of them rejects the payload, used or not.
    pub(super) fn from_map(writer: &Writer<'j>, span: Span<'j>) -> Result<Self, CompileError> {
        let mut by_key = Map::default();
        object(&mut span.scanner(), |key, scanner| {
            by_key.insert(key, (Draft::read(writer.v1, scanner)?, None));
            Ok(())
        })
        .map_err(|fault| fault.within("condition_map"))?;
        Ok(Conditions { by_key })
    }

    /// The rows of a rule's conditions.
    pub(super) fn of_rule(&mut self, writer: &mut Writer<'j>, list: Span<'j>) -> Read<Vec<u32>> {
        let mut rows = Vec::new();
        let mut scanner = list.scanner();
        if writer.v1 && scanner.null()? {
            return Ok(rows);
        }
        array(&mut scanner, |scanner| {
            rows.push(if writer.v1 {
                Draft::read(true, scanner)?.write(writer)?
            } else {
                let key = string(scanner)?;
                self.by_key(writer, &key)?
            });
            Ok(())
        })
        .map_err(|fault| fault.within("conditions"))?;
        Ok(rows)
    }

    fn by_key(&mut self, writer: &mut Writer<'j>, key: &str) -> Read<u32> {
        match self.by_key.get_mut(key) {
            None => {
                writer.warn(WarningKind::MissingCondition(key.into()));
                Ok(NONE)
            }
            Some((_, Some(row))) if !writer.warns_at(*row) => Ok(*row),
            Some((draft, row)) => {
                let written = draft.write(writer)?;
                *row = Some(written);
                Ok(written)
            }
        }
    }
}

impl<'j> Draft<'j> {
    fn read(v1: bool, scanner: &mut Scanner<'j>) -> Read<Self> {
        scanner.peek()?;
        let at = scanner.offset();
        let mut condition_type = None;
        let mut operator = None;
        let mut target = None;
        let mut field = None;
        let mut salt = None;
        let mut unit = None;
        object(scanner, |key, scanner| {
            let text = |scanner: &mut Scanner<'j>| {
                optional(scanner, |scanner| id_type(v1, scanner)).map(Option::flatten)
            };
            match key.as_ref() {
                "type" => condition_type = Some(string(scanner)?),
                "operator" => operator = text(scanner)?,
                "targetValue" => target = Some(Span::take(scanner)?),
                "field" => field = text(scanner)?,
                "additionalValues" => {
                    optional(scanner, |scanner| {
                        lenient(
                            v1,
                            |kind| kind == Kind::Object,
                            scanner,
                            |scanner| {
                                object(scanner, |key, scanner| {
                                    let value = id_type(v1, scanner)?;
                                    if key == "salt" {
                                        salt = value;
                                    }
                                    Ok(())
                                })
                            },
                        )
                    })?;
                }
                "idType" => unit = id_type(v1, scanner)?,
                _ => {
                    scanner.skip()?;
                }
            }
            Ok(())
        })?;
        Ok(Draft {
            condition_type: required(condition_type, "type", at)?,
            operator,
            target,
            field,
            salt,
            id_type: id_type_or_default(v1, unit, at)?,
        })
    }

    fn write(&self, writer: &mut Writer<'j>) -> Read<u32> {
        let condition_type = self.known_type(writer);
        let target = Target::read(self.target)?;
        let (operator, target) = match condition_type {
            ConditionType::Unsupported => (Operator::Unsupported, NONE),
            ConditionType::Public => (Operator::Always, NONE),
            ConditionType::PassGate | ConditionType::FailGate => {
                (Operator::Always, target::gate(writer, &target))
            }
            ConditionType::MultiPassGate | ConditionType::MultiFailGate => {
                (Operator::Always, target::gates(writer, self.target)?)
            }
            _ => {
                let name = self.operator.as_deref();
                let bucket = condition_type == ConditionType::UserBucket;
                match name.and_then(|name| target::comparison(writer, name, &target, bucket)) {
                    Some(compared) => compared,
                    None => {
                        let name = name.unwrap_or("null");
                        writer.warn(WarningKind::UnsupportedOperator(name.into()));
                        (Operator::Unsupported, NONE)
                    }
                }
            }
        };
        let subject = match condition_type {
            ConditionType::UnitId | ConditionType::UserBucket => writer.unit(&self.id_type)?,
            ConditionType::UserField
            | ConditionType::EnvironmentField
            | ConditionType::IpBased
            | ConditionType::UaBased
            | ConditionType::ExperimentGroup => writer.field(self.field.as_deref())?,
            _ => writer.field(None)?,
        };
        let extra = match (condition_type, operator) {
            (ConditionType::UserBucket, _) => {
                let salt = self.salt.as_deref().unwrap_or_default();
                u64::from(writer.prefix(&alloc::format!("{salt}.")))
            }
            (_, Operator::Any | Operator::None) => writer.masks(target),
            _ => 0,
        };
        let row: [u8; CONDITION] = RowBytes::new()
            .u8(condition_type as u8)
            .u8(operator as u8)
            .u16(subject)
            .u32(target)
            .u64(extra)
            .done();
        Ok(writer.conditions.intern(&row))
    }

    fn known_type(&self, writer: &mut Writer<'j>) -> ConditionType {
        let multi_gates_fit = || {
            self.target
                .is_some_and(|target| target.text().starts_with('['))
        };
        match self.condition_type.as_ref() {
            "public" => ConditionType::Public,
            "pass_gate" => ConditionType::PassGate,
            "fail_gate" => ConditionType::FailGate,
            "multi_pass_gate" if writer.v1 && multi_gates_fit() => ConditionType::MultiPassGate,
            "multi_fail_gate" if writer.v1 && multi_gates_fit() => ConditionType::MultiFailGate,
            "user_field" => ConditionType::UserField,
            "unit_id" => ConditionType::UnitId,
            "environment_field" => ConditionType::EnvironmentField,
            "current_time" => ConditionType::CurrentTime,
            "user_bucket" => ConditionType::UserBucket,
            "ip_based" => ConditionType::IpBased,
            "ua_based" => ConditionType::UaBased,
            "target_app" => ConditionType::TargetApp,
            "experiment_group" => ConditionType::ExperimentGroup,
            other => {
                writer.warn(WarningKind::UnsupportedType(other.into()));
                ConditionType::Unsupported
            }
        }
    }
}
