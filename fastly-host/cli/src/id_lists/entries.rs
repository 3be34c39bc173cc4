//! Statsig's ID list files, read piece by piece (evaluation.md 7.3).
//!
//! A line adds (`+`) or removes (`-`) the key behind its first character. Memory: one line.

use statsig_edge::id_list::{Key, key_of};

/// No line that means something is longer.
const LONGEST: usize = 64;

/// One line that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Whether the key is added; else it is removed.
    pub adds: bool,
    /// The key.
    pub key: Key,
}

/// Takes pieces of a file and gives its entries.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    line: Vec<u8>,
    /// The line is longer than any that means something; how long is counted only.
    dropped: u64,
    read: u64,
}

impl Entries {
    /// Takes the next piece.
    pub(crate) fn take<E>(
        &mut self,
        mut piece: &[u8],
        each: &mut impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = piece.split_at(end);
            self.add(line);
            self.read += self.line.len() as u64 + self.dropped + 1;
            if let Some(entry) = self.entry() {
                each(entry)?;
            }
            self.line.clear();
            self.dropped = 0;
            piece = rest.get(1..).unwrap_or_default();
        }
        self.add(piece);
        Ok(())
    }

    /// Ends the file, and says how many of its bytes have been dealt with: a last line without an end is whole if it
    /// means something, and is left for the next time otherwise.
    pub(crate) fn finish<E>(
        mut self,
        each: &mut impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<u64, E> {
        if let Some(entry) = self.entry() {
            each(entry)?;
            self.read += self.line.len() as u64;
        }
        Ok(self.read)
    }

    fn add(&mut self, part: &[u8]) {
        let room = LONGEST.saturating_sub(self.line.len());
        let (kept, dropped) = part.split_at(part.len().min(room));
        self.line.extend_from_slice(kept);
        self.dropped += dropped.len() as u64;
    }

    fn entry(&self) -> Option<Entry> {
        if self.dropped > 0 {
            return None;
        }
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let (sign, rest) = line.split_first()?;
        let adds = match sign {
            b'+' => true,
            b'-' => false,
            _ => return None,
        };
        // No id has a key of another form.
        let key = key_of(rest)?;
        Some(Entry { adds, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn read(pieces: &[&[u8]]) -> (Vec<(bool, Key)>, u64) {
        let mut entries = Entries::default();
        let mut found = Vec::new();
        let mut each = |entry: Entry| {
            found.push((entry.adds, entry.key));
            Ok::<(), Infallible>(())
        };
        for piece in pieces {
            entries.take(piece, &mut each).unwrap();
        }
        let read = entries.finish(&mut each).unwrap();
        (found, read)
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let long = "x".repeat(200);
        let file = format!(
            "+47DEQpj8\r\n-47DEQpj8\n\n+\n*47DEQpj8\n+47DEQpj\n+47DEQpj8 \n{long}\n+{long}\n+//////+A\n"
        );
        let file = file.as_bytes();
        let key = key_of(b"47DEQpj8").unwrap();
        let last = key_of(b"//////+A").unwrap();
        let expected = vec![(true, key), (false, key), (true, last)];
        assert_eq!(read(&[file]), (expected.clone(), file.len() as u64));
        for at in 0..file.len() {
            let (a, b) = file.split_at(at);
            assert_eq!(read(&[a, b]), (expected.clone(), file.len() as u64), "{at}");
        }
        let bytes: Vec<&[u8]> = file.chunks(1).collect();
        assert_eq!(read(&bytes), (expected, file.len() as u64));
    }

    #[test]
    fn a_last_line_without_end_counts_when_it_is_whole() {
        let key = key_of(b"47DEQpj8").unwrap();
        assert_eq!(read(&[b"+47DEQpj8"]), (vec![(true, key)], 9));
        assert_eq!(read(&[b"+47DEQpj8\n+47DE"]), (vec![(true, key)], 10));
        // The line feed of the first file's last line comes with the second part.
        assert_eq!(read(&[b"\n+47DEQpj8\n"]), (vec![(true, key)], 11));
    }
}
