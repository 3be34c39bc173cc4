//! What makes two exposures the same (`evaluation.md` §6.5), as a 64-bit hash.
//!
//! | part | of |
//! | --- | --- |
//! | kind of exposure, spec name, rule id with its suffix | all |
//! | gate value | gates |
//! | rule passed, user in a group of the experiment | dynamic configs and experiments |
//! | parameter name | layers |
//! | userID, every customID with its name, in any order | the user |
//!
//! The customIDs contain `stableID`, and the unit id is one of the ids. Email, custom fields and so on are no part of it, nor is
//! whether the exposure is manual. An exposure does not say whether it is a dynamic config's or an experiment's, so both facts
//! count for both, which at worst logs one more.
//!
//! The hash is FNV-1a over the parts, each ended by a byte that no text has; see [`ExposureHistory`](crate::ExposureHistory) for what
//! becomes of it. Cost: one pass over names and ids.

use alloc::string::String;

use statsig_edge::{Exposure, User, Value};

use crate::encode;
use crate::json::{self, Text};

/// The same for exposures that repeat each other.
pub(crate) fn repeat_key(user: &User<'_>, exposure: &Exposure<'_, '_>) -> u64 {
    let mut hash = spec_and_rule(exposure);
    match exposure {
        Exposure::Gate { evaluation, .. } => hash.part(&[u8::from(evaluation.value)]),
        Exposure::Config { evaluation, .. } => hash.part(&[
            u8::from(evaluation.value),
            u8::from(evaluation.is_experiment_group),
        ]),
        Exposure::LayerParameter { parameter, .. } => hash.part(parameter.as_bytes()),
        // An exposure of a later engine.
        _ => {}
    }
    hash.id(user.user_id);
    // A sum does not tell in which order the ids were given.
    let ids = user.custom_ids.into_iter().flat_map(|ids| ids.iter());
    let sum = ids.fold(0_u64, |sum, (name, id)| {
        let mut hash = Fnv::new();
        hash.part(name.as_bytes());
        hash.id(Some(id));
        sum.wrapping_add(hash.0)
    });
    hash.part(&sum.to_le_bytes());
    hash.0
}

/// The same for exposures of the same spec by the same rule.
pub(crate) fn rule_key(exposure: &Exposure<'_, '_>) -> u64 {
    spec_and_rule(exposure).0
}

fn spec_and_rule(exposure: &Exposure<'_, '_>) -> Fnv {
    let mut hash = Fnv::new();
    hash.part(encode::event_name(exposure).as_bytes());
    hash.part(exposure.name().as_bytes());
    // A hash takes everything.
    let _ = exposure.write_rule_id(&mut hash);
    hash.part(&[]);
    hash
}

/// FNV-1a, 64 bits.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Fnv(0xCBF2_9CE4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    /// Hashes a part and its end.
    fn part(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
        self.bytes(&[0xFF]);
    }

    /// Hashes an id. Texts and other values are told apart.
    fn id(&mut self, id: Option<Value<'_>>) {
        match id {
            None | Some(Value::Null) => self.part(b"0"),
            Some(Value::Str(text)) => {
                self.bytes(b"s");
                self.part(text.as_bytes());
            }
            Some(other) => {
                let mut json = String::new();
                let _ = other.write_json(&mut Text(&mut json));
                self.part(json.as_bytes());
            }
        }
    }
}

json::write_plainly!(Fnv, this, text => this.bytes(text.as_bytes()));

#[cfg(test)]
mod tests {
    use super::*;
    use statsig_edge::compile::compile;
    use statsig_edge::{Environment, Evaluation, Evaluator, Scratch, Table};

    struct Clock;

    impl Environment for Clock {
        fn now_ms(&self) -> i64 {
            0
        }
    }

