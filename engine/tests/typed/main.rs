//! Typed reads, compared with what `serde_json` reads from the same text.

#![cfg(feature = "compile")]

mod any_value;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "serde")]
mod parsed;

use std::collections::BTreeMap;

use common::{World, data};
use serde_json::Value as Json;
use statsig_edge::{
    Evaluator, Exposure, ExposureSink, JsonType, JsonValue, Parameters, ReadError, Reason, Scratch,
    SpecKind, StoreParameter, Table, User, compile::compile,
};

/// Compares every typed read of a value with the value itself.
fn assert_reads(value: JsonValue<'_>, expected: &Json) {
    let wrong = |found| match found {
        JsonType::Null => ReadError::Null,
        found => ReadError::WrongType(found),
    };
    let found = match expected {
        Json::Null => JsonType::Null,
        Json::Bool(_) => JsonType::Bool,
        Json::Number(_) => JsonType::Number,
        Json::String(_) => JsonType::String,
        Json::Array(_) => JsonType::Array,
        Json::Object(_) => JsonType::Object,
    };
    assert_eq!(value.json_type(), Some(found));
    assert_eq!(value.bool(), expected.as_bool().ok_or(wrong(found)));
    if let Json::Number(number) = expected {
        let double = number.as_f64().unwrap();
        assert_eq!(value.f64(), Ok(double));
        match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => assert_eq!(value.i64(), Ok(integer)),
            (None, Some(integer)) => {
                assert_eq!(value.u64(), Ok(integer));
                assert_eq!(value.i64(), Err(ReadError::OutOfRange));
            }
            (None, None) if double.fract() != 0.0 => {
                assert_eq!(value.i64(), Err(ReadError::OutOfRange));
                assert_eq!(value.u64(), Err(ReadError::OutOfRange));
            }
            (None, None) if double.abs() < 9e15 => {
                assert_eq!(value.i64(), Ok(double as i64));
            }
            (None, None) => {}
        }
    } else {
        assert_eq!(value.f64(), Err(wrong(found)));
        assert_eq!(value.i64(), Err(wrong(found)));
        assert_eq!(value.u64(), Err(wrong(found)));
    }
    let mut buffer = heapless::String::<4096>::new();
    match expected.as_str() {
        Some(text) => {
            assert_eq!(value.str(&mut buffer), Ok(text));
            let in_place = value.text().unwrap();
            assert!(in_place == text && in_place != "another");
            assert_eq!(in_place.to_string(), text);
            assert_eq!(in_place.as_str().is_some(), !value.as_str().contains('\\'));
        }
        None => assert_eq!(value.str(&mut buffer), Err(wrong(found))),
    }
    let whole = |wanted| {
        if found == wanted {
            Ok(value.as_str())
        } else {
            Err(wrong(found))
        }
    };
    assert_eq!(value.array(), whole(JsonType::Array));
    assert_eq!(value.object(), whole(JsonType::Object));
}

