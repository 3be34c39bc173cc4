//! Parameters read as one type (`evaluation.md` §5.3, §5.5): the value if it is there and of that type, else the
//! caller's fallback, or in the `read_…` forms the reason why there is none.
//!
//! Cost: one walk over the object to find the parameter, one over its text. Nothing is allocated; only [`JsonValue::f64`]
//! brings the machinery that reads floats.

use core::fmt;

use super::value::{JsonType, JsonValue, Text};
use crate::evaluation::{Evaluation, Reason};

/// Reads parameters by name, on everything that has them.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// use statsig_edge::{Environment, Evaluator, Parameters, ReadError, Scratch, Table, User, compile::compile};
///
/// # struct Clock;
/// # impl Environment for Clock {
/// #     fn now_ms(&self) -> i64 { 1_700_000_000_000 }
/// # }
/// let json = br##"{"has_updates": true, "time": 1, "layer_configs": {}, "experiment_to_layer": {}, "feature_gates": {},
///   "condition_map": {}, "dynamic_configs": {"theme": {"type": "dynamic_config", "entity": "dynamic_config",
///     "salt": "s", "enabled": true, "idType": "userID", "rules": [],
///     "defaultValue": {"dark": true, "width": 80, "colour": "#00\u0046F"}}}}"##;
/// let compiled = compile(json)?;
/// let evaluator = Evaluator::new(Table::open(&compiled.table)?, &Clock);
/// let mut scratch = Scratch::<8>::new();
/// let theme = evaluator.dynamic_config(&User::new(), "theme", &mut scratch);
///
/// assert!(theme.get_bool("dark", false));
/// assert_eq!(theme.get_i64("width", 100), 80);
/// let mut buffer = heapless::String::<32>::new();
/// assert_eq!(theme.get_str("colour", "#000", &mut buffer), "#00FF");
/// assert_eq!(theme.get_i64("height", 24), 24);
/// assert_eq!(theme.read_i64("height"), Err(ReadError::Missing));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Parameters<'t> {
    /// Finds a parameter and reads it with `read`.
    ///
    /// # Errors
    /// [`ReadError::NoAnswer`] or [`ReadError::Missing`] when there is no such parameter, and those of `read`.
    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError>;

    /// A boolean.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`JsonValue::bool`].
    fn read_bool(&self, name: &str) -> Result<bool, ReadError> {
        self.read(name, |value| value.bool())
    }

    /// A whole number.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`JsonValue::i64`].
    fn read_i64(&self, name: &str) -> Result<i64, ReadError> {
        self.read(name, |value| value.i64())
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`JsonValue::u64`].
    fn read_u64(&self, name: &str) -> Result<u64, ReadError> {
        self.read(name, |value| value.u64())
    }

    /// A number.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`JsonValue::f64`].
    fn read_f64(&self, name: &str) -> Result<f64, ReadError> {
        self.read(name, |value| value.f64())
    }

    /// A string in place, with or without escapes.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`JsonValue::text`].
    fn read_text(&self, name: &str) -> Result<Text<'t>, ReadError> {
        self.read(name, |value| value.text())
    }

    /// A string: of the table if it has no escapes, else decoded into `buffer`.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`JsonValue::str`].
    fn read_str<'b, const N: usize>(
        &self,
        name: &str,
        buffer: &'b mut heapless::String<N>,
    ) -> Result<&'b str, ReadError>
    where
        't: 'b,
    {
        self.read(name, |value| value.str(buffer))
    }

    /// The JSON text of an array.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`JsonValue::array`].
    fn read_array(&self, name: &str) -> Result<&'t str, ReadError> {
        self.read(name, |value| value.array())
    }

    /// The JSON text of an object.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`JsonValue::object`].
    fn read_object(&self, name: &str) -> Result<&'t str, ReadError> {
        self.read(name, |value| value.object())
    }

    /// [`Self::read_bool`], or else the fallback.
    fn get_bool(&self, name: &str, fallback: bool) -> bool {
        self.read_bool(name).unwrap_or(fallback)
    }

    /// [`Self::read_i64`], or else the fallback.
    fn get_i64(&self, name: &str, fallback: i64) -> i64 {
        self.read_i64(name).unwrap_or(fallback)
    }

    /// [`Self::read_u64`], or else the fallback.
    fn get_u64(&self, name: &str, fallback: u64) -> u64 {
        self.read_u64(name).unwrap_or(fallback)
    }

    /// [`Self::read_f64`], or else the fallback.
    fn get_f64(&self, name: &str, fallback: f64) -> f64 {
        self.read_f64(name).unwrap_or(fallback)
    }

    /// [`Self::read_str`], or else the fallback: also for a string that needs decoding and is longer than `buffer`.
    fn get_str<'b, const N: usize>(
        &self,
        name: &str,
        fallback: &'b str,
        buffer: &'b mut heapless::String<N>,
    ) -> &'b str
    where
        't: 'b,
    {
        self.read_str(name, buffer).unwrap_or(fallback)
    }

    /// [`Self::read_array`], or else the fallback.
    fn get_array<'b>(&self, name: &str, fallback: &'b str) -> &'b str
    where
        't: 'b,
    {
        self.read_array(name).unwrap_or(fallback)
    }

    /// [`Self::read_object`], or else the fallback.
    fn get_object<'b>(&self, name: &str, fallback: &'b str) -> &'b str
    where
        't: 'b,
    {
        self.read_object(name).unwrap_or(fallback)
    }

    /// A parameter as any type that serde reads.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`JsonValue::parse`].
    #[cfg(feature = "serde")]
    fn parse<T: serde::Deserialize<'t>>(&self, name: &str) -> Result<T, ReadError> {
        self.read(name, |value| value.parse())
    }
}

