//! Specs: gates, segments, holdouts, dynamic configs, experiments, autotunes, layers.

use super::rule::{self, Shape, object};
use super::vocabulary::{ID_TYPES, Vocabulary};
use crate::answer::Kind;
use crate::random::Random;
use crate::tree::Tree;

/// What a spec may refer to.
pub(super) struct Surroundings<'s> {
    /// Keys of conditions that it may use.
    pub conditions: &'s [String],
    /// Configs that it may delegate to.
    pub delegates: &'s [String],
}

/// A spec of a kind.
pub(super) fn spec(
    random: &mut Random,
    words: &Vocabulary,
    kind: Kind,
    name: &str,
    around: &Surroundings<'_>,
) -> Tree {
    let gate = kind == Kind::Gate;
    let entity = match kind {
        Kind::Gate if name.starts_with("segment:") => "segment",
        Kind::Gate => *random.pick(&["feature_gate", "feature_gate", "holdout"]),
        Kind::Layer => "layer",
        _ => *random.pick(&["dynamic_config", "experiment", "experiment", "autotune"]),
    };
    let mut members: Vec<(String, Tree)> = vec![
        (
            "type".into(),
            if gate {
                "feature_gate"
            } else {
                "dynamic_config"
            }
            .into(),
        ),
        ("entity".into(), entity.into()),
        (
            "salt".into(),
            match random.below(6) {
                0 => "".into(),
                1 => words.text(random).into(),
                2 => "s".repeat(random.range(50, 140)).into(),
                _ => format!("salt-{}", random.below(1000)).into(),
            },
        ),
        ("enabled".into(), random.chance(85).into()),
        ("idType".into(), (*random.pick(ID_TYPES)).into()),
    ];
    let value = match (gate, random.below(20)) {
        (_, 0) => words.any(random, 2),
        (true, 1..=14) => Tree::Bool(false),
        (true, _) => Tree::Bool(true),
        (false, 1) => Tree::Bool(random.chance(50)),
        (false, _) => object(random, words),
    };
    members.push(("defaultValue".into(), value));
    let count = *random.pick(&[0, 1, 1, 2, 2, 3, 4]);
    let rules = (0..count).map(|index| {
        let shape = Shape {
            conditions: around.conditions,
            delegates: around.delegates,
            gate,
            index,
        };
        rule::rule(random, words, &shape)
    });
    members.push(("rules".into(), Tree::List(rules.collect())));
    for (field, percent) in [
        ("isActive", 60),
        ("hasSharedParams", 30),
        ("forwardAllExposures", 10),
    ] {
        if !gate && random.chance(percent) {
            members.push((
                field.into(),
                match random.below(10) {
                    0 => Tree::Null,
                    other => (other > 3).into(),
                },
            ));
        }
    }
    if !gate && random.chance(60) {
        let names = (0..random.below(4)).map(|_| (*random.pick(rule::PARAMETERS)).into());
        members.push(("explicitParameters".into(), Tree::List(names.collect())));
    }
    if random.chance(60) {
        members.push(("version".into(), (random.below(9) as u64).into()));
    }
    if random.chance(20) {
        members.push(("targetAppIDs".into(), Tree::List(vec!["app_1".into()])));
    }
    if (kind == Kind::Layer && random.chance(45)) || random.chance(3) {
        members.push(("useNewLayerEval".into(), random.chance(90).into()));
    }
    if random.chance(15) {
        members.push(("isDeviceBased".into(), words.any(random, 1)));
    }
    Tree::Map(members)
}