    /// Test values published with the algorithm.
    #[test]
    fn the_hash_is_fnv_1a() {
        for (text, expected) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            let mut hash = Fnv::new();
            hash.bytes(text.as_bytes());
            assert_eq!(hash.0, expected, "{text:?}");
        }
    }

    /// What a gate answers whose one rule is for nobody.
    fn record_of(rule_id: &str) -> Evaluation<'static> {
        let specs = alloc::format!(
            r#"{{"has_updates": true, "time": 1, "condition_map": {{"all": {{"type": "public", "idType": "userID"}}}},
            "feature_gates": {{"n": {{"type": "feature_gate", "entity": "feature_gate", "salt": "n", "enabled": true,
                "defaultValue": false, "idType": "userID", "rules": [{{"name": "", "id": "{rule_id}", "salt": "",
                "passPercentage": 0, "conditions": ["all"], "returnValue": true, "idType": "userID"}}]}}}},
            "dynamic_configs": {{}}, "layer_configs": {{}}, "experiment_to_layer": {{}}}}"#
        );
        let table = compile(specs.as_bytes()).unwrap().table.leak();
        let evaluator = Evaluator::new(Table::open(table).unwrap(), &Clock);
        let mut scratch = Scratch::<0>::new();
        let gate = evaluator.gate(&User::new(), "n", &mut scratch);
        assert_eq!((gate.value(), gate.rule_id()), (false, rule_id));
        *gate.evaluation()
    }

    fn record(change: impl FnOnce(&mut Evaluation<'static>)) -> Evaluation<'static> {
        let mut record = record_of("r");
        change(&mut record);
        record
    }

    #[test]
    fn every_part_counts_and_nothing_else() {
        let plain = record(|_| {});
        let base = Exposure::Gate {
            name: "n",
            evaluation: &plain,
            secondary: &[],
        };
        let ada = User::new().with_user_id("ada");
        let key = repeat_key(&ada, &base);

        // The answer.
        let passing = record(|record| record.value = true);
        let other_rule = record_of("s");
        let suffixed = record(|record| record.rule_id_suffix = Some("explore"));
        for other in [&passing, &other_rule, &suffixed] {
            let gate = Exposure::Gate {
                name: "n",
                evaluation: other,
                secondary: &[],
            };
            assert_ne!(repeat_key(&ada, &gate), key);
            assert_eq!(
                rule_key(&gate) == rule_key(&base),
                core::ptr::eq(other, &passing)
            );
        }
        let config = |evaluation| {
            let config = Exposure::Config {
                name: "n",
                evaluation,
                secondary: &[],
            };
            repeat_key(&ada, &config)
        };
        let in_group = record(|record| record.is_experiment_group = true);
        let keys = [config(&plain), config(&passing), config(&in_group)];
        assert!(keys[0] != key && keys[0] != keys[1] && keys[0] != keys[2]);
        let layer = |evaluation, parameter| {
            let layer = Exposure::LayerParameter {
                name: "n",
                parameter,
                rule_id: "r",
                explicit: false,
                evaluation,
                secondary: &[],
            };
            repeat_key(&ada, &layer)
        };
        assert_ne!(layer(&plain, "p"), layer(&plain, "q"));
        assert_eq!(layer(&plain, "p"), layer(&passing, "p"));
        assert_eq!(layer(&plain, "p"), layer(&in_group, "p"));

        // The user.
        let pairs = [("a", Value::from("1")), ("b", Value::from("2"))];
        let turned = [("b", Value::from("2")), ("a", Value::from("1"))];
        let crossed = [("a", Value::from("2")), ("b", Value::from("1"))];
        let with = |ids| repeat_key(&ada.with_custom_ids(ids), &base);
        assert_ne!(with(&pairs), key);
        assert_eq!(with(&pairs), with(&turned));
        assert_ne!(with(&pairs), with(&crossed));
        assert_ne!(repeat_key(&User::new().with_user_id("bob"), &base), key);
        assert_ne!(repeat_key(&User::new(), &base), key);
        assert_eq!(repeat_key(&ada.with_email("a@b.c"), &base), key);
        let number = User::new().with_user_id(7_i64);
        let text = User::new().with_user_id("7");
        assert_ne!(repeat_key(&number, &base), repeat_key(&text, &base));
    }
}
