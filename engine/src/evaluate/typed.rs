//! Parameters read as one type (`evaluation.md` §5.3, §5.5): the value if it is there and of that type, else the
//! caller's fallback, or in the `read_…` forms the reason why there is none.
//!
//! Cost: one walk over the object to find the parameter, one over its text. Nothing is allocated; only [`JsonValue::f64`]
//! brings the machinery that reads floats.

use core::fmt::{self, Write};

use crate::evaluation::{Evaluation, Reason};
use crate::json::{Fault, FaultKind, Kind, RawStr, Scanner};
use crate::number;

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

/// A JSON type. Integers and floats are one.
///
/// ```
/// use statsig_edge::{JsonType, JsonValue};
///
/// assert_eq!(JsonValue::new("[1]").json_type(), Some(JsonType::Array));
/// assert_eq!(JsonValue::new("-").json_type(), Some(JsonType::Number));
/// assert_eq!(JsonValue::new("?").json_type(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
    /// `null`.
    Null,
}

impl JsonType {
    fn as_str(self) -> &'static str {
        match self {
            JsonType::Bool => "a boolean",
            JsonType::Number => "a number",
            JsonType::String => "a string",
            JsonType::Array => "an array",
            JsonType::Object => "an object",
            JsonType::Null => "null",
        }
    }
}

/// A parameter's value: JSON text, read as one type.
///
/// ```
/// use statsig_edge::{JsonValue, ReadError};
///
/// assert_eq!(JsonValue::new("8e1").i64(), Ok(80));
/// assert_eq!(JsonValue::new("18446744073709551615").u64(), Ok(u64::MAX));
/// assert_eq!(JsonValue::new("-1").u64(), Err(ReadError::OutOfRange));
/// assert_eq!(JsonValue::new("null").bool(), Err(ReadError::Null));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonValue<'t>(&'t str);

impl<'t> JsonValue<'t> {
    /// A value by its JSON text, of which nothing is believed before it is read.
    pub fn new(json: &'t str) -> Self {
        JsonValue(json)
    }

