//! Operators (`evaluation.md` §4.2 to §4.12).

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::value::{element_text, float, target_time, text, user_time};

/// The value that a condition compares.
pub(super) enum Operand {
    Absent,
    /// `current_time`: milliseconds, with no other form.
    Now(i64),
    Value(Json),
}

impl Operand {
    fn value(&self) -> &Json {
        match self {
            Operand::Value(value) => value,
            Operand::Absent | Operand::Now(_) => &Json::Null,
        }
    }

    fn text(&self) -> Option<String> {
        text(self.value())
    }
}

const MEMBERSHIP: [&str; 2] = ["in_segment_list", "not_in_segment_list"];

/// Whether an ID list is asked on the way.
pub(super) fn asks_list(operator: &str, left: &Operand, target: &Json) -> bool {
    MEMBERSHIP.contains(&operator) && left.text().is_some() && target.is_string()
}

/// Whether the operator holds; none for an operator that nobody knows.
pub(super) fn holds(
    operator: &str,
    left: &Operand,
    target: &Json,
    in_list: &dyn Fn(&str, &str) -> bool,
) -> Option<bool> {
    Some(match operator {
        "gt" | "gte" | "lt" | "lte" => match (float(left.value()), float(target)) {
            (Some(left), Some(right)) => match operator {
                "gt" => left > right,
                "gte" => left >= right,
                "lt" => left < right,
                _ => left <= right,
            },
            _ => false,
        },
        "version_gt" | "version_gte" | "version_lt" | "version_lte" | "version_eq"
        | "version_neq" => match (left.text(), target.as_str()) {
            (Some(left), Some(right)) => match compare_versions(&left, right) {
                None => false,
                Some(ordering) => match operator {
                    "version_gt" => ordering == Ordering::Greater,
                    "version_gte" => ordering != Ordering::Less,
                    "version_lt" => ordering == Ordering::Less,
                    "version_lte" => ordering != Ordering::Greater,
                    "version_eq" => ordering == Ordering::Equal,
                    _ => ordering != Ordering::Equal,
                },
            },
            _ => false,
        },
        "any" => found(left, target, |left, key, _| left == key),
        "none" => !found(left, target, |left, key, _| left == key),
        "any_case_sensitive" => found_in_list(left, target),
        "none_case_sensitive" => !found_in_list(left, target),
        "str_starts_with_any" => part(left, target, |left, part| left.starts_with(part)),
        "str_ends_with_any" => part(left, target, |left, part| left.ends_with(part)),
        "str_contains_any" => part(left, target, |left, part| left.contains(part)),
        "str_contains_none" => !part(left, target, |left, part| left.contains(part)),
        "str_matches" => match (left.text(), target.as_str()) {
            (Some(left), Some(pattern)) => match fancy_regex::Regex::new(pattern) {
                Ok(pattern) => pattern.is_match(&left).unwrap_or(false),
                Err(_) => false,
            },
            _ => false,
        },
        "before" | "after" | "on" => {
            let left = match left {
                Operand::Now(now) => Some(*now),
                Operand::Value(value) => user_time(value),
                Operand::Absent => None,
            };
            match (left, target_time(target)) {
                (Some(left), Some(right)) => {
                    let left = match left.unsigned_abs() < 10_000_000_000 {
                        true => left.saturating_mul(1000),
                        false => left,
                    };
                    match operator {
                        "before" => left < right,
                        "after" => left > right,
                        _ => left / 86_400_000 == right / 86_400_000,
                    }
                }
                _ => false,
            }
        }
        "eq" => equals(left, target),
        "neq" => !equals(left, target),
        "in_segment_list" => is_member(left, target, in_list),
        "not_in_segment_list" => !is_member(left, target, in_list),
        "array_contains_any" => contained(left, target, |wanted, has| wanted.iter().any(has)),
        "array_contains_none" => contained(left, target, |wanted, has| !wanted.iter().any(has)),
        "array_contains_all" => contained(left, target, |wanted, has| wanted.iter().all(has)),
        "not_array_contains_all" => contained(left, target, |wanted, has| !wanted.iter().all(has)),
        _ => return None,
    })
}

