//! Parameters as strings of their own, for services that have an allocator anyway.

use alloc::string::String;
use core::fmt::Write;

use statsig_edge::Text;

/// The decoded string.
pub(crate) fn string(text: Text<'_>) -> String {
    let mut out = String::new();
    // A `String` takes everything.
    let _ = write!(out, "{text}");
    out
}

/// The owned forms of `Parameters::read_str` and `get_str`.
macro_rules! owned_strings {
    () => {
        /// A parameter that is a string.
        ///
        /// # Errors
        /// Those of [`Parameters::read_text`].
        pub fn read_string(&self, name: &str) -> Result<String, ReadError> {
            self.read_text(name).map(crate::typed::string)
        }

        /// [`Self::read_string`], or else the fallback.
        pub fn get_string(&self, name: &str, fallback: &str) -> String {
            self.read_string(name).unwrap_or_else(|_| fallback.into())
        }
    };
}

pub(crate) use owned_strings;
