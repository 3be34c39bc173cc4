//! Local overrides, some for one id and some for everyone.

use super::rule::object;
use super::vocabulary::Vocabulary;
use crate::answer::Kind;
use crate::random::Random;
use crate::tree::Tree;

/// A local override.
#[derive(Clone, Debug)]
pub struct Setting {
    /// As what the name is asked for.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// The id it is for; none for everyone.
    pub id: Option<String>,
    /// The answer.
    pub value: SettingValue,
}

/// The answer of a local override.
#[derive(Clone, Debug)]
pub enum SettingValue {
    /// A gate's.
    Gate(bool),
    /// An object.
    Json(String),
    /// That of an experiment's group.
    Group(&'static str),
}

/// Overrides of some of the specs. Of one name there is at most one for an id: the core looks through a user's ids in
/// no order.
pub(super) fn settings(random: &mut Random, words: &Vocabulary, payload: &Tree) -> Vec<Setting> {
    let mut made = Vec::new();
    let sections = [
        (Kind::Gate, "feature_gates"),
        (Kind::DynamicConfig, "dynamic_configs"),
        (Kind::Experiment, "dynamic_configs"),
        (Kind::Layer, "layer_configs"),
    ];
    for (kind, section) in sections {
        let members = payload.get(section).map(Tree::members).unwrap_or_default();
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.push("only a setting");
        for name in names {
            if !random.chance(15) {
                continue;
            }
            let for_one = random.chance(60).then(|| words.text(random));
            let for_all = (for_one.is_none() || random.chance(30)).then_some(None);
            for id in for_one.map(Some).into_iter().chain(for_all) {
                made.push(Setting {
                    kind,
                    name: name.to_owned(),
                    id,
                    value: value(random, words, kind),
                });
            }
        }
    }
    made
}

fn value(random: &mut Random, words: &Vocabulary, kind: Kind) -> SettingValue {
    match kind {
        Kind::Gate => SettingValue::Gate(random.chance(50)),
        Kind::Experiment if random.chance(40) => {
            const GROUPS: [&str; 4] = ["Control", "Test", "", "no such group"];
            let at = random.below(GROUPS.len());
            SettingValue::Group(GROUPS[at])
        }
        _ => SettingValue::Json(object(random, words).to_json()),
    }
}
