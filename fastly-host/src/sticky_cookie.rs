//! Sticky assignments in a signed cookie of the user's own (`evaluation.md` §5.10): no store, no read, no write.
//!
//! The cookie's value is a signed text (see [`SigningKeys`]) of the purpose `statsig-sticky-1`. Its payload is base64url of the
//! records, the oldest first, each as
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | the beginning of SHA-256 of: the storage key's length (4 bytes, little endian), the storage key, the name |
//! | 2 | the record's length, little endian |
//! | … | the record, the JSON text that [`StickyStorage::save`] is given |
//!
//! The storage key has the user's unit id, so another user's cookie holds nothing for this one. What a user can do is to bring an
//! earlier cookie of the same user back, or to delete it. Users can read what they were given, but not the names.
//!
//! A cookie holds some seven assignments: browsers keep 4,096 bytes ([`LONGEST_COOKIE`]), and a record has about 350. When a new
//! one does not fit, the oldest go, and [`StickyCookie::dropped`] says how many.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use statsig_edge::sha256;

use crate::cookies::cookie_values;
use crate::signed::{SignedError, SigningKeys, decode, encode};
use crate::sticky::StickyStorage;

/// The longest `set-cookie` value that is made: name, value and attributes together, as browsers count.
pub const LONGEST_COOKIE: usize = 4096;

const PURPOSE: &str = "statsig-sticky-1";

/// What a cookie is set with, unless [`StickyCookie::with_attributes`] says otherwise: for a year, the whole site, and not for
/// scripts.
pub const COOKIE_ATTRIBUTES: &str = "; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax";

/// Sticky assignments in a cookie, as a [`StickyStorage`].
///
/// ```
/// use statsig_fastly::{SigningKey, SigningKeys, Sticky, StickyCookie, StickyRoom, Statsig};
///
/// fn answer(statsig: &Statsig<'_>, user: &statsig_edge::User<'_>, cookie_header: &str) -> Option<String> {
///     let keys = SigningKeys::from_secret_store("secrets", &["cookie-2026", "cookie-2025"]).ok()?;
///     let cookie = StickyCookie::read("statsig_sticky", &keys, cookie_header);
///     let mut room = StickyRoom::new();
///     statsig.experiment_sticky(user, "new_home", &Sticky::new(&cookie), &mut room);
///     // The value of the response's `set-cookie` header, when there is something new to keep.
///     cookie.set_cookie()
/// }
/// ```
#[derive(Debug)]
pub struct StickyCookie<'k> {
    name: &'k str,
    keys: &'k SigningKeys<'k>,
    attributes: &'k str,
    problem: Option<SignedError>,
    kept: RefCell<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    records: Vec<Record>,
    changed: bool,
    dropped: u32,
}

#[derive(Debug)]
struct Record {
    id: [u8; ID],
    text: String,
}

const ID: usize = 8;
const LENGTH: usize = 2;

impl<'k> StickyCookie<'k> {
    /// Reads the assignments from a request's `cookie` header, which may be empty. A cookie that does not verify counts as none:
    /// see [`Self::problem`]. Of several of the name the first that verifies counts.
    pub fn read(name: &'k str, keys: &'k SigningKeys<'k>, cookie_header: &str) -> Self {
        let mut cookie = StickyCookie {
            name,
            keys,
            attributes: COOKIE_ATTRIBUTES,
            problem: None,
            kept: RefCell::default(),
        };
        for value in cookie_values(cookie_header, name) {
            match verified(name, keys, value) {
                Ok((records, by_first)) => {
                    cookie.problem = None;
                    *cookie.kept.get_mut() = Kept {
                        records,
                        // Signed anew with the key that is to stay.
                        changed: !by_first,
                        dropped: 0,
                    };
                    break;
                }
                Err(error) => cookie.problem = Some(error),
            }
        }
        cookie
    }

    /// What the cookie is set with: `; Path=/; Secure` and the like.
    #[must_use]
    pub fn with_attributes(mut self, attributes: &'k str) -> Self {
        self.attributes = attributes;
        self
    }

    /// Why the request's cookie was rejected: it was changed, or signed with a key that is gone.
    pub fn problem(&self) -> Option<SignedError> {
        self.problem
    }

