//! The v1 form of a generated payload: arrays of specs, conditions written out, and what only v1 has.

use crate::random::Random;
use crate::tree::{Tree, map};

/// The same specs in the v1 form, without what only v2 has. Some of what readers of v1 may miss is left out.
pub fn v1(random: &mut Random, payload: &Tree) -> Tree {
    let mut tree = map([("has_updates", true.into())]);
    match random.below(20) {
        0 => {}
        1 => tree.push("time", Tree::Null),
        _ => tree.push("time", 1_700_000_000_000.into()),
    }
    for field in ["app_id", "param_stores"] {
        if let Some(value) = payload.get(field) {
            tree.push(field, value.clone());
        }
    }
    if random.chance(20) {
        tree.push("default_environment", "staging".into());
    }
    if random.chance(50) {
        tree.push("layers", Tree::Map(Vec::new()));
        tree.push("id_lists", map([("list_a", true.into())]));
    }
    let conditions = conditions(random, payload);
    for section in ["feature_gates", "dynamic_configs", "layer_configs"] {
        let specs = last_of_each(payload.get(section));
        let specs = specs
            .into_iter()
            .map(|(name, made)| spec(random, name, made, &conditions));
        tree.push(section, Tree::List(specs.collect()));
    }
    tree
}

/// Of members of one name the last.
fn last_of_each(tree: Option<&Tree>) -> Vec<(&str, &Tree)> {
    let members = tree.map(Tree::members).unwrap_or_default();
    let mut last: Vec<(&str, &Tree)> = Vec::new();
    for (name, value) in members {
        last.retain(|(other, _)| other != name);
        last.push((name, value));
    }
    last
}

/// The conditions by their keys. One may ask the gates that those before it ask: nothing leads back to itself.
fn conditions<'p>(random: &mut Random, payload: &'p Tree) -> Vec<(&'p str, Tree)> {
    let mut gates: Vec<Tree> = Vec::new();
    let mut made = Vec::new();
    for (key, old) in last_of_each(payload.get("condition_map")) {
        let mut condition = old.clone();
        let kind = old.get("type").and_then(Tree::text).unwrap_or_default();
        let target = old.get("targetValue");
        if matches!(kind, "pass_gate" | "fail_gate") {
            gates.extend(target.filter(|target| target.text().is_some()).cloned());
            if random.chance(25) && !gates.is_empty() {
                let asked = (0..random.below(4)).map(|_| random.pick(&gates).clone());
                let asked = Tree::List(asked.collect());
                condition.set("type", format!("multi_{kind}").into());
                condition.set("targetValue", asked);
            }
        } else if kind == "user_bucket"
            && let Some(list) = target.and_then(|target| bucket_list(random, target))
        {
            condition.set("targetValue", list);
        }
        loosen(random, &mut condition);
        made.push((key, condition));
    }
    made
}

/// v1 writes buckets as integers.
fn bucket_list(random: &mut Random, target: &Tree) -> Option<Tree> {
    let keys: Vec<&str> = match target {
        Tree::Map(members) => members.iter().map(|(key, _)| key.as_str()).collect(),
        Tree::List(elements) if random.chance(70) => {
            elements.iter().filter_map(Tree::text).collect()
        }
        _ => return None,
    };
    let number = |key: &&str| key.parse::<u64>().map(Tree::from).ok();
    Some(Tree::List(keys.iter().filter_map(number).collect()))
}

/// A missing id type means the user's id.
fn loosen(random: &mut Random, tree: &mut Tree) {
    match random.below(40) {
        0 => tree.remove("idType"),
        1 => tree.set("idType", Tree::Null),
        2 => tree.set("idType", 5.into()),
        3 => tree.set("isDeviceBased", false.into()),
        _ => {}
    }
}

fn spec(random: &mut Random, name: &str, old: &Tree, conditions: &[(&str, Tree)]) -> Tree {
    let mut spec = old.clone();
    spec.remove("useNewLayerEval");
    spec.set("name", name.into());
    loosen(random, &mut spec);
    if random.chance(3) {
        spec.remove("entity");
    }
    let rules = old.get("rules").map(Tree::elements).unwrap_or_default();
    let rules = rules.iter().map(|old| rule(random, old, conditions));
    let rules = Tree::List(rules.collect());
    spec.set("rules", rules);
    spec
}

fn rule(random: &mut Random, old: &Tree, conditions: &[(&str, Tree)]) -> Tree {
    let mut rule = old.clone();
    loosen(random, &mut rule);
    let keys = old
        .get("conditions")
        .map(Tree::elements)
        .unwrap_or_default();
    let written: Vec<Tree> = keys
        .iter()
        .filter_map(Tree::text)
        .filter_map(|key| conditions.iter().find(|(name, _)| *name == key))
        .map(|(_, condition)| condition.clone())
        .collect();
    match (written.is_empty(), random.below(10)) {
        (true, 0) => rule.remove("conditions"),
        (true, 1) => rule.set("conditions", Tree::Null),
        _ => rule.set("conditions", Tree::List(written)),
    }
    rule
}
