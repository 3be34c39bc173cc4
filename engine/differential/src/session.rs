//! One payload in both engines, asked about users.

use serde_json::Value as Json;
use statsig_edge::compile::{CompileError, compile};
use statsig_edge::{Environment, Table, User};

use crate::answer::{Answer, Kind};
use crate::bootstrap::{Asked, difference};
use crate::findings::Findings;
use crate::generate::{BY_CHANCE, Setting};
use crate::official::{self, Acceptance, Core, agent_field};
use crate::ours::{self, Ours, Room};
use crate::quirk::{Content, Quirk};
use crate::records::Records;
use crate::reference_v1::{Outside, Reference};
use crate::tree::Tree;
use crate::world::{self, World};

/// One in so many users is asked for a bootstrap response.
const BOOTSTRAPPED: usize = 5;

/// One in so many users is asked for experiments and layers of which it keeps what it was given.
const STICKY: usize = 2;

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
        match question.form {
            Form::V1 => self.compare_v1(question, users),
            Form::V2 => self.compare_v2(question, users, see),
        }
    }

    fn compare_v1(&self, question: &Question, users: &[Tree]) -> Findings {
        let mut findings = Findings::default();
        let payload = question.payload.to_json();
        let (Ok(parsed), Ok(compiled)) = (
            serde_json::from_str::<Json>(&payload),
            compile(payload.as_bytes()),
        ) else {
            let ours = format!("{:?}", compile(payload.as_bytes()).err());
            findings.differ("v1 payload".into(), vec!["acceptance"], &"Accepted", &ours);
            return findings;
        };
        let world = World::new(question.lists, self.countries);
        let Some(ours) = Ours::open(&compiled.table, &world, question.configured, &[]) else {
            return findings;
        };
        let global = match question.configured {
            true => world::global_custom().into_iter().collect(),
            false => Json::Null,
        };
        let outside = Outside {
            tier: question.configured.then_some(world::TIER),
            global: &global,
            member: &|list, key| question.lists && world::member(list, key),
            country: self.countries,
            agent: &agent_field,
            now: world.now_ms(),
        };
        let reference = Reference::new(&parsed, outside);
        let names = names(&question.payload, &question.settings);
        let stores = stores(&question.payload);
        let payload_repeats = target_repeats(&question.payload);
        let mut room = Box::new(Room::new());
        for user in users {
            let text = user.to_json();
            let mut scratch = vec![0; text.len() * 6];
            let (Ok(our_user), Ok(parsed_user)) = (
                User::from_json(text.as_bytes(), &mut scratch),
                serde_json::from_str::<Json>(&text),
            ) else {
                continue;
            };
            findings.users += 1;
            let content = Content {
                repeats: payload_repeats || repeats_in_list(user),
                bandits: false,
                mappings: false,
            };
            for (kind, name) in &names {
                let theirs = reference.ask(&parsed_user, *kind, name);
                let our = ours.ask(&our_user, *kind, name, &mut room);
                let trace = || ours.explain(&our_user, *kind, name);
                findings.compare_answers("v1 ", (*kind, name), &theirs, &our, content, trace);
            }
            for (store, parameter) in &stores {
                let theirs = reference.store_parameter(&parsed_user, store, parameter);
                let our = ours.store_parameter(&our_user, store, parameter, &mut room);
                findings.compare_parameters("v1 ", (store, parameter), &theirs, &our, content);
            }
        }
        findings
    }

    fn compare_v2(
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
            let ours = match compiled {
                Ok(_) => "Accepted".into(),
                Err(error) => error.to_string(),
            };
            let theirs = format!("{acceptance:?}");
            findings.differ("payload".into(), vec!["acceptance"], &theirs, &ours);
            return findings;
        }
        let Ok(compiled) = compiled else {
            return findings;
        };
        let world = World::new(question.lists, self.countries);
        let settings = ours::overrides(&question.settings);
        let overrides = official::overrides(&question.settings);
        let opened = Ours::open(&compiled.table, &world, question.configured, &settings);
        let Some(ours) = opened else {
            let ours = format!("{:?}", Table::open(&compiled.table));
            findings.differ("table".into(), vec!["opens"], &"", &ours);
            return findings;
        };
        let names = names(&question.payload, &question.settings);
        for (kind, name) in &names {
            let (theirs, our) = (core.knows(*kind, name), ours.knows(*kind, name));
            if theirs != our {
                findings.differ(format!("{kind:?} {name:?}"), vec!["kept"], &theirs, &our);
            }
            if *kind == Kind::Experiment {
                let (groups, rules) = groups_and_rules(&question.payload, name);
                let theirs = core.groups(name, &groups, &rules);
                let our = ours.groups(name, &groups, &rules);
                findings.answers += 1;
                if let Some((path, theirs, our)) = difference(&theirs, &our) {
                    let what = format!("groups \"{name}\" {path}");
                    findings.differ(what, vec!["groups"], &theirs, &our);
                }
            }
        }
        let payload_repeats = target_repeats(&question.payload);
        let mut room = Box::new(Room::new());
        let stores = stores(&question.payload);
        let mut records = Records::default();
        for (at, user) in users.iter().enumerate() {
            let text = user.to_json();
            let core_user = core.user(&text);
            let mut scratch = vec![0; text.len() * 6];
            let our_user = User::from_json(text.as_bytes(), &mut scratch);
            let (core_user, our_user) = match (core_user, our_user) {
                (Some(core_user), Ok(our_user)) => (core_user, our_user),
                (None, Err(_)) => continue,
                (core_user, our_user) => {
                    let (theirs, ours) = (core_user.is_some(), format!("{our_user:?}"));
                    findings.differ(format!("user {text}"), vec!["parsed"], &theirs, &ours);
                    continue;
                }
            };
            findings.users += 1;
            let content = Content {
                repeats: payload_repeats || repeats_in_list(user),
                bandits: question.payload.get("cmab_configs").is_some(),
                mappings: question.payload.get("overrides").is_some(),
            };
            for (kind, name) in &names {
                let theirs = core.ask(&core_user, *kind, name, question.lists, &overrides);
                let mut our = ours.ask(&our_user, *kind, name, &mut room);
                let Some(theirs) = theirs else {
                    findings.count(Quirk::CorePanics);
                    continue;
                };
                see(*kind, name, &theirs);
                if name == BY_CHANCE {
                    our.take_draw_of(&theirs);
                }
                let again = || core.ask(&core_user, *kind, name, question.lists, &overrides);
                let differs = |theirs: &Answer| !theirs.differing(&our).is_empty();
                if findings.takes_back(&theirs, again, differs) {
                    continue;
                }
                let trace = || ours.explain(&our_user, *kind, name);
                findings.compare_answers("", (*kind, name), &theirs, &our, content, trace);
            }
            // The core's public calls know no members of ID lists.
            let by_chance = names.iter().any(|(_, name)| name == BY_CHANCE);
            if at % BOOTSTRAPPED == 0 && !question.lists && !by_chance {
                let ask = || core.bootstrap(&core_user, &question.bootstrap);
                let our = ours.bootstrap(&our_user, &question.bootstrap, &mut room);
                // Local overrides play no part.
                let any = |wanted: fn(&Answer) -> bool| {
                    names.iter().any(|(kind, name)| {
                        let theirs = core.ask(&core_user, *kind, name, question.lists, &None);
                        theirs.is_some_and(|answer| wanted(&answer))
                    })
                };
                let differs = |theirs: &Json| difference(theirs, &our).is_some();
                match ask() {
                    None => findings.count(Quirk::CorePanics),
                    Some(theirs) if findings.takes_back(&theirs, ask, differs) => {}
                    Some(theirs) => {
                        let pair = (theirs, our);
                        question
                            .bootstrap
                            .compare(pair, content, any, &mut findings);
                    }
                }
            }
            // Neither do they know overrides.
            let public = !question.lists && question.settings.is_empty();
            if at % STICKY == 0 && public && !content.repeats {
                let pair = (&core_user, &our_user);
                records.compare(at / STICKY, (core, &ours), pair, &names, &mut findings);
            }
            for (store, parameter) in &stores {
                let Some(theirs) = core.store_parameter(&core_user, store, parameter) else {
                    findings.count(Quirk::CorePanics);
                    continue;
                };
                let our = ours.store_parameter(&our_user, store, parameter, &mut room);
                // The core's public calls know neither members of ID lists nor overrides.
                if public {
                    findings.compare_parameters("", (store, parameter), &theirs, &our, content);
                }
            }
        }
        findings
    }
}

/// What groups and rules of an experiment are called, and what none is called.
fn groups_and_rules<'p>(payload: &'p Tree, experiment: &str) -> (Vec<&'p str>, Vec<&'p str>) {
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
fn stores(payload: &Tree) -> Vec<(&str, &str)> {
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
fn target_repeats(payload: &Tree) -> bool {
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
fn repeats_in_list(tree: &Tree) -> bool {
    match tree {
        Tree::List(elements) => elements.iter().any(repeats),
        Tree::Map(members) => members.iter().any(|(_, value)| repeats_in_list(value)),
        _ => false,
    }
}

fn repeats(tree: &Tree) -> bool {
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
fn names(payload: &Tree, settings: &[Setting]) -> Vec<(Kind, String)> {
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
