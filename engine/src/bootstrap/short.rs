//! The form init-v2: short names, exposures and values by number, nothing that goes without saying.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use core::fmt::{self, Write};

use super::NameHash;
use super::answer::{Answer, Role};
use super::full::write_exposure;
use super::hashing::{Name, decimal};
use crate::exposure::SecondaryExposure;
use crate::json::{Object, write_texts};

/// init-v2, with the exposures and values that have been referred to and their numbers, in the order of first use.
pub(super) struct Short<'t> {
    pub(super) hash: NameHash,
    pub(super) id_types: bool,
    pub(super) exposures: BTreeMap<(&'t str, bool, &'t str), u32>,
    pub(super) values: BTreeMap<Cow<'t, str>, u32>,
}

fn number_of<K: Ord>(numbers: &mut BTreeMap<K, u32>, key: K) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(key).or_insert(next)
}

impl<'t> Short<'t> {
    pub(super) fn write(&mut self, answer: &Answer<'_, 't>, out: &mut dyn Write) -> fmt::Result {
        let evaluation = &answer.evaluation;
        let mut object = Object::begin(out)?;
        let rule_id = answer.rule_id();
        if rule_id != "default" {
            object.text("r", &rule_id)?;
        }
        self.write_exposures("s", answer.exposures(), &mut object)?;
        if let Some(id_type) = evaluation.id_type().filter(|_| self.id_types) {
            object.text("i", id_type)?;
        }
        if answer.role == Role::Gate {
            if evaluation.value {
                object.bool("v", true)?;
            }
            return object.end();
        }
        let value = number_of(&mut self.values, answer.value());
        write!(object.member("v")?, "\"{value}\"")?;
        if answer.role == Role::DynamicConfig {
            object.bool("p", evaluation.value)?;
            return object.end();
        }
        if let Some(group_name) = evaluation.group_name() {
            object.text("gn", group_name)?;
        }
        if answer.has_experiment_state() {
            object.bool("ea", evaluation.is_experiment_active)?;
            object.bool("ue", evaluation.is_experiment_group)?;
        }
        if answer.role == Role::Layer {
            if let Some(experiment) = answer.allocated_experiment() {
                object.text("ae", Name::new(experiment, self.hash).as_str())?;
            }
            if let Some(explicit) = evaluation.explicit_parameters() {
                write_texts(explicit.iter(), object.member("ep")?)?;
            }
            self.write_exposures("us", answer.undelegated_exposures(), &mut object)?;
        }
        object.end()
    }

    /// A member with the numbers of the exposures, if there are any.
    fn write_exposures<'s>(
        &mut self,
        name: &str,
        exposures: impl Iterator<Item = &'s SecondaryExposure<'t>>,
        object: &mut Object<'_>,
    ) -> fmt::Result
    where
        't: 's,
    {
        let mut exposures = exposures.peekable();
        if exposures.peek().is_none() {
            return Ok(());
        }
        let out = object.member(name)?;
        for (index, exposure) in exposures.enumerate() {
            out.write_char(if index == 0 { '[' } else { ',' })?;
            let key = (exposure.gate, exposure.gate_value, exposure.rule_id);
            write!(out, "\"{}\"", number_of(&mut self.exposures, key))?;
        }
        out.write_char(']')
    }

    /// The members that follow the specs.
    pub(super) fn finish(&self, response: &mut Object<'_>) -> fmt::Result {
        let mut exposures = Object::begin(response.member("exposures")?)?;
        for (&(gate, gate_value, rule_id), number) in &self.exposures {
            let number: heapless::String<10> = decimal(*number);
            let exposure = SecondaryExposure {
                gate,
                gate_value,
                rule_id,
                delegated: false,
            };
            let gate = Name::new(gate, self.hash);
            write_exposure(gate.as_str(), &exposure, exposures.member(&number)?)?;
        }
        exposures.end()?;
        let mut values = Object::begin(response.member("values")?)?;
        for (value, number) in &self.values {
            let number: heapless::String<10> = decimal(*number);
            values.json(&number, value)?;
        }
        values.end()?;
        response.text("response_format", "init-v2")
    }
}
