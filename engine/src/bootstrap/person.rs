//! The user's part of a response: which ids were evaluated, and a hash of the private attributes.

use core::fmt;

use crate::hash::{djb2, djb2_on};
use crate::json::{Object, write_escaped};
use crate::number::NumberText;
use crate::user::{User, Value};

fn text_of<'b>(value: &Value<'b>, buffer: &'b mut NumberText) -> &'b str {
    value.text(buffer).unwrap_or_default()
}

/// `evaluated_keys`: the ids as texts.
pub(super) fn write_evaluated_keys(user: &User<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    let mut keys = Object::begin(out)?;
    if let Some(id) = &user.user_id {
        let mut buffer = NumberText::new();
        let id = text_of(id, &mut buffer);
        if !id.is_empty() {
            keys.text("userID", id)?;
        }
    }
    if let Some(ids) = user.custom_ids.filter(|ids| ids.iter().next().is_some()) {
        let mut object = Object::begin(keys.member("customIDs")?)?;
        for (name, id) in ids.distinct() {
            let mut buffer = NumberText::new();
            write_escaped(text_of(&id, &mut buffer), object.member(name)?)?;
        }
        object.end()?;
    }
    keys.end()
}

/// `pa_hash` (§2.7): the sum of the djb2 of each `name:value`.
pub(super) fn private_attributes_hash(user: &User<'_>) -> Option<u32> {
    let attributes = user.private_attributes?;
    attributes.iter().next()?;
    let hash = |(name, value): (&str, Value<'_>)| {
        let mut buffer = NumberText::new();
        djb2_on(djb2_on(djb2(name), ":"), text_of(&value, &mut buffer))
    };
    Some(attributes.distinct().map(hash).fold(0, u32::wrapping_add))
}
