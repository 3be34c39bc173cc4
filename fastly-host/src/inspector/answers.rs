//! Every answer for a user, for the page's list, and the status above it.
//!
//! An object of `status` (as [`write_status`] gives it), `events` (`to`, where they go, or null; `pending` of this request),
//! `idListFailures` (`list`, `error`) and `answers`. An answer has its `kind` (`gate`, `config`, `experiment`, `layer`, `store`),
//! `name`, `entity`, `value` as JSON *text*, so that no number in it changes on its way, and for all but stores `ruleID`, `idType`,
//! `version` if there is one, `reason`, `groupName`, and of a layer `allocatedExperimentName`.
//!
//! Cost: every spec is evaluated once, what a parameter store refers to once more.

use alloc::string::String;

use statsig_edge::{Entity, Environment, Evaluation, Evaluator, SpecKind, User};

use crate::explanation::kind_name;
use crate::json::{self, List};
use crate::report::{Room, write_common, write_store_values};
use crate::statsig::Statsig;
use crate::status::write_status;

pub(super) fn write(statsig: &Statsig<'_>, user: &User<'_>, out: &mut String) {
    let mut object = List::object(out);
    let mut answers = String::new();
    let mut list = List::array(&mut answers);
    if let Some(evaluator) = statsig.evaluator() {
        write_all(&evaluator, user, statsig.reason_source(), &mut list);
    }
    list.end();
    object.member("answers").push_str(&answers);
    write_status(statsig, object.member("status"));
    write_events(statsig, object.member("events"));
    let mut failures = List::array(object.member("idListFailures"));
    for failure in statsig.id_list_failures() {
        let mut object = List::object(failures.element());
        object.text("list", &failure.list);
        json::message(object.member("error"), |out| failure.reason.write(out));
        object.end();
    }
    failures.end();
    object.end();
}

fn write_events(statsig: &Statsig<'_>, out: &mut String) {
    let mut object = List::object(out);
    let (events, pending) = match statsig.events_pending() {
        Some((events, pending)) => (Some(events), pending),
        None => (None, 0),
    };
    let backend = events.and_then(|events| events.backend);
    let log = events.and_then(|events| events.log);
    let to = backend.map(|backend| backend.name);
    json::optional_text(to.or(log.map(|log| log.name)), object.member("to"));
    json::number(pending, object.member("pending"));
    object.end();
}

fn write_all<E: Environment>(
    evaluator: &Evaluator<'_, '_, E>,
    user: &User<'_>,
    source: &str,
    list: &mut List<'_>,
) {
    let table = evaluator.table();
    let mut scratch = Room::new();
    for kind in [
        SpecKind::Gate,
        SpecKind::DynamicConfig,
        SpecKind::Experiment,
        SpecKind::Layer,
    ] {
        for spec in table.specs(kind) {
            // Configs and experiments share one index.
            let is_config = spec.entity() == Entity::DynamicConfig;
            if matches!(kind, SpecKind::DynamicConfig) && !is_config
                || matches!(kind, SpecKind::Experiment) && is_config
            {
                continue;
            }
            let name = spec.name();
            let mut object = List::object(list.element());
            object.text("kind", kind_name(kind));
            object.text("name", name);
            object.text("entity", spec.entity().as_str());
            match kind {
                SpecKind::Gate => {
                    let gate = evaluator.gate(user, name, &mut scratch);
                    object.text("value", json::boolean(gate.value()));
                    write_answer(gate.evaluation(), source, object);
                }
                SpecKind::DynamicConfig => {
                    let config = evaluator.dynamic_config(user, name, &mut scratch);
                    object.text("value", config.json());
                    write_answer(config.evaluation(), source, object);
                }
                SpecKind::Experiment => {
                    let experiment = evaluator.experiment(user, name, &mut scratch);
                    object.text("value", experiment.json());
                    write_answer(experiment.evaluation(), source, object);
                }
                SpecKind::Layer => {
                    let layer = evaluator.layer(user, name, &mut scratch);
                    json::pieces(object.member("value"), |out| layer.write_json(out));
                    let allocated = layer.allocated_experiment();
                    json::optional_text(allocated, object.member("allocatedExperimentName"));
                    write_answer(layer.evaluation(), source, object);
                }
            }
        }
    }
    for store in table.parameter_stores() {
        let mut values = String::new();
        write_store_values(evaluator, user, &store, &mut scratch, &mut values);
        let mut object = List::object(list.element());
        object.text("kind", "store");
        object.text("name", store.name());
        object.text("entity", "param_store");
        object.text("value", &values);
        object.end();
    }
}

fn write_answer(evaluation: &Evaluation<'_>, source: &str, mut object: List<'_>) {
    json::optional_text(evaluation.group_name(), object.member("groupName"));
    write_common(evaluation, source, &mut object);
    object.end();
}
