//! A user as events carry it (`evaluation.md` §2.7).
//!
//! Values keep the JSON they were given as; private attributes never appear. Cost: one pass over the user.

use alloc::string::String;

use statsig_edge::{Attributes, Options, User, Value};

use crate::json::{self, List};

/// Writes the user: the fields it has, in Statsig's order, with the custom fields and the environment that hold for
/// every user where it has none of its own.
pub fn write_user(user: &User<'_>, defaults: &Options<'_>, out: &mut String) {
    let mut object = List::object(out);
    write_field("userID", user.user_id, &mut object);
    if let Some(ids) = user.custom_ids {
        write_entries(ids.iter(), object.member("customIDs"));
    }
    write_field("email", user.email, &mut object);
    write_field("ip", user.ip, &mut object);
    write_field("userAgent", user.user_agent, &mut object);
    write_field("country", user.country, &mut object);
    write_field("locale", user.locale, &mut object);
    write_field("appVersion", user.app_version, &mut object);
    write_custom(user.custom, defaults.custom, &mut object);
    if let Some(environment) = user.statsig_environment {
        write_entries(environment.iter(), object.member("statsigEnvironment"));
    } else if let Some(tier) = defaults.tier {
        let mut environment = List::object(object.member("statsigEnvironment"));
        environment.text("tier", tier);
        environment.end();
    }
    object.end();
}

/// The user's own custom fields, and those of every user that it does not have.
fn write_custom(own: Option<Attributes<'_>>, all: Option<Attributes<'_>>, object: &mut List<'_>) {
    if own.is_none() && all.is_none() {
        return;
    }
    let has = |name| own.is_some_and(|own| own.get(name).is_some());
    let all = all.into_iter().flat_map(|all| all.iter());
    let own = own.into_iter().flat_map(|own| own.iter());
    let entries = all.filter(|(name, _)| !has(name)).chain(own);
    write_entries(entries, object.member("custom"));
}

/// A field; null is as good as none.
fn write_field(name: &str, value: Option<Value<'_>>, object: &mut List<'_>) {
    match value {
        None | Some(Value::Null) => {}
        Some(value) => write_value(&value, object.member(name)),
    }
}

fn write_entries<'u>(entries: impl Iterator<Item = (&'u str, Value<'u>)>, out: &mut String) {
    let mut object = List::object(out);
    for (name, value) in entries {
        write_value(&value, object.member(name));
    }
    object.end();
}

/// Writes one value.
pub fn write_value(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Bool(value) => out.push_str(json::boolean(*value)),
        Value::Int(value) => json::signed(*value, out),
        Value::Float(value) => json::float(*value, out),
        Value::Str(value) => json::text(value, out),
        Value::Number(token) => out.push_str(token.as_str()),
        Value::Array(array) => out.push_str(array.as_str()),
        Value::Object(object) => out.push_str(object.as_str()),
        // Null, and what a later engine may add.
        _ => out.push_str("null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn written(json: &str, defaults: &Options<'_>) -> String {
        let mut scratch = vec![0; json.len() * 6];
        let user = User::from_json(json.as_bytes(), &mut scratch).unwrap();
        let mut out = String::new();
        write_user(&user, defaults, &mut out);
        out
    }

    #[test]
    fn the_order_and_the_numbers_are_as_given() {
        let user = r#"{"privateAttributes":{"secret":"x"},"statsigEnvironment":{"tier":"a"},"custom":{"f":1.0,"n":null},
            "appVersion":"1","locale":"l","country":null,"userAgent":"ua","ip":"i","email":"e\u0022",
            "customIDs":{"k":7},"userID":12e0,"other":1}"#;
        assert_eq!(
            written(user, &Options::default()),
            r#"{"userID":12e0,"customIDs":{"k":7},"email":"e\"","ip":"i","userAgent":"ua","locale":"l","appVersion":"1","custom":{"f":1.0,"n":null},"statsigEnvironment":{"tier":"a"}}"#
        );
        assert_eq!(written("{}", &Options::default()), "{}");
    }

    #[test]
    fn what_every_user_has_gives_way_to_its_own() {
        let pairs = [("a", Value::from(1)), ("b", Value::from(2.5))];
        let mut defaults = Options::default();
        defaults.tier = Some("production");
        defaults.custom = Some(Attributes::from(&pairs));
        assert_eq!(
            written(r#"{"custom":{"a":null}}"#, &defaults),
            r#"{"custom":{"b":2.5,"a":null},"statsigEnvironment":{"tier":"production"}}"#
        );
        assert_eq!(
            written(r#"{"statsigEnvironment":{}}"#, &defaults),
            r#"{"custom":{"a":1,"b":2.5},"statsigEnvironment":{}}"#
        );
    }
}
