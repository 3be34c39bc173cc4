//! Which exposures are logged when the payload asks for sampling (`evaluation.md` §6.7).
//!
//! An execution that answers one request has seen nothing before, so each of its rules is there for the first time and all
//! exposures are logged; with an [`ExposureHistory`] of earlier requests they are not. Statsig's Node SDK samples in
//! production only; this follows the core, which samples in every tier.

use alloc::string::String;

use statsig_edge::{Exposure, Meta, SamplingMode, User};

use crate::exposure_key::rule_key;
use crate::history::ExposureHistory;
use crate::json::{self, List};

/// How long repeats are recognised, and how long a rule is not new, if the payload does not say.
const WINDOW_MS: u64 = 60_000;

/// What the payload says about exposures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    mode: SamplingMode,
    special_case_rate: Option<u64>,
    rule_ms: u64,
    pub(crate) dedupe_ms: u64,
}

impl Sampling {
    pub(crate) fn new(meta: Option<&Meta<'_>>) -> Self {
        let window = |given: Option<u64>| given.unwrap_or(WINDOW_MS);
        Sampling {
            mode: meta.map_or(SamplingMode::Off, Meta::sampling_mode),
            special_case_rate: meta.and_then(Meta::special_case_sampling_rate),
            rule_ms: window(meta.and_then(Meta::exposure_spec_sampling_ttl_ms)),
            dedupe_ms: window(meta.and_then(Meta::exposure_dedupe_ttl_ms)),
        }
    }

    /// What the event says about sampling; `None` when it is not logged.
    pub(crate) fn decide(
        &self,
        user: &User<'_>,
        exposure: &Exposure<'_, '_>,
        now_ms: u64,
        history: &mut ExposureHistory,
    ) -> Option<Sampled> {
        let shadow = match self.mode {
            SamplingMode::Off => return Some(Sampled::NotAsked),
            SamplingMode::On => false,
            SamplingMode::Shadow => true,
        };
        if exposure.is_exempt_from_sampling()
            || history.is_first(rule_key(exposure), now_ms, self.rule_ms)
        {
            return Some(Sampled::NotAsked);
        }
        let rate = exposure.sampling_rate(self.special_case_rate);
        let drawn = rate.is_none_or(|rate| exposure.is_drawn(user, rate));
        (drawn || shadow).then_some(Sampled::Asked {
            rate,
            shadow,
            drawn,
        })
    }
}

/// What an event says about sampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sampled {
    /// It was logged without a draw.
    NotAsked,
    /// It was logged by a draw, or in spite of one.
    Asked {
        rate: Option<u64>,
        shadow: bool,
        drawn: bool,
    },
}

impl Sampled {
    /// Writes the event's `statsigMetadata`.
    pub(crate) fn write(self, out: &mut String) {
        let mut object = List::object(out);
        if let Sampled::Asked {
            rate,
            shadow,
            drawn,
        } = self
        {
            let place = object.member("samplingRate");
            match rate {
                Some(rate) => json::number(rate, place),
                None => place.push_str("null"),
            }
            object.text("samplingMode", if shadow { "shadow" } else { "on" });
            object.text("shadowLogged", if drawn { "logged" } else { "dropped" });
        }
        object.end();
    }
}
