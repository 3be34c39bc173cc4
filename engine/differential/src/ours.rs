//! Our engine, asked for the same.

use serde_json::{Value as Json, json};
use statsig_edge::bootstrap::{BootstrapOptions, NameHash, ResponseFormat};
use statsig_edge::{
    Attributes, Evaluation, Evaluator, LocalOverride, Options, OverrideValue, Reason, Scratch,
    SecondaryExposure, SpecKind, StickyChange, StickyOptions, StickyRecord, StoreParameter, Stored,
    Table, User,
};
use statsig_fastly_cli::explanation;

use crate::answer::{Answer, Kind, Secondary};
use crate::bootstrap::{Asked, FILTERED, Format, Hash, normal};
use crate::generate::{Setting, SettingValue};
use crate::sticky::{Held, StickyAnswer, StickyAsked};
use crate::world::{self, World};

/// Room for one check: more nested gates than a generated payload can reach.
pub type Room<'t> = Scratch<'t, 20_000, 256>;

/// A compiled payload.
pub struct Ours<'t, 'w> {
    table: Table<'t>,
    world: &'w World<'w>,
    configured: bool,
    overrides: &'t [LocalOverride<'t>],
}

/// Local overrides as our engine takes them.
pub fn overrides(settings: &[Setting]) -> Vec<LocalOverride<'_>> {
    settings
        .iter()
        .map(|setting| LocalOverride {
            kind: spec_kind(setting.kind),
            name: &setting.name,
            id: setting.id.as_deref(),
            value: match &setting.value {
                SettingValue::Gate(value) => OverrideValue::Gate(*value),
                SettingValue::Json(json) => OverrideValue::Json(json),
                SettingValue::Group(group) => OverrideValue::Group(group),
            },
        })
        .collect()
}

fn spec_kind(kind: Kind) -> SpecKind {
    match kind {
        Kind::Gate => SpecKind::Gate,
        Kind::DynamicConfig => SpecKind::DynamicConfig,
        Kind::Experiment => SpecKind::Experiment,
        Kind::Layer => SpecKind::Layer,
    }
}

