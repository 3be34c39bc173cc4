//! What the integration tests share: recorded data, and an environment made of tables.

#![allow(dead_code, unreachable_pub)] // each test binary uses its own part

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use serde_json::Value as Json;
use statsig_edge::{Country, Environment, Membership};

/// A file of `tests/data`, unpacked.
pub fn data(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// A JSON file of `tests/data`.
pub fn json(name: &str) -> Json {
    serde_json::from_slice(&data(name)).unwrap()
}

/// A world with fixed answers.
#[derive(Default)]
pub struct World {
    pub now_ms: i64,
    pub countries: Option<HashMap<String, String>>,
    /// List names to keys.
    pub id_lists: Option<HashMap<String, Vec<String>>>,
    pub random: f64,
}

impl Environment for World {
    fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn random(&self) -> f64 {
        self.random
    }

    fn country(&self, ip: &str) -> Country {
        match &self.countries {
            None => Country::NotLoaded,
            Some(countries) => match countries.get(ip) {
                Some(code) => Country::Code(code.as_bytes().try_into().unwrap()),
                None => Country::Unknown,
            },
        }
    }

    fn id_list(&self, list: &str, key: &[u8; 8]) -> Membership {
        match &self.id_lists {
            None => Membership::NoLists,
            Some(lists) => {
                let member = lists
                    .get(list)
                    .is_some_and(|keys| keys.iter().any(|k| k.as_bytes() == key));
                if member {
                    Membership::Member
                } else {
                    Membership::NotMember
                }
            }
        }
    }
}
