//! Statsig for one request: checks that log their exposures, and events.

mod checks;
mod logging;

pub(crate) use checks::Room;
pub(crate) use logging::Logging;

use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use statsig_edge::{Evaluator, LocalOverride, Options, Table, User};

use crate::config::Config;
use crate::destination::Events;
use crate::environment::HostEnvironment;
use crate::events::{Buffer, EventValue};
use crate::flush::Summary;
use crate::history::ExposureHistory;
use crate::id_lists::IdListFailure;
use crate::sampling::Sampling;
use crate::specs::Specs;

/// Checks gates, reads configs, experiments, layers and parameter stores for any number of users, and collects what is
/// to be logged until [`Statsig::flush`].
///
/// A check logs its exposure, once for each user and answer and as the payload samples them; the `…_without_exposure` forms only count it. Without
/// specs every answer is "no values": false, or an empty object.
///
/// Dropped without [`Statsig::flush`], or when the handler panics, it sends nothing: its exposures, events and counts of unexposed checks
/// are lost, and no [`Summary`] tells of them. `handle`, `serve` and their `_bare` forms flush, also after a handler's error.
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

    /// The first half of the reasons in events, as [`Evaluation::write_reason`](statsig_edge::Evaluation::write_reason) takes it.
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
}
