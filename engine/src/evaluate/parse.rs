//! Parameters as any type that serde reads (feature `serde`).
//!
//! `serde-json-core` walks the text; what it does otherwise than one expects of JSON is kept from the caller:
//!
//! | its way | here |
//! | --- | --- |
//! | recurses as deep as the text | grammar and depth (128 levels) are checked first |
//! | `null` is NaN for a float, `1e999` is infinite | refused, out of range |
//! | escapes stay in strings, or are decoded without surrogate pairs | decoded by our own reader, pairs included |
//! | map keys other than borrowed strings panic | strings, integers, unit variants and newtypes of them are keys |
//! | a type that wants to be told what comes cannot be read | the same, as [`ReadError::Unsupported`] |
//!
//! Every value therefore passes a [`Strict`] deserializer on its way in and a [`Guard`] on its way out. Strings without
//! escapes are borrowed from the table; others are handed to the type from a buffer.

mod guard;
mod key;

use core::fmt;

use guard::Guard;
use heapless::string::StringView;
use serde::de::{self, Deserialize, Visitor};
use serde_json_core::de::{Deserializer, Error};

use super::typed::ReadError;
use super::value::{JsonType, JsonValue};
use super::{DynamicConfig, Experiment, Layer};
use crate::json::RawStr;

/// Longest string with escapes that [`JsonValue::parse`] decodes, in bytes.
pub const MAX_PARSED_TEXT: usize = 1024;

impl<'t> JsonValue<'t> {
    /// The value as any type that serde reads, borrowed from the table where the type borrows.
    ///
    /// Numbers are as for other JSON libraries: an integer type takes no `1.0`. A struct is read from an object only. A string with escapes can be up to
    /// [`MAX_PARSED_TEXT`] bytes long, see [`Self::parse_with`], and no borrowed `&str` takes it.
    ///
    /// # Errors
    /// [`ReadError::Refused`], [`ReadError::OutOfRange`], [`ReadError::Unsupported`], and when the text is no JSON, too deep, or has too
    /// long a string with escapes.
    ///
    /// ```
    /// use serde::Deserialize;
    /// use statsig_edge::JsonValue;
    ///
    /// #[derive(Deserialize)]
    /// struct Style<'t> { bold: bool, colour: &'t str }
    ///
    /// let style: Style<'_> = JsonValue::new(r##"{"bold": true, "colour": "#00f"}"##).parse()?;
    /// assert_eq!((style.bold, style.colour), (true, "#00f"));
    /// # Ok::<(), statsig_edge::ReadError>(())
    /// ```
    pub fn parse<T: Deserialize<'t>>(&self) -> Result<T, ReadError> {
        self.parse_with(&mut heapless::String::<MAX_PARSED_TEXT>::new())
    }

    /// [`Self::parse`] with a buffer of any size, which each string with escapes is decoded into.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_with<T: Deserialize<'t>, const N: usize>(
        &self,
        buffer: &mut heapless::String<N>,
    ) -> Result<T, ReadError> {
        self.check()?;
        let mut inner = Deserializer::new(self.as_str().as_bytes(), None);
        let mut state = State {
            buffer: buffer.as_mut_view(),
            fault: None,
        };
        let value = T::deserialize(Strict {
            inner: &mut inner,
            state: &mut state,
        });
        // An integer read from the front of `1.5` leaves the rest.
        let value = value.and_then(|value| inner.end().map(|_| value));
        value.map_err(|error| match (state.fault, error) {
            (Some(fault), _) => fault,
            (None, Error::InvalidNumber) => ReadError::OutOfRange,
            (None, _) if self.json_type() == Some(JsonType::Null) => ReadError::Null,
            (None, _) => ReadError::Refused,
        })
    }
}

/// What the parts of one read share.
struct State<'c> {
    buffer: &'c mut StringView,
    /// What went wrong in a visitor, whose own error type cannot say it.
    fault: Option<ReadError>,
}

