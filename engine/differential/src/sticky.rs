//! Sticky assignments (`evaluation.md` §5.10): what users are given, what is kept of it, and what becomes of what was kept.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use statsig_edge::User;
use statsig_rust::StatsigUser;

use crate::answer::Kind;
use crate::bootstrap::difference;
use crate::findings::Findings;
use crate::generate::BY_CHANCE;
use crate::official::Core;
use crate::ours::Ours;
use crate::quirk::Quirk;

/// What is kept for a user when an experiment or a layer is asked for.
#[derive(Clone, Debug)]
pub enum Held {
    /// The caller wants nothing kept.
    Unwanted,
    /// Nothing yet.
    Nothing,
    /// A record.
    Record(String),
}

/// How it is asked for.
#[derive(Clone, Debug)]
pub struct StickyAsked {
    /// What is kept.
    pub held: Held,
    /// Rules of overrides go first.
    pub enforce_overrides: bool,
    /// Targeting goes first.
    pub enforce_targeting: bool,
}

/// An answer, and what becomes of what is kept.
#[derive(Clone, Debug, Default)]
pub struct StickyAnswer {
    /// The answer in words that both engines are translated into.
    pub answer: Json,
    /// The record that is to be kept.
    pub saved: Option<Json>,
    /// Whether what was kept is to go.
    pub deleted: bool,
}

impl StickyAnswer {
    /// The first place at which two of them differ, with what each has there.
    pub fn difference(&self, other: &Self, asked: &StickyAsked) -> Option<(String, Json, Json)> {
        // The core loses count of nesting in a bandit, and keeps no such list then.
        let undelegated = "undelegated_secondary_exposures";
        let listed = |one: &Self| {
            one.saved
                .as_ref()
                .is_some_and(|saved| !saved[2][undelegated].is_null())
        };
        let listed = listed(self) && listed(other);
        let tree = |one: &Self| {
            // Where nothing was kept there is nothing to delete.
            let deleted = one.deleted && !matches!(asked.held, Held::Nothing);
            let mut saved = one.saved.clone().unwrap_or_else(|| json!([null, null, {}]));
            // Whether a list without elements is one is not told.
            for list in ["explicit_parameters", undelegated] {
                let none = list == undelegated && !listed;
                if none || saved[2][list].as_array().is_some_and(Vec::is_empty) {
                    saved[2][list] = Json::Null;
                }
            }
            // What is no object is read as one that is empty.
            if !saved[2]["json_value"].is_object() {
                saved[2]["json_value"] = json!({});
            }
            json!({"answer": one.answer, "saved": saved, "deleted": deleted})
        };
        difference(&tree(self), &tree(other))
    }
}

/// The records of the users before, by what was asked for.
#[derive(Debug, Default)]
pub struct Records(BTreeMap<(Kind, String), String>);

impl Records {
    /// The ways in which the user with that number is asked.
    fn ways(&self, user: usize, kind: Kind, name: &str, experiment: &str) -> Vec<StickyAsked> {
        let way = |held, flags: usize| StickyAsked {
            held,
            enforce_overrides: flags & 1 != 0,
            enforce_targeting: flags & 2 != 0,
        };
        let mut ways = vec![way(Held::Nothing, user), way(made_up(experiment), user / 2)];
        if let Some(record) = self.0.get(&(kind, name.to_owned())) {
            ways.push(way(Held::Record(record.clone()), user + name.len()));
        }
        if user.is_multiple_of(3) {
            ways.push(way(Held::Unwanted, 0));
        }
        ways
    }

    /// Asks both engines for every experiment and layer in every such way.
    pub fn compare(
        &mut self,
        user: usize,
        (core, ours): (&Core, &Ours<'_, '_>),
        (core_user, our_user): (&StatsigUser, &User<'_>),
        names: &[(Kind, String)],
        findings: &mut Findings,
    ) {
        let experiments = names.iter().filter(|(kind, _)| *kind == Kind::Experiment);
        let count = experiments.clone().count();
        let experiment = match user % (count + 1) {
            0 => "",
            at => experiments.clone().nth(at - 1).map_or("", |(_, name)| name),
        };
        for (kind, name) in names {
            if !matches!(kind, Kind::Experiment | Kind::Layer) || name == BY_CHANCE {
                continue;
            }
            for asked in self.ways(user, *kind, name, experiment) {
                let Some(theirs) = core.sticky(core_user, *kind, name, &asked) else {
                    findings.count(Quirk::CorePanics);
                    continue;
                };
                let our = ours.sticky(our_user, *kind, name, &asked);
                findings.answers += 1;
                if let Some((path, theirs, our)) = theirs.difference(&our, &asked) {
                    let what = format!("sticky {kind:?} \"{name}\" {path} {asked:?}");
                    findings.differ(what, vec!["sticky"], &theirs, &our);
                    findings.explain(|| ours.explain(our_user, *kind, name));
                }
                if let Some(saved) = &theirs.saved {
                    self.0.insert((*kind, name.clone()), saved[2].to_string());
                }
            }
        }
    }
}

/// A record that no user of this payload was given.
fn made_up(experiment: &str) -> Held {
    let delegate = match experiment {
        "" => Json::Null,
        name => name.into(),
    };
    let exposure =
        |gate: &str, value: &str| json!({"gate": gate, "gateValue": value, "ruleID": "r"});
    Held::Record(
        json!({"value": true, "json_value": {"p": 1, "é": [null]}, "rule_id": "old", "group_name": "Old",
            "secondary_exposures": [exposure("a", "true"), exposure("b", "false")],
            "undelegated_secondary_exposures": [exposure("a", "true")],
            "config_delegate": delegate, "explicit_parameters": ["p"], "time": 12, "config_version": 2})
        .to_string(),
    )
}
