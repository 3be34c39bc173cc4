//! `cookie`: signed texts of a request. Any `cookie` header against a second reader of the format; assignments written, damaged and read
//! back; overrides signed, damaged and read back; records of any text behind a good signature.

use sha2::{Digest, Sha256};
use statsig_edge::{LocalOverride, OverrideValue, Scratch, SpecKind, User};
use statsig_fastly::platform::fake::{self, Host};
use statsig_fastly::{
    Config, LONGEST_COOKIE, MAX_REQUEST_OVERRIDES, RequestOverrides, SignedError, SigningKey,
    SigningKeys, Specs, Statsig, Sticky, StickyCookie, StickyRoom, StickyStorage, cookie_values,
};

use crate::cut::Cut;

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

/// Signs overrides; what is read is what was given, and nothing when a character was changed or the time is over.
fn overrides_and_back(cut: &mut Cut<'_>) {
    let keys = keys();
    let until = match cut.byte() % 8 {
        0 => NOW_S,
        1 => 0,
        2 => u64::from_le_bytes(cut.array()),
        _ => NOW_S + 1,
    };
    let (place, becomes) = (u16::from_le_bytes(cut.array()), cut.byte() % 127);
    let mut given: Vec<LocalOverride<'_>> = Vec::new();
    let mut readable = true;
    while !cut.0.is_empty() && given.len() <= MAX_REQUEST_OVERRIDES + 1 {
        let what = cut.byte();
        let (name, value) = (cut.text(), cut.text());
        let (kind, value) = match what % 6 {
            0 => (SpecKind::Gate, OverrideValue::Gate(true)),
            1 => (SpecKind::Gate, OverrideValue::Gate(false)),
            2 => (SpecKind::Experiment, OverrideValue::Group(value)),
            3 => (SpecKind::DynamicConfig, OverrideValue::Json(value)),
            4 => (SpecKind::Layer, OverrideValue::Json(value)),
            _ => (SpecKind::Experiment, OverrideValue::Json(value)),
        };
        if let OverrideValue::Json(json) = value {
            let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json);
            // Text between brackets that is no JSON may be taken: whoever signs it wrote it.
            readable &= object.is_ok();
        }
        given.push(LocalOverride {
            kind,
            name,
            id: None,
            value,
        });
    }
    let signed = RequestOverrides::sign(NAME, &keys, until, &given);
    // It goes into a header.
    assert!(signed.bytes().all(|byte| byte.is_ascii_graphic()));
    let read = at_the_time(|| RequestOverrides::verify(NAME, &keys, &signed));
    match &read {
        Err(SignedError::Expired) => assert!(until <= NOW_S),
        Err(SignedError::Payload) => {
            assert!(!readable || given.len() > MAX_REQUEST_OVERRIDES, "{signed}");
        }
        Err(error) => panic!("{error}: {signed}"),
        Ok(read) => {
            assert!(until > NOW_S && given.len() <= MAX_REQUEST_OVERRIDES);
            assert_eq!(format!("{:?}", read.list()), format!("{given:?}"));
        }
    }
    let refused = at_the_time(|| RequestOverrides::verify("other", &keys, &signed));
    assert_eq!(refused, Err(SignedError::Signature));
    let mut damaged = signed.into_bytes();
    let at = usize::from(place) % damaged.len();
    if damaged[at] == becomes {
        return;
    }
    damaged[at] = becomes;
    let damaged = String::from_utf8_lossy(&damaged);
    let refused = at_the_time(|| RequestOverrides::verify(NAME, &keys, &damaged));
    let known = [
        SignedError::Malformed,
        SignedError::UnknownKey,
        SignedError::Signature,
    ];
    assert!(refused.is_err_and(|error| known.contains(&error)));
}

