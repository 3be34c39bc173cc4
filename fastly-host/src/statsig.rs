//! Statsig for one request: checks that log their exposures, and events.

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use statsig_edge::{
    Evaluation, Evaluator, Exposure, ExposureSink, LocalOverride, Options, Scratch, SpecKind,
    Table, User,
};

use crate::config::Config;
use crate::destination::Events;
use crate::environment::HostEnvironment;
use crate::events::{Buffer, EventValue, Exposed, Recorder};
use crate::flush::Summary;
use crate::history::ExposureHistory;
use crate::id_lists::IdListFailure;
use crate::layer::Layer;
use crate::results::{DynamicConfig, Experiment, Gate};
use crate::sampling::Sampling;
use crate::specs::Specs;
use crate::store::ParameterStore;

/// Room for one check. What does not fit is missing from the exposure and counted in [`Summary::incomplete`].
pub(crate) type Room<'t> = Scratch<'t, 512, 64>;

/// Checks gates, reads configs, experiments, layers and parameter stores for any number of users, and collects what is
/// to be logged until [`Statsig::flush`].
///
/// A check logs its exposure, once for each user and answer and as the payload samples them; the `…_without_exposure` forms only count it. Without
/// specs every answer is "no values": false, or an empty object.
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
/// use statsig_fastly::{Events, Key};
///
/// let config = Config::new().with_kv_store("statsig", "specs").with_events(Events::new("events", Key::Secret("secret-k")));
/// let specs = Specs::load(&config);
/// let statsig = Statsig::new(&config, &specs);
/// let user = User::new().with_user_id("u-2");
/// assert!(statsig.check_gate(&user, "new_home"));
/// // Counted, not exposed.
/// assert!(!statsig.gate_without_exposure(&user, "staff").value());
/// let summary = statsig.flush();
/// assert_eq!((summary.logged, summary.dropped), (2, 0));
/// # });
/// # }
/// ```
#[derive(Debug)]
pub struct Statsig<'t> {
    specs: &'t Specs<'t>,
    table: Option<Table<'t>>,
    options: Options<'t>,
    events: Option<Events<'t>>,
    environment: HostEnvironment,
    buffer: RefCell<Buffer>,
    /// Whose environment and buffer count instead.
    parent: Option<&'t Statsig<'t>>,
    wants_sync: Cell<bool>,
}

/// Whether a check is logged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logging {
    /// By itself.
    Automatic,
    /// Because the service asks for it.
    Manual,
    /// Only counted.
    Off,
}

impl<'t> Statsig<'t> {
    /// Statsig with these specs. No host call.
    pub fn new(config: &Config<'t>, specs: &'t Specs<'t>) -> Self {
        let table = specs.table();
        let mut options = config.options();
        // The engine does the same; events need it as well (§2.6).
        options.tier = options
            .tier
            .or_else(|| table.and_then(|table| table.meta()?.default_environment()));
        Statsig {
            specs,
            table,
            options,
            events: config.events,
            environment: HostEnvironment::new()
                .with_id_lists(config.id_lists.map(|source| source.open())),
            buffer: RefCell::new(Buffer::new(Sampling::new(
                table.and_then(|table| table.meta()).as_ref(),
            ))),
            parent: None,
            wants_sync: Cell::new(false),
        }
    }

    /// Goes on from what earlier requests of the same sandbox exposed: their repeats are not logged again, and if the payload
    /// asks for sampling, it begins. Without this every request is the first.
    #[must_use]
    pub fn with_history(mut self, history: ExposureHistory) -> Self {
        self.buffer.get_mut().history = history;
        self
    }

    /// The time at which the request began, where somebody has asked the host for it.
    pub(crate) fn with_start(mut self, now_ms: Option<u64>) -> Self {
        self.buffer.get_mut().start_ms = now_ms;
        self
    }

