//! Config mappings.

use super::*;

impl Making<'_> {
    /// Config mappings: of a name to one that was made before it, with rules that ask no gate that is mapped itself.
    pub(super) fn add_mappings(&mut self, tree: &mut Tree) {
        let plain: Vec<String> = self
            .conditions
            .iter()
            .filter(|(_, condition)| {
                !matches!(
                    condition.get("type").and_then(Tree::text),
                    Some("pass_gate" | "fail_gate" | "experiment_group")
                )
            })
            .map(|(key, _)| key.clone())
            .collect();
        let mut rules = Vec::new();
        for index in 0..3 {
            let shape = Shape {
                conditions: &plain,
                delegates: &[],
                gate: true,
                index,
            };
            rules.push((
                format!("mapping_{index}"),
                rule::rule(self.random, &self.words, &shape),
            ));
        }
        let ordered: Vec<String> = [&self.gates, &self.configs, &self.layers]
            .into_iter()
            .flat_map(|specs| names(specs))
            .filter(|name| !name.starts_with(PROBE) && !name.starts_with("chain_"))
            .collect();
        let mut mappings = Vec::new();
        for (at, name) in ordered.iter().enumerate() {
            if at == 0 || !self.random.chance(25) {
                continue;
            }
            // Names repeat across kinds: only a name that is nowhere at or after this one cannot lead back to it.
            let earlier: Vec<&String> = ordered[..at]
                .iter()
                .filter(|other| !ordered[at..].contains(other))
                .collect();
            if earlier.is_empty() || ordered[..at].contains(name) {
                continue;
            }
            mappings.push((name.clone(), self.mapping(&earlier)));
        }
        if !ordered.is_empty() {
            let all: Vec<&String> = ordered.iter().collect();
            mappings.push(("only a mapping".into(), self.mapping(&all)));
        }
        tree.push("overrides", Tree::Map(mappings));
        tree.push("override_rules", Tree::Map(rules));
    }

    fn mapping(&mut self, targets: &[&String]) -> Tree {
        let count = self.random.range(1, 2);
        Tree::List(
            (0..count)
                .map(|_| {
                    let rules = (0..self.random.range(0, 2)).map(|_| {
                        let mut rule = map([(
                            "rule_name",
                            format!("mapping_{}", self.random.below(4)).into(),
                        )]);
                        match self.random.below(6) {
                            0 => rule.push("start_time", Tree::Number("4102444800000".into())),
                            1 => rule.push("start_time", Tree::Number("1600000000000".into())),
                            2 => rule.push("start_time", Tree::Null),
                            3 => rule.push("start_time", Tree::Number("-5".into())),
                            _ => {}
                        }
                        rule
                    });
                    let rules = Tree::List(rules.collect());
                    let target = match self.random.below(10) {
                        0 => "no such config",
                        1 => *self
                            .random
                            .pick(&["chain_66", "chain_65", "chain_64", "chain_63", "chain_62"]),
                        _ => self.random.pick(targets).as_str(),
                    };
                    map([("new_config_name", target.into()), ("rules", rules)])
                })
                .collect(),
        )
    }
}
