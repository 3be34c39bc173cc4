//! Any JSON value, plain and with escapes.

use proptest::prelude::*;
use serde_json::Value as Json;
use statsig_edge::JsonValue;

use crate::assert_reads;
#[cfg(feature = "serde")]
use crate::parsed;

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
