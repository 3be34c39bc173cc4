//! Writing a record.

use core::fmt::{self, Write};

use crate::evaluation::Evaluation;
use crate::exposure::SecondaryExposure;
use crate::json::{Object, write_escaped, write_inside, write_texts};

/// What is kept of an answer.
pub(crate) struct Kept<'a, 't> {
    pub(crate) evaluation: &'a Evaluation<'t>,
    pub(crate) secondary: &'a [SecondaryExposure<'t>],
    pub(crate) time: u64,
    /// Of a layer, the experiment that answered for it.
    pub(crate) delegate: Option<&'t str>,
}

impl Kept<'_, '_> {
    /// Writes the record; `json` writes the value.
    pub(crate) fn write(
        &self,
        json: impl FnOnce(&mut dyn Write) -> fmt::Result,
        out: &mut dyn Write,
    ) -> fmt::Result {
        let evaluation = self.evaluation;
        let mut object = Object::begin(out)?;
        // Only who is in a group is kept; Statsig's core says so for layers' delegates as well.
        object.member("value")?.write_str("true")?;
        json(object.member("json_value")?)?;
        let place = object.member("rule_id")?;
        place.write_char('"')?;
        write_inside(evaluation.rule_id().unwrap_or_default(), place)?;
        if let Some(suffix) = evaluation.rule_id_suffix {
            place.write_char(':')?;
            write_inside(suffix, place)?;
        }
        place.write_char('"')?;
        for (name, text) in [
            ("group_name", evaluation.group_name()),
            ("config_delegate", self.delegate),
        ] {
            let place = object.member(name)?;
            match text {
                Some(text) => write_escaped(text, place)?,
                None => place.write_str("null")?,
            }
        }
        for (name, delegated) in [
            ("secondary_exposures", true),
            ("undelegated_secondary_exposures", false),
        ] {
            let wanted = self
                .secondary
                .iter()
                .filter(|one| delegated || !one.delegated);
            write_exposures(wanted, object.member(name)?)?;
        }
        let place = object.member("explicit_parameters")?;
        match evaluation.explicit_parameters() {
            None => place.write_str("null")?,
            Some(list) => write_texts(list.iter(), place)?,
        }
        write!(object.member("time")?, "{}", self.time)?;
        let place = object.member("config_version")?;
        match evaluation.version {
            None => place.write_str("null")?,
            Some(version) => write!(place, "{version}")?,
        }
        object.end()
    }
}

fn write_exposures<'e, 't: 'e>(
    exposures: impl Iterator<Item = &'e SecondaryExposure<'t>>,
    out: &mut dyn Write,
) -> fmt::Result {
    out.write_char('[')?;
    for (index, exposure) in exposures.enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        let mut object = Object::begin(&mut *out)?;
        object.text("gate", exposure.gate)?;
        let value = if exposure.gate_value { "true" } else { "false" };
        object.text("gateValue", value)?;
        object.text("ruleID", exposure.rule_id)?;
        object.end()?;
    }
    out.write_char(']')
}