/// Any text as signed overrides, and as the payload of some.
fn any_override(text: &str) {
    let keys = keys();
    let read = at_the_time(|| RequestOverrides::verify(NAME, &keys, text));
    let good = model("statsig-overrides-1", NAME, text);
    let unsigned = [
        SignedError::Malformed,
        SignedError::UnknownKey,
        SignedError::Signature,
    ];
    let believed = !read.is_err_and(|error| unsigned.contains(&error));
    assert_eq!(believed, good.is_some(), "{text}");
    if text.contains('\n') {
        return;
    }
    let (id, secret) = KEYS[1];
    let lines = format!("statsig-overrides-1\n{NAME}\n{id}\n{text}");
    let signed = format!("{id}.{}.{text}", mac(secret, lines.as_bytes()));
    match at_the_time(|| RequestOverrides::verify(NAME, &keys, &signed)) {
        Err(error) => assert!(!unsigned.contains(&error), "{error}: {signed}"),
        Ok(read) => {
            assert!(read.list().len() <= MAX_REQUEST_OVERRIDES);
            let again = RequestOverrides::sign(NAME, &keys, NOW_S + 1, &read.list());
            let again = at_the_time(|| RequestOverrides::verify(NAME, &keys, &again));
            assert_eq!(again, Ok(read));
        }
    }
}

const SPECS: &[u8] = br#"{"has_updates":true,"time":1,"feature_gates":{},"dynamic_configs":{"experiment":{"type":"dynamic_config",
  "entity":"experiment","salt":"s","enabled":true,"isActive":true,"defaultValue":{"a":1},"idType":"userID","rules":[
  {"name":"r","id":"r","groupName":"Control","passPercentage":100,"conditions":["1"],"returnValue":{"a":2},"idType":"userID",
  "isExperimentGroup":true}],"explicitParameters":["a"]}},"layer_configs":{"layer":{"type":"dynamic_config","entity":"layer","salt":"s",
  "enabled":true,"defaultValue":{"a":3},"idType":"userID","rules":[{"name":"r","id":"d","passPercentage":100,"conditions":["1"],
  "returnValue":{"a":3},"idType":"userID","configDelegate":"experiment"}]}},"experiment_to_layer":{"experiment":"layer"},
  "condition_map":{"1":{"type":"public","idType":"userID"}}}"#;

/// What storage gives and is given.
#[derive(Default)]
struct Any(std::cell::RefCell<Option<String>>);

impl StickyStorage for Any {
    fn load(&self, _: &str, _: &str) -> Option<String> {
        self.0.borrow().clone()
    }

    fn save(&self, _: &str, _: &str, record: &str) {
        assert!(serde_json::from_str::<serde_json::Value>(record).is_ok());
        *self.0.borrow_mut() = Some(record.to_owned());
    }

    fn delete(&self, _: &str, _: &str) {
        *self.0.borrow_mut() = None;
    }
}

/// Any text as a record: an older version, or another service with the same keys, may have written it.
fn any_record(cut: &mut Cut<'_>) {
    static TABLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let table = TABLE.get_or_init(|| match statsig_edge::compile::compile(SPECS) {
        Ok(compiled) => compiled.table,
        Err(error) => panic!("{error}"),
    });
    let options = cut.byte();
    let text = String::from_utf8_lossy(cut.0).into_owned();
    let config = Config::new().with_bootstrap(table);
    let user = User::new().with_user_id("u");
    at_the_time(|| {
        let specs = Specs::load(&config);
        let statsig = Statsig::new(&config, &specs);
        for layer in [false, true] {
            let any = Any(Some(text.clone()).into());
            let mut sticky = Sticky::new(&any);
            if options & 1 != 0 {
                sticky = sticky.with_enforced_overrides();
            }
            if options & 2 != 0 {
                sticky = sticky.with_enforced_targeting();
            }
            // What was kept then is what is said the second time.
            let mut answers = Vec::new();
            for _ in 0..2 {
                let mut room = StickyRoom::new();
                let mut scratch = Scratch::<16>::new();
                answers.push(match layer {
                    false => {
                        let found =
                            statsig.experiment_sticky(&user, "experiment", &sticky, &mut room);
                        (found.json().to_owned(), found.rule_id().to_owned())
                    }
                    true => {
                        let found =
                            statsig.layer_sticky(&user, "layer", &sticky, &mut room, &mut scratch);
                        let value = found.get("a").map(str::to_owned);
                        (format!("{value:?}"), format!("{:?}", found.group_name()))
                    }
                });
            }
            assert_eq!(answers[0], answers[1]);
        }
    });
}
