//! The publisher's own record beside the lists: how much of which file is in which shards. Readers do not need it.
//!
//! It is written before the manifest, and it says of an epoch only what its shards hold already. So a run that ends
//! anywhere leaves a record that is true, and the next one goes on from there.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use statsig_edge::id_list::IdList;

use crate::failure::Problem;
use crate::fastly::kv::{Expected, KvStore, Put};
use crate::statsig::id_lists::Listed;

/// After this time an epoch that was begun is one of a run that has ended.
const ABANDONED_MS: u64 = 24 * 3_600 * 1_000;

/// What is known of all epochs in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// One for each epoch whose shards are all there.
    #[serde(default)]
    pub epochs: Vec<Epoch>,
    /// Epochs whose shards are being written.
    #[serde(default)]
    pub begun: Vec<Begun>,
    /// Lists, by the epoch that is live, whose shards are being changed in place; or were, by a run that ended amid it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changing: Vec<String>,
}

/// The shards of one list, as they were written once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Epoch {
    /// The list's name.
    pub name: String,
    /// The epoch.
    #[serde(with = "hexadecimal")]
    pub epoch: u64,
    /// How many bits choose a shard.
    pub bits: u8,
    /// How many ids there are.
    pub ids: u32,
    /// Statsig's file.
    pub file_id: String,
    /// When that was begun.
    pub creation_time: i64,
    /// How many of its bytes the shards hold.
    pub read: u64,
    /// When the manifest ceased to name it, ms since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_ms: Option<u64>,
}

/// An epoch whose shards are being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// The epoch.
    #[serde(with = "hexadecimal")]
    pub epoch: u64,
    /// Since when, ms since the epoch.
    pub since_ms: u64,
}

impl Begun {
    /// Whether the run that began it has surely ended.
    pub(crate) fn is_abandoned(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.since_ms) > ABANDONED_MS
    }
}

impl Epoch {
    /// Its name in [`Record::changing`].
    pub(crate) fn id(&self) -> String {
        format!("{:016x}", self.epoch)
    }

    /// As the manifest has it.
    pub(crate) fn list(&self) -> IdList {
        IdList {
            epoch: self.epoch,
            bits: self.bits,
            ids: self.ids,
        }
    }

    /// Whether it was made from this file.
    pub(crate) fn is_of(&self, listed: &Listed) -> bool {
        self.file_id == listed.file_id
    }
}

/// JSON numbers of 64 bits are not safe everywhere.
mod hexadecimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
    pub(super) fn serialize<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{number:016x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        u64::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}

/// An item that only this run writes.
#[derive(Debug)]
pub(crate) struct Owned<'a> {
    store: &'a KvStore<'a>,
    key: String,
    expected: Expected,
    /// Its value.
    pub value: Option<Vec<u8>>,
}

impl<'a> Owned<'a> {
    /// Reads the item.
    pub(crate) fn read(store: &'a KvStore<'a>, key: &str) -> Result<Self> {
        let found = store.read(key)?;
        let expected = match &found {
            Some((description, _)) => Expected::Generation(description.generation),
            None => Expected::Absent,
        };
        Ok(Owned {
            store,
            key: key.to_owned(),
            expected,
            value: found.map(|(_, value)| value),
        })
    }

    /// Writes it, unless somebody else has meanwhile.
    pub(crate) fn write(&mut self, value: Vec<u8>) -> Result<()> {
        if self.value.as_deref() == Some(&value) {
            return Ok(());
        }
        let put = self.store.put(&self.key, &value, "", self.expected)?;
        let now = Self::read(self.store, &self.key)?;
        // An answer that was lost makes a repetition see the item changed, by ourselves.
        if now.value.as_deref() == Some(&value) {
            *self = now;
            return Ok(());
        }
        Err(match put {
            Put::TooLarge => Problem::failed(
                format!(
                    "{}: {} bytes are more than the store takes",
                    self.key,
                    value.len()
                ),
                "ask Fastly for a higher limit",
            ),
            _ => Problem::refused(
                format!("{}: somebody else wrote it at the same time", self.key),
                "let one publisher sync the lists at a time, then run this again",
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_text() {
        let record = Record {
            epochs: Vec::new(),
            begun: vec![Begun {
                epoch: u64::MAX - 1,
                since_ms: 5,
            }],
            changing: Vec::new(),
        };
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.contains(r#""epoch":"fffffffffffffffe""#), "{text}");
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        assert!(!record.begun[0].is_abandoned(ABANDONED_MS + 5));
        assert!(record.begun[0].is_abandoned(ABANDONED_MS + 6));
    }
}
