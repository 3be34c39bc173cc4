//! Part of a payload: what a target app needs, or what names say, with all that those specs ask for.
//!
//! A spec that stays answers as it did: whatever its rules may reach stays with it. A reference is any text in a spec
//! that is the name of another one, which keeps a few specs too many rather than one too few.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::failure::Problem;

/// Which specs to publish.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Which specs")]
pub(crate) struct Filter {
    /// Only the specs of this target app, and what they need; can be given several times
    #[arg(long = "target-app", value_name = "APP-ID")]
    apps: Vec<String>,
    /// Only the specs with this name, and what they need; `*` stands for any text
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Not the specs with this name, unless another one needs them; `*` stands for any text
    #[arg(long, value_name = "NAME")]
    exclude: Vec<String>,
}

/// What a filter left.
#[derive(Debug)]
pub(crate) struct Filtered {
    /// The payload.
    pub json: Vec<u8>,
    /// How many specs and parameter stores stay.
    pub kept: usize,
    /// How many there were.
    pub of: usize,
    /// What stays only because another spec needs it, though it is excluded by name.
    pub needed: Vec<String>,
}

/// The parts of a payload that hold specs.
const PARTS: [&str; 4] = [
    "feature_gates",
    "dynamic_configs",
    "layer_configs",
    "param_stores",
];

/// Further parts keyed by the name of a config, or reached by name from elsewhere.
const BY_NAME: [&str; 4] = [
    "overrides",
    "override_rules",
    "cmab_configs",
    "condition_map",
];

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl Filter {
    /// Whether everything stays.
    pub(crate) fn is_empty(&self) -> bool {
        self.apps.is_empty() && self.only.is_empty() && self.exclude.is_empty()
    }

    /// One line that says what is asked for; empty for everything.
    pub(crate) fn describe(&self) -> String {
        let part = |name: &str, values: &[String]| match values.is_empty() {
            true => String::new(),
            false => format!(" {name} {}", values.join(",")),
        };
        let text = part("target-app", &self.apps)
            + &part("only", &self.only)
            + &part("exclude", &self.exclude);
        text.trim().to_owned()
    }

    /// Takes the part of the payload.
    pub(crate) fn apply(&self, json: &[u8]) -> Result<Filtered> {
        let top: Members<'_> =
            serde_json::from_slice(json).context("the config specs are no JSON object")?;
        let mut nodes = Vec::new();
        for part in PARTS {
            let Some(raw) = top.get(part) else { continue };
            for (name, spec) in members(raw).with_context(|| part.to_owned())? {
                nodes.push(Node { part, name, spec });
            }
        }
        let mut extra = Vec::new();
        for part in BY_NAME {
            if let Some(raw) = top.get(part).filter(|raw| raw.get() != "null") {
                for (name, spec) in members(raw).with_context(|| part.to_owned())? {
                    extra.push(Node { part, name, spec });
                }
            }
        }
        let all: Vec<&Node<'_>> = nodes.iter().chain(&extra).collect();
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, node) in all.iter().enumerate() {
            by_name.entry(&node.name).or_default().push(at);
        }
        let mut wanted: BTreeSet<usize> = BTreeSet::new();
        let mut open = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            if self.wants(node)? {
                open.push(at);
            }
        }
        if open.is_empty() {
            return Err(Problem::refused(
                format!("no spec of {} matches: {}", nodes.len(), self.describe()),
                "check the app's id and the names with `statsig-fastly inspect`",
            ));
        }
        // What belongs to no spec and stays may name specs, too.
        for part in ["session_replay_info"] {
            if let Some(raw) = top.get(part) {
                open.extend(references(raw, &by_name)?);
            }
        }
        while let Some(at) = open.pop() {
            if wanted.insert(at) {
                let Some(node) = all.get(at) else { continue };
                // Overrides and a bandit go by the name of their config.
                open.extend(
                    by_name
                        .get(node.name.as_str())
                        .into_iter()
                        .flatten()
                        .filter(|&&other| {
                            all.get(other).is_some_and(|other| other.part != node.part)
                                && other >= nodes.len()
                        }),
                );
                open.extend(references(node.spec, &by_name)?);
            }
        }
        let needed = nodes
            .iter()
            .enumerate()
            .filter(|(at, node)| wanted.contains(at) && self.excludes(&node.name))
            .map(|(_, node)| node.name.clone())
            .collect();
        let names: BTreeSet<(&str, &str)> = wanted
            .iter()
            .filter_map(|&at| all.get(at))
            .map(|node| (node.part, node.name.as_str()))
            .collect();
        Ok(Filtered {
            json: write(&top, &names)?,
            kept: wanted.iter().filter(|&&at| at < nodes.len()).count(),
            of: nodes.len(),
            needed,
        })
    }

    fn wants(&self, node: &Node<'_>) -> Result<bool> {
        if self.excludes(&node.name) {
            return Ok(false);
        }
        if !self.only.is_empty() && !self.only.iter().any(|name| matches(name, &node.name)) {
            return Ok(false);
        }
        if self.apps.is_empty() {
            return Ok(true);
        }
        #[derive(serde::Deserialize)]
        struct Targets {
            #[serde(rename = "targetAppIDs")]
            apps: Option<Vec<String>>,
        }
        let targets: Targets = serde_json::from_str(node.spec.get())
            .with_context(|| format!("{} {}", node.part, node.name))?;
        let apps = targets.apps.unwrap_or_default();
        Ok(apps.iter().any(|app| self.apps.contains(app)))
    }

    fn excludes(&self, name: &str) -> bool {
        self.exclude.iter().any(|excluded| matches(excluded, name))
    }
}