impl State<'_> {
    fn fail<T, E: de::Error>(&mut self, fault: ReadError) -> Result<T, E> {
        self.fault = Some(fault);
        Err(E::custom(fault))
    }

    /// The string that is spelt so.
    fn decode<E: de::Error>(&mut self, spelt: RawStr<'_>) -> Result<&str, E> {
        self.buffer.clear();
        match spelt.write_to(&mut self.buffer) {
            Ok(()) => Ok(self.buffer),
            Err(fmt::Error) => self.fail(ReadError::TooLong),
        }
    }

    /// Hands a string to a visitor: as it stands in the text, or decoded.
    fn give<'de, V: Visitor<'de>, E: de::Error>(
        &mut self,
        spelt: &'de str,
        visitor: V,
    ) -> Result<V::Value, E> {
        let spelt = RawStr::inside(spelt);
        match spelt.plain() {
            Some(plain) => visitor.visit_borrowed_str(plain),
            None => visitor.visit_str(self.decode(spelt)?),
        }
    }
}

macro_rules! whole {
    ($($result:ident),*) => {$(
        impl<'t> $result<'_, 't, '_> {
            /// The whole value as any type that serde reads.
            ///
            /// # Errors
            /// [`ReadError::NoAnswer`] when the specs gave none, and those of [`JsonValue::parse`].
            pub fn parse_value<T: Deserialize<'t>>(&self) -> Result<T, ReadError> {
                self.evaluation.parse_value()
            }
        }
    )*};
}

whole!(DynamicConfig, Experiment);

impl<'t> crate::Evaluation<'t> {
    /// The whole value as any type that serde reads. Not for layers, whose value may be in parts.
    ///
    /// # Errors
    /// [`ReadError::NoAnswer`] when the specs gave none, and those of [`JsonValue::parse`].
    pub fn parse_value<T: Deserialize<'t>>(&self) -> Result<T, ReadError> {
        match self.json() {
            Some(json) => JsonValue::new(json).parse(),
            None => match self.lack() {
                ReadError::Missing => JsonValue::new("{}").parse(),
                error => Err(error),
            },
        }
    }
}

impl<'t> Layer<'_, 't, '_> {
    /// The whole value as any type that serde reads. Exposes nothing. A value that is in parts is put together in
    /// `whole`, and borrowed from there.
    ///
    /// # Errors
    /// [`ReadError::NoAnswer`] when the specs gave none, [`ReadError::TooLong`] when `whole` is too small, and those of
    /// [`JsonValue::parse`].
    pub fn parse_value<'b, T: Deserialize<'b>, const N: usize>(
        &self,
        whole: &'b mut heapless::String<N>,
    ) -> Result<T, ReadError>
    where
        't: 'b,
    {
        if self.parts.is_empty() {
            return self.evaluation.parse_value();
        }
        whole.clear();
        self.write_json(whole).map_err(|_| ReadError::TooLong)?;
        JsonValue::new(whole).parse()
    }
}

/// A deserializer whose values all pass a [`Guard`].
struct Strict<'b, 'c, D> {
    inner: D,
    state: &'b mut State<'c>,
}

macro_rules! guarded {
    ($($method:ident => $inner:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$inner(Guard { inner: visitor, state: self.state })
        }
    )*};
}

macro_rules! unsupported {
    ($($method:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, D::Error> {
            self.state.fail(ReadError::Unsupported)
        }
    )*};
}

impl<'de, D: de::Deserializer<'de>> de::Deserializer<'de> for Strict<'_, '_, D> {
    type Error = D::Error;

    guarded! {
        deserialize_bool => deserialize_bool,
        deserialize_i8 => deserialize_i8,
        deserialize_i16 => deserialize_i16,
        deserialize_i32 => deserialize_i32,
        deserialize_i64 => deserialize_i64,
        deserialize_u8 => deserialize_u8,
        deserialize_u16 => deserialize_u16,
        deserialize_u32 => deserialize_u32,
        deserialize_u64 => deserialize_u64,
        deserialize_f32 => deserialize_f32,
        deserialize_f64 => deserialize_f64,
        deserialize_char => deserialize_str,
        deserialize_str => deserialize_str,
        deserialize_string => deserialize_str,
        deserialize_identifier => deserialize_str,
        deserialize_option => deserialize_option,
        deserialize_unit => deserialize_unit,
        deserialize_seq => deserialize_seq,
        deserialize_map => deserialize_map,
    }

    unsupported!(
        deserialize_any,
        deserialize_bytes,
        deserialize_byte_buf,
        deserialize_i128,
        deserialize_u128,
    );

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let Strict { inner, state } = self;
        let guard = Guard {
            inner: visitor,
            state,
        };
        inner.deserialize_enum(name, variants, guard)
    }

    /// What is ignored needs no guard, nor room for its strings.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }
}
