//! One payload in both engines, asked about users.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;
use statsig_edge::compile::{CompileError, compile};
use statsig_edge::{Table, User};

use crate::answer::{Answer, Kind};
use crate::official::{Acceptance, Core};
use crate::ours::{Ours, Room};
use crate::quirk::Quirk;
use crate::tree::Tree;
use crate::world::World;

/// What is put before both engines.
#[derive(Clone, Debug)]
pub struct Question {
    /// The payload.
    pub payload: Tree,
    /// Whether ID lists have members.
    pub lists: bool,
    /// Whether the instances have an environment and global custom fields.
    pub configured: bool,
}

/// Two answers that are not the same.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What was asked for.
    pub what: String,
    /// Which fields differ.
    pub fields: Vec<&'static str>,
    /// What Statsig's core says.
    pub core: String,
    /// What our engine says.
    pub ours: String,
}

impl Difference {
    /// What makes two differences the same kind of difference, while one is being made smaller.
    pub fn signature(&self) -> (&str, &[&'static str]) {
        (
            self.what.split(' ').next().unwrap_or_default(),
            &self.fields,
        )
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} differ\n  core: {}\n  ours: {}",
            self.what,
            self.fields.join(", "),
            self.core,
            self.ours
        )
    }
}

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Users that both engines were asked about.
    pub users: usize,
    /// Answers that were compared.
    pub answers: usize,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What differs for a reason that is known.
    pub quirks: BTreeMap<Quirk, usize>,
}

/// Both engines.
pub struct Engines<'c> {
    plain: Core,
    configured: Core,
    countries: &'c dyn Fn(&str) -> Option<String>,
}

impl<'c> Engines<'c> {
    /// Starts the core, once with options and once without.
    pub fn start(
        plain: Core,
        configured: Core,
        countries: &'c dyn Fn(&str) -> Option<String>,
    ) -> Self {
        Engines {
            plain,
            configured,
            countries,
        }
    }

    /// Asks both engines about every spec for each user. `see` is shown every answer of the core.
    pub fn compare(
        &self,
        question: &Question,
        users: &[Tree],
        see: &mut dyn FnMut(Kind, &str, &Answer),
    ) -> Findings {
        let mut findings = Findings::default();
        let payload = question.payload.to_json();
        let core = match question.configured {
            true => &self.configured,
            false => &self.plain,
        };
        let acceptance = core.load(&payload);
        let compiled = compile(payload.as_bytes());
        let ours = match &compiled {
            Ok(_) => Acceptance::Accepted,
            Err(CompileError::NoUpdates) => Acceptance::NoUpdates,
            Err(_) => Acceptance::Rejected,
        };
        if acceptance != ours {
            findings.differences.push(Difference {
                what: "payload".into(),
                fields: vec!["acceptance"],
                core: format!("{acceptance:?}"),
                ours: match compiled {
                    Ok(_) => "Accepted".into(),
                    Err(error) => error.to_string(),
                },
            });
            return findings;
        }
        let Ok(compiled) = compiled else {
            return findings;
        };
        let world = World::new(question.lists, self.countries);
        let Some(ours) = Ours::open(&compiled.table, &world, question.configured) else {
            findings.differences.push(Difference {
                what: "table".into(),
                fields: vec!["opens"],
                core: String::new(),
                ours: format!("{:?}", Table::open(&compiled.table)),
            });
            return findings;
        };
        let names = names(&question.payload);
        for (kind, name) in &names {
            let (theirs, our) = (core.knows(*kind, name), ours.knows(*kind, name));
            if theirs != our {
                findings.differences.push(Difference {
                    what: format!("{kind:?} {name:?}"),
                    fields: vec!["kept"],
                    core: theirs.to_string(),
                    ours: our.to_string(),
                });
            }
        }
        let mut room = Box::new(Room::new());
        let stores: Vec<(&str, &str)> = question
            .payload
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
            .collect();
        for user in users {
            let text = user.to_json();
            let core_user = core.user(&text);
            let mut scratch = vec![0; text.len() * 6];
            let our_user = User::from_json(text.as_bytes(), &mut scratch);
            let (core_user, our_user) = match (core_user, our_user) {
                (Some(core_user), Ok(our_user)) => (core_user, our_user),
                (None, Err(_)) => continue,
                (core_user, our_user) => {
                    findings.differences.push(Difference {
                        what: format!("user {text}"),
                        fields: vec!["parsed"],
                        core: core_user.is_some().to_string(),
                        ours: format!("{our_user:?}"),
                    });
                    continue;
                }
            };
            findings.users += 1;
            for (kind, name) in &names {
                let theirs = core.ask(&core_user, *kind, name, question.lists);
                let our = ours.ask(&our_user, *kind, name, &mut room);
                findings.answers += 1;
                let Some(theirs) = theirs else {
                    *findings.quirks.entry(Quirk::CorePanics).or_default() += 1;
                    continue;
                };
                see(*kind, name, &theirs);
                let fields = theirs.differing(&our);
                if fields.is_empty() {
                    continue;
                }
                match Quirk::of(*kind, &fields, &theirs, &our) {
                    Some(quirk) => *findings.quirks.entry(quirk).or_default() += 1,
                    None => findings.differences.push(Difference {
                        what: format!("{kind:?} {name:?}"),
                        fields,
                        core: theirs.to_string(),
                        ours: our.to_string(),
                    }),
                }
            }
            for (store, parameter) in &stores {
                findings.answers += 1;
                let Some(theirs) = core.store_parameter(&core_user, store, parameter) else {
                    *findings.quirks.entry(Quirk::CorePanics).or_default() += 1;
                    continue;
                };
                let our: Json = ours.store_parameter(&our_user, store, parameter, &mut room);
                // With members of ID lists the core's public calls, which know none, answer something else.
                if theirs != our && !question.lists {
                    findings.differences.push(Difference {
                        what: format!("store {store:?} parameter {parameter:?}"),
                        fields: vec!["value"],
                        core: theirs.to_string(),
                        ours: our.to_string(),
                    });
                }
            }
        }
        findings
    }
}

/// Everything that can be asked for, and a name that is nowhere.
fn names(payload: &Tree) -> Vec<(Kind, String)> {
    let mut names = vec![
        (Kind::Gate, "no such spec".to_owned()),
        (Kind::Layer, "no such spec".to_owned()),
    ];
    let mut add = |section: &str, kinds: &[Kind]| {
        for (index, (name, _)) in payload
            .get(section)
            .map(Tree::members)
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            for kind in kinds {
                // As a dynamic config it is the same but for bandits.
                if *kind != Kind::DynamicConfig || index % 2 == 0 {
                    names.push((*kind, name.clone()));
                }
            }
        }
    };
    add("feature_gates", &[Kind::Gate]);
    add("dynamic_configs", &[Kind::Experiment, Kind::DynamicConfig]);
    add("layer_configs", &[Kind::Layer]);
    add("overrides", &Kind::ALL);
    names.sort();
    names.dedup();
    names
}
