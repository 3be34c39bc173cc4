//! Conditions: finding the value that is compared (`evaluation.md` §3.6, §4.1).

use super::operator::Operand;
use super::{App, Required, Result, Run};
use crate::environment::{Country, Environment};
use crate::evaluation::{Evaluation, Note, Reason};
use crate::explain::{ExplainedCondition, Step, Trace};
use crate::exposure::{Exposure, SecondaryExposure};
use crate::number::NumberText;
use crate::table::SpecKind;
use crate::table::condition::{Condition, ConditionType, GateTarget};
use crate::table::wire::{prefixed, varint};
use crate::user::{FieldName, Value};

/// Buckets of a `user_bucket` condition.
const USER_BUCKETS: u64 = 1_000;

impl<'t, 'u, 'e, E: Environment, T: Trace> Run<'_, '_, 't, 'u, 'e, E, T> {
    /// Leaves the condition's bool in the record, or its mark of being unsupported.
    #[inline(always)]
    pub(super) fn evaluate_condition(
        &mut self,
        condition: Condition<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        match condition.condition_type() {
            ConditionType::Unsupported => {
                record.reason = Reason::Unsupported;
                self.tell_condition(condition, &Operand::Absent, record);
            }
            ConditionType::Public => {
                record.value = true;
                self.tell_condition(condition, &Operand::Absent, record);
            }
            ConditionType::PassGate
            | ConditionType::FailGate
            | ConditionType::MultiPassGate
            | ConditionType::MultiFailGate => {
                self.evaluate_gate_condition(condition, record)?;
                self.tell_condition(condition, &Operand::Absent, record);
            }
            ConditionType::ExperimentGroup => {
                let group = match condition.field(self.table) {
                    Some(field) => match field.name() {
                        Some(name) => self.experiment_group(name)?,
                        None => None,
                    },
                    None => None,
                };
                self.compare(condition, group.map(Value::Str).into(), record)?;
            }
            _ => self.evaluate_value_condition(condition, record)?,
        }
        Ok(())
    }

    /// Tells the trace how a condition came out, with the value that it looked at.
    #[inline(always)]
    pub(super) fn tell_condition(
        &mut self,
        condition: Condition<'t>,
        operand: &Operand<'_>,
        record: &Evaluation<'t>,
    ) {
        if !T::LISTENS {
            return;
        }
        let mut buffer = NumberText::new();
        let now;
        let value = match operand {
            Operand::Now(ms) => {
                now = Value::Int(*ms);
                now.text(&mut buffer)
            }
            Operand::Value(Value::Object(object)) => Some(object.as_str()),
            Operand::Value(Value::Null) => Some("null"),
            Operand::Value(value) => value.text(&mut buffer),
            Operand::Absent => None,
        };
        self.trace.step(
            self.depth(),
            &Step::Condition {
                condition: ExplainedCondition::new(condition, self.table),
                value,
                outcome: match record.is_unsupported() {
                    true => None,
                    false => Some(record.value),
                },
            },
        );
    }

