//! Client bootstrap: the answers to all specs for one user, as Statsig's client SDKs take them to start without a
//! request of their own (`evaluation.md` §5.9, `getClientInitializeResponse`).
//!
//! The response is written as it is made. Cost: every spec that no filter leaves out is evaluated once; besides the
//! output, memory is used for the forms that say exposures and values once (one entry for each different one), and
//! for the whole response when the client's last checksum is compared.

mod answer;
mod filter;
mod full;
mod hashing;
mod options;
mod param_stores;
mod person;
mod session_replay;
mod short;

pub use options::{BootstrapOptions, BootstrapReport, NameHash, ResponseFormat, SdkInfo};

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt::{self, Write};

use answer::{Answer, Role};
use filter::Filter;
use full::Full;
use hashing::Name;
use short::Short;

use crate::environment::Environment;
use crate::evaluate::Evaluator;
use crate::exposure::ScratchView;
use crate::json::Object;
use crate::sha256::h;
use crate::table::spec::flags;
use crate::table::{Spec, SpecKind};
use crate::user::User;

impl<'t, E: Environment> Evaluator<'t, '_, E> {
    /// Writes the client bootstrap response for a user, the JSON text of an object. Nothing is exposed.
    ///
    /// `scratch` has to hold the secondary exposures of any one spec; the report counts those that did not fit.
    ///
    /// # Errors
    /// Those of `out`.
    ///
    /// ```
    /// # #[cfg(feature = "compile")] {
    /// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
    /// # struct World;
    /// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
    /// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
    /// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
    /// # let mut scratch = Scratch::<8>::new();
    /// use statsig_edge::bootstrap::{BootstrapOptions, NameHash};
    ///
    /// let mut options = BootstrapOptions::default();
    /// options.hash = NameHash::None;
    /// options.feature_gates = Some(&["new_home"]);
    /// let mut response = String::new();
    /// let user = User::new().with_user_id("u-2");
    /// evaluator.client_bootstrap(&user, &options, scratch.view(), &mut response)?;
    /// assert!(response.starts_with(r#"{"feature_gates":{"new_home":{"#), "{response}");
    /// assert!(response.contains(r#""rule_id":"half_of_all""#));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn client_bootstrap(
        &self,
        user: &User<'_>,
        options: &BootstrapOptions<'_>,
        scratch: ScratchView<'_, 't>,
        out: &mut dyn Write,
    ) -> Result<BootstrapReport, fmt::Error> {
        let filter = Filter::new(self.table(), options);
        let mut evaluator = self.with_app(filter.app);
        if !options.include_local_overrides {
            evaluator = evaluator.without_overrides();
        }
        let id_types = !options.remove_id_type;
        let full = |exposures| {
            Form::Full(Full {
                hash: options.hash,
                id_types,
                exposures,
            })
        };
        let mut response = Response {
            evaluator,
            user,
            options,
            filter,
            scratch,
            form: match options.format {
                ResponseFormat::V1 => full(None),
                ResponseFormat::V2 => full(Some(BTreeMap::new())),
                ResponseFormat::InitV2 => Form::Short(Short {
                    hash: options.hash,
                    id_types,
                    exposures: BTreeMap::new(),
                    values: BTreeMap::new(),
                }),
            },
            report: BootstrapReport::default(),
        };
        let previous = options
            .previous_response_hash
            .filter(|_| options.format == ResponseFormat::V1);
        let mut object = Object::begin(out)?;
        match previous {
            None => response.write_specs(&mut object)?,
            Some(previous) => {
                let mut specs = String::new();
                let mut inner = Object::begin(&mut specs)?;
                response.write_specs(&mut inner)?;
                let mut checksum = heapless::String::<20>::new();
                write!(checksum, "{}", h(specs.as_bytes()))?;
                if checksum == previous {
                    return write_blank(object);
                }
                object.members(specs.strip_prefix('{').unwrap_or_default())?;
                object.text("full_checksum", &checksum)?;
            }
        }
        response.write_rest(&mut object)?;
        object.end()?;
        Ok(response.report)
    }
}

