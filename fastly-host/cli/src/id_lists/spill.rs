//! The entries of a file, sorted on disk: 256 files by the first byte of the key, each read back as a whole.
//!
//! Memory: a buffer for each file, and the entries of one of them; a 256th of the list.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use anyhow::{Context, Result};
use statsig_edge::id_list::Key;

use super::entries::Entry;

/// Bytes of a file's buffer.
const BUFFER: usize = 8 << 10;

/// Bytes of an entry on disk: its sign and its key.
const ENTRY: usize = 7;

/// How many files there are.
pub(crate) const PARTS: usize = 256;

/// Entries in files that are gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Spill {
    parts: Vec<Option<BufWriter<File>>>,
}

impl Default for Spill {
    fn default() -> Self {
        Spill {
            parts: (0..PARTS).map(|_| None).collect(),
        }
    }
}

impl Spill {
    /// Adds an entry behind those before it.
    pub(crate) fn push(&mut self, entry: Entry) -> Result<()> {
        let part = &mut self.parts[usize::from(entry.key[0])];
        let file = match part {
            Some(file) => file,
            None => {
                let file = tempfile::tempfile().context("making a temporary file")?;
                part.insert(BufWriter::with_capacity(BUFFER, file))
            }
        };
        let mut bytes = [0; ENTRY];
        bytes[0] = u8::from(entry.adds);
        bytes[1..].copy_from_slice(&entry.key);
        file.write_all(&bytes).context("writing a temporary file")
    }

    /// What becomes of each key in a part, by key: the last entry wins.
    pub(crate) fn part(&mut self, part: usize) -> Result<Vec<(Key, bool)>> {
        let Some(writer) = self.parts.get_mut(part).and_then(Option::as_mut) else {
            return Ok(Vec::new());
        };
        writer.flush().context("writing a temporary file")?;
        let file = writer.get_mut();
        file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .context("reading a temporary file")?;
        let mut entries: Vec<(Key, bool)> = bytes
            .as_chunks::<ENTRY>()
            .0
            .iter()
            .map(|[adds, key @ ..]| (*key, *adds == 1))
            .collect();
        drop(bytes);
        // Stable: entries of one key stay in order.
        entries.sort_by_key(|(key, _)| *key);
        let mut last: Vec<(Key, bool)> = Vec::new();
        for entry in entries {
            match last.last_mut().filter(|before| before.0 == entry.0) {
                Some(before) => *before = entry,
                None => last.push(entry),
            }
        }
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_last_entry_of_a_key_wins() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut spill = Spill::default();
        let mut expected = BTreeMap::new();
        for _ in 0..20_000 {
            let key = [random.u8(..), random.u8(..8), 0, 0, 0, 1];
            let adds = random.bool();
            expected.insert(key, adds);
            spill.push(Entry { adds, key }).unwrap();
        }
        let parts: Vec<(Key, bool)> = (0..PARTS)
            .flat_map(|part| spill.part(part).unwrap())
            .collect();
        assert_eq!(parts, expected.into_iter().collect::<Vec<_>>());
    }
}
