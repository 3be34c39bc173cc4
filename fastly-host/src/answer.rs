//! One answer as JSON, as the services give it: `name`, `value`, what its kind has besides, `ruleID`, `idType`,
//! `version` (if there is one) and `reason`.

use alloc::string::String;

use statsig_edge::{Evaluation, Reason, Scratch, User};

use crate::json::{self, List};
use crate::report::write_common;
use crate::statsig::Statsig;

/// Whether there was something to write.
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
/// use statsig_fastly::answer::{self, Written};
///
/// let mut json = String::new();
/// assert_eq!(answer::gate(&statsig, &User::new(), "no_such_gate", &mut json), Written::NoSpec);
/// assert_eq!(json, "");
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Written {
    /// The answer was written.
    Answer,
    /// Nothing was: the specs do not know the name.
    NoSpec,
    /// Nothing was: the layer has no such parameter.
    NoParameter,
}

/// Writes a gate's answer.
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
/// use statsig_fastly::answer;
///
/// let mut json = String::new();
/// answer::gate(&statsig, &User::new().with_email("ada@example.com"), "staff", &mut json);
/// assert_eq!(json, r#"{"name":"staff","value":true,"ruleID":"staff_mail","idType":"userID","reason":"Bootstrap:Recognized"}"#);
/// # });
/// # }
/// ```
pub fn gate(statsig: &Statsig<'_>, user: &User<'_>, name: &str, out: &mut String) -> Written {
    let gate = statsig.gate(user, name);
    write(statsig, name, gate.evaluation(), out, &|object| {
        member(object, "value", json::boolean(gate.value()));
    })
}

/// Writes a dynamic config's answer, with `passed`.
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
/// use statsig_fastly::answer;
///
/// let mut json = String::new();
/// answer::config(&statsig, &User::new(), "banner", &mut json);
/// assert!(json.starts_with(r#"{"name":"banner","value":{"#) && json.contains(r#""passed":false"#), "{json}");
/// # });
/// # }
/// ```
pub fn config(statsig: &Statsig<'_>, user: &User<'_>, name: &str, out: &mut String) -> Written {
    let config = statsig.dynamic_config(user, name);
    write(statsig, name, config.evaluation(), out, &|object| {
        member(object, "value", config.json());
        member(object, "passed", json::boolean(config.passed()));
    })
}

/// Writes an experiment's answer, with `groupName`, `isUserInExperiment` and `isExperimentActive`.
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
/// use statsig_fastly::answer;
///
/// let mut json = String::new();
/// answer::experiment(&statsig, &User::new().with_user_id("u-2"), "button", &mut json);
/// assert!(json.contains(r#""groupName":"Test","isUserInExperiment":true,"isExperimentActive":true"#), "{json}");
/// # });
/// # }
/// ```
pub fn experiment(statsig: &Statsig<'_>, user: &User<'_>, name: &str, out: &mut String) -> Written {
    let experiment = statsig.experiment(user, name);
    write(statsig, name, experiment.evaluation(), out, &|object| {
        member(object, "value", experiment.json());
        json::optional_text(experiment.group_name(), object.member("groupName"));
        let is_in = experiment.is_user_in_experiment();
        member(object, "isUserInExperiment", json::boolean(is_in));
        let is_active = experiment.is_active();
        member(object, "isExperimentActive", json::boolean(is_active));
    })
}

/// Writes the answer of a layer's parameter, with `parameter`, `groupName` and `allocatedExperimentName`.
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
/// use statsig_fastly::answer::{self, Written};
///
/// let user = User::new().with_user_id("u-1");
/// let mut json = String::new();
/// let written = answer::layer_parameter(&statsig, &user, "checkout", "colour", &mut json);
/// assert_eq!(written, Written::Answer);
/// assert!(json.contains(r#""value":"blue","parameter":"colour""#), "{json}");
/// assert_eq!(answer::layer_parameter(&statsig, &user, "checkout", "size", &mut json), Written::NoParameter);
/// # });
/// # }
/// ```
pub fn layer_parameter(
    statsig: &Statsig<'_>,
    user: &User<'_>,
    name: &str,
    parameter: &str,
    out: &mut String,
) -> Written {
    let mut scratch: Scratch<'_> = Scratch::new();
    let layer = statsig.layer(user, name, &mut scratch);
    let evaluation = layer.evaluation();
    let value = layer.get(parameter);
    if value.is_none() && evaluation.reason == Reason::Recognized {
        return Written::NoParameter;
    }
    write(statsig, name, &evaluation, out, &|object| {
        member(object, "value", value.unwrap_or("null"));
        object.text("parameter", parameter);
        json::optional_text(layer.group_name(), object.member("groupName"));
        let allocated = layer.allocated_experiment();
        json::optional_text(allocated, object.member("allocatedExperimentName"));
    })
}

fn member(object: &mut List<'_>, name: &'static str, json: &str) {
    object.member(name).push_str(json);
}

/// One function for every kind: `value` is called, not copied in.
fn write(
    statsig: &Statsig<'_>,
    name: &str,
    evaluation: &Evaluation<'_>,
    out: &mut String,
    value: &dyn Fn(&mut List<'_>),
) -> Written {
    if evaluation.reason == Reason::Unrecognized {
        return Written::NoSpec;
    }
    let mut object = List::object(out);
    object.text("name", name);
    value(&mut object);
    write_common(evaluation, statsig.reason_source(), &mut object);
    object.end();
    Written::Answer
}
