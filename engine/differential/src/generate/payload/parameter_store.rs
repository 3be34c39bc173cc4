//! Parameter stores.

use super::*;

impl Making<'_> {
    pub(super) fn store(&mut self) -> Tree {
        let parameters = (0..self.random.below(6))
            .map(|_| ((*self.random.pick(PARAMETERS)).to_owned(), self.parameter()))
            .collect();
        map([("parameters", Tree::Map(parameters))])
    }

    fn parameter(&mut self) -> Tree {
        let kind = self.random.below(5);
        let specs = match kind {
            1 => &self.gates,
            4 => &self.layers,
            _ => &self.configs,
        };
        let name = match specs.is_empty() || self.random.chance(10) {
            true => "no such spec".to_owned(),
            false => self.random.pick(specs).0.clone(),
        };
        let parameter = *self.random.pick(PARAMETERS);
        let (pass, fail) = (
            self.words.any(self.random, 2),
            self.words.any(self.random, 2),
        );
        let mut made = map([("ref_type", "x".into()), ("param_type", "string".into())]);
        let (field, rest) = match kind {
            0 => {
                made.push("value", pass);
                return made;
            }
            1 => (
                "gate_name",
                vec![("pass_value", pass), ("fail_value", fail)],
            ),
            2 => ("config_name", vec![("param_name", parameter.into())]),
            3 => ("experiment_name", vec![("param_name", parameter.into())]),
            _ => ("layer_name", vec![("param_name", parameter.into())]),
        };
        made.push(field, name.into());
        for (field, value) in rest {
            made.push(field, value);
        }
        made
    }
}