    /// Assignments that were dropped because the cookie has no room for them.
    pub fn dropped(&self) -> u32 {
        self.kept.borrow().dropped
    }

    /// How many assignments the cookie holds.
    pub fn count(&self) -> usize {
        self.kept.borrow().records.len()
    }

    /// The value for a `set-cookie` header of the response, if the client's cookie is not what it should be: something was kept,
    /// changed or deleted, the key is a former one, or the cookie was not believed.
    pub fn set_cookie(&self) -> Option<String> {
        let kept = self.kept.borrow();
        if !kept.changed && self.problem.is_none() {
            return None;
        }
        if kept.records.is_empty() {
            return Some([self.name, "=", self.attributes, "; Max-Age=0"].concat());
        }
        let mut bytes = Vec::new();
        for record in &kept.records {
            bytes.extend_from_slice(&record.id);
            // A record that is longer was not kept.
            bytes.extend_from_slice(&(record.text.len() as u16).to_le_bytes());
            bytes.extend_from_slice(record.text.as_bytes());
        }
        let mut payload = String::new();
        encode(&bytes, &mut payload);
        let value = self.keys.sign(PURPOSE, self.name, &payload);
        Some([self.name, "=", &value, self.attributes].concat())
    }

    /// Whether the cookie with these records is too long.
    fn is_over(&self, records: &[Record]) -> bool {
        let bytes = records.iter().fold(0_usize, |sum, record| {
            sum.saturating_add(record.text.len())
                .saturating_add(ID.saturating_add(LENGTH))
        });
        let length = [
            self.name.len(),
            1,
            self.keys.overhead(),
            bytes.saturating_mul(4).div_ceil(3),
            self.attributes.len(),
        ];
        length.into_iter().fold(0, usize::saturating_add) > LONGEST_COOKIE
    }
}

impl StickyStorage for StickyCookie<'_> {
    fn load(&self, key: &str, name: &str) -> Option<String> {
        let id = id(key, name);
        let kept = self.kept.borrow();
        let mut found = kept.records.iter().filter(|record| record.id == id);
        found.next().map(|record| record.text.clone())
    }

    fn save(&self, key: &str, name: &str, record: &str) {
        let id = id(key, name);
        let mut kept = self.kept.borrow_mut();
        let kept = &mut *kept;
        kept.changed = true;
        kept.records.retain(|record| record.id != id);
        let text = record.into();
        kept.records.push(Record { id, text });
        while !kept.records.is_empty() && self.is_over(&kept.records) {
            // One that does not fit alone does not cost the others their place.
            let alone = kept.records.len().saturating_sub(1);
            let at = match kept.records.get(alone..) {
                Some(newest) if self.is_over(newest) => alone,
                _ => 0,
            };
            kept.records.remove(at);
            kept.dropped = kept.dropped.saturating_add(1);
        }
    }

    fn delete(&self, key: &str, name: &str) {
        let id = id(key, name);
        let mut kept = self.kept.borrow_mut();
        let before = kept.records.len();
        kept.records.retain(|record| record.id != id);
        kept.changed |= kept.records.len() < before;
    }
}

fn id(key: &str, name: &str) -> [u8; ID] {
    let length = (key.len() as u32).to_le_bytes();
    let digest = sha256(&[&length, key.as_bytes(), name.as_bytes()]);
    digest.first_chunk().copied().unwrap_or_default()
}

/// The records of a cookie's value, and whether the first key has signed it.
fn verified(
    name: &str,
    keys: &SigningKeys<'_>,
    value: &str,
) -> Result<(Vec<Record>, bool), SignedError> {
    let (payload, by_first) = keys.verify(PURPOSE, name, value)?;
    let bytes = decode(payload).ok_or(SignedError::Payload)?;
    let mut records = Vec::new();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let (record, after) = first_record(rest).ok_or(SignedError::Payload)?;
        records.push(record);
        rest = after;
    }
    Ok((records, by_first))
}

fn first_record(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (id, rest) = bytes.split_first_chunk::<ID>()?;
    let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
    let length = usize::from(u16::from_le_bytes(*length));
    let (text, rest) = rest.split_at_checked(length)?;
    let text = core::str::from_utf8(text).ok()?.into();
    Some((Record { id: *id, text }, rest))
}
