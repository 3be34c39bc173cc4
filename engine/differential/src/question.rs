//! What is asked: a payload, how the engines are set up, and every name in it.

use crate::answer::Kind;
use crate::bootstrap::Asked;
use crate::generate::Setting;
use crate::tree::Tree;

/// The form of a payload, and with it who is asked besides our engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// v1: the reference evaluator.
    V1,
    /// v2: Statsig's core.
    V2,
}

/// What is put before both engines.
#[derive(Clone, Debug)]
pub struct Question {
    /// The form of the payload.
    pub form: Form,
    /// The payload.
    pub payload: Tree,
    /// Whether ID lists have members.
    pub lists: bool,
    /// Whether the instances have an environment and global custom fields.
    pub configured: bool,
    /// Local overrides.
    pub settings: Vec<Setting>,
    /// How the client bootstrap response is asked for, for some of the users.
    pub bootstrap: Asked,
}

/// What groups and rules of an experiment are called, and what none is called.
#[cfg(feature = "core")]
pub(crate) fn groups_and_rules<'p>(
    payload: &'p Tree,
    experiment: &str,
) -> (Vec<&'p str>, Vec<&'p str>) {
    let spec = payload
        .get("dynamic_configs")
        .and_then(|configs| configs.get(experiment));
    let rules = spec.and_then(|spec| spec.get("rules")).map(Tree::elements);
    let named = |key| {
        let texts = rules.unwrap_or_default().iter();
        let texts = texts.filter_map(move |rule| rule.get(key)?.text());
        texts.chain(["no such name"]).collect()
    };
    (named("groupName"), named("id"))
}

/// Every parameter of every parameter store.
pub(crate) fn stores(payload: &Tree) -> Vec<(&str, &str)> {
    payload
        .get("param_stores")
        .map(Tree::members)
        .unwrap_or_default()
        .iter()
        .flat_map(|(store, tree)| {
            let parameters = tree
                .get("parameters")
                .map(Tree::members)
                .unwrap_or_default();
            parameters
                .iter()
                .map(|(parameter, _)| (store.as_str(), parameter.as_str()))
        })
        .collect()
}

/// Whether a target has such an object.
pub(crate) fn target_repeats(payload: &Tree) -> bool {
    match payload {
        Tree::List(elements) => elements.iter().any(target_repeats),
        Tree::Map(members) => members.iter().any(|(name, value)| match name.as_str() {
            "targetValue" => repeats(value),
            _ => target_repeats(value),
        }),
        _ => false,
    }
}

/// Whether an object that gives a name twice lies within a list.
pub(crate) fn repeats_in_list(tree: &Tree) -> bool {
    match tree {
        Tree::List(elements) => elements.iter().any(repeats),
        Tree::Map(members) => members.iter().any(|(_, value)| repeats_in_list(value)),
        _ => false,
    }
}

pub(crate) fn repeats(tree: &Tree) -> bool {
    match tree {
        Tree::List(elements) => elements.iter().any(repeats),
        Tree::Map(members) => {
            let repeated = members
                .iter()
                .enumerate()
                .any(|(at, (name, _))| members.iter().skip(at + 1).any(|(other, _)| other == name));
            repeated || members.iter().any(|(_, value)| repeats(value))
        }
        _ => false,
    }
}

/// Everything that can be asked for, and a name that is nowhere.
pub(crate) fn names(payload: &Tree, settings: &[Setting]) -> Vec<(Kind, String)> {
    let mut names = vec![
        (Kind::Gate, "no such spec".to_owned()),
        (Kind::Layer, "no such spec".to_owned()),
    ];
    let mut add = |section: &str, kinds: &[Kind]| {
        let section = payload.get(section);
        let keys = section.map(Tree::members).unwrap_or_default().iter();
        let listed = section.map(Tree::elements).unwrap_or_default().iter();
        let listed = listed.filter_map(|spec| spec.get("name")?.text());
        let all = keys.map(|(name, _)| name.as_str()).chain(listed);
        for (index, name) in all.enumerate() {
            for kind in kinds {
                // As a dynamic config it is the same but for bandits.
                if *kind != Kind::DynamicConfig || index % 2 == 0 {
                    names.push((*kind, name.to_owned()));
                }
            }
        }
    };
    add("feature_gates", &[Kind::Gate]);
    add("dynamic_configs", &[Kind::Experiment, Kind::DynamicConfig]);
    add("layer_configs", &[Kind::Layer]);
    add("overrides", &Kind::ALL);
    add("cmab_configs", &Kind::ALL);
    names.extend(
        settings
            .iter()
            .map(|setting| (setting.kind, setting.name.clone())),
    );
    names.sort();
    names.dedup();
    names
}
