//! Bringing Statsig's ID lists into a KV store (evaluation.md 7.3; `engine/FORMAT.md`, "ID lists").
//!
//! Per list: what is new of its file is downloaded, entries are sorted on disk, shards are written in batches, then the
//! publisher's record, and the manifest last. A change of a few shards replaces them in place; a new file, and a list
//! that has outgrown its shards, gets a new epoch, and the old shards stay for a time of grace.
//!
//! Of two runs at the same time one is refused, and whatever it has written harms nobody: shards of a new epoch are its own, and shards are
//! changed in place only by a run that has put this into the record before, over the record that it has read. A run that finds such a
//! note, of a run that is under way or has ended amid its work, leaves those shards alone and writes the list in a new epoch.
//!
//! Memory is bounded whatever the size of a list: a 256th of its new entries, and one batch of shards.

pub(crate) mod collect;
pub(crate) mod entries;
pub(crate) mod record;
pub(crate) mod shards;
pub(crate) mod spill;
mod sync;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use statsig_edge::id_list::{IdList, IdListManifest, write_manifest};

use crate::failure::{Problem, message};
use crate::fastly::kv::KvStore;
use crate::output::Output;
use crate::statsig::Cdn;
use crate::statsig::id_lists::Listed;
use record::{Begun, Epoch, Owned, Record};

/// What a sync works with.
pub(crate) struct Sync<'a> {
    /// Where lists come from.
    pub cdn: &'a Cdn,
    /// Where they go.
    pub store: &'a KvStore<'a>,
    /// What their items' names begin with; the manifest's name.
    pub prefix: &'a str,
    /// How long shards stay that no manifest names any more.
    pub grace: Duration,
    /// Up to so many shards are read back to change them; beyond, the list is downloaded anew.
    pub read_back: usize,
    /// For progress and warnings.
    pub output: Output,
}

/// What a sync did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Lists in the manifest.
    pub lists: usize,
    /// Lists that changed.
    pub changed: usize,
    /// Lists that are gone.
    pub removed: usize,
    /// Ids in all lists.
    pub ids: u64,
    /// Bytes downloaded.
    pub downloaded: u64,
    /// Shards written.
    pub shards: usize,
    /// Old shards deleted.
    pub deleted: usize,
}

/// The key of the record.
pub(crate) fn record_key(prefix: &str) -> String {
    format!("{prefix}-state")
}

/// The record, the manifest's lists, and both items as they are.
pub(crate) struct Stored<'a> {
    /// What the publisher knows.
    pub record: Record,
    /// What readers know.
    pub lists: BTreeMap<String, IdList>,
    /// The record's item.
    pub record_item: Owned<'a>,
    /// The manifest's item.
    pub manifest_item: Owned<'a>,
}

impl<'a> Stored<'a> {
    /// Reads both; what cannot be read is as good as nothing.
    pub(crate) fn read(store: &'a KvStore<'a>, prefix: &str) -> Result<Self> {
        let manifest_item = Owned::read(store, prefix)?;
        let record_item = Owned::read(store, &record_key(prefix))?;
        let record = record_item
            .value
            .as_deref()
            .and_then(|value| serde_json::from_slice(value).ok())
            .unwrap_or_default();
        let lists = manifest_item
            .value
            .as_deref()
            .and_then(|value| IdListManifest::open(value).ok())
            .map(|manifest| {
                manifest
                    .lists()
                    .map(|(name, list)| (name.to_owned(), list))
                    .collect()
            })
            .unwrap_or_default();
        Ok(Stored {
            record,
            lists,
            record_item,
            manifest_item,
        })
    }

    /// Writes the record.
    pub(crate) fn write_record(&mut self) -> Result<()> {
        let value = serde_json::to_vec(&self.record).context("writing the record")?;
        self.record_item.write(value)
    }

    /// The record's entry of the epoch that the manifest names.
    fn live(&self, name: &str) -> Option<&Epoch> {
        let list = self.lists.get(name)?;
        self.record.epochs.iter().find(|epoch| {
            epoch.epoch == list.epoch && epoch.name == name && epoch.bits == list.bits
        })
    }
}

