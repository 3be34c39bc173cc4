//! Typed reads, compared with what `serde_json` reads from the same text.

#![cfg(feature = "compile")]

mod common;

use std::collections::BTreeMap;

use common::{World, data};
use proptest::prelude::*;
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

/// Any JSON value, small.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-1e9..1e9).prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "\\PC{0,8}|[\"\\\\\n\u{1}é😀]{0,4}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-c\n😀]{1,2}", inner, 0..4).prop_map(Json::from_iter),
        ]
    })
}

/// The same JSON with every character of its strings as an escape, those beyond 16 bits as surrogate pairs.
fn escaped(json: &Json) -> String {
    let text = |text: &str| {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        format!("\"{}\"", units.collect::<String>())
    };
    match json {
        Json::String(string) => text(string),
        Json::Array(array) => format!(
            "[{}]",
            array.iter().map(escaped).collect::<Vec<_>>().join(",")
        ),
        Json::Object(object) => {
            let members = object
                .iter()
                .map(|(key, value)| format!("{}:{}", text(key), escaped(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_reads_as_serde_json_reads_it(json in any_json(), escape: bool) {
        let text = if escape { escaped(&json) } else { json.to_string() };
        assert_reads(JsonValue::new(&text), &serde_json::from_str(&text).unwrap());
        #[cfg(feature = "serde")]
        parsed::assert_parses(&text);
    }
}

#[cfg(feature = "serde")]
mod parsed {
    use std::collections::{BTreeMap, HashMap};
    use std::fmt::Debug;

    use serde::Deserialize;
    use serde::de::{DeserializeOwned, IgnoredAny};
    use statsig_edge::{JsonValue, MAX_PARSED_TEXT, ReadError};

    #[derive(Debug, PartialEq, Deserialize)]
    struct Settings<'t> {
        title: &'t str,
        width: u16,
        ratio: f32,
        #[serde(default)]
        tags: Vec<String>,
        shade: Option<Shade>,
        #[serde(rename = "größe")]
        size: Option<(i8, i64)>,
    }

    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shade {
        Dark,
        Light,
        Grey(u8),
        Mixed { red: u8, note: String },
        Pair(bool, char),
    }

    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    struct Id(String);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Unit;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Tree {
        #[serde(default)]
        a: Vec<Tree>,
        b: Option<Box<Tree>>,
    }

    fn both<T: DeserializeOwned + PartialEq + Debug>(text: &str) {
        let ours = JsonValue::new(text).parse::<T>();
        let theirs = serde_json::from_str::<T>(text);
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
            (Err(_), Err(_)) => {}
            _ => panic!(
                "{text} as {}: {ours:?}, {theirs:?}",
                std::any::type_name::<T>()
            ),
        }
    }

    /// Compares with `serde_json`, for types of every shape.
    pub(super) fn assert_parses(text: &str) {
        both::<bool>(text);
        both::<i8>(text);
        both::<u16>(text);
        both::<i64>(text);
        both::<u64>(text);
        both::<f64>(text);
        both::<String>(text);
        both::<char>(text);
        both::<()>(text);
        both::<Unit>(text);
        both::<Id>(text);
        both::<Option<f64>>(text);
        both::<Vec<Option<f64>>>(text);
        both::<Vec<f64>>(text);
        both::<Vec<i64>>(text);
        both::<(Option<bool>, Option<String>)>(text);
        both::<BTreeMap<String, Option<i64>>>(text);
        both::<HashMap<String, Vec<String>>>(text);
        both::<HashMap<char, f64>>(text);
        both::<Shade>(text);
        both::<BTreeMap<String, BTreeMap<Id, Option<String>>>>(text);
    }

    #[test]
    fn structs_borrow_from_the_text() {
        let text = r#"{"title":"plain","unknown":["\ud83d\ude00",{"a":null}],"width":80,"ratio":1,"tags":["a\"b","\ud83d\ude00"],
            "shade":{"mixed":{"red":255,"n\u006fte":"\u00e9"}},"gr\u00f6\u00dfe":[-128,9223372036854775807]}"#;
        let ours: Settings<'_> = JsonValue::new(text).parse().unwrap();
        assert_eq!(ours, serde_json::from_str(text).unwrap());
        assert!(
            text.as_bytes()
                .as_ptr_range()
                .contains(&ours.title.as_ptr())
        );
    }

    #[test]
    fn every_shape_is_read_as_serde_json_reads_it() {
        for text in [
            "null",
            "true",
            "0",
            "1",
            "255",
            "256",
            "-129",
            "1.0",
            "1.5",
            "1e2",
            "18446744073709551615",
            "18446744073709551616",
            "3.4e39",
            "\"\"",
            "\"a\"",
            "\"\\ud83d\\ude00\"",
            "\"dark\"",
            "\"gr\\u0065y\"",
            "[]",
            "[null]",
            "[1,2]",
            "[1.5]",
            "[true,\"x\"]",
            "[true,null]",
            "[true]",
            "[true,\"x\",1]",
            "{}",
            "{\"a\":null}",
            "{\"a\":1}",
            "{\"a\":1.5}",
            "{\"d\\u0061rk\":null}",
            "{\"grey\":7}",
            "{\"grey\":\"x\"}",
            "{\"mixed\":{\"red\":1,\"note\":\"\\n\"}}",
            "{\"pair\":[true,\"\\u00e9\"]}",
            "{\"pair\":[true]}",
            "{\"pair\":[true,\"ab\"]}",
            "{\"a\":[{\"a\":[]},{\"b\":{\"a\":[]}}],\"b\":null}",
            "{\"a\":{\"b\":\"c\"}}",
            "{\"\\ud83d\\ude00\":{\"k\\n\":null}}",
            " [ 1 , 2 ] ",
        ] {
            assert_parses(text);
            both::<Tree>(text);
            both::<BTreeMap<i8, String>>(text);
            both::<BTreeMap<u64, String>>(text);
            both::<HashMap<Shade, bool>>(text);
        }
        both::<BTreeMap<i8, String>>(r#"{"-128":"a","127":"b"}"#);
        both::<BTreeMap<i8, String>>(r#"{"-129":"a"}"#);
        both::<BTreeMap<i8, String>>(r#"{"x":"a"}"#);
        both::<BTreeMap<u64, bool>>(r#"{"18446744073709551615":true}"#);
        both::<HashMap<Shade, bool>>(r#"{"dark":true,"l\u0069ght":false}"#);
        both::<HashMap<Shade, bool>>(r#"{"unknown":true}"#);
    }

    /// One by one what the deserializer underneath does otherwise.
    #[test]
    fn limits_do_not_show_in_silence() {
        fn parse(text: &str) -> JsonValue<'_> {
            JsonValue::new(text)
        }
        // Null is not a number.
        assert_eq!(parse("null").parse::<f64>(), Err(ReadError::Null));
        assert_eq!(parse("[null]").parse::<Vec<f64>>(), Err(ReadError::Refused));
        assert_eq!(parse("[null]").parse::<Vec<f32>>(), Err(ReadError::Refused));
        assert_eq!(parse("[null]").parse::<Vec<Option<f64>>>(), Ok(vec![None]));
        // Nor is the infinite.
        assert_eq!(parse("1e999").parse::<f64>(), Err(ReadError::OutOfRange));
        assert_eq!(
            parse("[3.5e38]").parse::<Vec<f32>>(),
            Err(ReadError::OutOfRange)
        );
        // Escapes are resolved, pairs too; a borrowed text cannot have any.
        assert_eq!(
            parse(r#""\ud83d\ude00\n""#).parse::<String>().as_deref(),
            Ok("😀\n")
        );
        assert_eq!(parse(r#""a\n""#).parse::<&str>(), Err(ReadError::Refused));
        assert_eq!(parse(r#""a""#).parse::<&str>(), Ok("a"));
        assert_eq!(
            parse(r#""\n""#).parse::<heapless::String<1>>().as_deref(),
            Ok("\n")
        );
        // Not only borrowed strings are keys, and no key is a panic.
        let keys: Result<BTreeMap<u32, bool>, _> = parse(r#"{"7":true}"#).parse();
        assert_eq!(keys, Ok(BTreeMap::from([(7, true)])));
        let keys: Result<BTreeMap<bool, bool>, _> = parse(r#"{"true":true}"#).parse();
        assert_eq!(keys, Err(ReadError::Unsupported));
        let keys: Result<BTreeMap<(u8, u8), bool>, _> = parse(r#"{"[1,2]":true}"#).parse();
        assert_eq!(keys, Err(ReadError::Unsupported));
        // Types that wait to be told.
        assert_eq!(
            parse("1").parse::<serde_json::Value>(),
            Err(ReadError::Unsupported)
        );
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(untagged)]
        enum Untagged {
            Number(i64),
        }
        assert_eq!(parse("1").parse::<Untagged>(), Err(ReadError::Unsupported));
        #[derive(Debug, PartialEq, Deserialize)]
        struct Flat {
            #[serde(flatten)]
            rest: BTreeMap<String, i64>,
        }
        assert_eq!(
            parse(r#"{"a":1}"#).parse::<Flat>(),
            Err(ReadError::Unsupported)
        );
        assert_eq!(parse("\"a\"").parse::<&[u8]>(), Err(ReadError::Unsupported));
        assert_eq!(parse("1").parse::<i128>(), Err(ReadError::Unsupported));
        assert_eq!(parse("1").parse::<u128>(), Err(ReadError::Unsupported));
        // As deep as the scanner goes, and no deeper.
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(&deep(128)).parse::<IgnoredAny>().is_ok());
        assert_eq!(
            parse(&deep(129)).parse::<IgnoredAny>().err(),
            Some(ReadError::TooDeep)
        );
        let tree = |levels: usize| r#"{"b":"#.repeat(levels) + "{}" + &"}".repeat(levels);
        assert!(parse(&tree(127)).parse::<Tree>().is_ok());
        assert_eq!(
            parse(&tree(100_000)).parse::<Tree>(),
            Err(ReadError::TooDeep)
        );
        // An integer is not the front of a number.
        assert_eq!(parse("1.5").parse::<i64>(), Err(ReadError::Refused));
        assert_eq!(parse("[1.0]").parse::<Vec<i64>>(), Err(ReadError::Refused));
        assert_eq!(parse("300").parse::<u8>(), Err(ReadError::OutOfRange));
        assert_eq!(parse("-1").parse::<u8>(), Err(ReadError::OutOfRange));
    }

    #[test]
    fn long_strings_with_escapes_need_room() {
        let text = format!("[\"{}\\n\"]", "a".repeat(MAX_PARSED_TEXT - 1));
        assert!(JsonValue::new(&text).parse::<Vec<String>>().is_ok());
        let text = format!("[\"{}\\n\"]", "a".repeat(MAX_PARSED_TEXT));
        let value = JsonValue::new(&text);
        assert_eq!(value.parse::<Vec<String>>(), Err(ReadError::TooLong));
        let mut room = heapless::String::<{ MAX_PARSED_TEXT + 1 }>::new();
        assert!(value.parse_with::<Vec<String>, _>(&mut room).is_ok());
        // Nor is room needed for what is plain or ignored.
        assert!(value.parse::<Vec<IgnoredAny>>().is_ok());
        let text = format!("\"{}\"", "a".repeat(2 * MAX_PARSED_TEXT));
        assert!(JsonValue::new(&text).parse::<String>().is_ok());
    }
}
