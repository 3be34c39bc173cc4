//! Tables of every version of the format: today's version is answered as Statsig's core answers its specs, however the
//! compiler has changed since the table was made; every other version is refused by its number.

mod common;

use common::{World, json};
use statsig_edge::{Evaluator, FORMAT_VERSION, Scratch, Table, TableError, User};
use std::path::Path;

fn kept(version: u16) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/data/tables/version-{version}.table"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn this_version_is_answered_as_on_its_first_day() {
    let bytes = kept(FORMAT_VERSION);
    let table = Table::open(&bytes).unwrap();
    table.verify().unwrap();
    let world = World {
        now_ms: 1_767_225_600_000,
        countries: serde_json::from_value(json("countries.json.gz")).unwrap(),
        ..World::default()
    };
    let evaluator = Evaluator::new(table, &world);
    let recorded = json("demo_proj.node-core.gcir.json.gz");
    let mut compared = 0;
    for user in recorded["users"].as_array().unwrap() {
        let responses = &recorded["results"][user["id"].as_str().unwrap()];
        let text = user["user"].to_string();
        let mut room = vec![0; text.len() * 6];
        let user = User::from_json(text.as_bytes(), &mut room).unwrap();
        let mut scratch = Scratch::<64>::new();
        for (name, expected) in responses["feature_gates"].as_object().unwrap() {
            let gate = evaluator.gate(&user, name, &mut scratch);
            assert_eq!(gate.value(), expected["value"], "{name} for {text}");
            assert_eq!(gate.rule_id(), expected["rule_id"], "{name} for {text}");
            compared += 1;
        }
        for (name, expected) in responses["dynamic_configs"].as_object().unwrap() {
            let config = evaluator.dynamic_config(&user, name, &mut scratch);
            let value: serde_json::Value = serde_json::from_str(config.json()).unwrap();
            assert_eq!(value, expected["value"], "{name} for {text}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn other_versions_are_refused_by_their_number() {
    for version in 1..FORMAT_VERSION {
        assert_eq!(
            Table::open(&kept(version)).unwrap_err(),
            TableError::Version(version)
        );
    }
    let mut future = kept(FORMAT_VERSION);
    future[4..6].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
    assert_eq!(
        Table::open(&future).unwrap_err(),
        TableError::Version(FORMAT_VERSION + 1)
    );
}