/// §2.3: lower case, index, text. Of elements that differ by case only the last counts.
fn list(target: &Json) -> Option<Vec<(String, usize, String)>> {
    let mut list: Vec<(String, usize, String)> = Vec::new();
    for (index, element) in target.as_array()?.iter().enumerate() {
        let element = element_text(element);
        let lowered = element.to_lowercase();
        list.retain(|(key, ..)| *key != lowered);
        list.push((lowered, index, element));
    }
    Some(list)
}

/// §4.3: `any`, where the keys of an object count too.
fn found(left: &Operand, target: &Json, is: impl Fn(&str, &str, &str) -> bool) -> bool {
    let left = left.text().unwrap_or_default().to_lowercase();
    match (list(target), target.as_object()) {
        (Some(list), _) => list.iter().any(|(key, _, text)| is(&left, key, text)),
        (_, Some(object)) => object.keys().any(|key| is(&left, key, key)),
        _ => false,
    }
}

fn found_in_list(left: &Operand, target: &Json) -> bool {
    let left = left.text().unwrap_or_default();
    let list = list(target).unwrap_or_default();
    list.iter().any(|(_, _, text)| *text == left)
}

fn part(left: &Operand, target: &Json, is: impl Fn(&str, &str) -> bool) -> bool {
    let left = left.text().unwrap_or_default().to_lowercase();
    let list = list(target).unwrap_or_default();
    list.iter().any(|(key, ..)| is(&left, key))
}

/// §4.4.
fn compare_versions(left: &str, right: &str) -> Option<Ordering> {
    let parts = |text: &str| -> Vec<String> {
        let (version, _) = text.split_once('-').unwrap_or((text, ""));
        version.split('.').map(str::to_owned).collect()
    };
    let (left, right) = (parts(left), parts(right));
    let number = |parts: &[String], at: usize| match parts.get(at) {
        Some(part) => part.trim().parse::<i128>().ok(),
        None => Some(0),
    };
    for at in 0..left.len().max(right.len()) {
        let ordering = number(&left, at)?.cmp(&number(&right, at)?);
        if ordering != Ordering::Equal {
            return Some(ordering);
        }
    }
    Some(Ordering::Equal)
}

/// §4.5.
fn equals(left: &Operand, target: &Json) -> bool {
    let value = left.value();
    match target {
        Json::Null => value.is_null(),
        Json::Bool(target) => value.as_bool() == Some(*target),
        Json::Number(_) => float(value).is_some() && float(value) == float(target),
        Json::String(target) => left.text().as_ref() == Some(target),
        Json::Array(_) => {
            let list = list(target).unwrap_or_default();
            value.as_array().is_some_and(|value| {
                value.len() == list.len()
                    && list.iter().all(|(_, index, wanted)| {
                        value.get(*index).and_then(text).as_ref() == Some(wanted)
                    })
            })
        }
        Json::Object(target) => value.as_object().is_some_and(|value| {
            value.len() == target.len()
                && target.iter().all(|(key, wanted)| {
                    value.get(key).and_then(text) == Some(element_text(wanted))
                })
        }),
    }
}

/// §4.11.
fn is_member(left: &Operand, target: &Json, in_list: &dyn Fn(&str, &str) -> bool) -> bool {
    match (left.text(), target.as_str()) {
        (Some(left), Some(list)) => in_list(list, &left),
        _ => false,
    }
}

/// §4.10.
fn contained(
    left: &Operand,
    target: &Json,
    is: impl Fn(&[String], &dyn Fn(&String) -> bool) -> bool,
) -> bool {
    let (Some(value), Some(list)) = (left.value().as_array(), list(target)) else {
        return false;
    };
    let wanted: Vec<String> = list.into_iter().map(|(_, _, text)| text).collect();
    is(&wanted, &|wanted| {
        value
            .iter()
            .any(|value| text(value).as_ref() == Some(wanted))
    })
}
