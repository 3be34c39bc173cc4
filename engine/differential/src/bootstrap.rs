//! Whole client bootstrap responses (`evaluation.md` §5.9).

use serde_json::{Map, Value as Json};

use crate::answer::Answer;
use crate::findings::Findings;
use crate::quirk::{Content, Quirk};
use crate::random::Random;

/// The client key that payloads may know the app of.
pub const KEY: &str = "client-key";

/// The names that responses may be filtered by, for each kind.
pub const FILTERED: [&[&str]; 5] = [
    &["gate_0", "gate_1", "gate_3", "chain_1"],
    &["config_0", "config_2", "config_5"],
    &["config_1", "config_3", "config_4", "only a bandit"],
    &["layer_2", "layer_3", "layer_5", "layer_8"],
    &["store_0"],
];

/// The form of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Everything said where it belongs.
    V1,
    /// Exposures said once.
    V2,
    /// Exposures and values said once, short names.
    InitV2,
}

/// How names are hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// Not at all.
    None,
    /// By djb2.
    Djb2,
    /// By SHA-256.
    Sha256,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The form of the response.
    pub format: Format,
    /// How names are hidden.
    pub hash: Hash,
    /// Only specs of this app.
    pub app: Option<&'static str>,
    /// Only specs of the app of this client key.
    pub key: Option<&'static str>,
    /// Only [`FILTERED`].
    pub filtered: bool,
    /// Without id types.
    pub remove_id_type: bool,
    /// Without gates that say what a client assumes.
    pub remove_default_value_gates: bool,
    /// Without experiments that live in a layer.
    pub remove_experiments_in_layers: bool,
}

impl Asked {
    /// Some way of asking. With bandits not in the form init-v2, where the core neither hides nor dedupes the exposures
    /// of their targeting gates.
    pub fn pick(random: &mut Random, bandits: bool) -> Self {
        let formats = [Format::V1, Format::V2, Format::InitV2];
        Asked {
            format: formats[random.below(if bandits { 2 } else { 3 })],
            hash: *random.pick(&[Hash::None, Hash::None, Hash::Djb2, Hash::Sha256]),
            app: random.chance(15).then_some("app_1"),
            key: match random.below(5) {
                0 => Some(KEY),
                1 => Some("client-unknown"),
                _ => None,
            },
            filtered: random.chance(15),
            remove_id_type: random.chance(10),
            remove_default_value_gates: random.chance(10),
            remove_experiments_in_layers: random.chance(10),
        }
    }
}

/// What the core says on the record that the spec before left.
const OF_REPLAY: [&str; 2] = ["can_record_session", "passes_session_recording_targeting"];

impl Asked {
    /// Compares two responses; `any` tells whether one of the core's answers to this user is such a one.
    pub fn compare(
        &self,
        (theirs, ours): (Json, Json),
        content: Content,
        any: impl Fn(fn(&Answer) -> bool) -> bool,
        findings: &mut Findings,
    ) {
        let Some((path, at_core, at_ours)) = difference(&theirs, &ours) else {
            findings.answers += 1;
            return;
        };
        if OF_REPLAY.iter().any(|name| path.starts_with(name)) && any(Answer::is_unsupported) {
            findings.count(Quirk::ReplayAfterUnsupported);
            let without = |mut response: Json| {
                if let Some(members) = response.as_object_mut() {
                    members.retain(|name, _| !OF_REPLAY.contains(&name.as_str()));
                }
                response
            };
            let rest = (without(theirs), without(ours));
            return self.compare(rest, content, any, findings);
        }
        if let Some(exposure) = path.strip_prefix("exposures.")
            && content.bandits
            && at_ours == "(missing)"
            && !refers(&theirs, exposure)
        {
            findings.count(Quirk::ExposureOfHidden);
            let mut theirs = theirs;
            if let Some(members) = theirs["exposures"].as_object_mut() {
                members.remove(exposure);
            }
            return self.compare((theirs, ours), content, any, findings);
        }
        if at_ours.is_null() && at_core.is_boolean() {
            findings.count(Quirk::BoolAsValue);
        } else if any(Answer::is_too_deep) {
            findings.count(Quirk::EmptyResponse);
        } else if content.repeats {
            findings.count(Quirk::RepeatedNames);
        } else {
            let what = format!("bootstrap \"{path}\" {self:?}");
            findings.differ(what, vec!["response"], &at_core, &at_ours);
        }
    }
}

/// Whether a spec of a response has an exposure of this name in one of its lists.
fn refers(response: &Json, exposure: &str) -> bool {
    ["feature_gates", "dynamic_configs", "layer_configs"]
        .iter()
        .filter_map(|section| response[section].as_object())
        .flat_map(Map::values)
        .filter_map(Json::as_object)
        .flat_map(Map::values)
        .filter_map(Json::as_array)
        .flatten()
        .any(|name| name == exposure)
}

/// A response for comparison: without who made it, and with what is said once put in its place.
pub fn normal(text: &str) -> Json {
    let mut response: Json = match serde_json::from_str(text) {
        Ok(response) => response,
        Err(error) => return Json::from(format!("{error}: {text}")),
    };
    if let Some(members) = response.as_object_mut() {
        members.remove("sdkInfo");
    }
    if response["response_format"] == "init-v2" {
        resolve(&mut response);
    }
    response
}

/// init-v2 numbers exposures and values as they come, and specs come in no order.
fn resolve(response: &mut Json) {
    let (exposures, values) = (response["exposures"].take(), response["values"].take());
    let find = |table: &Json, number: &mut Json| {
        let found = number.as_str().and_then(|number| table.get(number));
        *number = found.cloned().unwrap_or_else(|| "refers to nothing".into());
    };
    for section in ["feature_gates", "dynamic_configs", "layer_configs"] {
        let specs = response[section].as_object_mut();
        for spec in specs.into_iter().flat_map(Map::values_mut) {
            for list in ["s", "us"] {
                if spec[list].is_null() {
                    if let Some(members) = spec.as_object_mut() {
                        members.remove(list);
                    }
                    continue;
                }
                let numbers = spec[list].as_array_mut().into_iter().flatten();
                numbers.for_each(|number| find(&exposures, number));
            }
            if section != "feature_gates" {
                find(&values, &mut spec["v"]);
            }
        }
    }
}

/// The first place at which two responses differ, with what each has there.
pub fn difference(theirs: &Json, ours: &Json) -> Option<(String, Json, Json)> {
    // A rate of 0 and one of 0.0 are the same number.
    let float = |json: &Json| json.as_number().filter(|number| number.is_f64()).is_some();
    if theirs == ours || ((float(theirs) || float(ours)) && theirs.as_f64() == ours.as_f64()) {
        return None;
    }
    if let (Some(a), Some(b)) = (theirs.as_object(), ours.as_object()) {
        for key in a.keys().chain(b.keys()) {
            let none = Json::Null;
            let (a, b) = (a.get(key), b.get(key));
            if a.is_some() != b.is_some() {
                let missing =
                    |side: Option<&Json>| side.cloned().unwrap_or_else(|| "(missing)".into());
                return Some((key.clone(), missing(a), missing(b)));
            }
            if let Some((path, a, b)) = difference(a.unwrap_or(&none), b.unwrap_or(&none)) {
                return Some((format!("{key}.{path}"), a, b));
            }
        }
        return None;
    }
    Some((String::new(), theirs.clone(), ours.clone()))
}
