//! A second evaluator of v1 payloads, written plainly from `evaluation.md` and sharing nothing with the engine.
//!
//! It works on the JSON as it stands, looks everything up by walking, copies freely and is slow. What it takes from
//! outside is what a text cannot settle: regexes from `fancy-regex`, dates from `chrono`, SHA-256 from `sha2`, countries
//! and user agents from Statsig's core. Where the differential tester has shown the reference text wrong about the core,
//! it follows the core (§3.4: a rule goes on after an unsupported condition).

mod condition;
mod operator;
mod user;
mod value;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::answer::{Answer, Kind};
use operator::Operand;
use user::Person;

/// §3.12.
const MAX_DEPTH: usize = 64;

/// What is not in the payload.
#[derive(Clone, Copy)]
pub struct Outside<'w> {
    /// The tier of the options.
    pub tier: Option<&'w str>,
    /// The global custom fields of the options, an object or null.
    pub global: &'w Json,
    /// Whether the list of that name has the id of that key.
    pub member: &'w dyn Fn(&str, &str) -> bool,
    /// The country of an address.
    pub country: &'w dyn Fn(&str) -> Option<String>,
    /// What a user agent says about one of the four fields, by its name with an underscore.
    pub agent: &'w dyn Fn(&str, &str) -> Option<String>,
    /// Milliseconds since the epoch.
    pub now: i64,
}

/// A payload that can be asked.
pub struct Reference<'p> {
    payload: &'p Json,
    outside: Outside<'p>,
}

struct TooDeep;

/// §3.1.
#[derive(Default)]
struct Record {
    answer: Answer,
    json: Option<Json>,
    undelegated: Option<Vec<crate::answer::Secondary>>,
    unsupported: bool,
    asked_list: bool,
}

/// §4.11: the key of an id in ID lists.
fn list_key(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hash = Sha256::digest(text.as_bytes());
    let bits = hash[..6]
        .iter()
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    (0..8)
        .map(|at| char::from(DIGITS[(bits >> (42 - 6 * at) & 63) as usize]))
        .collect()
}

