//! Overrides, signed and read back; any text as such.

use statsig_edge::{LocalOverride, OverrideValue, SpecKind};
use statsig_fastly::{MAX_REQUEST_OVERRIDES, RequestOverrides, SignedError};

use super::{KEYS, NAME, NOW_S, at_the_time, keys, mac, model};
use crate::cut::Cut;

/// Signs overrides; what is read is what was given, and nothing when a character was changed or the time is over.
pub(super) fn overrides_and_back(cut: &mut Cut<'_>) {
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
pub(super) fn any_override(text: &str) {
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
