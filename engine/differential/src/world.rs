//! The world outside of the specs, the same for both engines: clock, countries, ID lists, options.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};
use statsig_edge::{Country, Environment, Membership, Value};

/// The tier of a configured instance.
pub const TIER: &str = "staging";

/// The global custom fields of a configured instance.
pub static GLOBAL_CUSTOM: [(&str, Value<'static>); 2] =
    [("global", Value::Str("pro")), ("plan", Value::Int(5))];

/// [`GLOBAL_CUSTOM`] as JSON.
pub fn global_custom() -> Vec<(&'static str, Json)> {
    vec![("global", json!("pro")), ("plan", json!(5))]
}

/// Whether the id of that key is in the list: half of all ids are in lists whose name begins with `list`.
pub fn member(list: &str, key: &str) -> bool {
    list.starts_with("list") && key.bytes().chain(list.bytes()).map(u32::from).sum::<u32>() % 2 == 0
}

/// Finds the country of an address.
pub type Countries<'w> = &'w dyn Fn(&str) -> Option<String>;

/// Our engine's environment.
pub struct World<'w> {
    /// Whether ID lists have members.
    pub lists: bool,
    countries: Countries<'w>,
    now: Option<i64>,
    known: RefCell<HashMap<String, Option<String>>>,
}

impl<'w> World<'w> {
    /// A world that asks `countries` once for each address.
    pub fn new(lists: bool, countries: Countries<'w>) -> Self {
        World {
            lists,
            countries,
            now: None,
            known: RefCell::new(HashMap::new()),
        }
    }

    /// The same with a clock that stands still, or with the machine's.
    pub fn at(self, now: Option<i64>) -> Self {
        World { now, ..self }
    }
}

impl Environment for World<'_> {
    fn now_ms(&self) -> i64 {
        self.now.unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |time| time.as_millis() as i64)
        })
    }

    fn random(&self) -> f64 {
        // Session replay compares it with rates of 0 and 1 alone.
        0.5
    }

    fn country(&self, ip: &str) -> Country {
        let mut known = self.known.borrow_mut();
        let country = known
            .entry(ip.to_owned())
            .or_insert_with(|| (self.countries)(ip));
        match country.as_deref().map(str::as_bytes) {
            Some(&[a, b]) => Country::Code([a, b]),
            _ => Country::Unknown,
        }
    }

    fn id_list(&self, list: &str, key: &[u8; 8]) -> Membership {
        match std::str::from_utf8(key) {
            Ok(key) if self.lists && member(list, key) => Membership::Member,
            _ => Membership::NotMember,
        }
    }
}
