//! Whole client bootstrap responses (`evaluation.md` §5.9).

use serde_json::{Map, Value as Json};

use crate::random::Random;

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
            remove_id_type: random.chance(10),
            remove_default_value_gates: random.chance(10),
            remove_experiments_in_layers: random.chance(10),
        }
    }
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
    if theirs == ours {
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
    }
    Some((String::new(), theirs.clone(), ours.clone()))
}
