//! An exposure as an event says it (`evaluation.md` §6.3).
//!
//! All values of the metadata are strings. Cost: one pass over the exposure, appended to the body.

use alloc::string::String;

use statsig_edge::{Evaluation, Exposure, Reason, SecondaryExposure};

use crate::json::{self, List};

/// What an exposure says besides the answer.
///
/// ```
/// use statsig_fastly::encode::Details;
///
/// let mut details = Details::new("Network");
/// details.lcut = Some(1_767_225_600_000);
/// assert!(!details.manual);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Details<'d> {
    /// Where the specs came from, the first half of the reason: `Bootstrap` or `Network`.
    pub source: &'d str,
    /// The payload's time, in ms since the epoch: `lcut`.
    pub lcut: Option<u64>,
    /// When the specs were accepted here, in ms since the epoch: `receivedAt`.
    pub received_at: Option<u64>,
    /// The exposure is logged by the caller's own call: `isManualExposure`.
    pub manual: bool,
}

impl<'d> Details<'d> {
    /// Details with the source alone.
    pub fn new(source: &'d str) -> Self {
        Details {
            source,
            lcut: None,
            received_at: None,
            manual: false,
        }
    }
}

/// The event's name.
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
/// use statsig_edge::Scratch;
/// use statsig_fastly::encode::event_name;
///
/// let mut scratch = Scratch::<8>::new();
/// let evaluator = statsig.evaluator().unwrap();
/// let gate = evaluator.gate(&User::new(), "staff", &mut scratch);
/// assert_eq!(event_name(&gate.exposure()), "statsig::gate_exposure");
/// # });
/// # }
/// ```
pub fn event_name(exposure: &Exposure<'_, '_>) -> &'static str {
    match exposure {
        Exposure::Gate { .. } => "statsig::gate_exposure",
        Exposure::Config { .. } => "statsig::config_exposure",
        Exposure::LayerParameter { .. } => "statsig::layer_exposure",
        // An exposure of a later engine has a name of its own.
        _ => "statsig::exposure",
    }
}

/// Writes the object `metadata`.
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
/// use statsig_edge::Scratch;
/// use statsig_fastly::encode::{Details, write_metadata};
///
/// let mut scratch = Scratch::<8>::new();
/// let evaluator = statsig.evaluator().unwrap();
/// let gate = evaluator.gate(&User::new().with_email("ada@example.com"), "staff", &mut scratch);
/// let mut json = String::new();
/// write_metadata(&gate.exposure(), &Details::new("Network"), &mut json);
/// assert_eq!(json, r#"{"gate":"staff","gateValue":"true","ruleID":"staff_mail","reason":"Network:Recognized"}"#);
/// # });
/// # }
/// ```
pub fn write_metadata(exposure: &Exposure<'_, '_>, details: &Details<'_>, out: &mut String) {
    let mut object = List::object(out);
    let evaluation = match exposure {
        Exposure::Gate {
            name, evaluation, ..
        } => {
            object.text("gate", name);
            object.text("gateValue", json::boolean(evaluation.value));
            exposed_rule_id(exposure, object.member("ruleID"));
            evaluation
        }
        Exposure::Config {
            name, evaluation, ..
        } => {
            object.text("config", name);
            exposed_rule_id(exposure, object.member("ruleID"));
            object.text("rulePassed", json::boolean(evaluation.value));
            evaluation
        }
        Exposure::LayerParameter {
            name,
            parameter,
            explicit,
            evaluation,
            ..
        } => {
            object.text("config", name);
            exposed_rule_id(exposure, object.member("ruleID"));
            object.text("allocatedExperiment", exposure.allocated_experiment());
            object.text("parameterName", parameter);
            object.text("isExplicitParameter", json::boolean(*explicit));
            evaluation
        }
        _ => return object.end(),
    };
    write_reason(evaluation, details.source, object.member("reason"));
    if !matches!(evaluation.reason, Reason::NoValues | Reason::Error(_)) {
        for (name, time) in [("lcut", details.lcut), ("receivedAt", details.received_at)] {
            if let Some(time) = time {
                quoted_number(time, object.member(name));
            }
        }
    }
    if let Some(version) = evaluation.version {
        quoted_number(u64::from(version), object.member("configVersion"));
    }
    if details.manual {
        object.text("isManualExposure", "true");
    }
    if let Some(name) = evaluation.override_config_name() {
        object.text("overrideConfigName", name);
    }
    object.end();
}

/// Writes the array `secondaryExposures`: in the order of evaluation, repeats included. A layer parameter that the
/// experiment does not own has only those that are not the experiment's (§5.5).
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
/// use statsig_edge::Scratch;
/// use statsig_fastly::encode::write_secondary_exposures;
///
/// let mut scratch = Scratch::<8>::new();
/// let evaluator = statsig.evaluator().unwrap();
/// let gate = evaluator.gate(&User::new().with_email("ada@example.com"), "new_home", &mut scratch);
/// let mut json = String::new();
/// write_secondary_exposures(&gate.exposure(), &mut json);
/// assert_eq!(json, r#"[{"gate":"staff","gateValue":"true","ruleID":"staff_mail"}]"#);
/// # });
/// # }
/// ```
pub fn write_secondary_exposures(exposure: &Exposure<'_, '_>, out: &mut String) {
    let (secondary, delegated): (&[SecondaryExposure<'_>], bool) = match exposure {
        Exposure::Gate { secondary, .. } | Exposure::Config { secondary, .. } => (secondary, true),
        Exposure::LayerParameter {
            secondary,
            explicit,
            ..
        } => (secondary, *explicit),
        _ => (&[], true),
    };
    let mut array = List::array(out);
    for one in secondary.iter().filter(|one| delegated || !one.delegated) {
        let mut object = List::object(array.element());
        object.text("gate", one.gate);
        object.text("gateValue", json::boolean(one.gate_value));
        object.text("ruleID", one.rule_id);
        object.end();
    }
    array.end();
}

/// Writes the rule id with its suffix, as a JSON string.
pub(crate) fn write_rule_id(evaluation: &Evaluation<'_>, out: &mut String) {
    json::pieces(out, |out| evaluation.write_rule_id(out));
}

fn exposed_rule_id(exposure: &Exposure<'_, '_>, out: &mut String) {
    json::pieces(out, |out| exposure.write_rule_id(out));
}

/// Writes the reason, as a JSON string.
pub(crate) fn write_reason(evaluation: &Evaluation<'_>, source: &str, out: &mut String) {
    json::pieces(out, |out| evaluation.write_reason(source, out));
}

fn quoted_number(value: u64, out: &mut String) {
    out.push('"');
    json::number(value, out);
    out.push('"');
}
