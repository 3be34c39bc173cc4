//! The provider.

mod resolution;

use std::sync::{Arc, Mutex, PoisonError};

use open_feature::provider::{
    FeatureProvider, ProviderMetadata, ProviderStatus, ResolutionDetails,
};
use open_feature::{
    EvaluationContext, EvaluationErrorCode as Code, EvaluationResult, StructValue, async_trait,
};
use serde_json::Value as Json;
use statsig_edge::{Environment, Evaluator, Options, Table, TableError, User};
#[cfg(feature = "fastly")]
use statsig_fastly::{HostEnvironment, Statsig};

use crate::answer::{error, structure};
use crate::context::user_json;
use crate::flag::{Flag, Kind, find};
#[cfg(feature = "fastly")]
use resolution::Room;
use resolution::{Asking, refusal};

/// How many checks are remembered for [`StatsigProvider::log_exposures`]; later ones are not logged.
pub const MAX_REMEMBERED_CHECKS: usize = 10_000;

/// What a provider of the SDK answers from a rule table. A clone shares the table and what is remembered: one is the SDK's, the other
/// stays with the service.
///
/// `environment` makes what the engine knows of the world, anew for each resolution: `HostEnvironment::new` on Fastly.
///
/// ```
/// use open_feature::{EvaluationContext, OpenFeature};
/// use statsig_edge::Environment;
/// use statsig_openfeature::{StatsigProvider, block_on};
///
/// struct Clock;
/// impl Environment for Clock {
///     fn now_ms(&self) -> i64 { 1_767_225_600_000 }
/// }
///
/// fn new_home(table: Vec<u8>) -> Result<bool, statsig_edge::TableError> {
///     let provider = StatsigProvider::new(table, || Clock)?;
///     let mut api = OpenFeature::default();
///     block_on(api.set_provider(provider));
///     let context = EvaluationContext::default().with_targeting_key("u-1");
///     let answer = block_on(api.create_client().get_bool_value("new_home", Some(&context), None));
///     Ok(answer.unwrap_or(false))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct StatsigProvider<F> {
    metadata: ProviderMetadata,
    table: Option<Arc<[u8]>>,
    environment: F,
    tier: Option<Arc<str>>,
    source: &'static str,
    #[cfg_attr(not(feature = "fastly"), allow(dead_code))] // who logs takes them
    remembered: Arc<Mutex<Vec<Check>>>,
}

/// A check that counts as one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Check {
    user: Arc<str>,
    kind: Kind,
    name: String,
    parameter: Option<String>,
}

#[cfg(feature = "fastly")]
impl StatsigProvider<fn() -> HostEnvironment> {
    /// A provider of the specs that are in force for a request, on Fastly; not ready while there are none. Copies the table.
    ///
    /// Local overrides, ID lists and the tier of the service's `Config` are not taken over: see [`Self::with_tier`].
    pub fn from_statsig(statsig: &Statsig<'_>) -> Self {
        let table = statsig.table().map(|table| table.as_bytes().into());
        Self::from_parts(table, HostEnvironment::new, statsig.reason_source())
    }
}

