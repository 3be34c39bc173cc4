//! Why settings could not be read.

use core::fmt;

use crate::platform::Error;
use crate::platform::decimal::Decimal;

/// Why settings could not be read as a configuration.
///
/// ```
/// use statsig_fastly::{Settings, SettingsError};
///
/// let error = Settings::from_text("kv = statsig/specs\ncore-cache = maybe").config().unwrap_err();
/// assert_eq!(error, SettingsError::BadValue(2, "on or off"));
/// assert_eq!(error.to_string(), "statsig settings: line 2: on or off is wanted");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// The Config Store did not give them.
    Platform(Error),
    /// The line of this number, from 1, is not `name = value`.
    NotASetting(u32),
    /// The line of this number has an unknown name.
    UnknownName(u32),
    /// The value in the line of this number is not what it should be, which is this.
    BadValue(u32, &'static str),
}

impl SettingsError {
    /// Says what is wrong. The same as `Display`, but light.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("statsig settings: ")?;
        let (line, wrong) = match self {
            SettingsError::Platform(error) => return error.write(out),
            SettingsError::NotASetting(line) => (line, "`name = value` is wanted"),
            SettingsError::UnknownName(line) => (line, "there is no setting of this name"),
            SettingsError::BadValue(line, wanted) => (line, *wanted),
        };
        out.write_str("line ")?;
        let line = Decimal::new((*line).into());
        out.write_str(core::str::from_utf8(line.as_bytes()).unwrap_or_default())?;
        out.write_str(": ")?;
        out.write_str(wrong)?;
        match self {
            SettingsError::BadValue(..) => out.write_str(" is wanted"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for SettingsError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            SettingsError::Platform(error) => Some(error),
            _ => None,
        }
    }
}
