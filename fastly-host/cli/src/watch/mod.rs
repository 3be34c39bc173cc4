//! Polling Statsig and publishing what is new, for as long as the process lives.
//!
//! No failure ends the loop: what is live stays, the event says why, and the next poll tries again. The first poll
//! fetches the specs whole and compares them with what is live; later ones ask for news only, and now and then for
//! the whole again, which heals a store that somebody else has written to. ID lists, if they are wanted, are synced now and then between
//! two polls.

pub(crate) mod endpoint;
pub(crate) mod event;
pub(crate) mod metrics;

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use crate::failure::{self, Kind};
use crate::fastly::Api;
use crate::id_lists::{Done, Sync};
use crate::publication::prepared::Recipe;
use crate::publication::target::Target;
use crate::statsig::Cdn;
use crate::statsig::specs::{Known, News, Version};
use crate::stop::Stop;
use event::Log;
use metrics::Metrics;

/// What the loop works with.
pub(crate) struct Watch<'a> {
    /// Where specs come from.
    pub cdn: &'a Cdn,
    /// Which form of them.
    pub version: Version,
    /// Where they go.
    pub api: &'a Api,
    /// Which item.
    pub target: &'a Target,
    /// What is made of them.
    pub recipe: &'a Recipe,
    /// What else is brought along.
    pub id_lists: Option<IdLists<'a>>,
    /// Between two polls.
    pub interval: Duration,
    /// Between two looks at the whole.
    pub recheck: Duration,
    /// Ends it.
    pub stop: &'a Stop,
    /// Counts.
    pub metrics: &'a Metrics,
    /// Says what happens.
    pub log: Log,
}

/// Statsig's ID lists.
pub(crate) struct IdLists<'a> {
    /// One sync of them.
    pub sync: Sync<'a>,
    /// Between two syncs.
    pub interval: Duration,
    /// What a sync did, for people and for machines.
    pub said: fn(&Done) -> (String, Value),
}

impl Watch<'_> {
    /// Polls until asked to stop.
    pub(crate) fn run(&self) {
        let mut known: Option<Known> = None;
        let mut checked = Instant::now();
        let mut synced: Option<Instant> = None;
        while !self.stop.is_asked() {
            if checked.elapsed() >= self.recheck {
                known = None;
            }
            if known.is_none() {
                checked = Instant::now();
            }
            if let Err(error) = self.poll(&mut known) {
                if self.stop.is_asked() {
                    break;
                }
                self.failed(&error);
            }
            if let Some(lists) = &self.id_lists
                && synced.is_none_or(|at| at.elapsed() >= lists.interval)
                && !self.stop.is_asked()
            {
                synced = Some(Instant::now());
                self.sync(lists);
            }
            self.metrics.note_allowance(self.api.http().rate_limit());
            if self.stop.wait(self.interval) {
                break;
            }
        }
        self.log.event("stopped", "asked to stop", json!({}));
    }

    fn poll(&self, known: &mut Option<Known>) -> Result<()> {
        self.metrics.polled();
        let (payload, found) = match self.cdn.specs(self.version, known.as_ref())? {
            News::Payload(payload, found) => (payload, found),
            News::None => {
                self.metrics.in_step(None);
                return Ok(());
            }
        };
        let prepared = self.recipe.prepare(payload)?;
        let published = self
            .target
            .publish(self.api, &prepared, self.recipe.force, false);
        let outcome = match published {
            Err(error) if failure::kind(&error) == Kind::Refused => {
                // What is live is newer, or somebody else writes: not ours to force.
                self.metrics.in_step(None);
                self.log
                    .event("refused", &failure::message(&error), json!({}));
                return Ok(());
            }
            other => other?,
        };
        let size = (prepared.note.time, prepared.value.len());
        self.metrics.in_step(Some(size));
        // The same payload again, as after a restart or from a CDN that ignores what is known, is no event.
        if outcome.changed || known.is_none() {
            for warning in &prepared.warnings {
                self.log.event("warning", warning, json!({}));
            }
            let name = match outcome.changed {
                true => {
                    self.metrics.published();
                    "published"
                }
                false => "unchanged",
            };
            let facts = json!({"payload": prepared.json(), "store": outcome.facts});
            self.log.event(name, &outcome.text, facts);
        }
        *known = Some(found);
        Ok(())
    }

    /// Lists that cannot be synced keep no specs from being published, nor the other way round.
    fn sync(&self, lists: &IdLists<'_>) {
        match lists.sync.run() {
            Ok(done) if done.changed + done.removed + done.deleted > 0 => {
                let (text, facts) = (lists.said)(&done);
                self.log.event("synced", &text, facts);
            }
            Ok(_) => {}
            Err(_) if self.stop.is_asked() => {}
            // Somebody else syncs them.
            Err(error) if failure::kind(&error) == Kind::Refused => {
                self.log
                    .event("refused", &failure::message(&error), json!({}));
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&self, error: &anyhow::Error) {
        self.metrics.failed();
        self.log.event(
            "failed",
            &failure::message(error),
            json!({"retry_in_s": self.interval.as_secs_f64()}),
        );
    }
}
