//! What the specs say about one user, all of it, as JSON: what the service answers at `/all` and the command line
//! prints.
//!
//! One object of `gates`, `dynamic_configs`, `experiments`, `layers` and `param_stores`, each by name. A gate, a config
//! or an experiment carries the `exposure` that its check would log, a layer those of its parameters in
//! `param_exposures`: metadata without times, and secondary exposures as they would be sent. Nothing is logged. Cost:
//! every spec is evaluated once, what a parameter store refers to once more.

use alloc::string::String;

use statsig_edge::{
    Entity, Environment, Evaluation, Evaluator, Exposure, ParameterStore, Scratch, SpecKind,
    StoreParameter, User,
};

use crate::encode::{
    Details, write_metadata, write_reason, write_rule_id, write_secondary_exposures,
};
use crate::json::{self, List};

/// The longest name of a layer parameter that is reported, in bytes.
const LONGEST_PARAMETER: usize = 2048;

/// Room for one check: more than any real project needs.
pub(crate) type Room<'t> = Scratch<'t, 512, 64>;

/// Writes the report for a user.
///
/// `source` is the first half of the reasons, such as `Bootstrap`.
///
/// ```
/// # #[cfg(feature = "drop-in")] {
/// # use statsig_edge::User;
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # use statsig_fastly::{Config, Specs, Statsig};
/// # let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples/specs.json"));
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("statsig", "specs", KvEntry::new(specs))
/// #     .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
/// # let (_, record) = fake::with(host, || {
/// # let config = Config::new().with_kv_store("statsig", "specs");
/// # let specs = Specs::load(&config);
/// # let statsig = Statsig::new(&config, &specs);
/// let mut json = String::new();
/// statsig_fastly::report::write_all(&statsig.evaluator().unwrap(), &User::new(), "Bootstrap", &mut json);
/// assert!(json.starts_with(r#"{"gates":{"#) && json.contains(r#""param_stores":{"shop":{"#), "{json}");
/// # });
/// # }
/// ```
pub fn write_all<E: Environment>(
    evaluator: &Evaluator<'_, '_, E>,
    user: &User<'_>,
    source: &str,
    out: &mut String,
) {
    let table = evaluator.table();
    let mut scratch = Room::new();
    let mut report = List::object(out);
    let mut section = List::object(report.member("gates"));
    for spec in table.specs(SpecKind::Gate) {
        let gate = evaluator.gate(user, spec.name(), &mut scratch);
        let mut object = List::object(section.entry(spec.name()));
        object.member("value").push_str(json::boolean(gate.value()));
        write_common(gate.evaluation(), source, &mut object);
        write_exposure(&gate.exposure(), source, object.member("exposure"));
        object.end();
    }
    section.end();
    let mut section = List::object(report.member("dynamic_configs"));
    for spec in table.specs(SpecKind::DynamicConfig) {
        if spec.entity() != Entity::DynamicConfig {
            continue;
        }
        let config = evaluator.dynamic_config(user, spec.name(), &mut scratch);
        let mut object = List::object(section.entry(spec.name()));
        object.member("value").push_str(config.json());
        write_common(config.evaluation(), source, &mut object);
        write_exposure(&config.exposure(), source, object.member("exposure"));
        object.end();
    }
    section.end();
    // Autotunes too, and in old payloads the configs that do not say what they are.
    let mut section = List::object(report.member("experiments"));
    for spec in table.specs(SpecKind::Experiment) {
        if spec.entity() == Entity::DynamicConfig {
            continue;
        }
        let experiment = evaluator.experiment(user, spec.name(), &mut scratch);
        let mut object = List::object(section.entry(spec.name()));
        object.member("value").push_str(experiment.json());
        json::optional_text(experiment.group_name(), object.member("groupName"));
        write_common(experiment.evaluation(), source, &mut object);
        write_exposure(&experiment.exposure(), source, object.member("exposure"));
        object.end();
    }
    section.end();
    let mut section = List::object(report.member("layers"));
    for spec in table.specs(SpecKind::Layer) {
        write_layer(
            evaluator,
            user,
            source,
            spec.name(),
            &mut scratch,
            section.entry(spec.name()),
        );
    }
    section.end();
    let mut section = List::object(report.member("param_stores"));
    for store in table.parameter_stores() {
        write_store(
            evaluator,
            user,
            &store,
            &mut scratch,
            section.entry(store.name()),
        );
    }
    section.end();
    report.end();
}

fn write_layer<'t, E: Environment>(
    evaluator: &Evaluator<'t, '_, E>,
    user: &User<'_>,
    source: &str,
    name: &str,
    scratch: &mut Room<'t>,
    out: &mut String,
) {
    let layer = evaluator.layer(user, name, scratch);
    let mut object = List::object(out);
    // A `String` takes everything.
    let _ = layer.write_json(object.member("value"));
    json::optional_text(layer.group_name(), object.member("groupName"));
    json::optional_text(
        layer.allocated_experiment(),
        object.member("allocatedExperimentName"),
    );
    write_common(layer.evaluation(), source, &mut object);
    let mut exposures = String::new();
    let mut list = List::object(&mut exposures);
    let mut any = false;
    layer.for_each_parameter(&mut heapless::String::<LONGEST_PARAMETER>::new(), |name| {
        if let Some(parameter) = layer.parameter(name) {
            any = true;
            write_exposure(&parameter.exposure(), source, list.entry(name));
        }
    });
    list.end();
    if any {
        object.member("param_exposures").push_str(&exposures);
    }
    object.end();
}

fn write_store<'t, E: Environment>(
    evaluator: &Evaluator<'t, '_, E>,
    user: &User<'_>,
    store: &ParameterStore<'t>,
    scratch: &mut Room<'t>,
    out: &mut String,
) {
    let mut object = List::object(out);
    write_store_values(evaluator, user, store, scratch, object.member("values"));
    object.end();
}

/// The parameters of a store by name, null where there is no value.
pub(crate) fn write_store_values<'t, E: Environment>(
    evaluator: &Evaluator<'t, '_, E>,
    user: &User<'_>,
    store: &ParameterStore<'t>,
    scratch: &mut Room<'t>,
    out: &mut String,
) {
    let mut values = List::object(out);
    for parameter in store.parameters() {
        let value = evaluator.store_parameter(user, store, parameter.name, scratch.view(), &mut ());
        values.entry(parameter.name).push_str(match value {
            StoreParameter::Value(json) => json,
            _ => "null",
        });
    }
    values.end();
}

/// What every answer has.
pub(crate) fn write_common(evaluation: &Evaluation<'_>, source: &str, object: &mut List<'_>) {
    write_rule_id(evaluation, object.member("ruleID"));
    object.text("idType", evaluation.id_type().unwrap_or_default());
    if let Some(version) = evaluation.version {
        json::number(u64::from(version), object.member("version"));
    }
    write_reason(evaluation, source, object.member("reason"));
}

fn write_exposure(exposure: &Exposure<'_, '_>, source: &str, out: &mut String) {
    let mut object = List::object(out);
    write_metadata(exposure, &Details::new(source), object.member("metadata"));
    write_secondary_exposures(exposure, object.member("secondaryExposures"));
    object.end();
}
