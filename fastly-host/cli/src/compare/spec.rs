//! Which specs were added, removed, changed.
//!
//! Two payloads in JSON are compared in full, with v2's conditions put in the place of their keys, which carry no meaning.
//! A rule table holds rules in another form than JSON: where one side is a table, what both sides say of a spec is
//! compared (its version above all, which Statsig raises with every change), and the answers show the rest.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Map, Value, json};
use statsig_edge::{SpecKind, Table};

use super::Side;
use super::value;

/// What happened to a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Only the new side has it.
    Added,
    /// Only the old side has it.
    Removed,
    /// Both have it, and it differs.
    Changed,
}

/// A spec that differs.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// What happened.
    pub what: What,
    /// Its kind: `gate`, `config`, `layer`, `parameter store`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What differs, in lines.
    pub details: Vec<String>,
}

impl Change {
    /// The line for people.
    pub(super) fn line(&self) -> String {
        let mark = match self.what {
            What::Added => '+',
            What::Removed => '-',
            What::Changed => '~',
        };
        format!("{mark} {} {}\n", self.kind, self.name)
    }

    /// The same for machines.
    pub(super) fn json(&self) -> Value {
        let what = match self.what {
            What::Added => "added",
            What::Removed => "removed",
            What::Changed => "changed",
        };
        json!({"what": what, "kind": self.kind, "name": self.name, "details": self.details})
    }
}

type Described = BTreeMap<(&'static str, String), Value>;

/// From old to new.
pub(crate) fn differences(old: &Side, new: &Side) -> Result<Vec<Change>> {
    let (old, mut new) = match (&old.json, &new.json) {
        (Some(old), Some(new)) => (from_json(old), from_json(new)),
        _ => (
            from_table(old.specs.table()?),
            from_table(new.specs.table()?),
        ),
    };
    let mut changes = Vec::new();
    for ((kind, name), old) in old {
        let (what, details) = match new.remove(&(kind, name.clone())) {
            None => (What::Removed, Vec::new()),
            Some(new) => {
                let details = value::differences(&old, &new);
                if details.is_empty() {
                    continue;
                }
                (What::Changed, details)
            }
        };
        changes.push(Change {
            what,
            kind,
            name,
            details,
        });
    }
    changes.extend(new.into_keys().map(|(kind, name)| Change {
        what: What::Added,
        kind,
        name,
        details: Vec::new(),
    }));
    changes.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(changes)
}

fn from_json(payload: &Value) -> Described {
    let conditions = payload.get("condition_map").and_then(Value::as_object);
    let mut described = Described::new();
    for (part, kind) in [
        ("feature_gates", "gate"),
        ("dynamic_configs", "config"),
        ("layer_configs", "layer"),
        ("param_stores", "parameter store"),
    ] {
        let mut add = |name: &str, spec: &Value| {
            let mut spec = spec.clone();
            inline(&mut spec, conditions);
            described.insert((kind, name.to_owned()), spec);
        };
        match payload.get(part) {
            Some(Value::Object(specs)) => specs.iter().for_each(|(name, spec)| add(name, spec)),
            Some(Value::Array(specs)) => specs.iter().for_each(|spec| {
                if let Some(name) = spec.get("name").and_then(Value::as_str) {
                    add(name, spec);
                }
            }),
            _ => {}
        }
    }
    described
}

/// Puts conditions in the place of their keys, and leaves out what only repeats the rest.
fn inline(spec: &mut Value, conditions: Option<&Map<String, Value>>) {
    let Some(members) = spec.as_object_mut() else {
        return;
    };
    members.remove("checksum");
    members.remove("fieldsUsed");
    let rules = members.get_mut("rules").and_then(Value::as_array_mut);
    for rule in rules.into_iter().flatten() {
        let own = rule.get_mut("conditions").and_then(Value::as_array_mut);
        for condition in own.into_iter().flatten() {
            let found = condition
                .as_str()
                .and_then(|key| conditions?.get(key))
                .cloned();
            if let Some(found) = found {
                *condition = found;
            }
            if let Some(members) = condition.as_object_mut() {
                members.remove("checksum");
            }
        }
    }
}

fn from_table(table: Table<'_>) -> Described {
    let mut described = Described::new();
    for (kind, name) in [
        (SpecKind::Gate, "gate"),
        (SpecKind::DynamicConfig, "config"),
        (SpecKind::Layer, "layer"),
    ] {
        for spec in table.specs(kind) {
            let list = |list: Option<statsig_edge::StringList<'_>>| {
                list.map(|list| list.iter().map(str::to_owned).collect::<Vec<_>>())
            };
            // As a value: the order of members carries no meaning.
            let default: Option<Value> = spec
                .default_value()
                .and_then(|text| serde_json::from_str(text).ok());
            let said = json!({"version": spec.version(), "entity": spec.entity().as_str(),
                "idType": spec.id_type(), "defaultValue": default,
                "isActive": spec.is_active(), "hasSharedParams": spec.has_shared_params(),
                "explicitParameters": list(spec.explicit_parameters()),
                "targetAppIDs": list(spec.target_app_ids())});
            described.insert((name, spec.name().to_owned()), said);
        }
    }
    for store in table.parameter_stores() {
        let parameters: Map<String, Value> = store
            .parameters()
            .map(|parameter| (parameter.name.to_owned(), format!("{parameter:?}").into()))
            .collect();
        let key = ("parameter store", store.name().to_owned());
        described.insert(key, parameters.into());
    }
    described
}
