//! The user: who is asked about (`evaluation.md` §2.1).

mod attributes;
mod lookup;
mod parse;
mod value;
mod write;

pub use attributes::Attributes;
pub(crate) use lookup::{Builtin, FieldName, Global};
pub use parse::UserError;
pub use value::{JsonArray, JsonObject, NumberToken, Value};

use crate::environment::LazyCountry;

/// The user an evaluation is about. Every field may be absent, ids included.
///
/// Borrows everything, allocates nothing, and is cheap to copy.
///
/// ```
/// use statsig_edge::{User, Value};
///
/// let custom = [("plan", Value::from("pro")), ("seats", Value::from(12))];
/// let environment = [("tier", Value::from("staging"))];
/// let user = User::new()
///     .with_user_id("u-1")
///     .with_email("ada@example.com")
///     .with_custom(&custom)
///     .with_statsig_environment(&environment);
/// assert_eq!(user.email, Some(Value::Str("ada@example.com")));
/// assert_eq!(user.statsig_environment.and_then(|entries| entries.get("tier")), Some(Value::Str("staging")));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct User<'u> {
    /// `userID`: the unit of everything whose id type is `userID`.
    pub user_id: Option<Value<'u>>,
    /// `customIDs`: units by id type.
    pub custom_ids: Option<Attributes<'u>>,
    /// `email`.
    pub email: Option<Value<'u>>,
    /// `ip`, dotted decimal for country conditions.
    pub ip: Option<Value<'u>>,
    /// `userAgent`.
    pub user_agent: Option<Value<'u>>,
    /// `country`, two letters.
    pub country: Option<Value<'u>>,
    /// `locale`.
    pub locale: Option<Value<'u>>,
    /// `appVersion`.
    pub app_version: Option<Value<'u>>,
    /// `custom`: any other attribute.
    pub custom: Option<Attributes<'u>>,
    /// `privateAttributes`: evaluated like `custom`, never logged.
    pub private_attributes: Option<Attributes<'u>>,
    /// `statsigEnvironment`: `tier` is the entry that matters.
    pub statsig_environment: Option<Attributes<'u>>,
    /// What conditions take for `country` when that is absent. It is not logged.
    pub located: Option<&'u LazyCountry>,
}

/// Where a JSON member of a user goes.
enum Field {
    Value(for<'a, 'u> fn(&'a mut User<'u>) -> &'a mut Option<Value<'u>>),
    Map(for<'a, 'u> fn(&'a mut User<'u>) -> &'a mut Option<Attributes<'u>>),
}

impl Field {
    const ALL: [(&'static str, Field); 11] = [
        ("userID", Field::Value(|user| &mut user.user_id)),
        ("customIDs", Field::Map(|user| &mut user.custom_ids)),
        ("email", Field::Value(|user| &mut user.email)),
        ("ip", Field::Value(|user| &mut user.ip)),
        ("userAgent", Field::Value(|user| &mut user.user_agent)),
        ("country", Field::Value(|user| &mut user.country)),
        ("locale", Field::Value(|user| &mut user.locale)),
        ("appVersion", Field::Value(|user| &mut user.app_version)),
        ("custom", Field::Map(|user| &mut user.custom)),
        (
            "privateAttributes",
            Field::Map(|user| &mut user.private_attributes),
        ),
        (
            "statsigEnvironment",
            Field::Map(|user| &mut user.statsig_environment),
        ),
    ];
}

impl<'u> User<'u> {
    /// The names in JSON of the fields that are one value (`evaluation.md` §2.1); every other field is a map.
    ///
    /// ```
    /// assert!(statsig_edge::User::FIELDS.contains(&"appVersion"));
    /// ```
    pub const FIELDS: [&'static str; 7] = [
        "userID",
        "email",
        "ip",
        "userAgent",
        "country",
        "locale",
        "appVersion",
    ];

    /// A user about whom nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a user from JSON (`evaluation.md` §2.1, §2.2).
    ///
    /// Unknown members are ignored and null counts as absent. What cannot be borrowed from `json` as it stands
    /// (escaped strings, the entries of maps) is written into `scratch`: twice the length of the JSON is enough for
    /// ordinary users, six times for any. Cost: one pass over the text.
    ///
    /// # Errors
    /// [`UserError`] says what is wrong and at which byte.
    ///
    /// ```
    /// use statsig_edge::{User, Value};
    ///
    /// let json = br#"{"userID": "u-1", "custom": {"plan": "pr\u006f"}}"#;
    /// let mut scratch = [0; 128];
    /// let user = User::from_json(json, &mut scratch)?;
    /// assert_eq!(user.custom.and_then(|custom| custom.get("plan")), Some(Value::Str("pro")));
    /// # Ok::<(), statsig_edge::UserError>(())
    /// ```
    pub fn from_json(json: &'u [u8], scratch: &'u mut [u8]) -> Result<Self, UserError> {
        parse::parse(json, scratch)
    }

    /// Sets `userID`.
    #[must_use]
    pub fn with_user_id(mut self, value: impl Into<Value<'u>>) -> Self {
        self.user_id = Some(value.into());
        self
    }

    /// Sets `customIDs`.
    #[must_use]
    pub fn with_custom_ids(mut self, ids: impl Into<Attributes<'u>>) -> Self {
        self.custom_ids = Some(ids.into());
        self
    }

    /// Sets `email`.
    #[must_use]
    pub fn with_email(mut self, value: impl Into<Value<'u>>) -> Self {
        self.email = Some(value.into());
        self
    }

    /// Sets `ip`.
    #[must_use]
    pub fn with_ip(mut self, value: impl Into<Value<'u>>) -> Self {
        self.ip = Some(value.into());
        self
    }

    /// Sets `userAgent`.
    #[must_use]
    pub fn with_user_agent(mut self, value: impl Into<Value<'u>>) -> Self {
        self.user_agent = Some(value.into());
        self
    }

    /// Sets `country`.
    #[must_use]
    pub fn with_country(mut self, value: impl Into<Value<'u>>) -> Self {
        self.country = Some(value.into());
        self
    }

    /// Sets `locale`.
    #[must_use]
    pub fn with_locale(mut self, value: impl Into<Value<'u>>) -> Self {
        self.locale = Some(value.into());
        self
    }

    /// Sets `appVersion`.
    #[must_use]
    pub fn with_app_version(mut self, value: impl Into<Value<'u>>) -> Self {
        self.app_version = Some(value.into());
        self
    }

    /// Sets `custom`.
    #[must_use]
    pub fn with_custom(mut self, attributes: impl Into<Attributes<'u>>) -> Self {
        self.custom = Some(attributes.into());
        self
    }

    /// Sets `privateAttributes`.
    #[must_use]
    pub fn with_private_attributes(mut self, attributes: impl Into<Attributes<'u>>) -> Self {
        self.private_attributes = Some(attributes.into());
        self
    }

    /// Sets `statsigEnvironment`.
    #[must_use]
    pub fn with_statsig_environment(mut self, attributes: impl Into<Attributes<'u>>) -> Self {
        self.statsig_environment = Some(attributes.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_names_are_those_of_the_fields_that_are_one_value() {
        let read = Field::ALL.iter();
        let values = read.filter(|(_, field)| matches!(field, Field::Value(_)));
        let names: Vec<&str> = values.map(|(name, _)| *name).collect();
        assert_eq!(names, User::FIELDS);
    }
}
