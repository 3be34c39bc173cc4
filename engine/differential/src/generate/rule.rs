//! Rules and the objects they return.

use super::number;
use super::vocabulary::{ID_TYPES, Vocabulary};
use crate::random::Random;
use crate::tree::Tree;

/// Names of parameters: few, so that layers and experiments share them.
pub(super) const PARAMETERS: &[&str] = &["p", "q", "r", "s", "p q", "é", "\"", "p", "q"];

/// What a rule may refer to, and what it returns.
pub(super) struct Shape<'s> {
    /// Keys of conditions that it may use.
    pub conditions: &'s [String],
    /// Configs that it may delegate to.
    pub delegates: &'s [String],
    /// It returns a bool, as a gate's does.
    pub gate: bool,
    /// Its number within the spec.
    pub index: usize,
}

/// A rule.
pub(super) fn rule(random: &mut Random, words: &Vocabulary, shape: &Shape<'_>) -> Tree {
    let mut members: Vec<(String, Tree)> = Vec::new();
    let id = match random.below(12) {
        0 => words.text(random),
        1 => (*random.pick(&[
            "layerAssignment",
            "targetingGate",
            "inlineTargetingRules",
            "prestart",
            "x:id_override",
            "default",
            "",
        ]))
        .to_owned(),
        _ => format!("rule_{}", shape.index),
    };
    members.push(("id".into(), id.into()));
    members.push(("name".into(), "name".into()));
    match random.below(10) {
        0 => {}
        1 => members.push(("salt".into(), Tree::Null)),
        2 | 3 => members.push(("salt".into(), "".into())),
        4 => members.push(("salt".into(), words.text(random).into())),
        5 => members.push((
            "salt".into(),
            "0123456789abcdef".repeat(random.below(9)).into(),
        )),
        _ => members.push(("salt".into(), format!("salt-{}", random.below(100)).into())),
    }
    members.push((
        "passPercentage".into(),
        Tree::Number(number::percentage(random)),
    ));
    let count = *random.pick(&[0, 1, 1, 1, 1, 2, 2, 3]);
    let keys = (0..count).map(|_| match random.below(200) {
        0 => "missing".into(),
        _ if shape.conditions.is_empty() => "missing".into(),
        _ => random.pick(shape.conditions).as_str().into(),
    });
    members.push(("conditions".into(), Tree::List(keys.collect())));
    let value = match (shape.gate, random.below(20)) {
        (_, 0) => words.any(random, 2),
        (true, 1..=14) => Tree::Bool(true),
        (true, _) => Tree::Bool(false),
        (false, 1) => Tree::Bool(random.chance(50)),
        (false, _) => object(random, words),
    };
    members.push(("returnValue".into(), value));
    members.push(("idType".into(), (*random.pick(ID_TYPES)).into()));
    if !shape.gate || random.chance(5) {
        match random.below(4) {
            0 => {}
            1 => members.push(("groupName".into(), Tree::Null)),
            _ => members.push((
                "groupName".into(),
                (*random.pick(&["Control", "Test", "Ünï", ""])).into(),
            )),
        }
        if random.chance(60) {
            members.push(("isExperimentGroup".into(), random.chance(70).into()));
        }
    }
    if !shape.delegates.is_empty() && random.chance(if shape.gate { 4 } else { 35 }) {
        let delegate = match random.below(12) {
            0 => "no such config".into(),
            1 => "".into(),
            _ => random.pick(shape.delegates).as_str().into(),
        };
        members.push(("configDelegate".into(), delegate));
    }
    if random.chance(20) {
        members.push(("samplingRate".into(), (random.below(5) as u64).into()));
    }
    Tree::Map(members)
}

/// A config's value.
pub(super) fn object(random: &mut Random, words: &Vocabulary) -> Tree {
    let count = random.below(4);
    Tree::Map(
        (0..count)
            .map(|_| ((*random.pick(PARAMETERS)).to_owned(), words.any(random, 2)))
            .collect(),
    )
}
