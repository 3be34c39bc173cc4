//! `cookie`: signed texts of a request. Any `cookie` header against a second reader of the format; assignments written, damaged and read
//! back; overrides signed, damaged and read back; records of any text behind a good signature.

mod overrides;
mod record;

use sha2::{Digest, Sha256};
use statsig_fastly::platform::fake::{self, Host};
use statsig_fastly::{
    LONGEST_COOKIE, SignedError, SigningKey, SigningKeys, StickyCookie, StickyStorage,
    cookie_values,
};

use crate::cut::Cut;
use overrides::{any_override, overrides_and_back};
use record::any_record;

const NAME: &str = "sticky";
const NOW_S: u64 = 1_760_000_000;

const KEYS: [(&str, &[u8]); 3] = [
    ("2026", b"a new secret of more than 32 bytes..."),
    ("2025", b"an old secret of at least 32 bytes.."),
    ("2024", b"a secret that is not known any more."),
];

/// Runs one input. Its first byte chooses what is done with the rest.
pub fn run(bytes: &[u8]) {
    let mut cut = Cut(bytes);
    match cut.byte() % 5 {
        0 => any_header(&String::from_utf8_lossy(cut.0)),
        1 => and_back(&mut cut),
        2 => overrides_and_back(&mut cut),
        3 => any_override(&String::from_utf8_lossy(cut.0)),
        _ => any_record(&mut cut),
    }
}

fn key(number: usize) -> SigningKey<'static> {
    let (id, secret) = KEYS[number];
    match SigningKey::new(id, secret) {
        Ok(key) => key,
        Err(error) => panic!("{error}"),
    }
}

/// The keys of a service that rotates: the first signs.
fn keys() -> SigningKeys<'static> {
    SigningKeys::new(key(0)).with_former(key(1))
}

/// RFC 2104 over another implementation of the hash, in RFC 4648's base64url.
fn mac(secret: &[u8], text: &[u8]) -> String {
    let pad = |with: u8| -> Vec<u8> {
        let byte = |at| secret.get(at).copied().unwrap_or(0) ^ with;
        (0..64).map(byte).collect()
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text);
    let outer = Sha256::new().chain_update(pad(0x5c));
    let mac = outer.chain_update(inner.finalize()).finalize();
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = |at: usize| mac.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let digit = |at: usize| (0..6).fold(0, |sum, bit| sum << 1 | bits(at * 6 + bit));
    let text = (0..43).map(|at| char::from(digits[usize::from(digit(at))]));
    text.collect()
}

/// What a text says that one of the service's keys has signed, as the module's text defines it; and whether the first has.
fn model<'s>(purpose: &str, name: &str, signed: &'s str) -> Option<(&'s str, bool)> {
    let (id, rest) = signed.split_once('.')?;
    let (found, payload) = rest.split_once('.')?;
    let at = KEYS[..2].iter().position(|key| key.0 == id)?;
    let text = format!("{purpose}\n{name}\n{id}\n{payload}");
    (mac(KEYS[at].1, text.as_bytes()) == found).then_some((payload, at == 0))
}

/// The records in the payload of a cookie: their number.
fn records(payload: &str) -> Option<usize> {
    let mut bits = Vec::new();
    for character in payload.bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    if payload.len() % 4 == 1 {
        return None;
    }
    let octets = bits.chunks_exact(8);
    let bytes: Vec<u8> = octets
        .map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit))
        .collect();
    let (mut at, mut count) = (0, 0);
    while at < bytes.len() {
        let length = bytes.get(at + 8..at + 10)?;
        let end = at + 10 + usize::from(u16::from_le_bytes([length[0], length[1]]));
        std::str::from_utf8(bytes.get(at + 10..end)?).ok()?;
        (at, count) = (end, count + 1);
    }
    Some(count)
}

fn any_header(header: &str) {
    let keys = keys();
    let cookie = StickyCookie::read(NAME, &keys, header);
    // Only ASCII blanks are taken off.
    let blank = |c: char| c.is_ascii_whitespace();
    let pairs = header.split(';').map(|pair| pair.trim_matches(blank));
    let values: Vec<&str> = pairs
        .filter_map(|pair| pair.strip_prefix(NAME)?.strip_prefix('='))
        .collect();
    let found: Vec<&str> = cookie_values(header, NAME).collect();
    assert_eq!(found, values);
    let good = values.iter().find_map(|value| {
        let (payload, first) = model("statsig-sticky-1", NAME, value)?;
        Some((records(payload)?, first))
    });
    assert_eq!(cookie.count(), good.map_or(0, |good| good.0));
    assert_eq!(
        cookie.problem().is_some(),
        good.is_none() && !values.is_empty()
    );
    assert_eq!(cookie.dropped(), 0);
    let again = cookie.set_cookie();
    let as_it_was = values.is_empty() || good.is_some_and(|good| good.1);
    assert_eq!(again.is_none(), as_it_was);
    if let Some(set) = again {
        let value = set.split(';').next().unwrap_or_default();
        let read = StickyCookie::read(NAME, &keys, value);
        assert_eq!(read.count(), cookie.count());
        // Nothing to keep is an empty value, which the client deletes.
        assert_eq!(read.problem().is_none(), cookie.count() > 0);
    }
}

