//! Both engines asked for sticky assignments: what one user was given is kept for the next.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use statsig_edge::User;
use statsig_rust::StatsigUser;

use crate::answer::Kind;
use crate::findings::Findings;
use crate::generate::BY_CHANCE;
use crate::official::Core;
use crate::ours::Ours;
use crate::quirk::Quirk;
use crate::sticky::{Held, StickyAnswer, StickyAsked};

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
                let differs = |theirs: &StickyAnswer| theirs.difference(&our, &asked).is_some();
                let again = || core.sticky(core_user, *kind, name, &asked);
                if findings.takes_back(&theirs, again, differs) {
                    continue;
                }
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