#[test]
fn every_parameter_of_the_sample_projects_reads_as_it_is() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for payload in [
        "payloads/eval_proj_dcs.json.gz",
        "payloads/demo_proj_dcs.json.gz",
        "payloads/v1/rulesets_e2e_full_dcs.json.gz",
    ] {
        let bytes = compile(&data(payload)).unwrap().table;
        let table = Table::open(&bytes).unwrap();
        let world = World::default();
        let evaluator = Evaluator::new(table, &world);
        let user = User::new().with_user_id("a-user");
        let mut scratch = Scratch::<64>::new();
        for kind in [SpecKind::DynamicConfig, SpecKind::Experiment] {
            for spec in table.specs(kind) {
                let config = evaluator.dynamic_config(&user, spec.name(), &mut scratch);
                let object: BTreeMap<String, Json> = serde_json::from_str(config.json()).unwrap();
                for (name, expected) in &object {
                    assert_eq!(
                        config.read(name, |value| {
                            assert_reads(value, expected);
                            Ok(())
                        }),
                        Ok(())
                    );
                }
                *seen.entry("config").or_default() += object.len();
                #[cfg(feature = "serde")]
                {
                    let again: BTreeMap<String, serde::de::IgnoredAny> =
                        config.parse_value().unwrap();
                    assert!(again.keys().eq(object.keys()));
                }
            }
        }
        for spec in table.specs(SpecKind::Layer) {
            let layer = evaluator.layer(&user, spec.name(), &mut scratch);
            let mut whole = String::new();
            layer.write_json(&mut whole).unwrap();
            let object: BTreeMap<String, Json> = serde_json::from_str(&whole).unwrap();
            for (name, expected) in &object {
                assert_reads(layer.parameter(name).unwrap().value(), expected);
                let read = layer.read(name, |value| Ok(value.as_str()));
                assert_eq!(read, Ok(layer.parameter(name).unwrap().json));
            }
            *seen.entry("layer").or_default() += object.len();
            assert_eq!(layer.read_bool("no such"), Err(ReadError::Missing));
            #[cfg(feature = "serde")]
            {
                let mut room = heapless::String::<65536>::new();
                let again: BTreeMap<String, serde::de::IgnoredAny> =
                    layer.parse_value(&mut room).unwrap();
                assert!(again.keys().eq(object.keys()));
            }
        }
        for store in table.parameter_stores() {
            for parameter in store.parameters() {
                let view = scratch.view();
                let read = evaluator.store_parameter(&user, &store, parameter.name, view, &mut ());
                let StoreParameter::Value(json) = read else {
                    assert_eq!(read.value(), Err(ReadError::Missing));
                    continue;
                };
                assert_reads(read.value().unwrap(), &serde_json::from_str(json).unwrap());
                *seen.entry("store").or_default() += 1;
            }
        }
    }
    for (what, least) in [("config", 250), ("layer", 40), ("store", 7)] {
        assert!(seen[what] >= least, "{what}: {seen:?}");
    }
}

#[test]
fn a_fallback_says_why() {
    let json = br#"{"has_updates": true, "time": 1, "layer_configs": {}, "experiment_to_layer": {},
        "feature_gates": {}, "condition_map": {}, "dynamic_configs": {"c": {"type": "dynamic_config",
        "entity": "dynamic_config", "salt": "s", "enabled": true, "idType": "userID", "rules": [], "defaultValue":
        {"yes": true, "n": null, "half": 0.5, "huge": 1e300, "minus": -1, "text": "a\nb", "plain": "ab",
         "list": [1], "map": {"a": {}}}}}}"#;
    let bytes = compile(json).unwrap().table;
    let world = World::default();
    let evaluator = Evaluator::new(Table::open(&bytes).unwrap(), &world);
    let mut scratch = Scratch::<8>::new();
    let config = evaluator.dynamic_config(&User::new(), "c", &mut scratch);

    assert!(config.get_bool("yes", false));
    assert!(config.get_bool("no", true));
    assert_eq!(config.read_bool("no"), Err(ReadError::Missing));
    assert_eq!(config.read_bool("n"), Err(ReadError::Null));
    assert_eq!(config.read_f64("n"), Err(ReadError::Null));
    let wrong = |found| ReadError::WrongType(found);
    assert_eq!(config.read_bool("text"), Err(wrong(JsonType::String)));
    assert!(config.get_bool("text", true));
    assert_eq!(config.read_i64("half"), Err(ReadError::OutOfRange));
    assert_eq!(config.get_i64("half", 7), 7);
    assert_eq!(config.read_u64("huge"), Err(ReadError::OutOfRange));
    assert_eq!(config.read_u64("minus"), Err(ReadError::OutOfRange));
    assert_eq!(config.get_u64("minus", 7), 7);
    assert_eq!(config.get_f64("minus", 7.0), -1.0);
    assert_eq!(config.get_f64("list", 7.0), 7.0);
    assert_eq!(config.read_object("list"), Err(wrong(JsonType::Array)));
    assert_eq!(config.get_array("list", "[]"), "[1]");
    assert_eq!(config.get_object("map", "{}"), r#"{"a":{}}"#);
    assert_eq!(config.get_array("map", "[]"), "[]");

    let mut buffer = heapless::String::<3>::new();
    assert_eq!(config.get_str("text", "", &mut buffer), "a\nb");
    let mut small = heapless::String::<2>::new();
    let read = config.read_str("text", &mut small);
    assert_eq!(read, Err(ReadError::TooLong));
    assert_eq!(config.get_str("text", "fallback", &mut small), "fallback");
    assert_eq!(config.get_str("plain", "", &mut small), "ab");
    let mut none = heapless::String::<0>::new();
    assert_eq!(config.get_str("yes", "fallback", &mut none), "fallback");

    let unknown = evaluator.dynamic_config(&User::new(), "d", &mut scratch);
    let no_answer = ReadError::NoAnswer(Reason::Unrecognized);
    assert_eq!(unknown.read_bool("yes"), Err(no_answer));
    let layer = evaluator.layer(&User::new(), "l", &mut scratch);
    assert_eq!(layer.read_bool("yes"), Err(no_answer));
    assert!(layer.get_bool("yes", true));
    #[cfg(feature = "serde")]
    {
        assert_eq!(layer.parse::<bool>("yes"), Err(no_answer));
        let unknown = evaluator.dynamic_config(&User::new(), "d", &mut scratch);
        assert_eq!(
            unknown.parse_value::<serde::de::IgnoredAny>().err(),
            Some(no_answer)
        );
    }
}