enum Form<'t> {
    Full(Full<'t>),
    Short(Short<'t>),
}

/// A response on its way.
struct Response<'a, 't, E> {
    evaluator: Evaluator<'t, 'a, E>,
    user: &'a User<'a>,
    options: &'a BootstrapOptions<'a>,
    filter: Filter<'a>,
    scratch: ScratchView<'a, 't>,
    form: Form<'t>,
    report: BootstrapReport,
}

impl<'t, E: Environment> Response<'_, 't, E> {
    /// What the checksum is of: all that depends on the payload.
    fn write_specs(&mut self, response: &mut Object<'_>) -> fmt::Result {
        for (kind, section) in [
            (SpecKind::Gate, "feature_gates"),
            (SpecKind::Experiment, "dynamic_configs"),
            (SpecKind::Layer, "layer_configs"),
        ] {
            let mut object = Object::begin(response.member(section)?)?;
            for row in self.evaluator.table().entries(kind) {
                if let Some(role) = self.role(kind, &row) {
                    self.write_spec(role, &row, &mut object)?;
                }
            }
            object.end()?;
        }
        let mut stores = Object::begin(response.member("param_stores")?)?;
        for store in self.evaluator.table().parameter_stores() {
            if self
                .filter
                .allows_store(store.name(), store.target_app_ids())
            {
                let name = Name::new(store.name(), self.options.hash);
                param_stores::write(&store, self.options.hash, stores.member(name.as_str())?)?;
            }
        }
        stores.end()?;
        match &self.form {
            Form::Full(full) => full.finish(response)?,
            Form::Short(short) => short.finish(response)?,
        }
        self.write_session_replay(response)
    }

    /// What a row of the table is in the response, if no filter leaves it out. A contextual bandit goes before the
    /// spec of its name.
    fn role(&self, kind: SpecKind, row: &Spec<'t>) -> Option<Role> {
        let bandit = row.cmab().filter(|_| kind == SpecKind::Experiment);
        if bandit.is_some_and(|bandit| self.filter.allows_cmab(row.name(), bandit.target_app_ids()))
        {
            return Some(Role::Other { experiment: false });
        }
        if !row.exists() || !self.filter.allows(row) {
            return None;
        }
        Some(match kind {
            SpecKind::Gate => Role::Gate,
            SpecKind::DynamicConfig | SpecKind::Experiment => Role::of_config(row.entity()),
            SpecKind::Layer => Role::Layer,
        })
    }

    fn write_spec(&mut self, role: Role, spec: &Spec<'t>, section: &mut Object<'_>) -> fmt::Result {
        let scratch = self.scratch.reborrow();
        let (evaluator, name) = (&self.evaluator, spec.name());
        let mut layer = None;
        let (evaluation, secondary) = match role {
            Role::Gate => {
                let gate = evaluator.gate_with(self.user, name, scratch, &mut ());
                (*gate.evaluation(), gate.secondary_exposures())
            }
            Role::DynamicConfig => {
                let config = evaluator.dynamic_config_with(self.user, name, scratch, &mut ());
                (*config.evaluation(), config.secondary_exposures())
            }
            Role::Other { .. } => {
                let experiment = evaluator.experiment_with(self.user, name, scratch, &mut ());
                (*experiment.evaluation(), experiment.secondary_exposures())
            }
            Role::Layer => {
                let answer = evaluator.layer_with(self.user, name, scratch, &mut ());
                layer = Some(answer);
                (*answer.evaluation(), answer.secondary_exposures())
            }
        };
        let answer = Answer {
            role,
            evaluation,
            secondary,
            layer,
            composed: spec.row.has(flags::NEW_LAYER_EVAL),
        };
        if self.options.remove_default_value_gates
            && role == Role::Gate
            && spec.entity() == crate::table::Entity::FeatureGate
            && evaluation.rule_id() == Some("default")
            && !evaluation.value
            && secondary.is_empty()
        {
            return Ok(());
        }
        if self.options.remove_experiments_in_layers
            && role == (Role::Other { experiment: true })
            && evaluation.is_in_layer
        {
            return Ok(());
        }
        self.report.specs = self.report.specs.saturating_add(1);
        self.report.dropped = self.report.dropped.saturating_add(evaluation.dropped);
        let name = Name::new(name, self.options.hash);
        let out = section.member(name.as_str())?;
        match &mut self.form {
            Form::Full(full) => full.write(name.as_str(), &answer, out),
            Form::Short(short) => short.write(&answer, out),
        }
    }

    fn write_session_replay(&mut self, response: &mut Object<'_>) -> fmt::Result {
        let meta = self.evaluator.table().meta();
        let Some(info) = meta.and_then(|meta| meta.session_replay_info()) else {
            return Ok(());
        };
        let (evaluator, user) = (&self.evaluator, self.user);
        let scratch = self.scratch.reborrow();
        session_replay::write(
            info,
            self.options.hash,
            evaluator.random(),
            |gate| {
                evaluator
                    .gate_with(user, gate, scratch, &mut ())
                    .value_or(false)
            },
            response,
        )
    }

    /// What says whose answers these are.
    fn write_rest(&self, response: &mut Object<'_>) -> fmt::Result {
        write!(
            response.member("time")?,
            "{}",
            self.evaluator.table().time()
        )?;
        response.bool("has_updates", true)?;
        response.text("hash_used", self.options.hash.as_str())?;
        let mut defaults = *self.evaluator.options();
        defaults.tier = self.evaluator.tier();
        self.user.write_json(&defaults, response.member("user")?)?;
        let mut sdk = Object::begin(response.member("sdkInfo")?)?;
        sdk.text("sdkType", self.options.sdk.sdk_type)?;
        sdk.text("sdkVersion", self.options.sdk.sdk_version)?;
        if let Some(session_id) = self.options.sdk.session_id {
            sdk.text("sessionId", session_id)?;
        }
        sdk.end()?;
        response.json("sdkParams", "{}")?;
        person::write_evaluated_keys(self.user, response.member("evaluated_keys")?)?;
        if let Some(hash) = person::private_attributes_hash(self.user) {
            write!(response.member("pa_hash")?, "\"{hash}\"")?;
        }
        Ok(())
    }
}

/// The response to a client that has everything already.
fn write_blank(mut response: Object<'_>) -> Result<BootstrapReport, fmt::Error> {
    for section in [
        "feature_gates",
        "dynamic_configs",
        "layer_configs",
        "param_stores",
        "user",
        "sdkInfo",
        "sdkParams",
        "evaluated_keys",
    ] {
        response.json(section, "{}")?;
    }
    response.json("time", "0")?;
    response.bool("has_updates", false)?;
    response.text("hash_used", "")?;
    response.end()?;
    Ok(BootstrapReport {
        unchanged: true,
        ..BootstrapReport::default()
    })
}
