//! Keys: text in JSON, whatever they are read as.

use core::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, Visitor};

use super::super::typed::ReadError;
use super::{State, Strict};
use crate::json::RawStr;

/// The deserializer of a key: always a string in the text. Of `serde-json-core`'s own for keys only `deserialize_str` may be
/// called.
pub(super) struct Key<'b, 'c, D>(pub(super) Strict<'b, 'c, D>);

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