    /// What a condition on a field, a unit or the environment looks at.
    #[inline(never)]
    pub(super) fn value_of<'v>(&self, condition: Condition<'t>) -> Option<Value<'v>>
    where
        't: 'v,
        'u: 'v,
        'e: 'v,
    {
        match condition.condition_type() {
            ConditionType::UnitId => {
                let unit = condition.unit(self.table)?;
                self.user.unit(&unit)
            }
            ConditionType::EnvironmentField => self
                .user
                .environment(&condition.field(self.table)?, self.tier()),
            // The names of a field are read only when it is looked for in the maps.
            _ if let Some(value) = self.user.given(condition.builtin(self.table)) => Some(value),
            _ => self
                .user
                .field(&condition.field(self.table)?, &self.global()),
        }
    }

    /// The conditions that compare a value and evaluate nothing else. Apart, so that their buffers do not lie on the
    /// stack of every level of nested gates.
    #[inline(never)]
    fn evaluate_value_condition(
        &mut self,
        condition: Condition<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        #[cfg(feature = "user-agent")]
        let mut buffers = (NumberText::new(), crate::user_agent::UserAgentText::new());
        let country;
        let operand = match condition.condition_type() {
            ConditionType::CurrentTime => Operand::Now(self.now_ms()),
            ConditionType::UserBucket => {
                let hash = self.hash_unit(condition.hash_input())?;
                Operand::Value(Value::Int((hash % USER_BUCKETS) as i64))
            }
            ConditionType::TargetApp => match self.evaluator.app {
                App::Payload => self.table.meta().and_then(|meta| meta.app_id()),
                App::Selected(app) => app,
            }
            .map(Value::Str)
            .into(),
            condition_type => match (self.value_of(condition), condition_type) {
                (Some(value), _) => Operand::Value(value),
                (None, ConditionType::IpBased) => {
                    country = self.country_of_ip(condition, record);
                    match &country {
                        Some(code) => core::str::from_utf8(code).ok().map(Value::Str).into(),
                        None => Operand::Absent,
                    }
                }
                #[cfg(feature = "user-agent")]
                (None, ConditionType::UaBased) => {
                    let field = condition.field(self.table);
                    self.user_agent_field(field, &mut buffers).into()
                }
                #[cfg(not(feature = "user-agent"))]
                (None, ConditionType::UaBased) => {
                    record.note = Note::UaParserNotLoaded;
                    Operand::Absent
                }
                _ => Operand::Absent,
            },
        };
        self.compare(condition, operand, record)
    }

    /// The country of the user's IP, if that is what the condition asks for.
    fn country_of_ip(
        &self,
        condition: Condition<'t>,
        record: &mut Evaluation<'t>,
    ) -> Option<[u8; 2]> {
        if condition.field(self.table)?.name != b"country" {
            return None;
        }
        let mut buffer = NumberText::new();
        let ip = self.user.field(&FieldName::IP, &self.global())?;
        match self.evaluator.environment.country(ip.text(&mut buffer)?) {
            Country::Code(code) => Some(code),
            Country::Unknown => None,
            Country::NotLoaded => {
                record.note = Note::CountryLookupNotLoaded;
                None
            }
        }
    }

    #[cfg(feature = "user-agent")]
    fn user_agent_field<'b>(
        &self,
        field: Option<FieldName<'_>>,
        (number, version): &'b mut (NumberText, crate::user_agent::UserAgentText),
    ) -> Option<Value<'b>>
    where
        Self: 'b,
    {
        use crate::user_agent::{self, UserAgentField};

        let field = UserAgentField::from_name(core::str::from_utf8(field?.lowered).ok()?)?;
        let user_agent = self.user.field(&FieldName::USER_AGENT, &self.global())?;
        user_agent::field(user_agent.text(number)?, field, version).map(Value::Str)
    }

    /// The group of the user in an experiment: a public check, whose exposure is logged before the outer one. An
    /// experiment that cannot be evaluated ends the outer evaluation too: in Statsig's core one that leads back to
    /// itself overflows the stack (§3.12). Apart, so that its record does not lie on the stack of nested gates.
    #[inline(never)]
    fn experiment_group(&mut self, experiment: &str) -> Result<Option<&'t str>> {
        let mark = self.lists.exposures.len();
        let parts = self.lists.parts.len();
        self.groups = self.groups.saturating_add(1);
        let mut evaluation = self.record();
        self.check_apart(SpecKind::Experiment, experiment, &mut evaluation);
        self.groups = self.groups.saturating_sub(1);
        if let Reason::Error(error) = evaluation.reason {
            return Err(error);
        }
        let secondary = self.lists.exposures.get(mark..).unwrap_or_default();
        self.sink.expose(&Exposure::Config {
            name: experiment,
            evaluation: &evaluation,
            secondary,
        });
        self.lists.exposures.truncate(mark);
        self.lists.parts.truncate(parts);
        Ok(evaluation.group_name())
    }

    /// A gate, or several in order until one decides (§4.9).
    #[inline(never)]
    fn evaluate_gate_condition(
        &mut self,
        condition: Condition<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<()> {
        let (wanted, several) = match condition.condition_type() {
            ConditionType::PassGate => (true, false),
            ConditionType::FailGate => (false, false),
            ConditionType::MultiPassGate => (true, true),
            _ => (false, true),
        };
        let target = condition.target(self.table).required()?;
        let (mut left, mut rest) = match several {
            true => varint(target).required()?,
            false => (1, target),
        };
        let mut decided = false;
        while !decided && left > 0 {
            left = left.wrapping_sub(1);
            self.spend(1)?;
            let gate;
            (gate, rest) = match several {
                true => prefixed(rest).required()?,
                false => (rest, rest),
            };
            let gate = GateTarget::read(gate).required()?;
            match self.evaluate_nested_gate(&gate, record)? {
                None => return Ok(()),
                Some(value) => decided = value == wanted,
            }
        }
        record.value = decided;
        Ok(())
    }

    /// §3.6: the gate's own value; `None` when it made the record unsupported.
    pub(super) fn evaluate_nested_gate(
        &mut self,
        gate: &GateTarget<'t>,
        record: &mut Evaluation<'t>,
    ) -> Result<Option<bool>> {
        let mut child = self.record();
        if let Some(at) = gate.row {
            let entry = self.table.spec_at(SpecKind::Gate, at).required()?;
            self.evaluate_entry(SpecKind::Gate, entry, &mut child)?;
        } else {
            // A gate that does not exist is a level as any other.
            self.check_depth()?;
            self.apply_override(SpecKind::Gate, gate.name, &mut child)?;
        }
        record.note_id_list(child.note);
        record.has_seen_analytical_gates |= child.has_seen_analytical_gates;
        if child.is_unsupported() {
            record.reason = Reason::Unsupported;
            return Ok(None);
        }
        record.value = child.value;
        record.rule_id = child.rule_id;
        if child.override_config_name.is_some() {
            record.override_config_name = child.override_config_name;
        }
        let segment = gate.name.starts_with("segment:");
        record.has_seen_analytical_gates |= !segment && child.sampling_rate().is_none();
        let rule_id = child.rule_id().unwrap_or_default();
        if !segment && !rule_id.is_empty() {
            self.push_exposure(SecondaryExposure {
                gate: gate.name,
                gate_value: child.value,
                rule_id,
                delegated: false,
            });
        }
        Ok(Some(child.value))
    }
}
