//! Payloads that the core must not be asked about: delegates, mappings and experiment groups that lead back to themselves, on
//! which it overflows its stack. The generator makes few, where names repeat, but what is made smaller may become one.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::Tree;

/// What each name leads to, whatever its kind.
#[derive(Default)]
struct Graph<'t> {
    to: BTreeMap<&'t str, BTreeSet<&'t str>>,
    /// Delegates, mappings and experiment groups.
    endless: Vec<(&'t str, &'t str)>,
}

impl<'t> Graph<'t> {
    fn add(&mut self, from: &'t str, to: Option<&'t Tree>, endless: bool) {
        let Some(to) = to.and_then(Tree::text) else {
            return;
        };
        self.to.entry(from).or_default().insert(to);
        if endless {
            self.endless.push((from, to));
        }
    }

    fn add_rule(&mut self, from: &'t str, rule: &'t Tree, payload: &'t Tree) {
        self.add(from, rule.get("configDelegate"), true);
        let conditions = payload.get("condition_map");
        let keys = rule.get("conditions").map(Tree::elements);
        for key in keys.unwrap_or_default() {
            let condition = match key.text() {
                Some(key) => conditions.and_then(|conditions| conditions.get(key)),
                None => Some(key),
            };
            let Some(condition) = condition else { continue };
            let kind = condition.get("type").and_then(Tree::text);
            match kind.unwrap_or_default() {
                "experiment_group" => self.add(from, condition.get("field"), true),
                "pass_gate" | "fail_gate" => self.add(from, condition.get("targetValue"), false),
                "multi_pass_gate" | "multi_fail_gate" => {
                    let gates = condition.get("targetValue").map(Tree::elements);
                    for gate in gates.unwrap_or_default() {
                        self.add(from, Some(gate), false);
                    }
                }
                _ => {}
            }
        }
    }

    fn reaches(&self, from: &'t str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut left = vec![from];
        while let Some(name) = left.pop() {
            if name == to {
                return true;
            }
            if seen.insert(name) {
                left.extend(self.to.get(name).into_iter().flatten());
            }
        }
        false
    }
}

/// Whether a delegate, a mapping or an experiment group can lead back to where it came from.
pub fn runs_away(payload: &Tree) -> bool {
    let mut graph = Graph::default();
    for section in ["feature_gates", "dynamic_configs", "layer_configs"] {
        let section = payload.get(section);
        let keyed = section.map(Tree::members).unwrap_or_default().iter();
        let keyed = keyed.map(|(name, spec)| (name.as_str(), spec));
        let listed = section.map(Tree::elements).unwrap_or_default().iter();
        let listed = listed.filter_map(|spec| Some((spec.get("name")?.text()?, spec)));
        for (name, spec) in keyed.chain(listed) {
            for rule in spec.get("rules").map(Tree::elements).unwrap_or_default() {
                graph.add_rule(name, rule, payload);
            }
        }
    }
    let members = |name| payload.get(name).map(Tree::members).unwrap_or_default();
    for (name, bandit) in members("cmab_configs") {
        graph.add(name, bandit.get("targetingGateName"), false);
    }
    for (name, mappings) in members("overrides") {
        for mapping in mappings.elements() {
            graph.add(name, mapping.get("new_config_name"), true);
        }
        for (_, rule) in members("override_rules") {
            graph.add_rule(name, rule, payload);
        }
    }
    let mut endless = graph.endless.iter();
    endless.any(|(from, to)| graph.reaches(to, from))
}
