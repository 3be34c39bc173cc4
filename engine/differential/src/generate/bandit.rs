//! Contextual bandits. What they draw by chance cannot be compared, so most leave nothing to chance: they never explore,
//! or have one group, and some group has a score. Weights are such that their sums are exact, whatever the order.

use super::rule::{PARAMETERS, object};
use super::vocabulary::{ID_TYPES, Vocabulary};
use crate::random::Random;
use crate::tree::{Tree, map};

/// A bandit that may ask these gates who takes part; `chance` says whether it explores by chance.
pub(super) fn bandit(
    random: &mut Random,
    words: &Vocabulary,
    gates: &[String],
    chance: bool,
) -> Tree {
    let count = match chance {
        true => random.range(2, 4),
        false => random.below(4),
    };
    let rate = match (chance, count) {
        (true, _) => "0.5",
        (false, 0 | 1) => *random.pick(&["0", "0.5", "1", "1e-1", "-1", "2"]),
        (false, _) => "0",
    };
    let groups: Vec<String> = (0..count)
        .map(|index| match random.below(10) {
            0 => words.text(random),
            _ => format!("group_{index}"),
        })
        .collect();
    let mut made = map([
        ("salt", format!("bandit-{}", random.below(100)).into()),
        ("defaultValue", value(random, words)),
        ("idType", (*random.pick(ID_TYPES)).into()),
        ("enabled", random.chance(85).into()),
        ("version", (random.below(9) as u64).into()),
        ("sampleRate", Tree::Number(rate.into())),
        ("higherIsBetter", random.chance(70).into()),
        (
            "groups",
            Tree::List(
                groups
                    .iter()
                    .map(|id| group(random, words, id.as_str()))
                    .collect(),
            ),
        ),
    ]);
    if random.chance(30) {
        made.push(
            "targetAppIDs",
            match random.below(3) {
                0 => Tree::Null,
                _ => Tree::List(vec!["app_1".into()]),
            },
        );
    }
    if chance || random.chance(70) {
        let mut models = Vec::new();
        for (index, id) in groups.iter().enumerate() {
            // One model a group: without a score in any the core chooses by chance.
            if groups.iter().take(index).any(|other| other == id) {
                continue;
            }
            if index == 0 || random.chance(80) {
                models.push((id.clone(), model(random, words, index == 0)));
            }
        }
        made.push("config", Tree::Map(models));
    } else if random.chance(20) {
        made.push("config", Tree::Null);
    }
    if random.chance(50) {
        made.push(
            "targetingGateName",
            match random.below(10) {
                0 => Tree::Null,
                1 => "no such gate".into(),
                _ if gates.is_empty() => "segment:no such gate".into(),
                _ => random.pick(gates).as_str().into(),
            },
        );
    }
    made
}

fn value(random: &mut Random, words: &Vocabulary) -> Tree {
    match random.below(12) {
        0 => words.any(random, 1),
        _ => object(random, words),
    }
}

fn group(random: &mut Random, words: &Vocabulary, id: &str) -> Tree {
    let name = *random.pick(&["Control", "Test", "Ünï", ""]);
    map([
        ("name", name.into()),
        ("id", id.into()),
        ("parameterValues", value(random, words)),
    ])
}

/// A number that is exact in few bits.
fn weight(random: &mut Random) -> Tree {
    let quarters = random.below(64) as f64 - 24.0;
    Tree::Number((quarters / 4.0).to_string())
}

fn model(random: &mut Random, words: &Vocabulary, scored: bool) -> Tree {
    let numerical = match random.chance(50) {
        true => vec![(words.field(random), weight(random))],
        false => Vec::new(),
    };
    let least = usize::from(scored && numerical.is_empty());
    let categorical = (0..random.range(least, 3)).map(|_| {
        let categories = (0..random.below(4)).map(|_| {
            let category = match random.below(8) {
                0 => "null".to_owned(),
                1 => (*random.pick(PARAMETERS)).to_owned(),
                _ => words.text(random),
            };
            (category, weight(random))
        });
        let categories = Tree::Map(categories.collect());
        (words.field(random), categories)
    });
    let categorical = Tree::Map(categorical.collect());
    map([
        ("alpha", weight(random)),
        ("intercept", weight(random)),
        ("records", (random.below(1000) as u64).into()),
        ("weightsNumerical", Tree::Map(numerical)),
        ("weightsCategorical", categorical),
    ])
}
