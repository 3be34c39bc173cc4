//! How an answer came about, as JSON: what `statsig-fastly explain --json` prints and the inspector shows.
//!
//! A list of steps in the order in which they were taken. Each has its `depth` (0 for what was asked, one more inside of
//! each spec) and its `step`:
//!
//! | `step` | what else it has |
//! | --- | --- |
//! | `spec` | `kind`, `name`: its steps follow, then its `answer` |
//! | `rule` | `ruleID`: its conditions follow |
//! | `condition` | `type`, `subject`, `operator`, `target`, the `value` that was looked at, whether it `holds` (null: unsupported); or `missing` |
//! | `percentage` | the `bucket` drawn (null: none), the `bound` below which it passes, `passes` |
//! | `delegate`, `mapping`, `override` | `experiment`, `config`, `name` |
//! | `answer` | `value`, `ruleID`, `groupName` |
//! | `parameter` | of a parameter store: `name`, `type`, and its `value` as JSON text (null: none); what it refers to follows |
//!
//! Cost: one evaluation, and the text.

use alloc::string::String;

use statsig_edge::explain::{Step, Trace};
use statsig_edge::{
    Environment, Evaluation, Evaluator, ParameterStore, Reference, Scratch, SpecKind,
    StoreParameter, User,
};

use crate::encode::{write_reason, write_rule_id};
use crate::json::{self, List};

/// Room for one evaluation.
type Room<'t> = Scratch<'t, 512, 64>;

/// Evaluates and writes an object of `kind`, `name`, `value`, `ruleID`, `reason` and `steps`. Nothing is logged.
///
/// `source` is the first half of the reason, such as `Bootstrap`.
pub fn write_explanation<E: Environment>(
    evaluator: &Evaluator<'_, '_, E>,
    user: &User<'_>,
    kind: SpecKind,
    name: &str,
    source: &str,
    out: &mut String,
) {
    let mut text = String::new();
    let mut steps = Steps::new(&mut text, 0);
    let evaluation = evaluator.explain(kind, user, name, &mut Room::new(), &mut steps);
    steps.list.end();
    let mut object = List::object(out);
    object.text("kind", kind_name(kind));
    object.text("name", name);
    object
        .member("value")
        .push_str(json::boolean(evaluation.value));
    write_rule_id(&evaluation, object.member("ruleID"));
    write_reason(&evaluation, source, object.member("reason"));
    object.member("steps").push_str(&text);
    object.end();
}

/// The same for every parameter of a store: an object of `kind`, `name` and `steps`. Nothing is logged.
pub fn write_store_explanation<'t, E: Environment>(
    evaluator: &Evaluator<'t, '_, E>,
    user: &User<'_>,
    store: &ParameterStore<'t>,
    out: &mut String,
) {
    let mut object = List::object(out);
    object.text("kind", "store");
    object.text("name", store.name());
    let mut steps = Steps::new(object.member("steps"), 1);
    let mut scratch = Room::new();
    for parameter in store.parameters() {
        let value = evaluator.store_parameter(user, store, parameter.name, scratch.view(), &mut ());
        let mut step = steps.begin(0, "parameter");
        step.text("name", parameter.name);
        step.text("type", parameter.param_type);
        let value = match value {
            StoreParameter::Value(value) => Some(value),
            _ => None,
        };
        json::optional_text(value, step.member("value"));
        step.end();
        let (kind, name) = match parameter.reference {
            Reference::Gate { gate, .. } => (SpecKind::Gate, gate),
            Reference::DynamicConfig { config, .. } => (SpecKind::DynamicConfig, config),
            Reference::Experiment { experiment, .. } => (SpecKind::Experiment, experiment),
            Reference::Layer { layer, .. } => (SpecKind::Layer, layer),
            _ => continue,
        };
        evaluator.explain(kind, user, name, &mut scratch, &mut steps);
    }
    steps.list.end();
    object.end();
}

/// A kind in one word, as it is asked for: `gate`, `config`, `experiment` or `layer`.
pub fn kind_name(kind: SpecKind) -> &'static str {
    match kind {
        SpecKind::Gate => "gate",
        SpecKind::DynamicConfig => "config",
        SpecKind::Experiment => "experiment",
        SpecKind::Layer => "layer",
    }
}

/// Writes each step as it is taken.
struct Steps<'o> {
    list: List<'o>,
    /// What is added to every depth.
    below: u32,
}

impl<'o> Steps<'o> {
    fn new(out: &'o mut String, below: u32) -> Self {
        Steps {
            list: List::array(out),
            below,
        }
    }

    fn begin(&mut self, depth: u32, step: &'static str) -> List<'_> {
        let mut object = List::object(self.list.element());
        json::number(depth.into(), object.member("depth"));
        object.text("step", step);
        object
    }
}

impl Trace for Steps<'_> {
    fn step(&mut self, depth: u32, step: &Step<'_>) {
        let word = match step {
            Step::Spec { .. } => "spec",
            Step::Rule { .. } => "rule",
            Step::Condition { .. } | Step::MissingCondition => "condition",
            Step::Percentage { .. } => "percentage",
            Step::Delegate { .. } => "delegate",
            Step::Mapping { .. } => "mapping",
            Step::LocalOverride { .. } => "override",
            Step::Answer { .. } => "answer",
            _ => return,
        };
        let mut object = self.begin(depth.saturating_add(self.below), word);
        match step {
            Step::Spec { kind, name } => {
                object.text("kind", kind_name(*kind));
                object.text("name", name);
            }
            Step::Rule { id } => object.text("ruleID", id),
            Step::Condition {
                condition,
                value,
                outcome,
            } => {
                object.text("type", condition.type_name());
                json::optional_text(condition.subject(), object.member("subject"));
                json::optional_text(condition.operator_name(), object.member("operator"));
                json::message(object.member("target"), |out| condition.write_target(out));
                json::optional_text(*value, object.member("value"));
                object
                    .member("holds")
                    .push_str(outcome.map_or("null", json::boolean));
            }
            Step::MissingCondition => {
                object.member("holds").push_str("null");
                object.member("missing").push_str("true");
            }
            Step::Percentage {
                drawn,
                bound,
                passes,
            } => {
                let place = object.member("bucket");
                match drawn {
                    Some(drawn) => json::number(*drawn, place),
                    None => place.push_str("null"),
                }
                json::number((*bound).into(), object.member("bound"));
                object.member("passes").push_str(json::boolean(*passes));
            }
            Step::Delegate { name } => object.text("experiment", name),
            Step::Mapping { new_config_name } => object.text("config", new_config_name),
            Step::LocalOverride { name } => object.text("name", name),
            Step::Answer { evaluation } => write_answer(evaluation, &mut object),
            _ => {}
        }
        object.end();
    }
}

fn write_answer(evaluation: &Evaluation<'_>, object: &mut List<'_>) {
    object
        .member("value")
        .push_str(json::boolean(evaluation.value));
    write_rule_id(evaluation, object.member("ruleID"));
    json::optional_text(evaluation.group_name(), object.member("groupName"));
}
