//! Why a key or a signed text is refused.

use core::fmt;

use crate::platform::Error;

/// Why a key cannot be used.
///
/// ```
/// use statsig_fastly::{KeyError, SigningKey};
///
/// let error = SigningKey::new("not an id", [7; 32].as_slice()).unwrap_err();
/// assert_eq!(error, KeyError::Id);
/// assert_eq!(error.to_string(), "signing key: name it with 1 to 32 ASCII letters, digits, `-` and `_`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The id is empty, too long, or has other characters than ASCII letters, digits, `-` and `_`.
    Id,
    /// The secret is shorter than [`SHORTEST_SECRET`](super::SHORTEST_SECRET).
    Short,
    /// The Secret Store failed.
    Store(Error),
    /// The Secret Store does not have the first key.
    Missing,
}

impl KeyError {
    /// Says what is wrong. The same as `Display`, but light: see [`TableError::write`](statsig_edge::TableError::write).
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str(match self {
            KeyError::Id => "signing key: name it with 1 to 32 ASCII letters, digits, `-` and `_`",
            KeyError::Short => {
                "signing key: the secret is too short; make one of 32 random bytes or more, as with `openssl rand -hex 32`"
            }
            KeyError::Store(error) => {
                out.write_str(
                    "signing key: it cannot be read (link the secret store to the service): ",
                )?;
                return error.write(out);
            }
            KeyError::Missing => {
                "signing key: the secret store has none of that name; add it, as with `openssl rand -hex 32`"
            }
        })
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for KeyError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            KeyError::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a signed text was rejected.
///
/// ```
/// use statsig_fastly::{RequestOverrides, SignedError, SigningKey, SigningKeys};
///
/// let keys = SigningKeys::new(SigningKey::new("2026", [7; 32].as_slice())?);
/// let error = RequestOverrides::verify("x-overrides", &keys, "2026.forged.exp=1800000000").unwrap_err();
/// assert_eq!(error, SignedError::Signature);
/// assert!(error.to_string().starts_with("signed text: changed since it was signed"));
/// # Ok::<(), statsig_fastly::KeyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedError {
    /// It is not `KEY.MAC.PAYLOAD`.
    Malformed,
    /// It names a key that is unknown, or no longer known.
    UnknownKey,
    /// The signature is not that of the payload: it was changed, or signed for another purpose or name.
    Signature,
    /// It was signed, but its time is over.
    Expired,
    /// It was signed, but this version cannot read it.
    Payload,
}

impl SignedError {
    /// What is wrong.
    pub fn as_str(self) -> &'static str {
        match self {
            SignedError::Malformed => "signed text: not KEY.MAC.PAYLOAD; it is treated as none",
            SignedError::UnknownKey => {
                "signed text: signed with a key that is not there; keep former keys until their texts are gone"
            }
            SignedError::Signature => {
                "signed text: changed since it was signed, or signed for something else; it is treated as none"
            }
            SignedError::Expired => "signed text: its time is over; sign a new one",
            SignedError::Payload => "signed text: the payload cannot be read; sign a new one",
        }
    }
}

impl fmt::Display for SignedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for SignedError {}
