//! The user as events and bootstrap responses say it (`evaluation.md` §2.7).
//!
//! Values keep the JSON they were given as; private attributes never appear. Cost: one pass over the user, and one over
//! the rest of a map for each of its entries.

use core::fmt::{self, Write};

use super::{Attributes, User, Value};
use crate::evaluate::Options;
use crate::json::{Object, write_escaped};
use crate::number::{write_float, write_integer};

impl User<'_> {
    /// Writes the user as a JSON object: the fields it has, in Statsig's order, with the custom fields and the
    /// environment of `defaults` where it has none of its own. Private attributes are left out.
    ///
    /// # Errors
    /// Those of `out`.
    ///
    /// ```
    /// use statsig_edge::{Options, User, Value};
    ///
    /// let private = [("secret", Value::from("s"))];
    /// let user = User::new().with_user_id("u-1").with_private_attributes(&private);
    /// let mut defaults = Options::default();
    /// defaults.tier = Some("staging");
    /// let mut json = String::new();
    /// user.write_json(&defaults, &mut json)?;
    /// assert_eq!(json, r#"{"userID":"u-1","statsigEnvironment":{"tier":"staging"}}"#);
    /// # Ok::<(), std::fmt::Error>(())
    /// ```
    pub fn write_json(&self, defaults: &Options<'_>, out: &mut dyn Write) -> fmt::Result {
        let mut object = Object::begin(out)?;
        field("userID", self.user_id, &mut object)?;
        if let Some(ids) = self.custom_ids {
            map(&[(ids, None)], object.member("customIDs")?)?;
        }
        field("email", self.email, &mut object)?;
        field("ip", self.ip, &mut object)?;
        field("userAgent", self.user_agent, &mut object)?;
        field("country", self.country, &mut object)?;
        field("locale", self.locale, &mut object)?;
        field("appVersion", self.app_version, &mut object)?;
        custom(self.custom, defaults.custom, &mut object)?;
        if let Some(environment) = self.statsig_environment {
            map(&[(environment, None)], object.member("statsigEnvironment")?)?;
        } else if let Some(tier) = defaults.tier {
            let mut environment = Object::begin(object.member("statsigEnvironment")?)?;
            environment.text("tier", tier)?;
            environment.end()?;
        }
        object.end()
    }
}

impl Value<'_> {
    /// Writes the value as JSON text, as it was given. A double that JSON has no number for is null.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, mut out: &mut dyn Write) -> fmt::Result {
        match self {
            Value::Null => out.write_str("null"),
            Value::Bool(true) => out.write_str("true"),
            Value::Bool(false) => out.write_str("false"),
            Value::Int(value) => write_integer(*value, &mut out),
            Value::Float(value) if value.is_finite() => write_float(*value, &mut out),
            Value::Float(_) => out.write_str("null"),
            Value::Str(text) => write_escaped(text, out),
            Value::Number(token) => out.write_str(token.as_str()),
            Value::Array(array) => out.write_str(array.as_str()),
            Value::Object(object) => out.write_str(object.as_str()),
        }
    }
}

/// A field; null is as good as none.
fn field(name: &str, value: Option<Value<'_>>, object: &mut Object<'_>) -> fmt::Result {
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(value) => value.write_json(object.member(name)?),
    }
}

/// The user's own custom fields, and those of every user that it does not have.
fn custom(
    own: Option<Attributes<'_>>,
    all: Option<Attributes<'_>>,
    object: &mut Object<'_>,
) -> fmt::Result {
    if own.is_none() && all.is_none() {
        return Ok(());
    }
    let none = Attributes::from(&[]);
    map(
        &[(all.unwrap_or(none), own), (own.unwrap_or(none), None)],
        object.member("custom")?,
    )
}

/// Maps in one object, each without the entries that another has too.
fn map(maps: &[(Attributes<'_>, Option<Attributes<'_>>)], out: &mut dyn Write) -> fmt::Result {
    let mut object = Object::begin(out)?;
    for (map, but) in maps {
        for (name, value) in map.distinct() {
            if but.is_none_or(|but| but.get(name).is_none()) {
                value.write_json(object.member(name)?)?;
            }
        }
    }
    object.end()
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec;

    use super::*;

    fn written(json: &str, defaults: &Options<'_>) -> String {
        let mut scratch = vec![0; json.len() * 6];
        let user = User::from_json(json.as_bytes(), &mut scratch).unwrap();
        let mut out = String::new();
        user.write_json(defaults, &mut out).unwrap();
        out
    }

    #[test]
    fn order_and_numbers_are_as_given() {
        let user = r#"{"privateAttributes":{"secret":"x"},"statsigEnvironment":{"tier":"a"},
            "custom":{"f":1.0,"n":null,"o":{"a":[1]}},"appVersion":"1","locale":"l","country":null,"userAgent":"ua",
            "ip":"i","email":"e\u0022\u0001","customIDs":{"k":7,"twice":1,"twice":2},"userID":12e0,"other":1}"#;
        assert_eq!(
            written(user, &Options::default()),
            concat!(
                r#"{"userID":12e0,"customIDs":{"k":7,"twice":2},"email":"e\"\u0001","ip":"i","userAgent":"ua","#,
                r#""locale":"l","appVersion":"1","custom":{"f":1.0,"n":null,"o":{"a":[1]}},"#,
                r#""statsigEnvironment":{"tier":"a"}}"#
            )
        );
        assert_eq!(written("{}", &Options::default()), "{}");
    }

    #[test]
    fn what_every_user_has_gives_way_to_its_own() {
        let pairs = [
            ("a", Value::from(1)),
            ("b", Value::from(2.5)),
            ("c", Value::Float(f64::NAN)),
        ];
        let defaults = Options {
            tier: Some("production"),
            custom: Some(Attributes::from(&pairs)),
            ..Options::default()
        };
        assert_eq!(
            written(r#"{"custom":{"a":null}}"#, &defaults),
            r#"{"custom":{"b":2.5,"c":null,"a":null},"statsigEnvironment":{"tier":"production"}}"#
        );
        assert_eq!(
            written(r#"{"statsigEnvironment":{}}"#, &defaults),
            r#"{"custom":{"a":1,"b":2.5,"c":null},"statsigEnvironment":{}}"#
        );
    }
}
