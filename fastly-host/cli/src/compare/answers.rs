//! Whose answers differ between two tables.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use statsig_edge::Table;

use crate::commands::evaluate::{NamedUser, World, results};

/// What counts as an answer; reasons, versions and exposures may change with a payload.
const ANSWER: [&str; 5] = [
    "value",
    "ruleID",
    "groupName",
    "allocatedExperimentName",
    "values",
];

/// Users whose answers are in memory at a time.
const AT_ONCE: usize = 64;

/// Examples for each spec.
const EXAMPLES: usize = 3;

/// The answers of one spec that differ.
#[derive(Debug, Default)]
pub(crate) struct Differing {
    /// For how many users.
    pub users: usize,
    /// Some of them: the user's name, the old answer, the new one.
    pub examples: Vec<(String, Value, Value)>,
}

/// What a comparison of answers found.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// How many users were asked about.
    pub users: usize,
    /// How many answers were compared.
    pub compared: usize,
    /// By section and name.
    pub differing: BTreeMap<(String, String), Differing>,
}

/// Asks both tables everything that both know, for every user.
pub(crate) fn compare(
    old: Table<'_>,
    new: Table<'_>,
    users: &[NamedUser<'_>],
    world: &World,
) -> Result<Answers> {
    let mut found = Answers {
        users: users.len(),
        ..Answers::default()
    };
    for users in users.chunks(AT_ONCE) {
        let answers = |table| -> Result<Value> {
            let text = results(table, users, world)?;
            serde_json::from_str(&text).context("reading the answers")
        };
        let (old, new) = (answers(old)?, answers(new)?);
        for user in users {
            let of = |answers: &Value| answers["results"][&user.id].clone();
            found.add(&user.id, &of(&old), &of(&new));
        }
    }
    Ok(found)
}

impl Answers {
    fn add(&mut self, user: &str, old: &Value, new: &Value) {
        for (section, specs) in old.as_object().into_iter().flatten() {
            for (name, old) in specs.as_object().into_iter().flatten() {
                let Some(new) = new.get(section).and_then(|specs| specs.get(name)) else {
                    continue;
                };
                self.compared += 1;
                if ANSWER.iter().all(|field| old.get(field) == new.get(field)) {
                    continue;
                }
                let key = (section.clone(), name.clone());
                let differing = self.differing.entry(key).or_default();
                differing.users += 1;
                if differing.examples.len() < EXAMPLES {
                    let example = (user.to_owned(), answer(old), answer(new));
                    differing.examples.push(example);
                }
            }
        }
    }

    /// Lines for people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "{} answers for {} users compared\n",
            self.compared, self.users
        );
        for ((section, name), differing) in &self.differing {
            text += &format!("! {section} {name}: {} users\n", differing.users);
            for (user, old, new) in &differing.examples {
                text += &format!("    {user}: {old} → {new}\n");
            }
        }
        if self.differing.is_empty() {
            text += "no answer differs\n";
        }
        text
    }

    /// The same for machines.
    pub(crate) fn json(&self) -> Value {
        let differing: Vec<Value> = self
            .differing
            .iter()
            .map(|((section, name), differing)| {
                let examples: Vec<Value> = differing
                    .examples
                    .iter()
                    .map(|(user, old, new)| json!({"user": user, "old": old, "new": new}))
                    .collect();
                json!({"section": section, "name": name, "users": differing.users, "examples": examples})
            })
            .collect();
        json!({"users": self.users, "compared": self.compared, "differing": differing})
    }
}

/// The fields that make an answer.
fn answer(of: &Value) -> Value {
    let fields = ANSWER.iter().filter_map(|field| {
        let value = of.get(field).filter(|value| !value.is_null())?;
        Some(((*field).to_owned(), value.clone()))
    });
    Value::Object(fields.collect())
}