    /// The JSON text.
    pub fn as_str(&self) -> &'t str {
        self.0
    }

    /// Its type, told by its first byte; `None` when that begins no JSON value.
    pub fn json_type(&self) -> Option<JsonType> {
        Some(match Scanner::new(self.0).peek().ok()? {
            Kind::Bool(_) => JsonType::Bool,
            Kind::Number => JsonType::Number,
            Kind::String => JsonType::String,
            Kind::Array => JsonType::Array,
            Kind::Object => JsonType::Object,
            Kind::Null => JsonType::Null,
        })
    }

    /// Reads the whole text.
    fn scan<T>(
        &self,
        read: impl FnOnce(&mut Scanner<'t>) -> Result<T, Fault>,
    ) -> Result<T, ReadError> {
        let mut scanner = Scanner::new(self.0);
        let read = read(&mut scanner).and_then(|value| scanner.end().map(|()| value));
        read.map_err(|fault| match fault.kind() {
            FaultKind::Syntax => ReadError::Malformed,
            FaultKind::Depth => ReadError::TooDeep,
            FaultKind::Type => match self.json_type() {
                Some(JsonType::Null) => ReadError::Null,
                Some(found) => ReadError::WrongType(found),
                None => ReadError::Malformed,
            },
        })
    }

    /// Checks the grammar and the depth of the whole text.
    #[cfg(feature = "serde")]
    pub(super) fn check(&self) -> Result<(), ReadError> {
        self.scan(|scanner| scanner.skip().map(|_| ()))
    }

    /// A boolean.
    ///
    /// # Errors
    /// When it is none.
    pub fn bool(&self) -> Result<bool, ReadError> {
        self.scan(Scanner::bool)
    }

    /// A whole number, exactly, however it is written: `80`, `80.0` and `8e1` are the same.
    ///
    /// # Errors
    /// When it is no number; [`ReadError::OutOfRange`] when it has a fraction or 64 bits do not hold it.
    pub fn i64(&self) -> Result<i64, ReadError> {
        let (negative, magnitude) = self.integer()?;
        let value = if negative {
            0_i64.checked_sub_unsigned(magnitude)
        } else {
            i64::try_from(magnitude).ok()
        };
        value.ok_or(ReadError::OutOfRange)
    }

    /// A whole number that is not negative, as [`Self::i64`].
    ///
    /// # Errors
    /// As [`Self::i64`]; [`ReadError::OutOfRange`] below zero too.
    pub fn u64(&self) -> Result<u64, ReadError> {
        match self.integer()? {
            (true, 1..) => Err(ReadError::OutOfRange),
            (_, magnitude) => Ok(magnitude),
        }
    }

    /// Sign and magnitude.
    fn integer(&self) -> Result<(bool, u64), ReadError> {
        let token = self.scan(Scanner::number)?;
        let (negative, token) = match token.strip_prefix('-') {
            Some(token) => (true, token),
            None => (false, token),
        };
        let magnitude = number::whole_magnitude(token).ok_or(ReadError::OutOfRange)?;
        Ok((negative, magnitude))
    }

    /// A number, as the nearest double; always finite.
    ///
    /// # Errors
    /// When it is no number; [`ReadError::OutOfRange`] for one beyond the doubles.
    pub fn f64(&self) -> Result<f64, ReadError> {
        let token = self.scan(Scanner::number)?;
        number::parse_float(token)
            .filter(|value| value.is_finite())
            .ok_or(ReadError::OutOfRange)
    }

    /// A string in place, with or without escapes.
    ///
    /// # Errors
    /// When it is none.
    pub fn text(&self) -> Result<Text<'t>, ReadError> {
        self.scan(Scanner::string).map(Text)
    }

    /// A string: of the table if it has no escapes, else decoded into `buffer`, which is emptied first.
    ///
    /// # Errors
    /// When it is none; [`ReadError::TooLong`] when the buffer is too small.
    pub fn str<'b, const N: usize>(
        &self,
        buffer: &'b mut heapless::String<N>,
    ) -> Result<&'b str, ReadError>
    where
        't: 'b,
    {
        self.text()?.decode(buffer)
    }

    /// The JSON text of an array.
    ///
    /// # Errors
    /// When it is none.
    pub fn array(&self) -> Result<&'t str, ReadError> {
        self.container(|scanner| scanner.begin_array())
    }

    /// The JSON text of an object.
    ///
    /// # Errors
    /// When it is none.
    pub fn object(&self) -> Result<&'t str, ReadError> {
        self.container(|scanner| scanner.begin_object())
    }

    fn container(
        &self,
        begin: impl FnOnce(&mut Scanner<'t>) -> Result<(), Fault>,
    ) -> Result<&'t str, ReadError> {
        self.scan(|scanner| {
            // A copy looks at the type; the whole is then passed over.
            begin(&mut scanner.clone())?;
            scanner.skip()
        })
    }
}

/// A string of the table as JSON spells it, compared and written without a buffer.
///
/// ```
/// use statsig_edge::JsonValue;
///
/// let text = JsonValue::new(r#""caf\u00e9""#).text()?;
/// assert!(text == "café");
/// assert_eq!(text.as_str(), None);
/// assert_eq!(text.decode(&mut heapless::String::<8>::new())?, "café");
/// assert_eq!(text.to_string(), "café");
/// # Ok::<(), statsig_edge::ReadError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Text<'t>(RawStr<'t>);

impl<'t> Text<'t> {
    /// The string itself, if it is spelt without escapes.
    pub fn as_str(&self) -> Option<&'t str> {
        self.0.plain()
    }

    /// Its characters, escapes resolved.
    pub fn chars(&self) -> impl Iterator<Item = char> + use<'t> {
        self.0.chars()
    }

    /// The string: of the table if it has no escapes, else decoded into `buffer`, which is emptied first.
    ///
    /// # Errors
    /// [`ReadError::TooLong`] when the buffer is too small.
    pub fn decode<'b, const N: usize>(
        &self,
        buffer: &'b mut heapless::String<N>,
    ) -> Result<&'b str, ReadError>
    where
        't: 'b,
    {
        if let Some(plain) = self.as_str() {
            return Ok(plain);
        }
        buffer.clear();
        match self.0.write_to(buffer) {
            Ok(()) => Ok(buffer),
            Err(fmt::Error) => Err(ReadError::TooLong),
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_to(f)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        f.write_str(self.0.raw())?;
        f.write_char('"')
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0.is(other)
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0.is(other)
    }
}

/// Not for layers, whose value may be in parts.
impl<'t> Parameters<'t> for Evaluation<'t> {
    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        read(JsonValue(self.parameter(name).ok_or_else(|| self.lack())?))
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
