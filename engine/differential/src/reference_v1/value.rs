//! The forms of user values and targets (`evaluation.md` §2.2 to §2.4).

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value as Json;

pub(super) fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null | Json::Object(_) => None,
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(number) => number.as_f64().map(|number| number.to_string()),
        Json::String(text) => Some(text.clone()),
        Json::Array(_) => Some(value.to_string()),
    }
}

pub(super) fn float(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn integer(value: &Json) -> Option<i64> {
    match value {
        Json::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            let integer = float as i64;
            (integer as f64 == float).then_some(integer)
        }),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn date(text: &str) -> Option<i64> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(date) => Some(date.timestamp_millis()),
        Err(_) => NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
            .ok()
            .map(|date| date.and_utc().timestamp_millis()),
    }
}

/// §2.4 for a user value, then §4.6: its integer.
pub(super) fn user_time(value: &Json) -> Option<i64> {
    if let Json::String(text) = value {
        let like_a_date = (8..=20).contains(&text.len()) && text.contains(['-', 'T', ':']);
        if text.parse::<i64>().is_err()
            && like_a_date
            && let Some(time) = date(text)
        {
            return Some(time);
        }
    }
    integer(value)
}

/// §2.4 for a target, then §4.6: its float, cut off.
pub(super) fn target_time(target: &Json) -> Option<i64> {
    if let Json::String(text) = target {
        let time = text.parse().ok().or_else(|| date(text));
        if time.is_some() {
            return time;
        }
    }
    float(target).map(|time| time as i64)
}

/// §2.3: an element or member of a target as text.
pub(super) fn element_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
