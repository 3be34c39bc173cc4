//! Payloads in the v2 form.
//!
//! A spec refers only to what was made before it, so that nothing leads back to itself: the core overflows its stack on
//! mappings and experiment groups that do. Cycles of gates, which it survives, have payloads of their own.

mod mapping;
mod parameter_store;

use statsig_edge::djb2;

use super::bandit::bandit;
use super::condition::{References, condition};
use super::rule::{self, PARAMETERS, Shape};
use super::setting::{Setting, settings};
use super::spec::{Surroundings, spec};
use super::vocabulary::Vocabulary;
use crate::answer::Kind;
use crate::bootstrap::KEY;
use crate::random::Random;
use crate::tree::{Tree, map};

/// A payload with what its users are made from.
#[derive(Clone, Debug)]
pub struct Payload {
    /// The payload in the v2 form.
    pub tree: Tree,
    /// What its users talk about.
    pub words: Vocabulary,
    /// Whether ID lists have members.
    pub lists: bool,
    /// Whether the instances have an environment and global custom fields.
    pub configured: bool,
    /// Local overrides.
    pub settings: Vec<Setting>,
}

/// What payloads contain.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Types and operators that the engines do not know.
    pub unknown: bool,
    /// Only gates.
    pub gates_only: bool,
}

/// The prefix of the gates that hold one condition each.
pub const PROBE: &str = "probe:";

/// The name of the bandit that leaves something to chance; nothing refers to it.
pub const BY_CHANCE: &str = "by chance";

/// The time of every payload: its value plays no part.
const TIME: u64 = 1_700_000_000_000;

struct Making<'r> {
    random: &'r mut Random,
    words: Vocabulary,
    scope: Scope,
    cycles: bool,
    groups: bool,
    conditions: Vec<(String, Tree)>,
    keys: Vec<String>,
    gates: Vec<(String, Tree)>,
    configs: Vec<(String, Tree)>,
    layers: Vec<(String, Tree)>,
    bandits: Vec<(String, Tree)>,
}

/// A payload.
pub fn payload(random: &mut Random, scope: Scope) -> Payload {
    let words = Vocabulary::new(random);
    let lists = random.chance(50);
    let configured = random.chance(50);
    let cycles = random.chance(4);
    let scope = Scope {
        unknown: scope.unknown && random.chance(40),
        ..scope
    };
    let mut making = Making {
        words,
        scope,
        cycles,
        groups: !lists && !cycles && random.chance(40),
        conditions: Vec::new(),
        keys: Vec::new(),
        gates: Vec::new(),
        configs: Vec::new(),
        layers: Vec::new(),
        bandits: Vec::new(),
        random,
    };
    making.make_specs();
    making.probe_conditions();
    let tree = making.finish();
    // The core asks for an experiment's group through a public call, which does not know them.
    let settings = match !making.groups && making.random.chance(25) {
        true => settings(making.random, &making.words, &tree),
        false => Vec::new(),
    };
    Payload {
        tree,
        settings,
        words: making.words,
        lists,
        configured,
    }
}