impl<E, F> StatsigProvider<F>
where
    E: Environment,
    F: Fn() -> E + Send + Sync + 'static,
{
    /// A provider that answers from a rule table.
    ///
    /// # Errors
    /// When the bytes are no table: see [`Table::open`].
    pub fn new(table: impl Into<Arc<[u8]>>, environment: F) -> Result<Self, TableError> {
        let table = table.into();
        Table::open(&table)?;
        Ok(Self::from_parts(Some(table), environment, "Bootstrap"))
    }

    fn from_parts(table: Option<Arc<[u8]>>, environment: F, source: &'static str) -> Self {
        StatsigProvider {
            metadata: ProviderMetadata::new("Statsig"),
            table,
            environment,
            tier: None,
            source,
            remembered: Arc::default(),
        }
    }

    /// The environment's tier, such as `production`; a context's own `statsigEnvironment.tier` goes first.
    #[must_use]
    pub fn with_tier(mut self, tier: impl Into<Arc<str>>) -> Self {
        self.tier = Some(tier.into());
        self
    }

    /// Logs the exposures of what was resolved since the last time, as the same checks without OpenFeature would; how many there were.
    /// Each is evaluated once more.
    #[cfg(feature = "fastly")]
    pub fn log_exposures(&self, statsig: &Statsig<'_>) -> usize {
        let checks = {
            let mut remembered = self
                .remembered
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *remembered)
        };
        for check in &checks {
            let mut buffer = vec![0; check.user.len() * 6];
            // It was read before.
            let Ok(user) = User::from_json(check.user.as_bytes(), &mut buffer) else {
                continue;
            };
            let parameter = check.parameter.as_deref();
            match check.kind {
                Kind::Gate => drop(statsig.gate(&user, &check.name)),
                Kind::Config => drop(statsig.dynamic_config(&user, &check.name)),
                Kind::Experiment => drop(statsig.experiment(&user, &check.name)),
                Kind::Layer => {
                    let mut room = Room::new();
                    let layer = statsig.layer(&user, &check.name, &mut room);
                    layer.get(parameter.unwrap_or_default());
                }
                Kind::Store => {
                    let store = statsig.parameter_store(&user, &check.name);
                    store.get(parameter.unwrap_or_default());
                }
            }
        }
        checks.len()
    }

    fn resolve<T>(
        &self,
        key: &str,
        context: &EvaluationContext,
        wanted: &str,
        read: fn(&Json) -> Option<T>,
    ) -> EvaluationResult<ResolutionDetails<T>> {
        let Some(table) = &self.table else {
            return Err(error(Code::ProviderNotReady, "there are no specs"));
        };
        let table = Table::open(table)
            .map_err(|problem| error(Code::ProviderNotReady, problem.to_string()))?;
        let flag = find(key, table, wanted == "bool")
            .ok_or_else(|| error(Code::FlagNotFound, format!("the specs have no {key}")))?;
        if let Some(refusal) = refusal(&flag, wanted) {
            return Err(error(Code::TypeMismatch, refusal));
        }
        let user: Arc<str> = user_json(context)?.into();
        let mut buffer = vec![0; user.len() * 6];
        let read_user = User::from_json(user.as_bytes(), &mut buffer)
            .map_err(|problem| error(Code::InvalidContext, problem.to_string()))?;
        let environment = (self.environment)();
        let mut options = Options::default();
        options.tier = self.tier.as_deref();
        let asking = Asking {
            evaluator: Evaluator::with_options(table, &environment, options),
            user: &read_user,
            source: self.source,
        };
        let mut parameters = Vec::new();
        let answer = asking.answer(&flag, &mut parameters)?;
        let details = answer.details(read, wanted);
        // As without OpenFeature: reading a config exposes it whatever it holds, a layer's or a store's parameter only if it is read.
        if details.is_ok() || !matches!(flag.kind, Kind::Layer | Kind::Store) {
            self.remember(&user, &flag, parameters);
        }
        details
    }

    fn remember(&self, user: &Arc<str>, flag: &Flag<'_>, parameters: Vec<String>) {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let parameters = match flag.kind {
            Kind::Layer | Kind::Store => parameters.into_iter().map(Some).collect(),
            _ => vec![None],
        };
        for parameter in parameters {
            let check = Check {
                user: Arc::clone(user),
                kind: flag.kind,
                name: flag.name.into(),
                parameter,
            };
            if remembered.len() < MAX_REMEMBERED_CHECKS && remembered.last() != Some(&check) {
                remembered.push(check);
            }
        }
    }
}

#[async_trait]
impl<E, F> FeatureProvider for StatsigProvider<F>
where
    E: Environment + 'static,
    F: Fn() -> E + Send + Sync + 'static,
{
    fn metadata(&self) -> &ProviderMetadata {
        &self.metadata
    }

    fn status(&self) -> ProviderStatus {
        match self.table {
            Some(_) => ProviderStatus::Ready,
            None => ProviderStatus::NotReady,
        }
    }

    async fn resolve_bool_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<bool>> {
        self.resolve(flag_key, context, "bool", Json::as_bool)
    }

    async fn resolve_int_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<i64>> {
        self.resolve(flag_key, context, "int", Json::as_i64)
    }

    async fn resolve_float_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<f64>> {
        self.resolve(flag_key, context, "float", Json::as_f64)
    }

    async fn resolve_string_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<String>> {
        let text = |json: &Json| json.as_str().map(String::from);
        self.resolve(flag_key, context, "string", text)
    }

    async fn resolve_struct_value(
        &self,
        flag_key: &str,
        context: &EvaluationContext,
    ) -> EvaluationResult<ResolutionDetails<StructValue>> {
        self.resolve(flag_key, context, "struct", structure)
    }
}