/// What to do with a list (evaluation.md 7.3).
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// It is as it should be, or Statsig's entry is an old one.
    Keep,
    /// Add what is new behind these bytes.
    Extend,
    /// Begin anew.
    Anew,
}

fn plan(live: Option<&Epoch>, listed: &Listed) -> Plan {
    match live {
        None => Plan::Anew,
        Some(live) if live.is_of(listed) && listed.size > live.read => Plan::Extend,
        Some(live) if live.is_of(listed) => Plan::Keep,
        Some(live) if listed.creation_time < live.creation_time => Plan::Keep,
        Some(_) => Plan::Anew,
    }
}

/// Ms since the epoch.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_millis() as u64
}

impl Sync<'_> {
    /// Syncs all lists. One that cannot be synced stays as it is, and is an error in the end.
    pub(crate) fn run(&self) -> Result<Done> {
        let listed = self.cdn.id_lists()?;
        let mut stored = Stored::read(self.store, self.prefix)?;
        let mut done = Done::default();
        let mut failed = Vec::new();
        let now = now_ms();
        stored.record.begun.retain(|begun| !begun.is_abandoned(now));
        let (plans, ours) = self.claim(&mut stored, &listed)?;
        let mut next: BTreeMap<String, Epoch> = BTreeMap::new();
        for ((name, listed), plan) in listed.iter().zip(plans) {
            let live = stored.live(name).cloned();
            let outcome = match plan {
                Plan::Keep => Ok(live.clone()),
                Plan::Extend => self.extend(&mut stored, live.as_ref(), name, listed, &mut done),
                Plan::Anew => self.anew(&mut stored, name, listed, &mut done).map(Some),
            };
            match outcome {
                Ok(Some(epoch)) => {
                    done.changed += usize::from(live.as_ref() != Some(&epoch));
                    next.insert(name.clone(), epoch);
                }
                Ok(None) => {}
                Err(error) => {
                    self.output
                        .warning(&format!("{name} stays as it is: {error:#}"));
                    failed.push(message(&error));
                    next.extend(live.map(|live| (name.clone(), live)));
                }
            }
        }
        done.removed = stored
            .lists
            .keys()
            .filter(|name| !listed.contains_key(*name))
            .count();
        // What was changed in place, also in part, is the next run's to go on with.
        stored.record.changing.retain(|id| !ours.contains(id));
        self.finish(&mut stored, &next, &mut done)?;
        match self.collect(&mut stored) {
            Ok(deleted) => done.deleted = deleted,
            // Readers do not mind; the next run collects.
            Err(error) => self.output.warning(&format!("{error:#}")),
        }
        match failed.first() {
            None => Ok(done),
            Some(first) => Err(Problem::failed(
                format!(
                    "{} of {} ID lists were not synced: {first}",
                    failed.len(),
                    listed.len()
                ),
                "run the command again: it goes on where it stopped",
            )),
        }
    }

    /// What to do with each list, and a note of those whose shards are to be changed in place.
    fn claim(
        &self,
        stored: &mut Stored<'_>,
        listed: &BTreeMap<String, Listed>,
    ) -> Result<(Vec<Plan>, Vec<String>)> {
        let others = &stored.record.changing;
        let (mut plans, mut ours) = (Vec::new(), Vec::new());
        for (name, listed) in listed {
            let live = stored.live(name);
            let plan = match (plan(live, listed), live) {
                (Plan::Extend, Some(live)) if others.contains(&live.id()) => Plan::Anew,
                (plan, _) => plan,
            };
            if plan == Plan::Extend {
                ours.extend(live.map(Epoch::id));
            }
            plans.push(plan);
        }
        if !ours.is_empty() {
            stored.record.changing.extend(ours.iter().cloned());
            stored.write_record()?;
        }
        Ok((plans, ours))
    }

    /// A list whose file has grown.
    fn extend(
        &self,
        stored: &mut Stored<'_>,
        live: Option<&Epoch>,
        name: &str,
        listed: &Listed,
        done: &mut Done,
    ) -> Result<Option<Epoch>> {
        let Some(live) = live else {
            return self.anew(stored, name, listed, done).map(Some);
        };
        match sync::extend(self, live, listed, done)? {
            Some(epoch) => Ok(Some(epoch)),
            None => self.anew(stored, name, listed, done).map(Some),
        }
    }

    /// A list from the first byte on, in an epoch of its own.
    fn anew(
        &self,
        stored: &mut Stored<'_>,
        name: &str,
        listed: &Listed,
        done: &mut Done,
    ) -> Result<Epoch> {
        let begin = || {
            let epoch = fastrand::u64(1..);
            stored.record.begun.push(Begun {
                epoch,
                since_ms: now_ms(),
            });
            // Nobody collects the shards of a run that is under way, and two runs do not begin at once.
            stored.write_record()?;
            Ok(epoch)
        };
        sync::anew(self, begin, name, listed, done)
    }

    /// The record, then the manifest.
    fn finish(
        &self,
        stored: &mut Stored<'_>,
        next: &BTreeMap<String, Epoch>,
        done: &mut Done,
    ) -> Result<()> {
        let now = now_ms();
        let record = &mut stored.record;
        for epoch in &mut record.epochs {
            let stays = next.values().any(|next| next.epoch == epoch.epoch);
            if !stays && epoch.retired_ms.is_none() {
                epoch.retired_ms = Some(now);
            }
        }
        record
            .epochs
            .retain(|epoch| next.values().all(|next| next.epoch != epoch.epoch));
        record.epochs.extend(next.values().map(|epoch| Epoch {
            retired_ms: None,
            ..epoch.clone()
        }));
        record
            .epochs
            .sort_by(|a, b| (&a.name, a.epoch).cmp(&(&b.name, b.epoch)));
        record
            .changing
            .retain(|id| next.values().any(|epoch| epoch.id() == *id));
        let known: Vec<u64> = record.epochs.iter().map(|epoch| epoch.epoch).collect();
        record.begun.retain(|begun| !known.contains(&begun.epoch));
        stored.write_record()?;
        let lists: BTreeMap<String, IdList> = next
            .iter()
            .map(|(name, epoch)| (name.clone(), epoch.list()))
            .collect();
        done.lists = lists.len();
        done.ids = lists.values().map(|list| u64::from(list.ids)).sum();
        if lists != stored.lists || stored.manifest_item.value.is_none() {
            let named = lists.iter().map(|(name, list)| (name.as_str(), *list));
            stored.manifest_item.write(write_manifest(now, named)?)?;
            stored.lists = lists;
        }
        Ok(())
    }

    /// Deletes the shards of epochs that are retired for longer than the time of grace; says how many.
    fn collect(&self, stored: &mut Stored<'_>) -> Result<usize> {
        let now = now_ms();
        let grace = u64::try_from(self.grace.as_millis()).unwrap_or(u64::MAX);
        let (old, kept): (Vec<Epoch>, Vec<Epoch>) = std::mem::take(&mut stored.record.epochs)
            .into_iter()
            .partition(|epoch| {
                epoch
                    .retired_ms
                    .is_some_and(|at| now.saturating_sub(at) >= grace)
            });
        stored.record.epochs = kept;
        let mut deleted = 0;
        for epoch in &old {
            let list = epoch.list();
            let names: Vec<String> = (0..list.shards())
                .map(|number| shards::name(&list, self.prefix, number))
                .collect();
            shards::delete(self.store, &names)?;
            deleted += names.len();
        }
        if deleted > 0 {
            stored.write_record()?;
        }
        Ok(deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_dealt_with_as_the_table_says() {
        let live = Epoch {
            name: "l".into(),
            epoch: 1,
            bits: 0,
            ids: 1,
            file_id: "a".into(),
            creation_time: 5,
            read: 10,
            retired_ms: None,
        };
        for (file_id, creation_time, size, expected) in [
            ("a", 5, 10, Plan::Keep),
            ("a", 5, 11, Plan::Extend),
            ("a", 5, 9, Plan::Keep),
            ("b", 5, 1, Plan::Anew),
            ("b", 6, 1, Plan::Anew),
            ("b", 4, 99, Plan::Keep),
        ] {
            let listed = Listed {
                size,
                url: String::new(),
                creation_time,
                file_id: file_id.into(),
            };
            assert_eq!(plan(Some(&live), &listed), expected, "{file_id} {size}");
            assert_eq!(plan(None, &listed), Plan::Anew);
        }
    }
}
