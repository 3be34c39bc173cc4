//! Parameter stores (`evaluation.md` §5.6).

use super::{Evaluator, JsonValue, Parameters, ReadError};
use crate::environment::Environment;
use crate::exposure::{ExposureSink, ScratchView};
use crate::table::{ParameterStore, Reference};
use crate::user::User;

/// What a parameter of a store is for a user.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::StoreParameter;
///
/// let shop = evaluator.parameter_store("shop").ok_or("no store")?;
/// let staff = User::new().with_email("ada@example.com");
/// let home = evaluator.store_parameter(&staff, &shop, "home", scratch.view(), &mut ());
/// assert_eq!(home, StoreParameter::Value(r#""/new""#));
/// let footer = evaluator.store_parameter(&staff, &shop, "footer", scratch.view(), &mut ());
/// assert_eq!(footer, StoreParameter::Unknown);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreParameter<'t> {
    /// The value's JSON text.
    Value(&'t str),
    /// The store has the parameter, but what it refers to gave no value.
    NoValue,
    /// The store has no such parameter.
    Unknown,
}

impl<'t> StoreParameter<'t> {
    /// The value, to be read as one type.
    ///
    /// # Errors
    /// [`ReadError::Missing`] when there is none.
    pub fn value(&self) -> Result<JsonValue<'t>, ReadError> {
        match *self {
            StoreParameter::Value(json) => Ok(JsonValue::new(json)),
            StoreParameter::NoValue | StoreParameter::Unknown => Err(ReadError::Missing),
        }
    }
}

impl<'t, E: Environment> Evaluator<'t, '_, E> {
    /// The parameter store of that name, which is the same for all users.
    pub fn parameter_store(&self, name: &str) -> Option<ParameterStore<'t>> {
        self.table.parameter_store(name)
    }

    /// A store's parameter for a user.
    ///
    /// What the parameter refers to is checked as if it had been asked for itself, so its exposure goes to `sink`.
    pub fn store_parameter(
        &self,
        user: &User<'_>,
        store: &ParameterStore<'t>,
        parameter: &str,
        scratch: ScratchView<'_, 't>,
        sink: &mut dyn ExposureSink,
    ) -> StoreParameter<'t> {
        if store.parameter(parameter).is_none() {
            return StoreParameter::Unknown;
        }
        let whole = |value: JsonValue<'t>| Ok(value.as_str());
        self.read_store_parameter(user, store, parameter, scratch, sink, whole)
            .map_or(StoreParameter::NoValue, StoreParameter::Value)
    }

    /// [`Self::store_parameter`], read as one type. A layer's parameter is exposed only if that succeeds.
    ///
    /// # Errors
    /// [`ReadError::Missing`] or [`ReadError::NoAnswer`] when there is no such parameter or what it refers to gave no value,
    /// and those of `read`.
    ///
    /// ```
    /// # #[cfg(feature = "compile")] {
    /// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
    /// # struct World;
    /// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
    /// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
    /// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
    /// # let mut scratch = Scratch::<8>::new();
    /// let shop = evaluator.parameter_store("shop").ok_or("no store")?;
    /// let user = User::new().with_user_id("u-2");
    /// let colour = evaluator.read_store_parameter(&user, &shop, "colour", scratch.view(), &mut (), |value| value.text())?;
    /// assert!(colour == "green");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_store_parameter<T>(
        &self,
        user: &User<'_>,
        store: &ParameterStore<'t>,
        parameter: &str,
        scratch: ScratchView<'_, 't>,
        sink: &mut dyn ExposureSink,
        read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let parameter = store.parameter(parameter).ok_or(ReadError::Missing)?;
        match parameter.reference {
            Reference::Static(value) => read(JsonValue::new(value)),
            Reference::Gate { gate, pass, fail } => {
                let gate = self.gate_with(user, gate, scratch, sink);
                sink.expose(&gate.exposure());
                read(JsonValue::new(if gate.value() { pass } else { fail }))
            }
            Reference::DynamicConfig { config, parameter } => {
                let config = self.dynamic_config_with(user, config, scratch, sink);
                sink.expose(&config.exposure());
                config.read(parameter, read)
            }
            Reference::Experiment {
                experiment,
                parameter,
            } => {
                let experiment = self.experiment_with(user, experiment, scratch, sink);
                sink.expose(&experiment.exposure());
                experiment.read(parameter, read)
            }
            Reference::Layer { layer, parameter } => {
                let layer = self.layer_with(user, layer, scratch, sink);
                layer.read_exposed(parameter, read, |exposure| sink.expose(exposure))
            }
        }
    }
}
