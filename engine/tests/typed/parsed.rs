//! Values parsed by `serde`, compared with what `serde_json` parses.

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
pub(crate) fn assert_parses(text: &str) {
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
