//! What becomes of a check: an exposure, or a count.

use statsig_edge::{Exposure, ExposureSink, User};

use super::Statsig;
use crate::events::{Buffer, Exposed, Recorder};

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

    pub(super) fn record(&self, record: impl FnOnce(&dyn Recorder, &mut Buffer)) {
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
