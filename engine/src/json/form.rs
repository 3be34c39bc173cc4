//! One valid JSON value taken apart by its first byte: after [`Scanner::skip`](super::Scanner::skip) has checked it.

use super::{RawStr, plain_end};

/// A value of one of JSON's types.
#[derive(Clone, Copy)]
pub(crate) enum Form<'j> {
    Null,
    Bool(bool),
    /// The token.
    Number(&'j str),
    String(RawStr<'j>),
    /// The text with its brackets.
    Array(&'j str),
    /// The text with its brackets.
    Object(&'j str),
}

impl<'j> Form<'j> {
    /// Takes a text apart that is known to be one JSON value without white space around it.
    #[inline(never)]
    pub(crate) fn of(text: &'j str) -> Self {
        let bytes = text.as_bytes();
        match bytes.first() {
            Some(b'"') => {
                let end = text.len().saturating_sub(1);
                let raw = text.get(1..end).unwrap_or_default();
                Form::String(RawStr::new(raw, plain_end(bytes, 1) != end))
            }
            Some(b'[') => Form::Array(text),
            Some(b'{') => Form::Object(text),
            Some(b't') => Form::Bool(true),
            Some(b'f') => Form::Bool(false),
            Some(b'-' | b'0'..=b'9') => Form::Number(text),
            _ => Form::Null,
        }
    }
}
