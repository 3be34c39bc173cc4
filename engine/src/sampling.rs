//! Exposure sampling (`evaluation.md` §6.7): what an exposure says by itself; what was logged before is the caller's to know.
//!
//! An exposure is logged if sampling is off, if it is [exempt](Exposure::is_exempt_from_sampling), if it is the first of its spec and
//! rule for some time, if it has no [rate](Exposure::sampling_rate), or if it is [drawn](Exposure::is_drawn).
//!
//! Cost: one SHA-256 over names and ids; nothing is allocated.

use core::fmt::{self, Write};

use crate::exposure::Exposure;
use crate::number::NumberText;
use crate::sha256::Sha256;
use crate::user::{User, Value};

impl Exposure<'_, '_> {
    /// Whether it is logged however exposures are sampled: the spec forwards all of them, or a nested gate counts for
    /// analysis.
    pub fn is_exempt_from_sampling(&self) -> bool {
        self.evaluation().is_some_and(|evaluation| {
            evaluation.forward_all_exposures == Some(true) || evaluation.has_seen_analytical_gates
        })
    }

    /// One exposure in so many is drawn: `special_case`, the payload's own rate for answers that no rule gave, or the matched
    /// rule's rate. None when there is neither, and for a rate of zero.
    pub fn sampling_rate(&self, special_case: Option<u64>) -> Option<u64> {
        let by_rule = self
            .evaluation()
            .and_then(|evaluation| evaluation.sampling_rate())
            .map(u64::from);
        let rate = match self.rule_id() {
            "" | "default" | "disabled" => special_case.or(by_rule),
            _ => by_rule,
        };
        rate.filter(|rate| *rate > 0)
    }

    /// Whether this exposure is the one in `rate`: the same for the same user, spec, rule and answer, everywhere.
    ///
    /// The hash is that of Statsig's Node SDK, since the core's differs between platforms.
    pub fn is_drawn(&self, user: &User<'_>, rate: u64) -> bool {
        let mut text = Hashed(Sha256::new());
        // A hash takes everything.
        let _ = self.write_sampling_text(user, &mut text);
        // Signed, there; a multiple is one by its magnitude.
        let hash = text.0.finish().cast_signed().unsigned_abs();
        hash.checked_rem(rate).is_none_or(|rest| rest == 0)
    }

    fn write_sampling_text(&self, user: &User<'_>, out: &mut dyn Write) -> fmt::Result {
        let mut parts = |parts: &[&str]| parts.iter().try_for_each(|part| out.write_str(part));
        parts(&["n:", self.name(), ";"])?;
        if let Exposure::LayerParameter { parameter, .. } = self {
            parts(&["e:", self.allocated_experiment(), ";p:", parameter, ";"])?;
        }
        parts(&["u:"])?;
        write_text(user.user_id, out)?;
        out.write_str(";")?;
        for (name, id) in user.custom_ids.iter().flat_map(|ids| ids.distinct()) {
            out.write_str(name)?;
            out.write_str(":")?;
            write_text(Some(id), out)?;
            out.write_str(";")?;
        }
        out.write_str("r:")?;
        self.write_rule_id(out)?;
        match self {
            Exposure::Gate { evaluation, .. } if evaluation.value => out.write_str(";v:true"),
            Exposure::Gate { .. } => out.write_str(";v:false"),
            _ => Ok(()),
        }
    }
}

fn write_text(id: Option<Value<'_>>, out: &mut dyn Write) -> fmt::Result {
    let mut buffer = NumberText::new();
    out.write_str(
        id.as_ref()
            .and_then(|id| id.text(&mut buffer))
            .unwrap_or_default(),
    )
}

/// Hashes what is written.
struct Hashed(Sha256);

