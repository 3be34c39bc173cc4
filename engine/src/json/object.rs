//! JSON objects written member by member.

use core::fmt::{self, Write};

use super::write_escaped;

/// An object being written.
pub(crate) struct Object<'o> {
    out: &'o mut dyn Write,
    first: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn begin(out: &'o mut dyn Write) -> Result<Self, fmt::Error> {
        out.write_char('{')?;
        Ok(Object { out, first: true })
    }

    fn comma(&mut self) -> fmt::Result {
        if core::mem::replace(&mut self.first, false) {
            return Ok(());
        }
        self.out.write_char(',')
    }

    /// The place for the value of the next member.
    pub(crate) fn member(&mut self, name: &str) -> Result<&mut dyn Write, fmt::Error> {
        self.comma()?;
        write_escaped(name, self.out)?;
        self.out.write_char(':')?;
        Ok(self.out)
    }

    /// The place for the value of a member whose name is JSON text already.
    #[cfg(feature = "bootstrap")]
    pub(crate) fn member_of(
        &mut self,
        name: super::RawStr<'_>,
    ) -> Result<&mut dyn Write, fmt::Error> {
        self.comma()?;
        self.out.write_char('"')?;
        self.out.write_str(name.raw())?;
        self.out.write_str("\":")?;
        Ok(self.out)
    }

    /// Members that are JSON text already, with their commas.
    #[cfg(feature = "bootstrap")]
    pub(crate) fn members(&mut self, json: &str) -> fmt::Result {
        if json.is_empty() {
            return Ok(());
        }
        self.comma()?;
        self.out.write_str(json)
    }

    /// A member that is JSON text already.
    #[cfg(feature = "bootstrap")]
    pub(crate) fn json(&mut self, name: &str, json: &str) -> fmt::Result {
        self.member(name)?.write_str(json)
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> fmt::Result {
        write_escaped(value, self.member(name)?)
    }

    #[cfg(feature = "bootstrap")]
    pub(crate) fn bool(&mut self, name: &str, value: bool) -> fmt::Result {
        self.json(name, if value { "true" } else { "false" })
    }

    pub(crate) fn end(self) -> fmt::Result {
        self.out.write_char('}')
    }
}

/// Writes an array of strings.
pub(crate) fn write_texts<'a>(
    texts: impl Iterator<Item = &'a str>,
    out: &mut dyn Write,
) -> fmt::Result {
    out.write_char('[')?;
    for (index, text) in texts.enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        write_escaped(text, out)?;
    }
    out.write_char(']')
}
