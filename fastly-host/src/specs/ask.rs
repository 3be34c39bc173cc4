//! Asking the sources in order: for the first specs, or for newer ones.

use statsig_edge::Table;
#[cfg(feature = "drop-in")]
use statsig_edge::compile::CompileError;

use super::{JUST_NOW, Specs};
use crate::config::Config;
use crate::origin::{Asking, Fetched, Origin};
use crate::platform::clock;
use crate::source::{Failure, Route, Source, SpecsError};

/// The outcome of asking the sources.
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
/// use statsig_fastly::Asked;
///
/// let config = Config::new().with_kv_store("statsig", "specs");
/// let mut specs = Specs::load(&config);
/// assert_eq!(specs.sync_config_specs(&config), Asked::Unchanged);
/// # });
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// There are new specs.
    New,
    /// The source has what is in hand, or nothing newer.
    Unchanged,
    /// No source answered; what was in hand still is. [`Specs::failures`] has the reasons.
    Failed,
}

impl<'c> Specs<'c> {
    /// Asks the sources in order for something newer, now: the "manual sync" of Statsig's SDKs, to be called when the response has been
    /// sent. What comes is put into the Core Cache if the configuration has that. On failure everything stays as it was.
    pub fn sync_config_specs(&mut self, config: &Config<'c>) -> Asked {
        let asked = self.ask(config);
        if let Some(shared) = config.shared.filter(|_| asked != Asked::Failed) {
            (shared.put)(self, config);
        }
        asked
    }

    /// Looks whether there is something newer, in the Core Cache if the configuration has that, else in the sources.
    pub(crate) fn refresh(&mut self, config: &Config<'c>) -> Asked {
        match config.shared {
            Some(shared) => (shared.refresh)(self, config),
            None => self.ask(config),
        }
    }

    /// Takes the specs of the first source that has some.
    pub(crate) fn first(
        &mut self,
        config: &Config<'c>,
        mut begun: Option<Result<u32, SpecsError>>,
    ) {
        for (number, origin) in (0..).zip(config.origins()) {
            let begun = match begun.take() {
                Some(begun) => begun,
                None => (origin.begin)(origin, None),
            };
            let mut fetched = Fetched::NOTHING;
            match self.fetch(begun, None, origin, config, &mut fetched) {
                Ok(_) => return self.take(number, origin, fetched),
                Err(error) => self.fail(origin, error),
            }
        }
    }

    /// Asks the sources in order for something newer than what is in hand; the bootstrap bytes are not.
    pub(crate) fn ask(&mut self, config: &Config<'c>) -> Asked {
        self.begin_failures(config);
        if self.source.is_none() {
            self.first(config, None);
            return match self.source {
                Some(_) => Asked::New,
                None => Asked::Failed,
            };
        }
        for (number, origin) in (0..).zip(config.origins()) {
            if origin.source == Source::Bootstrap {
                break;
            }
            let same = (self.origin == number).then_some(self.generation);
            let begun = (origin.begin)(origin, self.table());
            let mut fetched = Fetched::NOTHING;
            match self.fetch(begun, same, origin, config, &mut fetched) {
                Ok(true) if self.accepts(&fetched.bytes, same.is_some(), origin) => {
                    self.take(number, origin, fetched);
                    return Asked::New;
                }
                // Older specs of a source that stands in say nothing of those in hand, which age.
                Ok(true) if same.is_none() && self.is_newer_than(&fetched.bytes) => {
                    return Asked::Unchanged;
                }
                Ok(_) => return self.unchanged(),
                #[cfg(feature = "drop-in")]
                Err(SpecsError::Compile(CompileError::NoUpdates))
                    if same.is_some() || self.time_was_told(origin) =>
                {
                    return self.unchanged();
                }
                Err(error) => self.fail(origin, error),
            }
        }
        Asked::Failed
    }

    /// A store may go back to what it had; a download, and a source that stands in for another, may not (`evaluation.md` §1.8).
    fn accepts(&self, new: &[u8], same: bool, origin: &Origin<'_>) -> bool {
        let (Some(old), Ok(new)) = (self.table(), Table::open(new)) else {
            return true;
        };
        match (same, origin.source) {
            (true, Source::Download) => new.time() >= old.time(),
            (true, _) => true,
            (false, _) => new.time() > old.time(),
        }
    }

    /// Whether a source that has no updates has none since the time of what is in hand, wherever that is from.
    #[cfg(feature = "drop-in")]
    fn time_was_told(&self, origin: &Origin<'_>) -> bool {
        origin.source == Source::Download && self.table().is_some_and(|table| table.time() > 0)
    }

    fn is_newer_than(&self, other: &[u8]) -> bool {
        let other = Table::open(other).map_or(0, |other| other.time());
        self.table().is_some_and(|table| table.time() > other)
    }

    /// What a source has, as a table of which at least the head is sound; whether it is another than what is in hand.
    fn fetch(
        &mut self,
        begun: Result<u32, SpecsError>,
        generation: Option<u64>,
        origin: &Origin<'c>,
        config: &Config<'c>,
        fetched: &mut Fetched<'c>,
    ) -> Result<bool, SpecsError> {
        let mut asking = Asking {
            origin,
            generation,
            in_hand: &self.bytes,
            fetched,
            #[cfg(feature = "drop-in")]
            config,
            #[cfg(feature = "drop-in")]
            cached: &mut self.cached,
        };
        if !(origin.finish)(begun?, &mut asking)? {
            return Ok(false);
        }
        config.admit(origin.source, &fetched.bytes)?;
        fetched.compile()?;
        let table = Table::open(&fetched.bytes).map_err(SpecsError::Table)?;
        config.check(&table).map_err(SpecsError::Table)?;
        Ok(true)
    }

    /// Forgets why sources gave nothing; what the configuration has no room for is told every time.
    pub(super) fn begin_failures(&mut self, config: &Config<'c>) {
        self.failures.clear();
        if let Some(source) = config.displaced {
            let error = SpecsError::TooManySources;
            self.failures.push(Failure { source, error });
        }
    }

    fn fail(&mut self, origin: &Origin<'c>, error: SpecsError) {
        self.failures.push(Failure {
            source: origin.source,
            error,
        });
    }

    fn take(&mut self, number: u8, origin: &Origin<'c>, fetched: Fetched<'c>) {
        #[cfg(feature = "drop-in")]
        {
            self.warnings = fetched.warnings;
        }
        self.bytes = fetched.bytes;
        self.source = Some(origin.source);
        self.origin = number;
        self.format = fetched.format;
        self.route.set(Route::Direct);
        self.generation = fetched.generation;
        self.received_at.set(JUST_NOW);
        self.checked_at.set(JUST_NOW);
    }

    fn unchanged(&self) -> Asked {
        self.received_at();
        self.checked_at.set(clock::now_ms().unwrap_or_default());
        Asked::Unchanged
    }
}