/// §0.2.
fn h(text: &str) -> u64 {
    let hash = Sha256::digest(text.as_bytes());
    hash[..8]
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn text_at(object: &Json, key: &str) -> Option<String> {
    object[key].as_str().map(str::to_owned)
}

/// §2.6: v1 may leave it out.
fn id_type(object: &Json) -> String {
    text_at(object, "idType").unwrap_or_else(|| "userID".to_owned())
}

fn elements(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// §1.7: an object, or what reads as an empty one; none for bools and null.
fn object_value(value: &Json) -> Option<Json> {
    match value {
        Json::Object(_) => Some(value.clone()),
        Json::String(_) | Json::Number(_) | Json::Array(_) => Some(json!({})),
        Json::Bool(_) | Json::Null => None,
    }
}

impl<'p> Reference<'p> {
    /// A payload in the v1 form.
    pub fn new(payload: &'p Json, outside: Outside<'p>) -> Self {
        Reference { payload, outside }
    }

    /// The answer for a user.
    pub fn ask(&self, user: &Json, kind: Kind, name: &str) -> Answer {
        let person = Person::new(user, &self.outside, self.payload);
        self.public(&person, kind, name, 0)
    }

    /// §5.6: a parameter of a parameter store, or null.
    pub fn store_parameter(&self, user: &Json, store: &str, parameter: &str) -> Json {
        let parameter = &self.payload["param_stores"][store]["parameters"][parameter];
        let of = |kind, name: &str| {
            let name = parameter[name].as_str()?;
            let of = parameter["param_name"].as_str()?;
            Some(self.ask(user, kind, name).json[of].clone())
        };
        if parameter.get("value").is_some() {
            return parameter["value"].clone();
        }
        if let Some(gate) = parameter["gate_name"].as_str() {
            return match self.ask(user, Kind::Gate, gate).value {
                true => parameter["pass_value"].clone(),
                false => parameter["fail_value"].clone(),
            };
        }
        of(Kind::DynamicConfig, "config_name")
            .or_else(|| of(Kind::Experiment, "experiment_name"))
            .or_else(|| of(Kind::Layer, "layer_name"))
            .unwrap_or(Json::Null)
    }

    fn public(&self, person: &Person<'_>, kind: Kind, name: &str, depth: usize) -> Answer {
        let mut record = Record::default();
        let evaluated = self.evaluate(person, kind, name, &mut record, depth);
        let empty = || match kind {
            Kind::Gate => Json::Null,
            _ => json!({}),
        };
        let Ok(recognized) = evaluated else {
            return Answer {
                json: empty(),
                rule_id: "default".to_owned(),
                reason: "Error:Statsig Evaluation Depth Exceeded".to_owned(),
                ..Answer::default()
            };
        };
        let mut answer = record.answer;
        answer.reason = match (recognized, record.unsupported, record.asked_list) {
            (false, ..) => "Bootstrap:Unrecognized",
            (true, true, _) => "Bootstrap:Unsupported",
            (true, false, true) => "Bootstrap:Recognized:IdListInMemory",
            (true, false, false) => "Bootstrap:Recognized",
        }
        .to_owned();
        answer.undelegated = record
            .undelegated
            .unwrap_or_else(|| answer.secondary.clone());
        answer.json = match kind {
            Kind::Gate => Json::Null,
            _ => record.json.unwrap_or_else(empty),
        };
        if kind == Kind::Layer {
            let explicit = answer.explicit_parameters.clone().unwrap_or_default();
            for (parameter, value) in answer.json.as_object().into_iter().flatten() {
                let read = (
                    answer.rule_id.clone(),
                    explicit.contains(parameter),
                    value.clone(),
                );
                answer.parameters.insert(parameter.clone(), read);
            }
        }
        answer
    }

    fn spec(&self, kind: Kind, name: &str) -> Option<&'p Json> {
        let section = match kind {
            Kind::Gate => "feature_gates",
            Kind::DynamicConfig | Kind::Experiment => "dynamic_configs",
            Kind::Layer => "layer_configs",
        };
        elements(&self.payload[section])
            .iter()
            .find(|spec| spec["name"] == name)
            .filter(|spec| is_readable(spec))
    }

    /// §3.2. False when there is no such spec.
    fn evaluate(
        &self,
        person: &Person<'_>,
        kind: Kind,
        name: &str,
        record: &mut Record,
        depth: usize,
    ) -> Result<bool, TooDeep> {
        let Some(spec) = self.spec(kind, name) else {
            return Ok(false);
        };
        if depth > MAX_DEPTH {
            return Err(TooDeep);
        }
        let answer = &mut record.answer;
        answer.id_type.get_or_insert_with(|| id_type(spec));
        if answer.version.is_none() {
            answer.version = spec["version"]
                .as_u64()
                .and_then(|number| number.try_into().ok());
        }
        if let Some(active) = spec["isActive"].as_bool() {
            answer.is_experiment_active = active;
        }
        if let Some(shared) = spec["hasSharedParams"].as_bool() {
            answer.is_in_layer = shared;
        }
        if let Some(explicit) = explicit_parameters(spec) {
            answer.explicit_parameters = Some(explicit);
        }
        // §3.3: nothing of a disabled spec is evaluated.
        if spec["enabled"] != true {
            answer.value = false;
            answer.rule_id = "disabled".to_owned();
            record.json = object_value(&spec["defaultValue"]);
            return Ok(true);
        }
        let forward = spec["forwardAllExposures"].as_bool();
        for rule in elements(&spec["rules"]) {
            let matched = self.rule(person, rule, record, depth)?;
            if record.unsupported {
                record.answer.value = false;
                return Ok(true);
            }
            if !matched {
                continue;
            }
            if self.delegate(person, rule, record, depth)? {
                record.answer.sampling_rate = None;
                record.answer.forward_all_exposures = forward;
                if record.unsupported {
                    record.answer.value = false;
                }
                return Ok(true);
            }
            let answer = &mut record.answer;
            if self.passes(person, spec, rule) {
                answer.value = kind == Kind::Gate || rule["returnValue"] != false;
                record.json = object_value(&rule["returnValue"]);
            } else {
                answer.value = kind != Kind::Gate && spec["defaultValue"] == true;
                record.json = object_value(&spec["defaultValue"]);
            }
            answer.rule_id = text_at(rule, "id").unwrap_or_default();
            answer.group_name = text_at(rule, "groupName");
            answer.is_experiment_group = rule["isExperimentGroup"] == true;
            answer.is_experiment_active = spec["isActive"] == true;
            answer.sampling_rate = rule["samplingRate"].as_u64();
            answer.forward_all_exposures = forward;
            return Ok(true);
        }
        let answer = &mut record.answer;
        answer.value = kind != Kind::Gate && spec["defaultValue"] == true;
        answer.rule_id = "default".to_owned();
        answer.sampling_rate = None;
        answer.forward_all_exposures = forward;
        record.json = object_value(&spec["defaultValue"]);
        Ok(true)
    }

    /// §3.4.
    fn rule(
        &self,
        person: &Person<'_>,
        rule: &Json,
        record: &mut Record,
        depth: usize,
    ) -> Result<bool, TooDeep> {
        let mut all = true;
        for condition in elements(&rule["conditions"]) {
            self.condition(person, condition, record, depth)?;
            all &= record.answer.value;
        }
        record.answer.value = all;
        Ok(all)
    }

    /// §3.5.
    fn passes(&self, person: &Person<'_>, spec: &Json, rule: &Json) -> bool {
        let percentage = rule["passPercentage"].as_f64().unwrap_or(0.0);
        if percentage == 100.0 || percentage == 0.0 {
            return percentage == 100.0;
        }
        let rule_salt = rule["salt"].as_str().or_else(|| rule["id"].as_str());
        let unit = person.unit_text(&id_type(rule));
        let salt = spec["salt"].as_str().unwrap_or_default();
        let hash = h(&format!("{salt}.{}.{unit}", rule_salt.unwrap_or_default()));
        ((hash % 10_000) as f64) < percentage * 100.0
    }

    /// §3.7.
    fn delegate(
        &self,
        person: &Person<'_>,
        rule: &Json,
        record: &mut Record,
        depth: usize,
    ) -> Result<bool, TooDeep> {
        let Some(name) = text_at(rule, "configDelegate") else {
            return Ok(false);
        };
        let Some(spec) = self.spec(Kind::Experiment, &name) else {
            return Ok(false);
        };
        record.undelegated = Some(record.answer.secondary.clone());
        record.answer.value = false;
        record.json = None;
        self.evaluate(person, Kind::Experiment, &name, record, depth + 1)?;
        record.answer.explicit_parameters = explicit_parameters(spec);
        record.answer.config_delegate = Some(name);
        Ok(true)
    }
}

/// §8.1: what a spec, its rules and their conditions must have even in v1.
fn is_readable(spec: &Json) -> bool {
    let condition = |condition: &Json| condition["type"].is_string();
    let rule = |rule: &Json| {
        rule["id"].is_string()
            && rule["passPercentage"].is_number()
            && match &rule["conditions"] {
                Json::Null => true,
                Json::Array(conditions) => conditions.iter().all(condition),
                _ => false,
            }
    };
    let rules = spec["rules"].as_array();
    spec["salt"].is_string() && rules.is_some_and(|rules| rules.iter().all(rule))
}

fn explicit_parameters(spec: &Json) -> Option<Vec<String>> {
    let list = spec["explicitParameters"].as_array()?;
    Some(
        list.iter()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect(),
    )
}