/// A spec, or what goes by a spec's name.
struct Node<'a> {
    part: &'static str,
    name: String,
    spec: &'a RawValue,
}

/// Whether a name is one that a pattern with `*` means.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// Names and specs of a part: a JSON object (v2), or an array of objects with names (v1).
fn members(raw: &RawValue) -> Result<Vec<(String, &RawValue)>> {
    #[derive(serde::Deserialize)]
    struct Named {
        name: String,
    }
    if !raw.get().starts_with('[') {
        let members: Members<'_> = serde_json::from_str(raw.get())?;
        return Ok(members.into_iter().collect());
    }
    let specs: Vec<&RawValue> = serde_json::from_str(raw.get())?;
    specs
        .into_iter()
        .map(|spec| {
            let named: Named = serde_json::from_str(spec.get())?;
            Ok((named.name, spec))
        })
        .collect()
}

/// The places of all that is named by a text in this value.
fn references(raw: &RawValue, by_name: &BTreeMap<&str, Vec<usize>>) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    let value: Value = serde_json::from_str(raw.get())?;
    let mut open = vec![&value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => found.extend(by_name.get(text.as_str()).into_iter().flatten()),
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    Ok(found)
}

/// The payload with only the named specs in it, everything else as it was.
fn write(top: &Members<'_>, names: &BTreeSet<(&str, &str)>) -> Result<Vec<u8>> {
    let mut out: BTreeMap<&str, Box<RawValue>> = BTreeMap::new();
    for (part, raw) in top {
        let part = part.as_str();
        let raw: &RawValue = raw;
        let kept = match part {
            _ if raw.get() == "null" => raw.to_owned(),
            _ if PARTS.contains(&part) || BY_NAME.contains(&part) => {
                let mut members = members(raw)?;
                members.retain(|(name, _)| names.contains(&(part, name.as_str())));
                match raw.get().starts_with('[') {
                    true => {
                        let specs: Vec<&RawValue> =
                            members.into_iter().map(|(_, spec)| spec).collect();
                        serde_json::value::to_raw_value(&specs)?
                    }
                    false => {
                        let specs: BTreeMap<String, &RawValue> = members.into_iter().collect();
                        serde_json::value::to_raw_value(&specs)?
                    }
                }
            }
            "experiment_to_layer" => {
                let mut layers: BTreeMap<String, String> = serde_json::from_str(raw.get())?;
                layers.retain(|name, _| names.contains(&("dynamic_configs", name.as_str())));
                serde_json::value::to_raw_value(&layers)?
            }
            _ => raw.to_owned(),
        };
        out.insert(part, kept);
    }
    Ok(serde_json::to_vec(&out)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*bc*d", "axbcyd", true),
            ("a*bc*d", "axbyd", false),
            ("aa*a", "aa", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
