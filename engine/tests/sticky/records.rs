//! Records and their keys.

use serde_json::{Value as Json, json};
use statsig_edge::{StickyError, StickyRecord, User, Value};

use crate::layer_record;

#[test]
fn what_is_no_record_is_an_error() {
    let text = layer_record();
    let read =
        |text: &str, room: usize| StickyRecord::from_json(text, &mut vec![0; room]).map(|_| ());
    assert_eq!(read(&text, text.len()), Ok(()));
    assert_eq!(read(&text, 10), Err(StickyError::BufferFull));
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(
            matches!(read(&text[..end], text.len()), Err(StickyError::NotJson(_))),
            "{end}"
        );
    }
    for (member, value) in [
        ("value", json!("true")),
        ("rule_id", json!(1)),
        ("group_name", json!({})),
        ("explicit_parameters", json!([1])),
        ("explicit_parameters", json!("p")),
        ("secondary_exposures", json!({})),
        ("secondary_exposures", json!([{"gate": "g"}])),
        ("time", json!(-1)),
        ("config_version", json!(1.5)),
    ] {
        let mut record: Json = serde_json::from_str(&text).unwrap();
        record[member] = value;
        let record = record.to_string();
        assert!(
            matches!(read(&record, record.len()), Err(StickyError::Mistyped(_))),
            "{record}"
        );
    }
    let mut record: Json = serde_json::from_str(&text).unwrap();
    record["value"] = Json::Null;
    assert_eq!(
        read(&record.to_string(), 1000),
        Err(StickyError::Incomplete)
    );
    // Statsig's core keeps the value of a config that is no object, and reads an empty one then.
    for value in [Json::Null, json!(false), json!("x"), json!([])] {
        record["value"] = json!(true);
        record["json_value"] = value;
        let record = record.to_string();
        let mut buffer = vec![0; record.len()];
        assert_eq!(
            StickyRecord::from_json(&record, &mut buffer).unwrap().json,
            "{}"
        );
    }
    assert_eq!(read("{}", 0), Err(StickyError::Incomplete));
    assert_eq!(read("[]", 0), Err(StickyError::Mistyped(0)));
    // The room that is promised to be enough, where there is nothing but strings.
    for strings in [
        json!([]),
        json!(vec![""; 40]),
        json!(vec!["\u{1}\u{e9}"; 40]),
        json!(["a".repeat(500)]),
    ] {
        let exposures: Vec<Json> = strings
            .as_array()
            .unwrap()
            .iter()
            .map(|text| json!({"gate": text, "gateValue": "true", "ruleID": text}))
            .collect();
        let record =
            json!({"value": true, "json_value": {}, "rule_id": "", "explicit_parameters": strings,
            "secondary_exposures": exposures})
            .to_string();
        assert_eq!(read(&record, record.len()), Ok(()), "{record}");
    }
}

#[test]
fn the_key_is_of_the_unit() {
    let pairs = [("companyID", Value::from("c")), ("other", Value::from(7))];
    let user = User::new().with_user_id("u").with_custom_ids(&pairs);
    for (id_type, key) in [
        ("userID", "u:userID"),
        ("USERID", "u:USERID"),
        ("companyID", "c:companyID"),
        ("companyid", ":companyid"),
        ("OTHER", "7:OTHER"),
        ("stableID", ":stableID"),
    ] {
        let mut written = String::new();
        user.write_sticky_key(id_type, &mut written).unwrap();
        assert_eq!(written, key);
    }
}
