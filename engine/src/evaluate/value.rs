//! A parameter's value, read as one type from its JSON text.

use core::fmt::{self, Write};

use super::typed::ReadError;
use crate::json::{Fault, FaultKind, Kind, RawStr, Scanner};
use crate::number;

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
    pub(super) fn as_str(self) -> &'static str {
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
    /// [`ReadError::WrongType`] unless it is one.
    pub fn bool(&self) -> Result<bool, ReadError> {
        self.scan(Scanner::bool)
    }

    /// A whole number, exactly, however it is written: `80`, `80.0` and `8e1` are the same.
    ///
    /// # Errors
    /// [`ReadError::WrongType`] unless it is a number; [`ReadError::OutOfRange`] when it has a fraction or does not fit 64 bits.
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
    /// [`ReadError::WrongType`] unless it is a number; [`ReadError::OutOfRange`] for one that no double can hold.
    pub fn f64(&self) -> Result<f64, ReadError> {
        let token = self.scan(Scanner::number)?;
        number::parse_float(token)
            .filter(|value| value.is_finite())
            .ok_or(ReadError::OutOfRange)
    }

    /// A string in place, with or without escapes.
    ///
    /// # Errors
    /// [`ReadError::WrongType`] unless it is one.
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
    /// [`ReadError::WrongType`] unless it is one.
    pub fn array(&self) -> Result<&'t str, ReadError> {
        self.container(|scanner| scanner.begin_array())
    }

    /// The JSON text of an object.
    ///
    /// # Errors
    /// [`ReadError::WrongType`] unless it is one.
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
