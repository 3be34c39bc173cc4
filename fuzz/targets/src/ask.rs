//! Everything that can be asked of a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::de::IgnoredAny;
use serde_json::Value as Json;
use statsig_edge::bootstrap::{BootstrapOptions, NameHash, ResponseFormat};
use statsig_edge::explain::{Step, Trace};
use statsig_edge::{
    Country, Environment, Evaluation, Evaluator, LocalOverride, Membership, Options, OverrideValue,
    Parameters, Scratch, SpecKind, StickyOptions, StickyRecord, Stored, Table, User,
};

/// Most specs of a kind that are asked for, from either end.
const SPECS: usize = 24;

/// A world that has everything.
pub(crate) struct World;

impl Environment for World {
    fn now_ms(&self) -> i64 {
        1_760_000_000_000
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn country(&self, ip: &str) -> Country {
        match ip.len() % 3 {
            0 => Country::NotLoaded,
            1 => Country::Unknown,
            _ => Country::Code(*b"US"),
        }
    }

    fn id_list(&self, _: &str, key: &[u8; 8]) -> Membership {
        match key[0] % 3 {
            0 => Membership::NoSuchList,
            1 => Membership::NotMember,
            _ => Membership::Member,
        }
    }
}

pub(crate) const KINDS: [SpecKind; 4] = [
    SpecKind::Gate,
    SpecKind::DynamicConfig,
    SpecKind::Experiment,
    SpecKind::Layer,
];

static OVERRIDES: [LocalOverride<'static>; 3] = [
    LocalOverride {
        kind: SpecKind::Gate,
        name: "overridden",
        id: None,
        value: OverrideValue::Gate(true),
    },
    LocalOverride {
        kind: SpecKind::Experiment,
        name: "an_experiment",
        id: Some("a-user"),
        value: OverrideValue::Group("Test"),
    },
    LocalOverride {
        kind: SpecKind::Layer,
        name: "a_layer",
        id: None,
        value: OverrideValue::Json(r#"{"a": 1}"#),
    },
];

/// Users that between them have every field, in several types.
pub(crate) const USERS: [&str; 3] = [
    r#"{"userID":"a-user","email":"x@statsig.com","ip":"1.2.3.4","userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
      "country":"US","locale":"en_US","appVersion":"1.2.3-beta","custom":{"a":"b","f":["x",1,true,null,{"y":[]}],"level":5,"o":{"k":"v","k":1}},
      "privateAttributes":{"p":"q"},"customIDs":{"companyID":"statsig"},"statsigEnvironment":{"tier":"staging"}}"#,
    r#"{"userID":123.5,"email":"","custom":{"f":"2024-02-29T12:00:00Z","LEVEL":"7","\u00e4":"\u0130stanbul"},"customIDs":{"COMPANYID":"Statsig"}}"#,
    r#"{"customIDs":{},"custom":{"f":{"a":1}}}"#,
];

/// Checks that a text is JSON, if the table says that its values are.
pub(crate) fn parse(text: &str, valid: bool) -> Json {
    match serde_json::from_str(text) {
        Ok(json) => json,
        // It is JSON all the same, and what a v1 payload says.
        Err(error) if is_unreadable(&error.to_string()) => Json::Null,
        Err(error) if valid => panic!("{error}: {text}"),
        Err(_) => Json::Null,
    }
}

/// What `serde_json` says of a number beyond a double and of half of a surrogate pair.
fn is_unreadable(error: &str) -> bool {
    error.starts_with("number out of range")
        || error.contains("surrogate in hex escape")
        || error.starts_with("unexpected end of hex escape")
}

/// What a check says of itself, as text.
pub(crate) fn said(evaluation: &Evaluation<'_>) -> String {
    let mut out = format!("{} {:?}", evaluation.value, evaluation.reason);
    // A `String` takes everything.
    let _ = evaluation.write_reason("Bootstrap", &mut out);
    out.push(' ');
    let _ = evaluation.write_rule_id(&mut out);
    let _ = write!(
        out,
        " {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        evaluation.json(),
        evaluation.group_name(),
        evaluation.id_type(),
        evaluation.version,
        evaluation.config_delegate(),
        evaluation.override_config_name(),
        evaluation.sampling_rate(),
    );
    for parameter in evaluation
        .explicit_parameters()
        .iter()
        .flat_map(|list| list.iter())
    {
        out.push_str(parameter);
    }
    out
}

/// Writes down every step.
#[derive(Default)]
pub(crate) struct Steps {
    pub(crate) count: usize,
    text: String,
}

impl Trace for Steps {
    fn step(&mut self, depth: u32, step: &Step<'_>) {
        self.count += 1;
        assert!(depth < 1000);
        self.text.clear();
        let _ = write!(self.text, "{step:?}");
        if let Step::Condition { condition, .. } = step {
            let _ = condition.write_target(&mut self.text);
            self.text.push_str(condition.type_name());
            self.text
                .push_str(condition.operator_name().unwrap_or_default());
            self.text.push_str(condition.subject().unwrap_or_default());
        }
        if let Step::Answer { evaluation } = step {
            self.text.push_str(&said(evaluation));
        }
    }
}

/// Asks for everything; `valid` says that the table was written by the compiler, so that its values are JSON.
pub(crate) fn everything(table: Table<'_>, user: &User<'_>, valid: bool) {
    let plain = Evaluator::new(table, &World);
    let mut options = Options::default();
    options.tier = Some("production");
    options.overrides = OVERRIDES.as_slice().into();
    let configured = Evaluator::with_options(table, &World, options);
    let mut scratch = Scratch::<16, 4>::new();
    for evaluator in [&plain, &configured] {
        for kind in KINDS {
            let last = table.specs(kind).count().saturating_sub(SPECS / 2);
            let chosen = |at: usize| at < SPECS / 2 || at >= last;
            for (at, spec) in table.specs(kind).enumerate() {
                if chosen(at) {
                    ask(evaluator, kind, spec.name(), user, &mut scratch, valid);
                }
            }
            ask(evaluator, kind, "no such spec", user, &mut scratch, valid);
            ask(evaluator, kind, "overridden", user, &mut scratch, valid);
        }
        for store in table.parameter_stores().take(SPECS) {
            for parameter in store.parameters().take(SPECS) {
                let view = scratch.view();
                let found = evaluator.store_parameter(user, &store, parameter.name, view, &mut ());
                if let Ok(value) = found.value() {
                    parse(value.as_str(), valid);
                }
            }
        }
    }
    bootstrap(&configured, user, valid);
    look(table, valid);
}

/// What can be asked without a user.
fn look(table: Table<'_>, valid: bool) {
    for kind in KINDS {
        for spec in table.specs(kind).take(SPECS) {
            spec.default_value().map(|json| parse(json, valid));
            spec.explicit_parameters().map(|list| list.iter().count());
            spec.target_app_ids()
                .map(|list| (list.contains("app"), list.len()));
            if let Some(cmab) = spec.cmab() {
                let _ = format!("{cmab:?}");
            }
            let _ = format!(
                "{spec:?} {:?} {} {:?}",
                spec.entity(),
                spec.id_type(),
                spec.version()
            );
        }
    }
    if let Some(meta) = table.meta() {
        meta.app_id_of_key("client-key");
        meta.id_lists().map(|lists| lists.iter().count());
        let _ = format!("{:?} {:?}", meta.app_id(), meta.default_environment());
    }
    table.experiment_layers().take(SPECS).count();
    table.unsupported_conditions();
    table.engine_patterns().count();
    let verified = table.verify();
    assert!(!valid || verified.is_ok());
    let _ = format!("{table:?}");
}

fn bootstrap(evaluator: &Evaluator<'_, '_, World>, user: &User<'_>, valid: bool) {
    let mut scratch = Scratch::<16, 4>::new();
    for (format, hash) in [
        (ResponseFormat::V1, NameHash::Sha256),
        (ResponseFormat::V2, NameHash::None),
        (ResponseFormat::InitV2, NameHash::Djb2),
    ] {
        let mut options = BootstrapOptions::default();
        options.format = format;
        options.hash = hash;
        options.client_sdk_key = Some("client-key");
        options.remove_default_value_gates = format == ResponseFormat::V2;
        options.remove_experiments_in_layers = format == ResponseFormat::V1;
        options.include_local_overrides = format == ResponseFormat::V1;
        let mut out = String::new();
        // A `String` takes everything.
        let _ = evaluator.client_bootstrap(user, &options, scratch.view(), &mut out);
        parse(&out, valid);
    }
}

fn ask<'t>(
    evaluator: &Evaluator<'t, '_, World>,
    kind: SpecKind,
    name: &str,
    user: &User<'_>,
    scratch: &mut Scratch<'t, 16, 4>,
    valid: bool,
) {
    let mut steps = Steps::default();
    let explained = said(&evaluator.explain(kind, user, name, scratch, &mut steps));
    let mut out = String::new();
    let answered = match kind {
        SpecKind::Gate => {
            let gate = evaluator.gate(user, name, scratch);
            gate.exposure();
            said(gate.evaluation())
        }
        SpecKind::DynamicConfig => {
            let config = evaluator.dynamic_config(user, name, scratch);
            let json = parse(config.json(), valid);
            for (name, value) in json.as_object().into_iter().flatten().take(SPECS) {
                let read = config.parameter(name).map(|text| parse(text, valid));
                assert!(!valid || read.as_ref() == Some(value), "{name:?} of {json}");
                typed(&config, name);
            }
            said(config.evaluation())
        }
        SpecKind::Experiment => {
            let experiment = evaluator.experiment(user, name, scratch);
            parse(experiment.json(), valid);
            typed(&experiment, "a_string");
            let said = said(experiment.evaluation());
            for group in table_groups(evaluator.table(), name) {
                let by_name = evaluator.experiment_by_group_name(name, group.0, scratch);
                parse(by_name.json(), valid);
                evaluator
                    .experiment_by_rule_id(name, group.1, scratch)
                    .json();
            }
            let (kept, _) = evaluator.experiment_sticky(
                user,
                name,
                &Stored::Nothing,
                StickyOptions::default(),
                scratch.view(),
                &mut (),
            );
            let _ = kept.write_sticky_record(1, &mut out);
            said
        }
        SpecKind::Layer => {
            let layer = evaluator.layer(user, name, scratch);
            let mut json = String::new();
            let _ = layer.write_json(&mut json);
            for (name, value) in parse(&json, valid)
                .as_object()
                .into_iter()
                .flatten()
                .take(SPECS)
            {
                let read = layer.parameter(name).map(|read| parse(read.json, valid));
                assert!(!valid || read.as_ref() == Some(value), "{name:?} of {json}");
            }
            typed(&layer, "a_string");
            let said = said(layer.evaluation());
            let (kept, _) = evaluator.layer_sticky(
                user,
                name,
                &Stored::Nothing,
                StickyOptions::default(),
                scratch.view(),
                &mut (),
            );
            let _ = kept.write_sticky_record(1, &mut out);
            said
        }
    };
    // A table that is not the compiler's may contradict itself.
    assert!(
        !valid || answered == explained,
        "{kind:?} {name:?}: {answered}, explained {explained}"
    );
    if !out.is_empty() {
        kept(evaluator, kind, name, user, &out, valid);
    }
}