/// Keeps, forgets and asks, as a list of three does; then writes, reads, damages.
fn and_back(cut: &mut Cut<'_>) {
    let keys = keys();
    let cookie = StickyCookie::read(NAME, &keys, "");
    let mut model: Vec<((String, String), String)> = Vec::new();
    let (place, becomes) = (u16::from_le_bytes(cut.array()), cut.byte());
    while !cut.0.is_empty() {
        let what = cut.byte();
        let repeat = usize::from(cut.byte()) * 16;
        let (user, name) = (cut.text(), cut.text());
        let of = (user.to_owned(), name.to_owned());
        if what % 4 == 3 {
            cookie.delete(user, name);
            model.retain(|(known, _)| *known != of);
            assert_eq!(cookie.load(user, name), None);
            continue;
        }
        let record = cut.text().repeat(1 + repeat % 256);
        cookie.save(user, name, &record);
        model.retain(|(known, _)| *known != of);
        model.push((of, record));
        // The oldest go, but one that does not fit alone goes itself.
        let before = model.len();
        if !fits(&model[before - 1..]) {
            model.pop();
        }
        while !fits(&model) {
            model.remove(0);
        }
        assert_eq!(cookie.count(), model.len());
    }
    compare(&cookie, &model);
    let Some(set) = cookie.set_cookie() else {
        return assert!(model.is_empty());
    };
    assert!(set.len() <= LONGEST_COOKIE, "{} bytes", set.len());
    let Some((value, _)) = set.split_once(';') else {
        panic!("{set}");
    };
    let header = format!("other=1; {value}; sticky_too=2");
    let read = StickyCookie::read(NAME, &keys, &header);
    compare(&read, &model);
    if model.is_empty() {
        return;
    }
    assert_eq!((read.problem(), read.set_cookie()), (None, None));
    // A key that was the first: believed, and signed anew. One that is gone, one that is not ours, another name: not.
    let later = SigningKeys::new(key(1)).with_former(key(0));
    let moved = StickyCookie::read(NAME, &later, value);
    compare(&moved, &model);
    assert!(moved.set_cookie().is_some_and(|set| set.contains("2025.")));
    let gone = SigningKeys::new(key(2));
    let refused = StickyCookie::read(NAME, &gone, value);
    assert_eq!(refused.problem(), Some(SignedError::UnknownKey));
    let renamed = value.replace("sticky=", "stickz=");
    let refused = StickyCookie::read("stickz", &keys, &renamed);
    assert_eq!(refused.problem(), Some(SignedError::Signature));
    // One other character anywhere behind the name: nothing is believed.
    let mut damaged = value.as_bytes().to_vec();
    let start = NAME.len() + 1;
    let at = start + usize::from(place) % (damaged.len() - start);
    let becomes = becomes % 127;
    if damaged[at] == becomes {
        return;
    }
    damaged[at] = becomes;
    let damaged = String::from_utf8_lossy(&damaged);
    let refused = StickyCookie::read(NAME, &keys, &damaged);
    assert_eq!(refused.count(), 0, "{damaged}");
    assert!(refused.problem().is_some(), "{damaged}");
    assert!(refused.set_cookie().is_some());
}

fn fits(model: &[((String, String), String)]) -> bool {
    let attributes = statsig_fastly::COOKIE_ATTRIBUTES.len();
    let bytes: usize = model.iter().map(|(_, record)| record.len() + 10).sum();
    let overhead = NAME.len() + 1 + KEYS[0].0.len() + 1 + 43 + 1;
    model.is_empty() || overhead + (bytes * 4).div_ceil(3) + attributes <= LONGEST_COOKIE
}

fn compare(cookie: &StickyCookie<'_>, model: &[((String, String), String)]) {
    assert_eq!(cookie.count(), model.len());
    for ((user, name), record) in model {
        assert_eq!(cookie.load(user, name).as_ref(), Some(record));
        let other = format!("{user}\u{1}");
        let known = model.iter().any(|(of, _)| of.0 == other && of.1 == *name);
        assert!(known || cookie.load(&other, name).is_none());
    }
}

fn at_the_time<R>(call: impl FnOnce() -> R) -> R {
    let host = Host {
        now_ms: NOW_S * 1_000,
        ..Host::default()
    };
    fake::with(host, call).0
}
