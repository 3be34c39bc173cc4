//! One line for each event, on standard output.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::output::print;

/// Where events go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    /// As JSON objects.
    pub json: bool,
}

impl Log {
    /// Writes an event: its name, a sentence, further facts for machines.
    pub(crate) fn event(self, name: &str, message: &str, facts: Value) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let time = rfc3339(now.as_secs());
        let message = message.replace(['\n', '\r'], " ");
        let line = match self.json {
            true => {
                let mut object =
                    serde_json::json!({"time": time, "event": name, "message": message});
                if let (Some(object), Value::Object(facts)) = (object.as_object_mut(), facts) {
                    object.extend(facts);
                }
                object.to_string()
            }
            false => format!("{time} {name}: {message}"),
        };
        // A reader that has gone away does not end the watch.
        let _ = print(&line);
    }
}

/// Seconds since the epoch as `2026-11-23T01:02:03Z`.
fn rfc3339(seconds: u64) -> String {
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // Years from March on, in eras of 400 of them.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let of_era_years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_era_years + of_era_years / 4 - of_era_years / 100);
    let months = (5 * of_year + 2) / 153;
    let day = of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    let year = era * 400 + of_era_years + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written() {
        // `date -u -d @1795395723 --iso-8601=s`, and so on
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_395_723, "2026-11-23T01:02:03Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
