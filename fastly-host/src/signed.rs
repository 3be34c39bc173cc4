//! Texts that go out and come back signed: assignments in a cookie, overrides in a header.
//!
//! A signed text is `KEY.MAC.PAYLOAD`: the key's id, the signature, what is signed. The signature is HMAC-SHA-256 (RFC 2104)
//! in base64url without padding, over four lines of which the last has no end: the purpose, the name of the cookie or header,
//! the key's id, the payload. So what was signed for one purpose or name is worth nothing for another.
//!
//! Keys rotate: the first of the [`SigningKeys`] signs, each of them verifies. To change a key, put the new one in front and
//! drop the old one when nothing signed with it is of interest any more.
//!
//! The payload is not hidden from whoever holds the text. Signatures are compared in constant time.

mod base64url;
mod error;
mod hmac;

pub(crate) use base64url::{decode, encode};
pub use error::{KeyError, SignedError};
pub(crate) use hmac::is_same;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::platform::percent::cut;
use crate::platform::secret_store;
use hmac::hmac_sha256;

/// The shortest secret of a [`SigningKey`], in bytes: as many as a signature has.
pub const SHORTEST_SECRET: usize = 32;

/// The longest id of a [`SigningKey`].
pub const LONGEST_KEY_ID: usize = 32;

/// A signature in base64url.
const MAC_LENGTH: usize = 43;

/// A key to sign with. `Debug` does not show it.
///
/// ```
/// use statsig_fastly::{KeyError, SigningKey};
///
/// let key = SigningKey::new("cookie-2026", [7; 32].as_slice())?;
/// assert_eq!(format!("{key:?}"), "SigningKey(cookie-2026, ..)");
/// assert_eq!(SigningKey::new("k", b"hunter2".as_slice()).unwrap_err(), KeyError::Short);
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey<'k> {
    id: Cow<'k, str>,
    secret: Cow<'k, [u8]>,
}

impl<'k> SigningKey<'k> {
    /// A key by its id: one to [`LONGEST_KEY_ID`] ASCII letters, digits, `-` and `_`. The id is seen in what is signed.
    ///
    /// # Errors
    /// [`KeyError::Id`] and [`KeyError::Short`].
    pub fn new(
        id: impl Into<Cow<'k, str>>,
        secret: impl Into<Cow<'k, [u8]>>,
    ) -> Result<Self, KeyError> {
        let (id, secret) = (id.into(), secret.into());
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if id.is_empty() || id.len() > LONGEST_KEY_ID || !id.bytes().all(usual) {
            return Err(KeyError::Id);
        }
        if secret.len() < SHORTEST_SECRET {
            return Err(KeyError::Short);
        }
        Ok(SigningKey { id, secret })
    }

    fn mac(&self, purpose: &str, name: &str, payload: &str) -> String {
        let lines = [purpose, "\n", name, "\n", &self.id, "\n", payload];
        let mac = hmac_sha256(&self.secret, &lines.map(str::as_bytes));
        let mut text = String::new();
        encode(&mac, &mut text);
        text
    }
}

impl fmt::Debug for SigningKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ..)", self.id)
    }
}

/// Keys that rotate: the first signs, each verifies.
///
/// ```
/// # use statsig_fastly::platform::fake::{self, Host};
/// use statsig_edge::{LocalOverride, OverrideValue, SpecKind};
/// use statsig_fastly::{RequestOverrides, SigningKey, SigningKeys};
///
/// # fake::with(Host { now_ms: 1_767_225_600_000, ..Host::default() }, || {
/// let key = |id, byte: u8| SigningKey::new(id, vec![byte; 32]).unwrap();
/// let list = [LocalOverride { kind: SpecKind::Gate, name: "new_home", id: None, value: OverrideValue::Gate(true) }];
/// let before = SigningKeys::new(key("2025", 1));
/// let signed = RequestOverrides::sign("x-overrides", &before, 1_800_000_000, &list);
///
/// // The new key signs from now on; what the former one signed still counts.
/// let now = SigningKeys::new(key("2026", 2)).with_former(key("2025", 1));
/// assert!(RequestOverrides::verify("x-overrides", &now, &signed).is_ok());
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct SigningKeys<'k>(Vec<SigningKey<'k>>);

impl<'k> SigningKeys<'k> {
    /// One key, which signs.
    pub fn new(key: SigningKey<'k>) -> Self {
        SigningKeys([key].into())
    }

    /// Adds a former key, which only verifies.
    #[must_use]
    pub fn with_former(mut self, key: SigningKey<'k>) -> Self {
        self.0.push(key);
        self
    }

