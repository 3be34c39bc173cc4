//! What is done about the age of specs around a request: before it only what cannot wait, the rest when its response has been sent.

use crate::config::Config;
use crate::history::ExposureHistory;
use crate::platform::clock;
use crate::source::Route;
use crate::specs::Specs;
use crate::table_cache::CacheState;

/// What is left of a request that was answered, of which the service is told a `H`.
pub(crate) struct Answered<H> {
    pub(crate) handled: H,
    pub(crate) history: ExposureHistory,
    pub(crate) wants_sync: bool,
}

/// After the only request of an execution. Nothing is done for specs that nobody would see any more.
pub(crate) fn once<'c>(specs: &mut Specs<'c>, config: &Config<'c>, wants_sync: bool) {
    let Some(shared) = config.shared else { return };
    if wants_sync {
        specs.sync_config_specs(config);
    } else if specs.cached.state == CacheState::Stale {
        (shared.refresh)(specs, config);
    }
}

/// For how many seconds a source that failed is left alone.
const RETRY_S: u64 = 5;

/// Whether specs in memory are past their time, found out once for each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    now_ms: u64,
    tried_ms: u64,
    due: bool,
}

impl Due {
    /// For the first request, which has loaded them. From now on they age.
    pub(crate) fn first(specs: &Specs<'_>) -> Self {
        let now_ms = match specs.found() {
            Some(found) if found.route == Route::Direct => found.received_at,
            _ => clock::now_ms().unwrap_or_default(),
        };
        Due {
            now_ms,
            tried_ms: now_ms,
            due: specs.cached.state == CacheState::Stale,
        }
    }

    /// The time at which a further request began.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// For a further request: renews what is too old even to be served meanwhile. One host call for the time.
    pub(crate) fn before<'c>(mut self, specs: &mut Specs<'c>, config: &Config<'c>) -> Self {
        self.now_ms = clock::now_ms().unwrap_or_default();
        let limit = u64::from(config.max_age_s);
        let (age, tried) = (
            specs.age_s(self.now_ms),
            self.now_ms.saturating_sub(self.tried_ms),
        );
        self.due = age > limit && tried >= RETRY_S.min(limit).saturating_mul(1_000);
        if self.due && age > limit.saturating_add(config.stale_s.into()) {
            self.refresh(specs, config);
        }
        self
    }

    /// After the response.
    pub(crate) fn after<'c>(
        mut self,
        specs: &mut Specs<'c>,
        config: &Config<'c>,
        wants_sync: bool,
    ) -> Self {
        if wants_sync {
            specs.sync_config_specs(config);
            self.tried_ms = self.now_ms;
        } else if self.due {
            self.refresh(specs, config);
        }
        specs.keep_in_memory();
        self
    }

    fn refresh<'c>(&mut self, specs: &mut Specs<'c>, config: &Config<'c>) {
        specs.refresh(config);
        self.tried_ms = self.now_ms;
        self.due = false;
    }
}
