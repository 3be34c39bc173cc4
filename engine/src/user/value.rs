//! A value of the user and its forms (`evaluation.md` §2.2).

use crate::number::{NumberText, float_to_integer, number_text, parse_float, parse_integer};
use crate::timestamp;

/// One value of a [`User`](crate::User).
///
/// Made in code without allocation, or by [`User::from_json`](crate::User::from_json). Absent values are `None`
/// where a value is asked for; [`Value::Null`] is JSON's null, which some operators tell from absence.
///
/// ```
/// use statsig_edge::Value;
///
/// let mut json = String::new();
/// Value::from("a \"quoted\" word").write_json(&mut json)?;
/// assert_eq!(json, r#""a \"quoted\" word""#);
/// assert_eq!(Value::from(12), Value::Int(12));
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'u> {
    /// JSON `null`.
    Null,
    /// JSON `true` or `false`.
    Bool(bool),
    /// A whole number. As in Statsig's core, its text goes through a double: 2^53 + 1 reads as 2^53.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Str(&'u str),
    /// A number as it stood in JSON.
    Number(NumberToken<'u>),
    /// A list.
    Array(JsonArray<'u>),
    /// A map.
    Object(JsonObject<'u>),
}

/// The token of a JSON number, kept so that events show what was given.
///
/// ```
/// use statsig_edge::{User, Value};
///
/// let mut scratch = [0; 64];
/// let user = User::from_json(br#"{"userID": 1.50}"#, &mut scratch)?;
/// let Some(Value::Number(token)) = user.user_id else { panic!() };
/// // Hashed as 1.5, logged as it came.
/// assert_eq!(token.as_str(), "1.50");
/// # Ok::<(), statsig_edge::UserError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumberToken<'u>(pub(super) &'u str);

/// A JSON array in compact canonical text.
///
/// ```
/// use statsig_edge::{User, Value};
///
/// let mut scratch = [0; 256];
/// let user = User::from_json(br#"{"custom": {"tags": ["a",  "b"]}}"#, &mut scratch)?;
/// let tags = user.custom.and_then(|custom| custom.get("tags"));
/// assert!(matches!(tags, Some(Value::Array(tags)) if tags.as_str() == r#"["a","b"]"#));
/// # Ok::<(), statsig_edge::UserError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JsonArray<'u>(pub(super) &'u str);

/// The text of a JSON object.
///
/// ```
/// use statsig_edge::{User, Value};
///
/// let mut scratch = [0; 256];
/// let user = User::from_json(br#"{"custom": {"cart": {"items": 2}}}"#, &mut scratch)?;
/// let cart = user.custom.and_then(|custom| custom.get("cart"));
/// assert!(matches!(cart, Some(Value::Object(cart)) if cart.as_str() == r#"{"items": 2}"#));
/// # Ok::<(), statsig_edge::UserError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JsonObject<'u>(pub(super) &'u str);

impl<'u> NumberToken<'u> {
    /// The token.
    pub fn as_str(&self) -> &'u str {
        self.0
    }
}

impl<'u> JsonArray<'u> {
    /// The JSON text, without white space.
    pub fn as_str(&self) -> &'u str {
        self.0
    }
}

impl<'u> JsonObject<'u> {
    /// The JSON text.
    pub fn as_str(&self) -> &'u str {
        self.0
    }
}

impl<'u> Value<'u> {
    /// The string form; `None` for null and objects. Numbers are written into `buffer`.
    pub(crate) fn text<'b>(&self, buffer: &'b mut NumberText) -> Option<&'b str>
    where
        'u: 'b,
    {
        match *self {
            Value::Null | Value::Object(_) => None,
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Str(text) => Some(text),
            Value::Array(array) => Some(array.0),
            Value::Int(_) | Value::Float(_) | Value::Number(_) => {
                Some(number_text(self.float()?, buffer))
            }
        }
    }

    /// The float form: numbers, and strings that are one.
    pub(crate) fn float(&self) -> Option<f64> {
        match *self {
            Value::Int(value) => Some(value as f64),
            Value::Float(value) => Some(value),
            Value::Number(NumberToken(token)) => parse_float(token),
            Value::Str(text) => parse_float(text),
            _ => None,
        }
    }

    /// The integer form: exact integers, and strings of digits.
    pub(crate) fn integer(&self) -> Option<i64> {
        match *self {
            Value::Int(value) => Some(value),
            Value::Float(value) => float_to_integer(value),
            Value::Number(NumberToken(token)) => {
                parse_integer(token).or_else(|| float_to_integer(parse_float(token)?))
            }
            Value::Str(text) => parse_integer(text),
            _ => None,
        }
    }

    /// Milliseconds or seconds since the epoch, as the time operators read them (§2.4, §4.6), before scaling.
    pub(crate) fn timestamp(&self) -> Option<i64> {
        match *self {
            Value::Str(text) => timestamp::parse_user(text),
            _ => self.integer(),
        }
    }
}

impl<'u> From<&'u str> for Value<'u> {
    fn from(text: &'u str) -> Self {
        Value::Str(text)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Value::Int(i64::from(value))
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Value::Float(value)
    }
}