impl Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::evaluation::Evaluation;
    use crate::sticky::StickyRecord;
    use crate::user::Attributes;

    fn evaluation(rule_id: &'static str) -> Evaluation<'static> {
        let mut kept = StickyRecord::EMPTY;
        kept.value = true;
        kept.rule_id = rule_id;
        kept.config_delegate = Some("an_experiment");
        let mut evaluation = Evaluation::no_values();
        evaluation.give_kept(&kept);
        evaluation
    }

    fn text(exposure: &Exposure<'_, '_>, user: &User<'_>) -> String {
        let mut text = String::new();
        exposure.write_sampling_text(user, &mut text).unwrap();
        text
    }

    #[test]
    fn the_texts_are_those_of_the_node_sdk() {
        let ids = [("companyID", Value::from("c")), ("n", Value::from(7))];
        let user = User::new()
            .with_user_id("u")
            .with_custom_ids(Attributes::from(&ids));
        let evaluation = evaluation("r1");
        let gate = Exposure::Gate {
            name: "g",
            evaluation: &evaluation,
            secondary: &[],
        };
        assert_eq!(text(&gate, &user), "n:g;u:u;companyID:c;n:7;r:r1;v:true");
        assert_eq!(text(&gate, &User::new()), "n:g;u:;r:r1;v:true");
        let config = Exposure::Config {
            name: "c",
            evaluation: &evaluation,
            secondary: &[],
        };
        assert_eq!(text(&config, &user), "n:c;u:u;companyID:c;n:7;r:r1");
        for (explicit, allocated) in [(true, "an_experiment"), (false, "")] {
            let layer = Exposure::LayerParameter {
                name: "l",
                parameter: "p",
                rule_id: "r2",
                explicit,
                evaluation: &evaluation,
                secondary: &[],
            };
            assert_eq!(
                text(&layer, &User::new().with_user_id("u")),
                format!("n:l;e:{allocated};p:p;u:u;r:r2")
            );
        }
    }

    #[test]
    fn one_in_so_many_is_drawn() {
        let evaluation = evaluation("r1");
        let gate = Exposure::Gate {
            name: "g",
            evaluation: &evaluation,
            secondary: &[],
        };
        let mut drawn = [0; 2];
        for at in 0..4_000 {
            let id = format!("user-{at}");
            let user = User::new().with_user_id(id.as_str());
            let digest = Sha256::digest(format!("n:g;u:{id};r:r1;v:true"));
            let hash = i64::from_be_bytes(digest[..8].try_into().unwrap());
            for (rate, count) in [4, 201].into_iter().zip(&mut drawn) {
                assert_eq!(gate.is_drawn(&user, rate), hash % rate as i64 == 0);
                *count += u32::from(gate.is_drawn(&user, rate));
            }
            assert!(gate.is_drawn(&user, 1) && gate.is_drawn(&user, 0));
        }
        assert!(
            (900..1100).contains(&drawn[0]) && (8..40).contains(&drawn[1]),
            "{drawn:?}"
        );
    }

    #[test]
    fn rates_and_exemptions() {
        let mut record = evaluation("r1");
        record.sampling_rate = 201;
        let config = |evaluation: &Evaluation<'static>, special| {
            let exposure = Exposure::Config {
                name: "c",
                evaluation,
                secondary: &[],
            };
            (
                exposure.is_exempt_from_sampling(),
                exposure.sampling_rate(special),
            )
        };
        assert_eq!(config(&record, Some(101)), (false, Some(201)));
        for rule_id in [None, Some(""), Some("default"), Some("disabled")] {
            record = record.with_rule_id(rule_id);
            assert_eq!(config(&record, Some(101)), (false, Some(101)));
            assert_eq!(config(&record, None), (false, Some(201)));
        }
        record.sampling_rate = 0;
        assert_eq!(config(&record, None), (false, None));
        record.forward_all_exposures = Some(false);
        assert!(!config(&record, None).0);
        record.forward_all_exposures = Some(true);
        assert!(config(&record, None).0);
        record.forward_all_exposures = None;
        record.has_seen_analytical_gates = true;
        assert!(config(&record, None).0);
    }
}