    /// The same with other answers that go before the specs, in place of those of the [`Config`]: for one request, such as
    /// [`RequestOverrides`](crate::RequestOverrides). What it logs is sent by [`Self::flush`] of this one.
    #[must_use]
    pub fn overridden<'a>(&'a self, overrides: &'a [LocalOverride<'a>]) -> Statsig<'a> {
        let mut options: Options<'a> = self.options;
        options.overrides = overrides.into();
        Statsig {
            specs: self.specs,
            table: self.table,
            options,
            events: self.events,
            environment: HostEnvironment::new(),
            buffer: RefCell::new(Buffer::new(Sampling::new(None))),
            parent: Some(self.root()),
            wants_sync: Cell::new(false),
        }
    }

    fn root(&self) -> &Statsig<'t> {
        self.parent.unwrap_or(self)
    }

    /// Whether the user passes a gate, a segment or a holdout.
    pub fn check_gate(&self, user: &User<'_>, name: &str) -> bool {
        self.gate(user, name).value()
    }

    /// Checks a gate, a segment or a holdout (`evaluation.md` §5.2).
    pub fn gate(&self, user: &User<'_>, name: &str) -> Gate<'t> {
        self.gate_logging(user, name, Logging::Automatic)
    }

    /// [`Self::gate`], counted but not exposed.
    pub fn gate_without_exposure(&self, user: &User<'_>, name: &str) -> Gate<'t> {
        self.gate_logging(user, name, Logging::Off)
    }

    /// Logs the exposure of a gate that was checked without one.
    pub fn expose_gate(&self, user: &User<'_>, name: &str) {
        self.gate_logging(user, name, Logging::Manual);
    }

    /// Reads a dynamic config (§5.3).
    pub fn dynamic_config(&self, user: &User<'_>, name: &str) -> DynamicConfig<'t> {
        self.config_logging(user, name, Logging::Automatic)
    }

    /// [`Self::dynamic_config`], counted but not exposed.
    pub fn dynamic_config_without_exposure(
        &self,
        user: &User<'_>,
        name: &str,
    ) -> DynamicConfig<'t> {
        self.config_logging(user, name, Logging::Off)
    }

    /// Logs the exposure of a dynamic config that was read without one.
    pub fn expose_dynamic_config(&self, user: &User<'_>, name: &str) {
        self.config_logging(user, name, Logging::Manual);
    }

    /// Reads an experiment (§5.4).
    pub fn experiment(&self, user: &User<'_>, name: &str) -> Experiment<'t> {
        self.experiment_logging(user, name, Logging::Automatic)
    }

    /// [`Self::experiment`], counted but not exposed.
    pub fn experiment_without_exposure(&self, user: &User<'_>, name: &str) -> Experiment<'t> {
        self.experiment_logging(user, name, Logging::Off)
    }

    /// Logs the exposure of an experiment that was read without one.
    pub fn expose_experiment(&self, user: &User<'_>, name: &str) {
        self.experiment_logging(user, name, Logging::Manual);
    }

    /// Reads a layer (§5.5). Nothing is exposed until a parameter is read.
    pub fn layer<'a, 's, 'n, const X: usize, const P: usize>(
        &'a self,
        user: &'a User<'a>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> Layer<'a, 's, 't, 'n> {
        self.layer_logging(user, name, scratch, Logging::Automatic)
    }

    /// [`Self::layer`], whose parameters are counted but not exposed when they are read.
    pub fn layer_without_exposure<'a, 's, 'n, const X: usize, const P: usize>(
        &'a self,
        user: &'a User<'a>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> Layer<'a, 's, 't, 'n> {
        self.layer_logging(user, name, scratch, Logging::Off)
    }

    /// Logs the exposure of a layer's parameter that was read without one, if the layer has it.
    pub fn expose_layer_parameter(&self, user: &User<'_>, name: &str, parameter: &str) {
        let mut scratch = Room::new();
        let layer = self.layer_logging(user, name, &mut scratch, Logging::Manual);
        layer.get(parameter);
    }

    /// A parameter store (§5.6), which counts as an unexposed check. What its parameters refer to is exposed.
    pub fn parameter_store<'a>(&'a self, user: &'a User<'a>, name: &str) -> ParameterStore<'a, 't> {
        self.store_logging(user, name, Logging::Automatic)
    }

    /// [`Self::parameter_store`], where nothing is exposed.
    pub fn parameter_store_without_exposure<'a>(
        &'a self,
        user: &'a User<'a>,
        name: &str,
    ) -> ParameterStore<'a, 't> {
        self.store_logging(user, name, Logging::Off)
    }

    /// Logs an event of the service's own: a name, perhaps a value, and metadata by name.
    pub fn log_event<'v>(
        &self,
        user: &User<'_>,
        name: &str,
        value: impl Into<EventValue<'v>>,
        metadata: &[(&str, &str)],
    ) {
        let value = value.into();
        self.record(|_, buffer| buffer.log(user, &self.options, name, value, metadata));
    }

    /// Tells Statsig about a user without a check.
    pub fn identify(&self, user: &User<'_>) {
        self.log_event(user, "statsig::identify", EventValue::None, &[]);
    }

    /// Makes `handle` and `serve` ask the sources for newer specs after they have sent the response of this request. Later requests
    /// get them: those of a reused sandbox, and with [`Config::with_core_cache`] those of the same place.
    pub fn sync_config_specs(&self) {
        self.root().wants_sync.set(true);
    }

    pub(crate) fn wants_sync(&self) -> bool {
        self.wants_sync.get()
    }

    /// The specs in force: source, form, failures.
    pub fn specs(&self) -> &'t Specs<'t> {
        self.specs
    }

    /// The rule table, for what this type has no method for.
    pub fn table(&self) -> Option<Table<'t>> {
        self.table
    }

    /// The ID lists that conditions have asked for so far and that could not be read: nobody was taken for a member.
    pub fn id_list_failures(&self) -> Vec<IdListFailure> {
        self.root().environment.id_list_failures()
    }

    /// Where events go, and how many of this request wait for [`Self::flush`]: `None` where none are logged.
    #[cfg(feature = "inspector")]
    pub(crate) fn events_pending(&self) -> Option<(Events<'t>, u64)> {
        let pending = self
            .root()
            .buffer
            .try_borrow()
            .map_or(0, |buffer| buffer.pending());
        self.events.map(|events| (events, pending))
    }

    /// The engine's evaluator, which logs nothing; `None` without specs.
    pub fn evaluator(&self) -> Option<Evaluator<'t, '_, HostEnvironment>> {
        self.table
            .map(|table| Evaluator::with_options(table, &self.root().environment, self.options))
    }

    /// The first half of the reasons in events, as [`Evaluation::write_reason`] takes it.
    pub fn reason_source(&self) -> &'static str {
        self.specs.reason()
    }

    /// Sends what was logged, in one POST for each [`MAX_BATCH_EVENTS`](crate::MAX_BATCH_EVENTS) events, waits for the answers, and
    /// repeats once the posts that may then succeed. Call it after the response was sent.
    pub fn flush(self) -> Summary {
        self.flush_keeping_history().0
    }

    /// [`Self::flush`], and gives back what was exposed, for [`Self::with_history`] of the next request.
    pub fn flush_keeping_history(self) -> (Summary, ExposureHistory) {
        let mut buffer = self.buffer.into_inner();
        let history = core::mem::take(&mut buffer.history);
        let summary = match self.events {
            Some(events) => events.recorder.flush(&mut buffer, &events),
            None => Summary::default(),
        };
        (summary, history)
    }

    fn gate_logging(&self, user: &User<'_>, name: &str, logging: Logging) -> Gate<'t> {
        Gate(self.check(SpecKind::Gate, user, name, logging))
    }

    fn config_logging(&self, user: &User<'_>, name: &str, logging: Logging) -> DynamicConfig<'t> {
        DynamicConfig(self.check(SpecKind::DynamicConfig, user, name, logging))
    }

    fn experiment_logging(&self, user: &User<'_>, name: &str, logging: Logging) -> Experiment<'t> {
        Experiment(self.check(SpecKind::Experiment, user, name, logging))
    }

    /// A check of any kind but a layer, and its exposure: one copy of the code for all of them.
    fn check(
        &self,
        kind: SpecKind,
        user: &User<'_>,
        name: &str,
        logging: Logging,
    ) -> Evaluation<'t> {
        let mut scratch = Room::new();
        let mut sink = self.sink(user, logging);
        let (evaluation, secondary) = match (self.evaluator(), kind) {
            (None, _) => (Evaluation::no_values(), &[][..]),
            (Some(evaluator), SpecKind::Gate) => {
                let gate = evaluator.gate_with(user, name, scratch.view(), &mut sink);
                (*gate.evaluation(), gate.secondary_exposures())
            }
            (Some(evaluator), SpecKind::Experiment) => {
                let experiment = evaluator.experiment_with(user, name, scratch.view(), &mut sink);
                (*experiment.evaluation(), experiment.secondary_exposures())
            }
            (Some(evaluator), _) => {
                let config = evaluator.dynamic_config_with(user, name, scratch.view(), &mut sink);
                (*config.evaluation(), config.secondary_exposures())
            }
        };
        let exposure = match kind {
            SpecKind::Gate => Exposure::Gate {
                name,
                evaluation: &evaluation,
                secondary,
            },
            _ => Exposure::Config {
                name,
                evaluation: &evaluation,
                secondary,
            },
        };
        self.settle(user, name, &exposure, logging);
        evaluation
    }

    fn layer_logging<'a, 's, 'n, const X: usize, const P: usize>(
        &'a self,
        user: &'a User<'a>,
        name: &'n str,
        scratch: &'s mut Scratch<'t, X, P>,
        logging: Logging,
    ) -> Layer<'a, 's, 't, 'n> {
        let mut sink = self.sink(user, logging);
        let layer = self
            .evaluator()
            .map(|evaluator| evaluator.layer_with(user, name, scratch.view(), &mut sink));
        Layer {
            statsig: self,
            user,
            name,
            layer,
            logging,
        }
    }

    fn store_logging<'a>(
        &'a self,
        user: &'a User<'a>,
        name: &str,
        logging: Logging,
    ) -> ParameterStore<'a, 't> {
        self.record(|_, buffer| buffer.count_unexposed(name));
        ParameterStore {
            statsig: self,
            user,
            store: self.table.and_then(|table| table.parameter_store(name)),
            logging,
        }
    }

    /// Logs or counts a check that was made.
    pub(crate) fn settle(
        &self,
        user: &User<'_>,
        name: &str,
        exposure: &Exposure<'_, '_>,
        logging: Logging,
    ) {
        match logging {
            Logging::Off => self.record(|_, buffer| buffer.count_unexposed(name)),
            Logging::Automatic | Logging::Manual => self.record(|recorder, buffer| {
                let exposed = Exposed {
                    user,
                    defaults: &self.options,
                    exposure,
                    specs: self.specs,
                    lcut: self.table.map(|table| table.time()),
                    manual: logging == Logging::Manual,
                };
                recorder.expose(buffer, &exposed);
            }),
        }
    }

    fn record(&self, record: impl FnOnce(&dyn Recorder, &mut Buffer)) {
        // Nothing in here calls back, so the buffer is always free.
        if let (Some(events), Ok(mut buffer)) = (&self.events, self.root().buffer.try_borrow_mut())
        {
            record(events.recorder, &mut buffer);
        }
    }

    /// Takes the checks that the engine makes on the way to an answer.
    pub(crate) fn sink<'a>(&'a self, user: &'a User<'a>, logging: Logging) -> Sink<'a, 't> {
        Sink {
            statsig: self,
            user,
            logging,
        }
    }
}

/// Logs what counts as a check of its own although nobody asked for it: the experiment of an experiment-group
/// condition, what a parameter store refers to. Not counted when exposures are off: nobody asked.
pub(crate) struct Sink<'a, 't> {
    statsig: &'a Statsig<'t>,
    user: &'a User<'a>,
    logging: Logging,
}

impl ExposureSink for Sink<'_, '_> {
    fn expose(&mut self, exposure: &Exposure<'_, '_>) {
        if self.logging != Logging::Off {
            self.statsig
                .settle(self.user, "", exposure, Logging::Automatic);
        }
    }
}
