//! The country of an address as Statsig's core sees it: asked letter by letter, since its table is not public.

use statsig_rust::evaluation::evaluator::{Evaluator, SpecType};
use statsig_rust::evaluation::evaluator_context::{EvaluatorContext, IdListResolution};
use statsig_rust::hashing::HashUtil;
use statsig_rust::specs_response::spec_types::SpecsResponseFull;
use statsig_rust::user::StatsigUserInternal;
use statsig_rust::{StatsigUser, StatsigUserData};

use crate::tree::{Tree, map};

/// The core's country table, through gates that each ask for one letter.
pub struct Countries {
    specs: SpecsResponseFull,
    hashing: HashUtil,
}

const OPERATORS: [&str; 2] = ["str_starts_with_any", "str_ends_with_any"];

fn gate(operator: &str, letter: char) -> String {
    format!("{operator} {letter}")
}

impl Countries {
    /// Prepares the questions. A [`crate::official::Core`] must have been started, which loads the table.
    pub fn prepare() -> Self {
        let mut gates = Vec::new();
        let mut conditions = Vec::new();
        for operator in OPERATORS {
            for letter in 'A'..='Z' {
                let name = gate(operator, letter);
                let rule = map([
                    ("id", "r".into()),
                    ("name", "r".into()),
                    ("passPercentage", 100.into()),
                    ("conditions", Tree::List(vec![name.as_str().into()])),
                    ("returnValue", true.into()),
                    ("idType", "userID".into()),
                ]);
                let spec = map([
                    ("type", "feature_gate".into()),
                    ("entity", "feature_gate".into()),
                    ("salt", "s".into()),
                    ("enabled", true.into()),
                    ("defaultValue", false.into()),
                    ("idType", "userID".into()),
                    ("rules", Tree::List(vec![rule])),
                ]);
                let condition = map([
                    ("type", "ip_based".into()),
                    ("field", "country".into()),
                    ("operator", operator.into()),
                    ("targetValue", Tree::List(vec![letter.to_string().into()])),
                    ("idType", "userID".into()),
                ]);
                gates.push((name.clone(), spec));
                conditions.push((name, condition));
            }
        }
        let payload = map([
            ("has_updates", true.into()),
            ("time", 1.into()),
            ("feature_gates", Tree::Map(gates)),
            ("dynamic_configs", Tree::Map(Vec::new())),
            ("layer_configs", Tree::Map(Vec::new())),
            ("condition_map", Tree::Map(conditions)),
            ("experiment_to_layer", Tree::Map(Vec::new())),
        ]);
        let specs = serde_json::from_str(&payload.to_json());
        Countries {
            specs: specs.unwrap_or_else(|error| {
                panic!("the core rejects the questions for countries: {error}")
            }),
            hashing: HashUtil::new(),
        }
    }

    /// The two letters, if the core finds a country.
    pub fn of(&self, ip: &str) -> Option<String> {
        let user = StatsigUser::new(StatsigUserData {
            ip: Some(ip.to_owned().into()),
            ..StatsigUserData::default()
        });
        let mut code = String::new();
        for operator in OPERATORS {
            code.push(('A'..='Z').find(|letter| self.is(&user, &gate(operator, *letter)))?);
        }
        Some(code)
    }

    fn is(&self, user: &StatsigUser, gate: &str) -> bool {
        let user = StatsigUserInternal::new(user, None);
        let nobody = |_: &str, _: &str| false;
        let mut context = EvaluatorContext::new(
            &user,
            &self.specs,
            IdListResolution::Callback(&nobody),
            &self.hashing,
            None,
            None,
            false,
            None,
            true,
        );
        // Past the end of its table the core panics: no country (`evaluation.md` §8.3).
        let evaluate = std::panic::AssertUnwindSafe(|| {
            Evaluator::evaluate(&mut context, gate, &SpecType::Gate).is_ok()
        });
        matches!(std::panic::catch_unwind(evaluate), Ok(true)) && context.result.bool_value
    }
}
