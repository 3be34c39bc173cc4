//! Parameters of config values, found by the index behind each object or by walking it, as `serde_json` finds them.
#![cfg(feature = "compile")]

mod common;

use common::World;
use serde_json::{Value as Json, json};
use statsig_edge::{Evaluator, Scratch, Table, User, compile::compile};

/// A config whose value is this text.
fn table(value: &str) -> Vec<u8> {
    let payload = format!(
        r#"{{"has_updates":true,"time":1,"feature_gates":{{}},"layer_configs":{{}},"condition_map":{{}},
        "experiment_to_layer":{{}},"dynamic_configs":{{"c":{{"type":"dynamic_config","entity":"dynamic_config","salt":"s",
        "enabled":true,"idType":"userID","defaultValue":{value},"rules":[]}}}}}}"#
    );
    compile(payload.as_bytes()).unwrap().table
}

/// The parameter as it is spelt, and as JSON.
fn parameter(table: &[u8], name: &str) -> Option<Json> {
    let world = World::default();
    let evaluator = Evaluator::new(Table::open(table).unwrap(), &world);
    let mut scratch = Scratch::<4>::new();
    let config = evaluator.dynamic_config(&User::new(), "c", &mut scratch);
    config
        .parameter(name)
        .map(|text| serde_json::from_str(text).unwrap())
}

/// An object of so many members.
fn object(count: usize) -> Json {
    let value = |at: usize| match at % 6 {
        0 => json!(at),
        1 => json!(format!("text {at}, \"quoted\", }} ]")),
        2 => json!({"key_0": [at, {}], "nested": null}),
        3 => json!([true, -1.5, "é"]),
        4 => json!(""),
        _ => Json::Null,
    };
    (0..count)
        .map(|at| (format!("key_{at}"), value(at)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn every_member_of_small_and_large_objects_is_found() {
    for count in [0, 1, 2, 7, 254, 255, 256, 400] {
        let object = object(count);
        let table = table(&object.to_string());
        for at in 0..count + 2 {
            let name = format!("key_{at}");
            assert_eq!(
                parameter(&table, &name).as_ref(),
                object.get(&name),
                "{name} of {count}"
            );
        }
        for name in ["", "key", "key_", "nested", "key_0\"", "KEY_0"] {
            assert_eq!(parameter(&table, name), None, "{name} of {count}");
        }
    }
}

#[test]
fn names_given_twice_and_names_with_escapes_are_found() {
    for value in [
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"\u0061":1,"b":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"é":1,"\u00e9":2,"":3}"#,
        r#"{"a\"b":1,"a\\":2,"\ud83d\ude00":3}"#,
        r#"{"":{"":1}}"#,
        "{ \"a\" : 1 ,\n\t\"b\" : { \"a\" : 2 } }",
    ] {
        let read: Json = serde_json::from_str(value).unwrap();
        let table = table(value);
        for name in ["a", "b", "é", "", "a\"b", "a\\", "😀", "\\u0061", "c"] {
            assert_eq!(
                parameter(&table, name).as_ref(),
                read.get(name),
                "{name:?} of {value}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_never_panics() {
    let value = object(9).to_string();
    let table = table(&value);
    let sound = table.clone();
    for at in sound.len() - value.len() - 64..sound.len() {
        for bit in 0..8 {
            let mut table = sound.clone();
            table[at] ^= 1 << bit;
            let Ok(table) = Table::open(&table) else {
                continue;
            };
            let world = World::default();
            let evaluator = Evaluator::new(table, &world);
            let mut scratch = Scratch::<4>::new();
            let config = evaluator.dynamic_config(&User::new(), "c", &mut scratch);
            for name in ["key_0", "key_8", "nested", ""] {
                // What comes back is text of the table, whatever it says.
                let found = config.parameter(name).map_or(0, str::len);
                assert!(found <= sound.len());
            }
        }
    }
}
