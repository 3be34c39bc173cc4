//! `user_json`: a user of any bytes, against `serde_json`: both read it or neither, and what was read is what is there.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
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

/// A user as Statsig's core reads it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // that it reads is enough
struct Person {
    #[serde(rename = "userID")]
    user_id: Option<Json>,
    email: Option<Json>,
    ip: Option<Json>,
    user_agent: Option<Json>,
    country: Option<Json>,
    locale: Option<Json>,
    app_version: Option<Json>,
    custom: Option<Map<String, Json>>,
    private_attributes: Option<Map<String, Json>>,
    #[serde(rename = "customIDs")]
    custom_ids: Option<Map<String, Json>>,
    statsig_environment: Option<Map<String, Json>>,
}

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let mut scratch = vec![0; bytes.len() * 6];
    let person = serde_json::from_slice::<Person>(bytes);
    let user = match User::from_json(bytes, &mut scratch) {
        Ok(user) => user,
        Err(error) => return refused(error, bytes, person.is_ok()),
    };
    if let Err(error) = person {
        panic!("{error}");
    }
    // What no field is may be beyond what can be read.
    let Ok(theirs) = serde_json::from_slice::<Json>(bytes) else {
        return;
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

fn refused(error: UserError, bytes: &[u8], read: bool) {
    assert!(!error.to_string().is_empty());
    let at = match error {
        UserError::NotUtf8(at) => {
            let valid = std::str::from_utf8(bytes).map_err(|error| error.valid_up_to());
            // `serde_json` does not look into texts that it passes over.
            assert_eq!(valid, Err(at));
            return;
        }
        UserError::NotAnObject(at) => {
            let theirs = serde_json::from_slice::<Json>(bytes);
            assert!(!matches!(theirs, Ok(Json::Object(_))), "refused at {at}");
            assert!(at <= bytes.len());
            return;
        }
        UserError::NotJson(at) | UserError::NotAMap(_, at) | UserError::Duplicate(_, at) => at,
        other => panic!("{other}"),
    };
    // Nor at the escapes in them.
    let theirs = serde_json::from_slice::<Json>(bytes);
    assert!(!read || theirs.is_err(), "{error}");
    assert!(at <= bytes.len());
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