/// Asks again with a record that was written.
fn kept(
    evaluator: &Evaluator<'_, '_, World>,
    kind: SpecKind,
    name: &str,
    user: &User<'_>,
    record: &str,
    valid: bool,
) {
    parse(record, valid);
    let mut buffer = vec![0; record.len()];
    let Ok(record) = StickyRecord::from_json(record, &mut buffer) else {
        assert!(!valid, "no record: {record}");
        return;
    };
    record.secondary_exposures().count();
    let (stored, options) = (Stored::Record(record), StickyOptions::default());
    let mut scratch = Scratch::<16, 4>::new();
    let view = scratch.view();
    match kind {
        SpecKind::Layer => {
            evaluator.layer_sticky(user, name, &stored, options, view, &mut ());
        }
        _ => {
            evaluator.experiment_sticky(user, name, &stored, options, view, &mut ());
        }
    }
}

fn table_groups<'t>(table: Table<'t>, name: &str) -> Vec<(&'t str, &'t str)> {
    let groups = table.experiment_groups(name);
    let groups = groups.iter().flat_map(|groups| groups.iter());
    groups
        .take(4)
        .map(|group| (group.name, group.rule_id))
        .collect()
}

/// Reads a parameter as every type.
fn typed<'t>(parameters: &impl Parameters<'t>, name: &str) {
    let _ = parameters.read(name, |value| {
        let _ = (value.bool(), value.i64(), value.u64(), value.f64());
        let _ = (value.array(), value.object(), value.json_type());
        if let Ok(text) = value.text() {
            text.chars().count();
        }
        let _ = value.parse::<Vec<Option<(f32, String)>>>();
        let _ = value.parse::<BTreeMap<String, IgnoredAny>>();
        Ok(())
    });
}
