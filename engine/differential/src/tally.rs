//! How often each operator came out true, false and unsupported: a generator that hits only one side tests nothing.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::answer::Answer;
use crate::generate::PROBE;
use crate::tree::Tree;

/// Outcomes by operator and by condition type.
#[derive(Debug, Default)]
pub struct Tally {
    outcomes: BTreeMap<(&'static str, String), [u64; 3]>,
}

/// The operators and types of a payload's conditions, by key.
pub type Labels = HashMap<String, (String, String)>;

/// Reads the labels of a payload.
pub fn labels(payload: &Tree) -> Labels {
    let conditions = payload
        .get("condition_map")
        .map(Tree::members)
        .unwrap_or_default();
    conditions
        .iter()
        .map(|(key, condition)| {
            let text = |field| {
                condition
                    .get(field)
                    .and_then(Tree::text)
                    .unwrap_or("(none)")
                    .to_owned()
            };
            (key.clone(), (text("operator"), text("type")))
        })
        .collect()
}

impl Tally {
    /// Counts an answer, if it is of a gate that holds one condition.
    pub fn see(&mut self, labels: &Labels, name: &str, answer: &Answer) {
        let Some((operator, condition_type)) =
            name.strip_prefix(PROBE).and_then(|key| labels.get(key))
        else {
            return;
        };
        let outcome = match (answer.reason.contains(":Unsupported"), answer.value) {
            (true, _) => 2,
            (false, true) => 0,
            (false, false) => 1,
        };
        self.outcomes
            .entry(("type", condition_type.clone()))
            .or_default()[outcome] += 1;
        if !matches!(
            condition_type.as_str(),
            "public" | "pass_gate" | "fail_gate"
        ) {
            self.outcomes
                .entry(("operator", operator.clone()))
                .or_default()[outcome] += 1;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((what, name), [yes, no, unsupported]) in &self.outcomes {
            let all = (yes + no + unsupported).max(1);
            let share = |count: &u64| count * 1000 / all;
            let [a, b, c] = [share(yes), share(no), share(unsupported)];
            writeln!(
                f,
                "  {what:<9}{name:<24}{all:>10}  true {:>3}.{}%  false {:>3}.{}%  unsupported {:>3}.{}%",
                a / 10,
                a % 10,
                b / 10,
                b % 10,
                c / 10,
                c % 10
            )?;
        }
        Ok(())
    }
}
