//! What stands between the deserializer and what it gives to, and passes every value on.

use core::fmt;

use serde::de::{self, DeserializeSeed, Visitor};

use super::super::typed::ReadError;
use super::key::Key;
use super::{State, Strict};

/// A visitor, a seed or an access of the other side, with the same state.
pub(super) struct Guard<'b, 'c, T> {
    pub(super) inner: T,
    pub(super) state: &'b mut State<'c>,
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
