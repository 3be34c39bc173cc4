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

use core::fmt;

use heapless::string::StringView;
use serde::de::value::StrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Visitor};
use serde_json_core::de::{Deserializer, Error};

use super::typed::{JsonType, JsonValue, ReadError};
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

/// The deserializer of a key: always a string in the text. Of [`Deserializer`]'s own for keys only `deserialize_str` may be
/// called.
struct Key<'b, 'c, D>(Strict<'b, 'c, D>);

impl<D> Key<'_, '_, D> {
    fn read<'de, V: Visitor<'de>>(self, wanted: Wanted, visitor: V) -> Result<V::Value, D::Error>
    where
        D: de::Deserializer<'de>,
    {
        let Strict { inner, state } = self.0;
        inner.deserialize_str(KeyGuard {
            visitor,
            state,
            wanted,
        })
    }
}

macro_rules! key {
    ($wanted:ident: $($method:ident),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.read(Wanted::$wanted, visitor)
        }
    )*};
}

macro_rules! no_key {
    ($($method:ident($($argument:ty),*)),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, $(_: $argument,)* _: V) -> Result<V::Value, D::Error> {
            self.0.state.fail(ReadError::Unsupported)
        }
    )*};
}

impl<'de, D: de::Deserializer<'de>> de::Deserializer<'de> for Key<'_, '_, D> {
    type Error = D::Error;

    key!(Text: deserialize_any, deserialize_char, deserialize_str, deserialize_string);
    key!(Text: deserialize_identifier, deserialize_ignored_any);
    key!(Integer: deserialize_i8, deserialize_i16, deserialize_i32, deserialize_i64);
    key!(Integer: deserialize_u8, deserialize_u16, deserialize_u32, deserialize_u64);
    no_key! {
        deserialize_bool(),
        deserialize_f32(),
        deserialize_f64(),
        deserialize_bytes(),
        deserialize_byte_buf(),
        deserialize_option(),
        deserialize_unit(),
        deserialize_unit_struct(&'static str),
        deserialize_seq(),
        deserialize_tuple(usize),
        deserialize_tuple_struct(&'static str, usize),
        deserialize_map(),
        deserialize_struct(&'static str, &'static [&'static str]),
        deserialize_i128(),
        deserialize_u128(),
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.read(Wanted::Variant, visitor)
    }
}

/// What a key's text is read as.
#[derive(Clone, Copy)]
enum Wanted {
    Text,
    Integer,
    Variant,
}

/// Takes a key as it is spelt and hands it on as what is wanted.
struct KeyGuard<'b, 'c, V> {
    visitor: V,
    state: &'b mut State<'c>,
    wanted: Wanted,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for KeyGuard<'_, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_borrowed_str<E: de::Error>(self, spelt: &'de str) -> Result<V::Value, E> {
        let KeyGuard {
            visitor,
            state,
            wanted,
        } = self;
        match wanted {
            Wanted::Text => state.give(spelt, visitor),
            Wanted::Integer => match (spelt.parse(), spelt.parse()) {
                (Ok(key), _) => visitor.visit_u64(key),
                (_, Ok(key)) => visitor.visit_i64(key),
                _ => Err(E::invalid_type(de::Unexpected::Str(spelt), &visitor)),
            },
            Wanted::Variant => {
                let name = state.decode(RawStr::inside(spelt))?;
                visitor.visit_enum(StrDeserializer::new(name))
            }
        }
    }
}

/// A visitor, a seed or an access of the other side, with the same state.
struct Guard<'b, 'c, T> {
    inner: T,
    state: &'b mut State<'c>,
}

macro_rules! visit {
    ($($method:ident: $value:ty),* $(,)?) => {$(
        fn $method<E: de::Error>(self, value: $value) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

macro_rules! visit_float {
    ($($method:ident: $value:ty),* $(,)?) => {$(
        fn $method<E: de::Error>(self, value: $value) -> Result<V::Value, E> {
            if value.is_finite() {
                self.inner.$method(value)
            } else if value.is_nan() {
                // There was a null.
                Err(E::invalid_type(de::Unexpected::Unit, &self.inner))
            } else {
                self.state.fail(ReadError::OutOfRange)
            }
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Guard<'_, '_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool: bool,
        visit_i8: i8,
        visit_i16: i16,
        visit_i32: i32,
        visit_i64: i64,
        visit_u8: u8,
        visit_u16: u16,
        visit_u32: u32,
        visit_u64: u64,
    }

    visit_float!(visit_f32: f32, visit_f64: f64);

    fn visit_borrowed_str<E: de::Error>(self, spelt: &'de str) -> Result<V::Value, E> {
        self.state.give(spelt, self.inner)
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: de::Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Strict {
            inner,
            state: self.state,
        })
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Guard {
            inner,
            state: self.state,
        })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Guard {
            inner,
            state: self.state,
        })
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Guard {
            inner,
            state: self.state,
        })
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Guard<'_, '_, S> {
    type Value = S::Value;

    fn deserialize<D: de::Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Strict {
            inner,
            state: self.state,
        })
    }
}

impl<'de, A: de::SeqAccess<'de>> de::SeqAccess<'de> for Guard<'_, '_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_element_seed(Guard {
            inner,
            state: self.state,
        })
    }
}

/// The seed of a key.
struct KeySeed<'b, 'c, S>(Guard<'b, 'c, S>);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, '_, S> {
    type Value = S::Value;

    fn deserialize<D: de::Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let Guard { inner: seed, state } = self.0;
        seed.deserialize(Key(Strict { inner, state }))
    }
}

impl<'de, A: de::MapAccess<'de>> de::MapAccess<'de> for Guard<'_, '_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_key_seed(KeySeed(Guard {
            inner,
            state: self.state,
        }))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, inner: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Guard {
            inner,
            state: self.state,
        })
    }
}

impl<'de, 'b, 'c, A: de::EnumAccess<'de>> de::EnumAccess<'de> for Guard<'b, 'c, A> {
    type Error = A::Error;
    type Variant = Guard<'b, 'c, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        inner: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let Guard {
            inner: access,
            state,
        } = self;
        let seed = Guard {
            inner,
            state: &mut *state,
        };
        let (value, inner) = access.variant_seed(seed)?;
        Ok((value, Guard { inner, state }))
    }
}

impl<'de, A: de::VariantAccess<'de>> de::VariantAccess<'de> for Guard<'_, '_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, inner: S) -> Result<S::Value, A::Error> {
        self.inner.newtype_variant_seed(Guard {
            inner,
            state: self.state,
        })
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, inner: V) -> Result<V::Value, A::Error> {
        let guard = Guard {
            inner,
            state: self.state,
        };
        self.inner.tuple_variant(length, guard)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        inner: V,
    ) -> Result<V::Value, A::Error> {
        let guard = Guard {
            inner,
            state: self.state,
        };
        self.inner.struct_variant(fields, guard)
    }
}
