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

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use statsig_edge::sha256;

use crate::platform::percent::cut;
use crate::platform::{Error, secret_store};

/// The shortest secret of a [`SigningKey`], in bytes: as many as a signature has.
pub const SHORTEST_SECRET: usize = 32;

/// The longest id of a [`SigningKey`].
pub const LONGEST_KEY_ID: usize = 32;

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
    /// they are not. Two reads of the store for each name, of which the platform allows five in a request.
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
    /// The secret is shorter than [`SHORTEST_SECRET`].
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

impl core::error::Error for KeyError {}

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

/// HMAC-SHA-256 (RFC 2104) of these pieces, one behind the other.
pub(crate) fn hmac_sha256(key: &[u8], pieces: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; 64];
    let digest;
    let short = match key.len() {
        0..=64 => key,
        _ => {
            digest = sha256(&[key]);
            &digest[..]
        }
    };
    for (place, byte) in block.iter_mut().zip(short) {
        *place = *byte;
    }
    let inner = block.map(|byte| byte ^ 0x36);
    let mut text = Vec::from(inner);
    for piece in pieces {
        text.extend_from_slice(piece);
    }
    sha256(&[&block.map(|byte| byte ^ 0x5c), &sha256(&[&text])])
}

/// Compares in a time that does not depend on where a difference is.
pub(crate) fn is_same(ours: &[u8], theirs: &[u8]) -> bool {
    let pairs = ours.iter().zip(theirs);
    let difference = pairs.fold(0, |all, (a, b)| core::hint::black_box(all | (a ^ b)));
    ours.len() == theirs.len() && core::hint::black_box(difference) == 0
}

/// A signature in base64url.
const MAC_LENGTH: usize = 43;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes base64url without padding.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(3) {
        let mut bits = 0_u32;
        for at in 0..3 {
            bits = bits << 8 | chunk.get(at).map_or(0, |byte| u32::from(*byte));
        }
        for digit in 0..=chunk.len() as u32 {
            let shift = 18_u32.saturating_sub(digit.saturating_mul(6));
            let digit = DIGITS.get((bits >> shift & 63) as usize);
            out.push(char::from(digit.copied().unwrap_or(b'A')));
        }
    }
}

/// The bytes of base64url without padding; `None` for other text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for at in 0..4 {
            let digit = match chunk.get(at) {
                Some(byte) => DIGITS.iter().position(|digit| digit == byte)?,
                None => 0,
            };
            bits = bits << 6 | digit as u32;
        }
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(..chunk.len().checked_sub(1).filter(|&n| n > 0)?)?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, test cases 1 to 4, 6 and 7.
    #[test]
    fn macs_are_those_of_rfc_4231() {
        let counting: Vec<u8> = (1..=25).collect();
        let cases: [(&[u8], &[u8], &str); 6] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                &counting,
                &[0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &[0xaa; 131],
                b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, data, expected) in cases {
            assert_eq!(hex(&hmac_sha256(key, &[data])), expected);
            let (a, b) = data.split_at(data.len() / 2);
            assert_eq!(hex(&hmac_sha256(key, &[a, b"", b])), expected);
        }
    }

    /// RFC 4648, section 10, in its alphabet for URLs and without padding.
    #[test]
    fn base64url_is_that_of_rfc_4648() {
        for (plain, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"fooba", "Zm9vYmE"),
            (b"foobar", "Zm9vYmFy"),
            (b"\xfb\xff\xfe", "-__-"),
        ] {
            let mut out = String::new();
            encode(plain, &mut out);
            assert_eq!((&*out, decode(text).as_deref()), (text, Some(plain)));
        }
        for bad in ["Z", "Zm9vY", "Zg==", "Zm+v", "Zm 9", "é"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

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
