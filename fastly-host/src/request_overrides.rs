//! Overrides for one request, from a signed header or cookie: how a tester sees the other side of a gate at the real service.
//!
//! Off unless a handler asks for it. The text is signed (see [`SigningKeys`]), of the purpose `statsig-overrides-1`; its payload
//! is a query:
//!
//! | parameter | value |
//! | --- | --- |
//! | `exp` | when it ends, in seconds since 1970; must be there |
//! | `gate.NAME` | `true` or `false` |
//! | `config.NAME`, `experiment.NAME`, `layer.NAME` | the value, JSON text of an object |
//! | `group.NAME` | the experiment's group |
//!
//! So a shell makes one, too:
//!
//! ```sh
//! payload='exp=1800000000&gate.new_home=true'; name=x-statsig-overrides; key=debug-2026
//! mac=$(printf 'statsig-overrides-1\n%s\n%s\n%s' $name $key "$payload" |
//!   openssl dgst -sha256 -hmac "$SECRET" -binary | base64 | tr '+/' '-_' | tr -d '=')
//! curl -H "$name: $key.$mac.$payload" https://…
//! ```

use alloc::string::String;
use alloc::vec::Vec;

use statsig_edge::{LocalOverride, OverrideValue, SpecKind};

use crate::json;
use crate::platform::{clock, percent, scan};
use crate::signed::{SignedError, SigningKeys};

const PURPOSE: &str = "statsig-overrides-1";

/// The most overrides that one request can have.
pub const MAX_REQUEST_OVERRIDES: usize = 64;

/// Overrides that came with a request.
///
/// ```
/// use statsig_fastly::{RequestOverrides, SigningKeys, Statsig};
///
/// fn check(statsig: &Statsig<'_>, keys: &SigningKeys<'_>, header: Option<&str>, user: &statsig_edge::User<'_>) -> bool {
///     let overrides = header.and_then(|value| RequestOverrides::verify("x-statsig-overrides", keys, value).ok());
///     let list = overrides.as_ref().map(RequestOverrides::list).unwrap_or_default();
///     let statsig = statsig.overridden(&list);
///     statsig.check_gate(user, "new_home")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestOverrides(Vec<(SpecKind, String, Answer)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Gate(bool),
    Json(String),
    Group(String),
}

impl RequestOverrides {
    /// The overrides in the value of a header or cookie of this name, if one of the keys has signed them and their time is not over.
    ///
    /// # Errors
    /// [`SignedError`]. One parameter that cannot be read invalidates all of them.
    pub fn verify(name: &str, keys: &SigningKeys<'_>, signed: &str) -> Result<Self, SignedError> {
        let (payload, _) = keys.verify(PURPOSE, name, signed)?;
        let end = percent::value(payload, "exp").and_then(|end| end.parse::<u64>().ok());
        let end = end.ok_or(SignedError::Payload)?.saturating_mul(1_000);
        // Without a clock nothing is in time.
        if clock::now_ms().map_or(true, |now| now >= end) {
            return Err(SignedError::Expired);
        }
        let mut found = Vec::new();
        for (parameter, value) in percent::pairs(payload) {
            if parameter == "exp" {
                continue;
            }
            let (kind, name) = percent::cut(&parameter, b'.');
            let entry = name.and_then(|name| entry(kind, name, &value));
            found.push(entry.ok_or(SignedError::Payload)?);
        }
        if found.len() > MAX_REQUEST_OVERRIDES {
            return Err(SignedError::Payload);
        }
        Ok(RequestOverrides(found))
    }

    /// The overrides, as [`Statsig::overridden`](crate::Statsig::overridden) takes them.
    pub fn list(&self) -> Vec<LocalOverride<'_>> {
        let each = self.0.iter().map(|(kind, name, answer)| LocalOverride {
            kind: *kind,
            name,
            id: None,
            value: match answer {
                Answer::Gate(value) => OverrideValue::Gate(*value),
                Answer::Json(json) => OverrideValue::Json(json),
                Answer::Group(group) => OverrideValue::Group(group),
            },
        });
        each.collect()
    }

    /// Signs overrides, for a header or cookie of this name, until a time in seconds since 1970. The ids that overrides may have are
    /// not kept: they hold for the request, whoever it is about.
    pub fn sign(
        name: &str,
        keys: &SigningKeys<'_>,
        until: u64,
        overrides: &[LocalOverride<'_>],
    ) -> String {
        let mut payload = String::from("exp=");
        json::number(until, &mut payload);
        for one in overrides {
            let (kind, value) = match (one.value, one.kind) {
                (OverrideValue::Gate(value), _) => ("gate", json::boolean(value)),
                (OverrideValue::Group(group), _) => ("group", group),
                (OverrideValue::Json(json), SpecKind::DynamicConfig) => ("config", json),
                (OverrideValue::Json(json), SpecKind::Layer) => ("layer", json),
                (OverrideValue::Json(json), _) => ("experiment", json),
                _ => continue,
            };
            payload.push('&');
            payload.push_str(kind);
            payload.push('.');
            percent::encode(one.name, &mut payload);
            payload.push('=');
            percent::encode(value, &mut payload);
        }
        keys.sign(PURPOSE, name, &payload)
    }
}

fn entry(kind: &str, name: &str, value: &str) -> Option<(SpecKind, String, Answer)> {
    let json = || {
        let whole = scan::member(value.as_bytes(), b"").is_some();
        whole.then(|| Answer::Json(value.into()))
    };
    let (kind, answer) = match kind {
        "gate" => (
            SpecKind::Gate,
            Answer::Gate(match value {
                "true" => true,
                "false" => false,
                _ => return None,
            }),
        ),
        "config" => (SpecKind::DynamicConfig, json()?),
        "experiment" => (SpecKind::Experiment, json()?),
        "layer" => (SpecKind::Layer, json()?),
        "group" => (SpecKind::Experiment, Answer::Group(value.into())),
        _ => return None,
    };
    Some((kind, name.into(), answer))
}