impl Making<'_> {
    fn make_specs(&mut self) {
        for _ in 0..self.random.range(2, 6) {
            self.add_condition();
        }
        for index in 0..self.random.range(5, 12) {
            let kind = match (self.scope.gates_only, self.random.below(10)) {
                (true, _) | (_, 0..=4) => Kind::Gate,
                (_, 5..=7) => Kind::Experiment,
                _ => Kind::Layer,
            };
            for _ in 0..self.random.range(0, 3) {
                self.add_condition();
            }
            let name = self.name(kind, index);
            let mut delegates = names(&self.configs);
            delegates.extend(self.bandits.iter().take(1).map(|(name, _)| name.clone()));
            if kind == Kind::Experiment && self.random.chance(15) {
                self.add_bandit(name.clone(), false);
            }
            let around = Surroundings {
                conditions: &self.keys,
                delegates: &delegates,
            };
            let made = spec(self.random, &self.words, kind, &name, &around);
            match kind {
                Kind::Gate => self.gates.push((name, made)),
                Kind::Layer => self.layers.push((name, made)),
                _ => self.configs.push((name, made)),
            }
        }
        if self.random.chance(2) {
            self.add_chain();
        }
        if !self.scope.gates_only && self.random.chance(15) {
            self.add_bandit("only a bandit".into(), false);
            self.add_bandit(BY_CHANCE.into(), true);
        }
    }

    /// A bandit that asks only gates that were made before it.
    fn add_bandit(&mut self, name: String, chance: bool) {
        let gates = match self.cycles {
            true => Vec::new(),
            false => names(&self.gates),
        };
        let mut made = bandit(self.random, &self.words, &gates, chance);
        if let Tree::Map(members) = &mut made
            && self.random.chance(1)
        {
            members.remove(self.random.below(members.len()));
        }
        self.bandits.push((name, made));
    }

    /// A name, which may have been used before: then the spec before it is lost. Not where experiments are asked for
    /// groups, since what was made in between could lead back to the new spec.
    fn name(&mut self, kind: Kind, index: usize) -> String {
        if self.random.below(12) == 0 {
            let name = self.words.text(self.random);
            let mut specs = self.gates.iter().chain(&self.configs).chain(&self.layers);
            if !self.groups || specs.all(|(used, _)| *used != name) {
                return name;
            }
        }
        match (kind, self.random.below(6)) {
            (Kind::Gate, 0) => format!("segment:s{index}"),
            (Kind::Gate, _) => format!("gate_{index}"),
            (Kind::Layer, _) => format!("layer_{index}"),
            _ => format!("config_{index}"),
        }
    }

    fn add_condition(&mut self) {
        let mut gates = names(&self.gates);
        if self.cycles {
            gates.extend((0..12).map(|index| format!("gate_{index}")));
        }
        let experiments = if self.groups {
            names(&self.configs)
        } else {
            Vec::new()
        };
        let references = References {
            gates: &gates,
            experiments: &experiments,
            unknown: self.scope.unknown,
        };
        let made = condition(self.random, &self.words, &references);
        let key = (self.keys.len() * 7 + 100).to_string();
        self.conditions.push((key.clone(), made));
        self.keys.push(key);
    }

    /// Gates nested about as deep as is allowed.
    fn add_chain(&mut self) {
        let length = self.random.range(60, 67);
        for index in 0..length {
            let key = format!("chain_{index}");
            let inner = match index {
                0 => map([("type", "public".into()), ("idType", "userID".into())]),
                _ => map([
                    ("type", "pass_gate".into()),
                    ("targetValue", format!("chain_{}", index - 1).into()),
                    ("idType", "userID".into()),
                ]),
            };
            self.conditions.push((key.clone(), inner));
            self.gates.push((key.clone(), gate_of(&key)));
        }
    }

    /// One gate for each condition, so that each is seen by itself.
    fn probe_conditions(&mut self) {
        for key in &self.keys {
            self.gates.push((format!("{PROBE}{key}"), gate_of(key)));
        }
    }

    fn finish(&mut self) -> Tree {
        let mut tree = map([("has_updates", true.into()), ("time", TIME.into())]);
        if self.random.chance(60) {
            tree.push(
                "app_id",
                match self.random.below(10) {
                    0 => self.words.number(self.random),
                    _ => (*self.random.pick(&["app_1", "app_2", ""])).into(),
                },
            );
        }
        if !self.cycles && !self.scope.gates_only && self.random.chance(25) {
            self.add_mappings(&mut tree);
        }
        if !self.scope.gates_only && self.random.chance(30) {
            let stores = (0..2)
                .map(|index| (format!("store_{index}"), self.store()))
                .collect();
            tree.push("param_stores", Tree::Map(stores));
        }
        if !self.bandits.is_empty() || self.random.chance(2) {
            let bandits = Tree::Map(std::mem::take(&mut self.bandits));
            tree.push("cmab_configs", bandits);
        }
        self.add_clients(&mut tree);
        if self.configured_elsewhere() {
            tree.push("default_environment", Tree::Null);
        }
        tree.push("feature_gates", Tree::Map(std::mem::take(&mut self.gates)));
        tree.push(
            "dynamic_configs",
            Tree::Map(std::mem::take(&mut self.configs)),
        );
        tree.push("layer_configs", Tree::Map(std::mem::take(&mut self.layers)));
        tree.push(
            "condition_map",
            Tree::Map(std::mem::take(&mut self.conditions)),
        );
        tree.push("experiment_to_layer", Tree::Map(Vec::new()));
        tree
    }

    fn configured_elsewhere(&mut self) -> bool {
        self.random.chance(10)
    }

    /// What only bootstrap responses say: the apps of client keys, session replay.
    fn add_clients(&mut self, tree: &mut Tree) {
        let app = |random: &mut Random| Tree::from(*random.pick(&["app_1", "app_2"]));
        if self.random.chance(40) {
            tree.push("sdk_keys_to_app_ids", map([(KEY, app(self.random))]));
        }
        if self.random.chance(20) {
            let hashed = djb2(if self.random.chance(50) { KEY } else { "other" }).to_string();
            let apps = vec![(hashed, app(self.random))];
            tree.push("hashed_sdk_keys_to_app_ids", Tree::Map(apps));
        }
        if self.random.chance(30) {
            // Rates that leave nothing to chance.
            let rate =
                |random: &mut Random| Tree::Number((*random.pick(&["0", "1", "1.0"])).into());
            let mut replay = map([("recording_blocked", self.random.chance(30).into())]);
            if self.random.chance(60) {
                replay.push("sampling_rate", rate(self.random));
            }
            if self.random.chance(50) {
                let gate = names(&self.gates).first().cloned().unwrap_or_default();
                replay.push("targeting_gate", gate.into());
            }
            for triggers in [
                "session_recording_event_triggers",
                "session_recording_exposure_triggers",
            ] {
                if self.random.chance(50) {
                    let mut trigger = map([("values", Tree::List(vec!["a".into(), "b".into()]))]);
                    if self.random.chance(50) {
                        trigger.push("sampling_rate", rate(self.random));
                    }
                    replay.push(triggers, map([("an event", trigger)]));
                }
            }
            tree.push("session_replay_info", replay);
        }
    }
}

fn names(specs: &[(String, Tree)]) -> Vec<String> {
    specs.iter().map(|(name, _)| name.clone()).collect()
}

fn gate_of(condition: &str) -> Tree {
    let rule = map([
        ("id", "r".into()),
        ("name", "r".into()),
        ("passPercentage", 100.into()),
        ("conditions", Tree::List(vec![condition.into()])),
        ("returnValue", true.into()),
        ("idType", "userID".into()),
    ]);
    map([
        ("type", "feature_gate".into()),
        ("entity", "feature_gate".into()),
        ("salt", "s".into()),
        ("enabled", true.into()),
        ("defaultValue", false.into()),
        ("idType", "userID".into()),
        ("rules", Tree::List(vec![rule])),
    ])
}
