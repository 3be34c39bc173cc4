//! What differs between two JSON values, as readable lines.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Lines for one spec.
const MOST: usize = 12;

/// Characters of a value in a line.
const LONGEST: usize = 60;

/// One line for each place that differs; at last how many more there are.
pub(super) fn differences(old: &Value, new: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", old, new, &mut lines);
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn compare(path: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => members(path, old, new, lines),
        (Value::Array(old), Value::Array(new)) => match (by_id(old), by_id(new)) {
            (Some(old_items), Some(new_items)) => {
                members(path, &old_items, &new_items, lines);
                if lines.is_empty() || order(old, &new_items) != order(new, &old_items) {
                    lines.push(format!("{path}: another order"));
                }
            }
            _ if old.len() == new.len() => {
                for (at, (old, new)) in old.iter().zip(new).enumerate() {
                    compare(&format!("{path}[{at}]"), old, new, lines);
                }
            }
            _ => lines.push(format!("{path}: {} → {} items", old.len(), new.len())),
        },
        _ => lines.push(format!("{path}: {} → {}", short(old), short(new))),
    }
}

fn members(
    path: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    lines: &mut Vec<String>,
) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => compare(&path, old, new, lines),
            (Some(old), None) => lines.push(format!("{path}: {} removed", short(old))),
            (None, Some(new)) => lines.push(format!("{path}: {} added", short(new))),
            (None, None) => {}
        }
    }
}

/// Objects with ids of their own, such as rules, by them.
fn by_id(items: &[Value]) -> Option<Map<String, Value>> {
    let mut by_id = Map::new();
    for item in items {
        let id = item.get("id")?.as_str()?;
        if by_id.insert(format!("[{id}]"), item.clone()).is_some() {
            return None;
        }
    }
    Some(by_id)
}

/// The ids that the other side has too, in order.
fn order<'a>(items: &'a [Value], other: &Map<String, Value>) -> Vec<&'a str> {
    let ids = items.iter().filter_map(|item| item.get("id")?.as_str());
    ids.filter(|id| other.contains_key(&format!("[{id}]")))
        .collect()
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.chars().count() > LONGEST {
        true => format!("{}…", text.chars().take(LONGEST).collect::<String>()),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_are_compared_by_their_ids() {
        let old = json!({"rules": [{"id": "a", "pass": 10}, {"id": "b"}], "enabled": true});
        let new = json!({"rules": [{"id": "c"}, {"id": "a", "pass": 50}], "enabled": true});
        assert_eq!(
            differences(&old, &new),
            [
                "rules.[a].pass: 10 → 50",
                r#"rules.[b]: {"id":"b"} removed"#,
                r#"rules.[c]: {"id":"c"} added"#,
            ]
        );
        let turned = json!({"rules": [{"id": "b"}, {"id": "a", "pass": 10}], "enabled": true});
        assert_eq!(differences(&old, &turned), ["rules: another order"]);
        assert!(differences(&old, &old).is_empty());
    }

    #[test]
    fn long_lists_of_differences_are_cut() {
        let list = |offset| (0..20).map(|at| json!(at + offset)).collect::<Value>();
        let lines = differences(&list(0), &list(1));
        assert_eq!(lines.len(), MOST + 1);
        assert_eq!(lines[MOST], "and 8 more");
    }
}