/// A store's layer parameter is exposed when it is read as its type, and only then (§5.5, §5.6).
#[test]
fn a_stores_layer_parameter_is_exposed_by_a_successful_read() {
    struct Count(usize);
    impl ExposureSink for Count {
        fn expose(&mut self, _: &Exposure<'_, '_>) {
            self.0 += 1;
        }
    }
    let json = br#"{"has_updates": true, "time": 1, "experiment_to_layer": {}, "feature_gates": {}, "condition_map": {},
        "dynamic_configs": {}, "layer_configs": {"l": {"type": "dynamic_config", "entity": "layer", "salt": "s",
        "enabled": true, "idType": "userID", "rules": [], "defaultValue": {"text": "a"}}}, "param_stores": {"s":
        {"parameters": {"p": {"ref_type": "layer", "param_type": "string", "layer_name": "l", "param_name": "text"},
        "q": {"ref_type": "layer", "param_type": "string", "layer_name": "l", "param_name": "none"}}}}}"#;
    let bytes = compile(json).unwrap().table;
    let world = World::default();
    let evaluator = Evaluator::new(Table::open(&bytes).unwrap(), &world);
    let store = evaluator.parameter_store("s").unwrap();
    let mut scratch = Scratch::<8>::new();
    for (name, as_text, exposures) in [
        ("p", true, 1),
        ("p", false, 0),
        ("q", true, 0),
        ("r", true, 0),
    ] {
        let mut sink = Count(0);
        let user = User::new();
        let read = evaluator.read_store_parameter(
            &user,
            &store,
            name,
            scratch.view(),
            &mut sink,
            |value| {
                if as_text {
                    value.text().map(|_| ())
                } else {
                    value.bool().map(|_| ())
                }
            },
        );
        assert_eq!(sink.0, exposures, "{name}");
        assert_eq!(read.is_ok(), exposures == 1, "{name}");
    }
}

#[test]
fn text_that_is_no_json_is_an_error() {
    for text in [
        "",
        " ",
        "tru",
        "truex",
        "1 2",
        "01",
        "\"",
        "\"a",
        "{",
        "[1,]",
        "{\"a\" 1}",
        "nul",
        "\u{feff}1",
    ] {
        let value = JsonValue::new(text);
        let is_error = |fault: ReadError| {
            assert!(
                matches!(
                    fault,
                    ReadError::Malformed | ReadError::WrongType(_) | ReadError::Null
                ),
                "{text}: {fault:?}"
            );
        };
        is_error(value.bool().unwrap_err());
        is_error(value.i64().unwrap_err());
        is_error(value.f64().unwrap_err());
        is_error(value.text().unwrap_err());
        is_error(value.array().unwrap_err());
        is_error(value.object().unwrap_err());
        #[cfg(feature = "serde")]
        assert_eq!(
            value.parse::<serde::de::IgnoredAny>().err(),
            Some(ReadError::Malformed)
        );
    }
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(JsonValue::new(&deep(128)).array().is_ok());
    assert_eq!(JsonValue::new(&deep(129)).array(), Err(ReadError::TooDeep));
}
