//! One payload in the v1 form, in our engine and in the reference evaluator.

use serde_json::Value as Json;
use statsig_edge::compile::compile;
use statsig_edge::{Environment, User};

use crate::findings::Findings;
use crate::ours::{Ours, Room};
use crate::question::{Question, names, repeats_in_list, stores, target_repeats};
use crate::quirk::Content;
use crate::reference_v1::{Outside, Reference};
use crate::tree::Tree;
use crate::world::{self, Countries, World};

/// Asks our engine and the reference evaluator about every spec of a payload in the v1 form, for each user. The clock is the
/// machine's, or stands still at `now`.
pub fn compare_v1(
    question: &Question,
    users: &[Tree],
    countries: Countries<'_>,
    agent: &dyn Fn(&str, &str) -> Option<String>,
    now: Option<i64>,
) -> Findings {
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
    let world = World::new(question.lists, countries).at(now);
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
        country: countries,
        agent,
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
