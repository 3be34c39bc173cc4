//! Config Store items: list, bulk write, upsert. There is no generation and no conditional write.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;
use ureq::http::Method;

use super::{Api, segment};
use crate::http::Answer;

/// The most items of a store.
pub(crate) const MAX_ITEMS: usize = 500;

/// The most items of one bulk write.
const MAX_BULK: usize = 100;

/// A config store.
#[derive(Debug)]
pub(crate) struct ConfigStore<'a> {
    api: &'a Api,
    id: String,
}

/// An item.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Item {
    /// Its key.
    #[serde(rename = "item_key")]
    pub key: String,
    /// Its value.
    #[serde(rename = "item_value", default)]
    pub value: String,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
}

impl Item {
    /// When it was last written, as the store says.
    pub(crate) fn written_at(&self) -> Option<SystemTime> {
        let text = self.updated_at.as_ref().or(self.created_at.as_ref())?;
        rfc3339(text)
    }
}

/// All items, and what time the store has.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The items.
    pub items: Vec<Item>,
    /// The server's clock, or ours if it does not say.
    pub now: SystemTime,
}

impl Listing {
    /// An item's value.
    pub(crate) fn get(&self, key: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.key == key)
    }
}

/// One change of a bulk write.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Writes an item, whether there is one or not.
    Upsert(String, String),
    /// Removes an item.
    Delete(String),
}

impl Api {
    /// The config store with this id.
    pub(crate) fn config_store(&self, id: &str) -> ConfigStore<'_> {
        ConfigStore {
            api: self,
            id: id.to_owned(),
        }
    }
}

impl ConfigStore<'_> {
    fn path(&self, rest: &str) -> String {
        format!("/resources/stores/config/{}/{rest}", segment(&self.id))
    }

    /// All items.
    pub(crate) fn list(&self) -> Result<Listing> {
        let what = format!("reading config store {}", self.id);
        let ask = self.api.ask(Method::GET, &self.path("items"), what);
        let ask = ask.limit(64 << 20);
        let answer = self.api.send(&ask)?;
        let items = serde_json::from_slice(&answer.body)
            .with_context(|| format!("{}: the answer is no list of items", ask.what))?;
        let date = answer.header("date").and_then(http_date);
        Ok(Listing {
            items,
            now: date.unwrap_or_else(SystemTime::now),
        })
    }

    /// Applies changes, in as few requests as the API allows. An error leaves some of them applied.
    pub(crate) fn bulk(&self, changes: &[Change]) -> Result<()> {
        for part in changes.chunks(MAX_BULK) {
            let what = format!("changing {} items of config store {}", part.len(), self.id);
            let items: Vec<_> = part
                .iter()
                .map(|change| match change {
                    Change::Upsert(key, value) => {
                        json!({"op": "upsert", "item_key": key, "item_value": value})
                    }
                    Change::Delete(key) => json!({"op": "delete", "item_key": key}),
                })
                .collect();
            let body = json!({"items": items}).to_string();
            let ask = self.api.ask(Method::PATCH, &self.path("items"), what);
            self.api
                .send(&ask.body("application/json", body.as_bytes()))?;
        }
        Ok(())
    }

    /// Writes an item, whether there is one or not.
    pub(crate) fn upsert(&self, key: &str, value: &str) -> Result<Answer> {
        let what = format!("writing {key} to config store {}", self.id);
        let path = self.path(&format!("item/{}", segment(key)));
        let body = form(&[("item_value", value)]);
        let ask = self.api.ask(Method::PUT, &path, what);
        self.api
            .send(&ask.body("application/x-www-form-urlencoded", body.as_bytes()))
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", segment(value)))
        .collect();
    fields.join("&")
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their odd day at the end.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn at(date: (i64, i64, i64), time: &str) -> Option<SystemTime> {
    let mut parts = time.splitn(3, ':').map(|part| part.parse::<f64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let of_day = hours * 3_600.0 + minutes * 60.0 + seconds;
    let seconds = days(date.0, date.1, date.2) as f64 * 86_400.0 + of_day;
    Some(UNIX_EPOCH + Duration::try_from_secs_f64(seconds).ok()?)
}

/// `2026-11-23T01:02:03Z`, as the API writes its times (UTC always).
fn rfc3339(text: &str) -> Option<SystemTime> {
    let (date, time) = text.trim_end_matches('Z').split_once(['T', ' '])?;
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let date = (parts.next()??, parts.next()??, parts.next()??);
    at(date, time.trim_end_matches("+00:00"))
}

/// `Mon, 23 Nov 2026 01:02:03 GMT`, as the header `Date` has it.
fn http_date(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut parts = text.split_whitespace().skip(1);
    let day = parts.next()?.parse().ok()?;
    let month = parts.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year = parts.next()?.parse().ok()?;
    at((year, month, day), parts.next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        // `date -u -d 2026-11-23T01:02:03Z +%s`
        let expected = Some(UNIX_EPOCH + Duration::from_secs(1_795_395_723));
        assert_eq!(rfc3339("2026-11-23T01:02:03Z"), expected);
        assert_eq!(http_date("Mon, 23 Nov 2026 01:02:03 GMT"), expected);
        // `date -u -d 2024-02-29T23:59:59Z +%s`
        let leap = Some(UNIX_EPOCH + Duration::from_secs(1_709_251_199));
        assert_eq!(rfc3339("2024-02-29T23:59:59Z"), leap);
        assert_eq!(rfc3339("yesterday"), None);
        assert_eq!(http_date("Mon, 23 Foo 2026 01:02:03 GMT"), None);
    }
}
