//! `user_json`: a user of any bytes, against `serde_json`: both read it or neither, and what was read is what is there.

use serde_json::Value as Json;
use statsig_edge::{Attributes, Options, User, UserError, Value};

const VALUES: [&str; 7] = [
    "userID",
    "email",
    "ip",
    "userAgent",
    "country",
    "locale",
    "appVersion",
];
const MAPS: [&str; 4] = [
    "custom",
    "privateAttributes",
    "customIDs",
    "statsigEnvironment",
];

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let mut scratch = vec![0; bytes.len() * 6];
    let theirs = serde_json::from_slice::<Json>(bytes);
    let user = match User::from_json(bytes, &mut scratch) {
        Ok(user) => user,
        Err(error) => return refused(error, bytes, &theirs),
    };
    let theirs = match theirs {
        Ok(theirs) => theirs,
        // A number that no double holds is a text to us, until it is compared.
        Err(error) if error.to_string().starts_with("number out of range") => return,
        Err(error) => panic!("{error}"),
    };
    let values = [
        user.user_id,
        user.email,
        user.ip,
        user.user_agent,
        user.country,
        user.locale,
        user.app_version,
    ];
    for (name, value) in VALUES.into_iter().zip(values) {
        compare(name, value, &theirs[name]);
    }
    let maps = [
        user.custom,
        user.private_attributes,
        user.custom_ids,
        user.statsig_environment,
    ];
    for (name, map) in MAPS.into_iter().zip(maps) {
        compare_map(name, map, &theirs[name]);
    }
    written(&user);
}

fn refused(error: UserError, bytes: &[u8], theirs: &serde_json::Result<Json>) {
    assert!(!error.to_string().is_empty());
    let at = match error {
        UserError::NotUtf8(at) => {
            assert_eq!(
                std::str::from_utf8(bytes).map_err(|e| e.valid_up_to()),
                Err(at)
            );
            at
        }
        UserError::NotJson(at) => {
            assert!(theirs.is_err(), "refused at {at}");
            at
        }
        UserError::NotAnObject(at) => {
            assert!(!matches!(theirs, Ok(Json::Object(_))), "refused at {at}");
            at
        }
        UserError::NotAMap(name, at) => {
            if let Ok(theirs) = theirs {
                assert!(!theirs[name].is_object() || twice(bytes, name));
            }
            at
        }
        UserError::Duplicate(name, at) => {
            assert!(
                theirs.is_err() || twice(bytes, name),
                "{name} is not there twice"
            );
            at
        }
        other => panic!("{other}"),
    };
    assert!(at <= bytes.len());
}

/// Whether the name may be there more than once, in one spelling or another.
fn twice(bytes: &[u8], name: &str) -> bool {
    let plain = bytes
        .windows(name.len())
        .filter(|window| *window == name.as_bytes());
    plain.count() > 1 || bytes.windows(2).any(|window| window == b"\\u")
}

fn compare(name: &str, value: Option<Value<'_>>, theirs: &Json) {
    let Some(value) = value else {
        assert_eq!(*theirs, Json::Null, "{name}");
        return;
    };
    let mut text = String::new();
    // A `String` takes everything.
    let _ = value.write_json(&mut text);
    let ours: Json = match serde_json::from_str(&text) {
        Ok(ours) => ours,
        Err(error) => panic!("{name}: {error}: {text}"),
    };
    assert!(same(&ours, theirs), "{name}: {ours} and {theirs}");
}

/// Equal, numbers by their doubles: what is written is what Statsig's core writes of a number.
fn same(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn compare_map(name: &str, map: Option<Attributes<'_>>, theirs: &Json) {
    let Some(map) = map else {
        assert_eq!(*theirs, Json::Null, "{name}");
        return;
    };
    let Json::Object(theirs) = theirs else {
        panic!("{name}: {theirs}");
    };
    for (member, value) in theirs {
        compare(member, map.get(member), value);
    }
    for (member, _) in map.iter() {
        assert!(theirs.contains_key(member), "{name}.{member:?}");
    }
}

/// The user as events say it.
fn written(user: &User<'_>) {
    let mut text = String::new();
    let mut options = Options::default();
    options.tier = Some("production");
    // A `String` takes everything.
    let _ = user.write_json(&options, &mut text);
    if let Err(error) = serde_json::from_str::<Json>(&text) {
        panic!("{error}: {text}");
    }
}