impl<'t, 'w> Ours<'t, 'w> {
    /// Opens a table; `configured` as for [`crate::official::Core::start`].
    pub fn open(
        table: &'t [u8],
        world: &'w World<'w>,
        configured: bool,
        overrides: &'t [LocalOverride<'t>],
    ) -> Option<Self> {
        let table = Table::open(table).ok()?;
        Some(Ours {
            table,
            world,
            configured,
            overrides,
        })
    }

    /// Whether the table has a spec of that name.
    pub fn knows(&self, kind: Kind, name: &str) -> bool {
        self.table.spec(spec_kind(kind), name).is_some()
    }

    fn evaluator(&self) -> Evaluator<'t, '_, World<'w>> {
        let mut options = Options::default();
        options.overrides = self.overrides.into();
        if self.configured {
            options.tier = Some(world::TIER);
            options.custom = Some(Attributes::from(&world::GLOBAL_CUSTOM));
        }
        Evaluator::with_options(self.table, self.world, options)
    }

    /// The groups of an experiment, and what it gives each of some groups and rules.
    pub fn groups(&self, name: &str, groups: &[&str], rules: &[&str]) -> Json {
        let listed = self.table.experiment_groups(name);
        let list = listed
            .iter()
            .flat_map(|listed| listed.iter())
            .map(|group| json!([group.name, group.rule_id, group.id_type, parse(group.json)]));
        let evaluator = self.evaluator();
        let by_group = groups.iter().map(|group| (true, *group));
        let by_rule = rules.iter().map(|rule| (false, *rule));
        let found = by_group.chain(by_rule).map(|(by_group, text)| {
            let mut scratch = Scratch::<1, 1>::new();
            let one = match by_group {
                true => evaluator.experiment_by_group_name(name, text, &mut scratch),
                false => evaluator.experiment_by_rule_id(name, text, &mut scratch),
            };
            let common = common(one.evaluation());
            json!([
                common.rule_id,
                common.id_type.unwrap_or_default(),
                common.group_name,
                common.is_experiment_active,
                common.reason,
                parse(one.json())
            ])
        });
        let active = listed.map(|listed| listed.is_experiment_active());
        json!({"active": active, "groups": list.collect::<Vec<_>>(), "found": found.collect::<Vec<_>>()})
    }

    /// The client bootstrap response.
    pub fn bootstrap(&self, user: &User<'_>, asked: &Asked, scratch: &mut Room<'t>) -> Json {
        let mut options = BootstrapOptions::default();
        options.hash = match asked.hash {
            Hash::None => NameHash::None,
            Hash::Djb2 => NameHash::Djb2,
            Hash::Sha256 => NameHash::Sha256,
        };
        options.format = match asked.format {
            Format::V1 => ResponseFormat::V1,
            Format::V2 => ResponseFormat::V2,
            Format::InitV2 => ResponseFormat::InitV2,
        };
        options.target_app_id = asked.app;
        options.client_sdk_key = asked.key;
        if asked.filtered {
            let [gates, configs, experiments, layers, stores] = FILTERED;
            options.feature_gates = Some(gates);
            options.dynamic_configs = Some(configs);
            options.experiments = Some(experiments);
            options.layers = Some(layers);
            options.param_stores = Some(stores);
        }
        options.remove_id_type = asked.remove_id_type;
        options.remove_default_value_gates = asked.remove_default_value_gates;
        options.remove_experiments_in_layers = asked.remove_experiments_in_layers;
        let mut text = String::new();
        let evaluator = self.evaluator();
        // A `String` takes everything.
        let _ = evaluator.client_bootstrap(user, &options, scratch.view(), &mut text);
        normal(&text)
    }

    /// Why it answers so.
    pub fn explain(&self, user: &User<'_>, kind: Kind, name: &str) -> String {
        explanation::text(&self.evaluator(), spec_kind(kind), name, user)
    }

    /// An experiment or a layer of which the user keeps what it was given.
    pub fn sticky(
        &self,
        user: &User<'_>,
        kind: Kind,
        name: &str,
        asked: &StickyAsked,
    ) -> StickyAnswer {
        let mut buffer;
        let stored = match &asked.held {
            Held::Unwanted => Stored::Unwanted,
            Held::Nothing => Stored::Nothing,
            Held::Record(text) => {
                buffer = vec![0; text.len()];
                StickyRecord::from_json(text, &mut buffer).map_or(Stored::Nothing, Stored::Record)
            }
        };
        let evaluator = self.evaluator();
        let mut options = StickyOptions::default();
        options.enforce_overrides = asked.enforce_overrides;
        options.enforce_targeting = asked.enforce_targeting;
        let mut room = Box::new(Room::new());
        let (mut key, mut record, mut json_text) = (String::new(), String::new(), String::new());
        let time = self.table.time();
        // A `String` takes everything.
        let (change, evaluation, secondary, mut answer) = match kind {
            Kind::Layer => {
                let (layer, change) =
                    evaluator.layer_sticky(user, name, &stored, options, room.view(), &mut ());
                let _ = layer.write_sticky_record(time, &mut record);
                let _ = layer.write_json(&mut json_text);
                let delegate = json!({"delegate": layer.allocated_experiment()});
                (
                    change,
                    *layer.evaluation(),
                    layer.secondary_exposures(),
                    delegate,
                )
            }
            _ => {
                let (experiment, change) =
                    evaluator.experiment_sticky(user, name, &stored, options, room.view(), &mut ());
                let _ = experiment.write_sticky_record(time, &mut record);
                json_text.push_str(experiment.json());
                (
                    change,
                    *experiment.evaluation(),
                    experiment.secondary_exposures(),
                    json!({}),
                )
            }
        };
        let _ = user.write_sticky_key(evaluation.id_type().unwrap_or_default(), &mut key);
        let common = common(&evaluation);
        let secondary = secondary.iter().map(|one| {
            let value = if one.gate_value { "true" } else { "false" };
            json!({"gate": one.gate, "gateValue": value, "ruleID": one.rule_id})
        });
        answer["json"] = parse(&json_text);
        answer["rule_id"] = common.rule_id.into();
        answer["group"] = common.group_name.into();
        answer["reason"] = common.reason.into();
        let allocated =
            kind != Kind::Layer || common.config_delegate.is_some_and(|name| !name.is_empty());
        let active =
            common.is_experiment_active && (allocated || evaluation.reason == Reason::Persisted);
        answer["active"] = active.into();
        answer["secondary"] = secondary.collect::<Vec<_>>().into();
        StickyAnswer {
            answer,
            saved: (change == StickyChange::Save).then(|| json!([key, name, parse(&record)])),
            deleted: change == StickyChange::Delete,
        }
    }

    /// A parameter of a parameter store, null when there is none.
    pub fn store_parameter(
        &self,
        user: &User<'_>,
        store: &str,
        parameter: &str,
        scratch: &mut Room<'t>,
    ) -> Json {
        let evaluator = self.evaluator();
        let Some(store) = evaluator.parameter_store(store) else {
            return Json::Null;
        };
        match evaluator.store_parameter(user, &store, parameter, scratch.view(), &mut ()) {
            StoreParameter::Value(json) => parse(json),
            _ => Json::Null,
        }
    }

    /// The answer.
    pub fn ask(&self, user: &User<'_>, kind: Kind, name: &str, scratch: &mut Room<'t>) -> Answer {
        let evaluator = self.evaluator();
        macro_rules! answer {
            ($result:ident, $json:expr) => {{
                let json = $json;
                let mut answer = common($result.evaluation());
                answer.json = json;
                answer.secondary = list($result.secondary_exposures().iter());
                answer.undelegated = list($result.undelegated_secondary_exposures());
                answer
            }};
        }
        match kind {
            Kind::Gate => {
                let gate = evaluator.gate(user, name, scratch);
                answer!(gate, Json::Null)
            }
            Kind::DynamicConfig => {
                let config = evaluator.dynamic_config(user, name, scratch);
                let json = parse(config.json());
                for (parameter, value) in json.as_object().into_iter().flatten() {
                    let read = config.parameter(parameter).map(parse);
                    assert_eq!(
                        read.as_ref(),
                        Some(value),
                        "parameter {parameter:?} of {}",
                        config.json()
                    );
                }
                answer!(config, json)
            }
            Kind::Experiment => {
                let experiment = evaluator.experiment(user, name, scratch);
                answer!(experiment, parse(experiment.json()))
            }
            Kind::Layer => {
                let layer = evaluator.layer(user, name, scratch);
                let mut text = String::new();
                // A `String` takes everything.
                let _ = layer.write_json(&mut text);
                let json = parse(&text);
                let parameters = json
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter_map(|(parameter, _)| {
                        let read = layer.parameter(parameter)?;
                        Some((
                            parameter.clone(),
                            (read.rule_id.to_owned(), read.explicit, parse(read.json)),
                        ))
                    })
                    .collect();
                let mut answer = answer!(layer, json);
                answer.parameters = parameters;
                answer
            }
        }
    }
}

