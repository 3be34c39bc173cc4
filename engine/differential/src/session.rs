//! One payload in both engines, asked about users.

use serde_json::Value as Json;
use statsig_edge::compile::{CompileError, compile};
use statsig_edge::{Table, User};

use crate::answer::{Answer, Kind};
use crate::bootstrap::difference;
use crate::findings::Findings;
use crate::generate::BY_CHANCE;
use crate::official::{self, Acceptance, Core, agent_field};
use crate::ours::{self, Ours, Room};
use crate::question::{
    Form, Question, groups_and_rules, names, repeats_in_list, stores, target_repeats,
};
use crate::quirk::{Content, Quirk};
use crate::records::Records;
use crate::session_v1::compare_v1;
use crate::tree::Tree;
use crate::world::World;

/// One in so many users is asked for a bootstrap response.
const BOOTSTRAPPED: usize = 5;

/// One in so many users is asked for experiments and layers of which it keeps what it was given.
const STICKY: usize = 2;

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
            Form::V1 => compare_v1(question, users, self.countries, &agent_field, None),
            Form::V2 => self.compare_v2(question, users, see),
        }
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
            if app_id_beyond_integers(&question.payload) {
                findings.count(Quirk::AppIdBeyondIntegers);
                continue;
            }
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

/// Whether the payload's app id is the number of [`Quirk::AppIdBeyondIntegers`]; such a payload is not asked about.
fn app_id_beyond_integers(payload: &Tree) -> bool {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    match payload.get("app_id") {
        Some(Tree::Number(token)) => token.parse() == Ok(TWO_TO_63),
        _ => false,
    }
}
