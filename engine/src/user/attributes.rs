//! A map of user values: pairs given in code, or entries that were read from JSON.

use super::value::{JsonArray, JsonObject, NumberToken, Value};
use crate::table::wire::same;

/// A map from names to [`Value`]s: `custom`, `customIDs`, `privateAttributes`, `statsigEnvironment`.
///
/// Names are compared exactly. Of a name given twice the last counts. A look-up walks the entries.
///
/// ```
/// use statsig_edge::{Attributes, Value};
///
/// let pairs = [("plan", Value::from("free")), ("seats", Value::from(12)), ("plan", Value::from("pro"))];
/// let attributes = Attributes::from(&pairs);
/// assert_eq!(attributes.get("plan"), Some(Value::Str("pro")));
/// assert_eq!(attributes.get("Plan"), None);
/// assert_eq!(attributes.iter().count(), 3);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'u>(Entries<'u>);

#[derive(Clone, Copy, Debug)]
enum Entries<'u> {
    Pairs(&'u [(&'u str, Value<'u>)]),
    /// See [`Header`] for the layout.
    Encoded(&'u [u8]),
}

impl<'u> From<&'u [(&'u str, Value<'u>)]> for Attributes<'u> {
    fn from(pairs: &'u [(&'u str, Value<'u>)]) -> Self {
        Attributes(Entries::Pairs(pairs))
    }
}

impl<'u, const N: usize> From<&'u [(&'u str, Value<'u>); N]> for Attributes<'u> {
    fn from(pairs: &'u [(&'u str, Value<'u>); N]) -> Self {
        Attributes(Entries::Pairs(pairs))
    }
}

/// What precedes an encoded entry's key and value: the lengths of both, and the value's type.
pub(super) struct Header {
    pub(super) key: u32,
    pub(super) value: u32,
    pub(super) tag: u8,
}

pub(super) const HEADER: usize = 9;
pub(super) const NULL: u8 = 0;
pub(super) const FALSE: u8 = 1;
pub(super) const TRUE: u8 = 2;
pub(super) const NUMBER: u8 = 3;
pub(super) const STRING: u8 = 4;
pub(super) const ARRAY: u8 = 5;
pub(super) const OBJECT: u8 = 6;

impl Header {
    pub(super) fn to_bytes(&self) -> [u8; HEADER] {
        let [a, b, c, d] = self.key.to_le_bytes();
        let [e, f, g, h] = self.value.to_le_bytes();
        [a, b, c, d, e, f, g, h, self.tag]
    }

    fn read([a, b, c, d, e, f, g, h, tag]: [u8; HEADER]) -> Self {
        Header {
            key: u32::from_le_bytes([a, b, c, d]),
            value: u32::from_le_bytes([e, f, g, h]),
            tag,
        }
    }
}

impl<'u> Attributes<'u> {
    pub(super) fn encoded(bytes: &'u [u8]) -> Self {
        Attributes(Entries::Encoded(bytes))
    }

    /// The value of `name`, which may be [`Value::Null`]; `None` when there is no such name.
    pub fn get(&self, name: &str) -> Option<Value<'u>> {
        self.get_bytes(name.as_bytes())
    }

    /// [`Self::get`] by the bytes of a name that is known to be text.
    pub(crate) fn get_bytes(&self, name: &[u8]) -> Option<Value<'u>> {
        match self.0 {
            Entries::Pairs(pairs) => pairs
                .iter()
                .rev()
                .find(|(key, _)| same(key.as_bytes(), name))
                .map(|(_, value)| *value),
            Entries::Encoded(bytes) => {
                let mut found = None;
                for (key, value) in walk(bytes) {
                    if same(key, name) {
                        found = Some(value);
                    }
                }
                found.and_then(decode)
            }
        }
    }

    /// All entries in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&'u str, Value<'u>)> + use<'u> {
        Iter(self.0)
    }

    /// The entries that count: of a name given twice within [`NEAR`] entries the last. One that is given again farther on
    /// stays, since whoever chooses the names would choose the time too; readers of JSON take the last.
    pub(crate) fn distinct(&self) -> Distinct<'u> {
        Distinct(Iter(self.0))
    }
}

/// How far a name is looked for again.
const NEAR: usize = 64;

/// The entries that are left.
#[derive(Clone, Copy)]
struct Iter<'u>(Entries<'u>);

impl<'u> Iterator for Iter<'u> {
    type Item = (&'u str, Value<'u>);

    // Maps are walked in many places.
    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Entries::Pairs(pairs) => {
                let (first, rest) = pairs.split_first()?;
                *pairs = rest;
                Some(*first)
            }
            Entries::Encoded(bytes) => loop {
                let (key, value) = step(bytes)?;
                if let (Ok(key), Some(value)) = (core::str::from_utf8(key), decode(value)) {
                    return Some((key, value));
                }
            },
        }
    }
}

/// See [`Attributes::distinct`].
pub(crate) struct Distinct<'u>(Iter<'u>);

impl<'u> Iterator for Distinct<'u> {
    type Item = (&'u str, Value<'u>);

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (name, value) = self.0.next()?;
            let mut rest = self.0.take(NEAR);
            if !rest.any(|(later, _)| same(later.as_bytes(), name.as_bytes())) {
                return Some((name, value));
            }
        }
    }
}

type Raw<'u> = (u8, &'u [u8]);

fn walk<'u>(mut bytes: &'u [u8]) -> impl Iterator<Item = (&'u [u8], Raw<'u>)> + use<'u> {
    core::iter::from_fn(move || step(&mut bytes))
}

/// Takes the first encoded entry.
fn step<'u>(bytes: &mut &'u [u8]) -> Option<(&'u [u8], Raw<'u>)> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let header = Header::read(*header);
    let (key, rest) = rest.split_at_checked(header.key as usize)?;
    let (value, rest) = rest.split_at_checked(header.value as usize)?;
    *bytes = rest;
    Some((key, (header.tag, value)))
}

fn decode((tag, bytes): Raw<'_>) -> Option<Value<'_>> {
    // The parser wrote nothing but UTF-8; the check is repeated because nothing here is unsafe.
    let text = || core::str::from_utf8(bytes).ok();
    Some(match tag {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        NUMBER => Value::Number(NumberToken(text()?)),
        STRING => Value::Str(text()?),
        ARRAY => Value::Array(JsonArray(text()?)),
        OBJECT => Value::Object(JsonObject(text()?)),
        _ => return None,
    })
}