    /// Keys from a Secret Store; a secret's name is the key's id, and blanks at its ends do not count: one that was made from a file
    /// often ends with a line's end. Of the names the first must be there, others are left out when
    /// they are not. Two host calls for each name, and one of the five reads of secrets that the platform allows in a request.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_secret_store(store: &str, names: &[&'k str]) -> Result<Self, KeyError> {
        let store = secret_store::Store::open(store).map_err(KeyError::Store)?;
        let mut keys = Vec::new();
        for (at, name) in names.iter().enumerate() {
            match store.get(name).map_err(KeyError::Store)? {
                Some(secret) => keys.push(SigningKey::new(
                    *name,
                    secret.as_bytes().trim_ascii().to_vec(),
                )?),
                None if at == 0 => return Err(KeyError::Missing),
                None => {}
            }
        }
        match keys.is_empty() {
            true => Err(KeyError::Missing),
            false => Ok(SigningKeys(keys)),
        }
    }

    /// Their ids, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| &*key.id)
    }

    /// Signs a payload that has no line ends.
    pub(crate) fn sign(&self, purpose: &str, name: &str, payload: &str) -> String {
        let Some(key) = self.0.first() else {
            return String::new();
        };
        let mac = key.mac(purpose, name, payload);
        [&key.id, ".", &mac, ".", payload].concat()
    }

    /// How much longer than its payload a signed text is.
    pub(crate) fn overhead(&self) -> usize {
        let id = self.0.first().map_or(0, |key| key.id.len());
        id.saturating_add(MAC_LENGTH).saturating_add(2)
    }

    /// The payload of a text that one of the keys has signed, and whether that is the first.
    pub(crate) fn verify<'s>(
        &self,
        purpose: &str,
        name: &str,
        signed: &'s str,
    ) -> Result<(&'s str, bool), SignedError> {
        let (id, rest) = cut(signed, b'.');
        let (mac, payload) = cut(rest.ok_or(SignedError::Malformed)?, b'.');
        let payload = payload.ok_or(SignedError::Malformed)?;
        let mut known = self.0.iter().enumerate().filter(|(_, key)| key.id == id);
        let (at, key) = known.next().ok_or(SignedError::UnknownKey)?;
        if !is_same(key.mac(purpose, name, payload).as_bytes(), mac.as_bytes()) {
            return Err(SignedError::Signature);
        }
        Ok((payload, at == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Error;
    use alloc::format;
    use alloc::string::ToString;

    const OLD: &[u8] = b"an old secret of at least 32 bytes..";
    const NEW: &[u8] = b"a new secret of more than 32 bytes...";

    fn key(id: &'static str, secret: &'static [u8]) -> SigningKey<'static> {
        SigningKey::new(id, secret).unwrap()
    }

    #[test]
    fn keys_rotate_and_changes_are_seen() {
        let old = SigningKeys::new(key("2025", OLD));
        let both = SigningKeys::new(key("2026", NEW)).with_former(key("2025", OLD));
        let new = SigningKeys::new(key("2026", NEW));
        let signed = old.sign("p", "n", "payload.with.dots");
        assert_eq!(signed.len(), "payload.with.dots".len() + old.overhead());
        let payload = "payload.with.dots";
        assert_eq!(old.verify("p", "n", &signed), Ok((payload, true)));
        assert_eq!(both.verify("p", "n", &signed), Ok((payload, false)));
        assert_eq!(new.verify("p", "n", &signed), Err(SignedError::UnknownKey));
        let again = both.sign("p", "n", payload);
        assert_eq!(new.verify("p", "n", &again), Ok((payload, true)));
        // Another purpose, another name, the pieces moved over.
        for (purpose, name) in [("q", "n"), ("p", "m"), ("p\nn", ""), ("", "p\nn")] {
            let error = old.verify(purpose, name, &signed).unwrap_err();
            assert_eq!(error, SignedError::Signature);
        }
        // A key of the same id with another secret.
        let other = SigningKeys::new(key("2025", NEW));
        assert_eq!(other.verify("p", "n", &signed), Err(SignedError::Signature));
        // Every single character counts.
        for at in 0..signed.len() {
            let mut changed = signed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(old.verify("p", "n", &changed).is_err(), "{at}");
            assert!(old.verify("p", "n", &signed[..at]).is_err(), "{at}");
        }
        for malformed in ["", ".", "2025", "2025.x"] {
            assert!(old.verify("p", "n", malformed).is_err(), "{malformed}");
        }
        // The beginning of a signature is none.
        let mac = key("2025", OLD).mac("p", "n", payload);
        for length in 0..mac.len() {
            let short = ["2025.", &mac[..length], ".", payload].concat();
            let error = old.verify("p", "n", &short).unwrap_err();
            assert_eq!(error, SignedError::Signature, "{length}");
        }
    }

    #[test]
    fn keys_are_checked_and_not_shown() {
        for id in ["", "a b", "a.b", "é", "123456789012345678901234567890123"] {
            assert_eq!(SigningKey::new(id, OLD).unwrap_err(), KeyError::Id, "{id}");
        }
        let short = SigningKey::new("k", &NEW[..31]).unwrap_err();
        assert_eq!(short, KeyError::Short);
        assert!(short.to_string().contains("openssl rand"));
        let keys = SigningKeys::new(key("2026", NEW)).with_former(key("2025", OLD));
        let shown = format!("{keys:?}");
        assert!(
            shown.contains("2026") && !shown.contains("secret"),
            "{shown}"
        );
    }

    #[test]
    fn keys_come_from_a_store() {
        use crate::platform::fake::{self, Host};
        let host = || {
            Host::default()
                .secret("s", "new", NEW)
                .secret("s", "short", b"x")
        };
        let read = |names: &'static [&'static str]| {
            fake::with(host(), || SigningKeys::from_secret_store("s", names)).0
        };
        let keys = read(&["new", "gone"]).unwrap();
        assert_eq!(keys.0.len(), 1);
        assert_eq!(read(&["gone", "new"]).unwrap_err(), KeyError::Missing);
        assert_eq!(read(&[]).unwrap_err(), KeyError::Missing);
        assert_eq!(read(&["new", "short"]).unwrap_err(), KeyError::Short);
        let none = fake::with(host(), || SigningKeys::from_secret_store("t", &["new"])).0;
        assert_eq!(none.unwrap_err(), KeyError::Store(Error::UnknownName));
    }
}