fn parse(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| Json::from(format!("{error}: {text}")))
}

fn common(evaluation: &Evaluation<'_>) -> Answer {
    let (mut reason, mut rule_id) = (String::new(), String::new());
    // A `String` takes everything.
    let _ = evaluation.write_reason("Bootstrap", &mut reason);
    let _ = evaluation.write_rule_id(&mut rule_id);
    if evaluation.dropped > 0 {
        reason.push_str(" with dropped exposures");
    }
    let text = str::to_owned;
    Answer {
        value: evaluation.value,
        rule_id,
        reason,
        group_name: evaluation.group_name().map(text),
        id_type: evaluation.id_type().map(text),
        version: evaluation.version,
        is_experiment_group: evaluation.is_experiment_group,
        is_experiment_active: evaluation.is_experiment_active,
        is_in_layer: evaluation.is_in_layer,
        explicit_parameters: evaluation
            .explicit_parameters()
            .map(|list| list.iter().map(text).collect()),
        config_delegate: evaluation.config_delegate().map(text),
        override_config_name: evaluation.override_config_name().map(text),
        sampling_rate: evaluation.sampling_rate().map(u64::from),
        forward_all_exposures: evaluation.forward_all_exposures,
        analytical: evaluation.has_seen_analytical_gates,
        ..Answer::default()
    }
}

fn list<'e>(exposures: impl Iterator<Item = &'e SecondaryExposure<'e>>) -> Vec<Secondary> {
    exposures
        .map(|one| (one.gate.to_owned(), one.gate_value, one.rule_id.to_owned()))
        .collect()
}
