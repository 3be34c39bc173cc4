//! Whether and how a client records sessions (`evaluation.md` §5.9).

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::NameHash;
use super::hashing::Name;
use crate::json::{Object, RawStr, as_string, member, members};
use crate::number::parse_float;

/// Writes the members that `info`, the payload's `session_replay_info`, makes. `passes` evaluates the targeting gate,
/// `random` is the one draw that all rates are compared with.
pub(super) fn write(
    info: &str,
    hash: NameHash,
    random: f64,
    passes: impl FnOnce(&str) -> bool,
    response: &mut Object<'_>,
) -> fmt::Result {
    if !info.starts_with('{') {
        return Ok(());
    }
    let given = |name: &str| member(info, name).filter(|json| *json != "null");
    let blocked = given("recording_blocked").filter(|json| matches!(*json, "true" | "false"));
    let targeting = given("targeting_gate").and_then(as_string);
    let targeted = targeting.map(|gate| passes(&decoded(gate)));
    let rate = given("sampling_rate").filter(|rate| parse_float(rate).is_some());
    let sampled = rate.is_none_or(|rate| passes_rate(random, rate));
    response.bool(
        "can_record_session",
        blocked != Some("true") && targeted != Some(false) && sampled,
    )?;
    if let Some(rate) = rate {
        response.json("session_recording_rate", rate)?;
    }
    if let Some(blocked) = blocked {
        response.json("recording_blocked", blocked)?;
    }
    if let Some(targeted) = targeted {
        response.bool("passes_session_recording_targeting", targeted)?;
    }
    // Events are named by the client itself, exposures by the response.
    for (name, hash) in [
        ("session_recording_event_triggers", NameHash::None),
        ("session_recording_exposure_triggers", hash),
    ] {
        if let Some(triggers) = given(name) {
            write_triggers(triggers, hash, random, response.member(name)?)?;
        }
    }
    let settings = "session_recording_privacy_settings";
    match given(settings) {
        Some(json) => response.json(settings, json),
        None => Ok(()),
    }
}

fn write_triggers(
    triggers: &str,
    hash: NameHash,
    random: f64,
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    let mut object = Object::begin(out)?;
    for (name, trigger) in members(triggers) {
        let name = decoded(name);
        let mut entry = Object::begin(object.member(Name::new(&name, hash).as_str())?)?;
        if let Some(values) = member(trigger, "values").filter(|json| *json != "null") {
            entry.json("values", values)?;
        }
        if let Some(rate) = member(trigger, "sampling_rate").filter(|json| *json != "null") {
            entry.bool("passes_sampling", passes_rate(random, rate))?;
        }
        entry.end()?;
    }
    object.end()
}

fn passes_rate(random: f64, rate: &str) -> bool {
    parse_float(rate).is_some_and(|rate| random <= rate)
}

/// The text of a JSON string.
fn decoded(raw: RawStr<'_>) -> Cow<'_, str> {
    match raw.plain() {
        Some(plain) => Cow::Borrowed(plain),
        None => Cow::Owned(raw.chars().collect::<String>()),
    }
}