/// Why a read gave no value, so that the fallback counts.
///
/// ```
/// use statsig_edge::{JsonType, JsonValue, ReadError};
///
/// let error = JsonValue::new(r#""80""#).i64().unwrap_err();
/// assert_eq!(error, ReadError::WrongType(JsonType::String));
/// assert_eq!(error.to_string(), "the parameter is a string");
/// assert_eq!(JsonValue::new("1.5").i64(), Err(ReadError::OutOfRange));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// The specs gave no value at all, for this reason: unknown name, no specs, an error.
    NoAnswer(Reason),
    /// The value has no parameter of that name.
    Missing,
    /// The parameter is null, which counts as missing.
    Null,
    /// The parameter is of this other type.
    WrongType(JsonType),
    /// The parameter is a number that the asked type does not hold: too large, or with a fraction.
    OutOfRange,
    /// The parameter is a string with escapes that is longer than the buffer it is decoded into.
    TooLong,
    /// The value is nested deeper than 128 levels.
    TooDeep,
    /// The text is not JSON: the table is corrupt.
    Malformed,
    /// The asked type refused the value: a member is missing, unknown, of another type, or a string with escapes where
    /// the type borrows it.
    Refused,
    /// The asked type cannot be read: it wants to be told the value's type (dynamic values, untagged and internally tagged
    /// enums, flattened structs), bytes, 128-bit integers, or keys that are neither strings nor integers.
    Unsupported,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ReadError::WrongType(found) = self {
            f.write_str("the parameter is ")?;
            return f.write_str(found.as_str());
        }
        f.write_str(match self {
            ReadError::NoAnswer(_) => "the specs gave no value",
            ReadError::Missing => "no such parameter",
            ReadError::Null => "the parameter is null",
            ReadError::WrongType(_) => "the parameter is of another type",
            ReadError::OutOfRange => "the number does not fit the type",
            ReadError::TooLong => "the string does not fit the buffer",
            ReadError::TooDeep => "the value is nested too deep",
            ReadError::Malformed => "the value is not JSON",
            ReadError::Refused => "the type does not take the value",
            ReadError::Unsupported => "the type cannot be read",
        })
    }
}

impl core::error::Error for ReadError {}

/// Not for layers, whose value may be in parts.
impl<'t> Parameters<'t> for Evaluation<'t> {
    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        read(JsonValue::new(
            self.parameter(name).ok_or_else(|| self.lack())?,
        ))
    }
}

impl Evaluation<'_> {
    /// Why there is no parameter.
    pub(super) fn lack(&self) -> ReadError {
        if self.reason.is_answer() || self.json().is_some() {
            ReadError::Missing
        } else {
            ReadError::NoAnswer(self.reason)
        }
    }
}
