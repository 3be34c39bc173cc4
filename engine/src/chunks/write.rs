//! Cutting a table into chunks, with the feature `compile`.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use super::base64url::{encode, text_length};
use super::{CHUNKS_VERSION, Entry, INLINE, Limits, MAGIC, TooLarge};
use crate::hash::checksum;
use crate::message::{Piece, write_number, write_pieces};

/// A table ready for a store.
///
/// ```
/// use statsig_edge::chunks::{Limits, ChunkManifest, publish};
///
/// let publication = publish(&[1; 10_000], "specs", None, &Limits::CONFIG_STORE)?;
/// let keys: Vec<_> = publication.chunks.iter().map(|(key, _)| key.as_str()).collect();
/// assert_eq!(keys, ["specs.1.0", "specs.1.1"]);
/// assert_eq!(publication.manifest.0, "specs");
/// assert_eq!(ChunkManifest::parse(publication.manifest.1.as_bytes())?.current, publication.entry);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Publication {
    /// Keys and values of the chunks, to be written first; none when the table is in the manifest.
    pub chunks: Vec<(String, String)>,
    /// Key and value of the manifest, to be written when all chunks are there.
    pub manifest: (String, String),
    /// What the manifest says of this table.
    pub entry: Entry,
}

/// Cuts a table into chunks for the store's item `key`.
///
/// `previous` is [`ChunkManifest::current`](super::ChunkManifest::current) of the item as it is, if it is a manifest; the new generation
/// is one more. Its chunks are to stay; those of the manifest's `previous` may be deleted after the new manifest has been written.
///
/// # Errors
/// [`TooLarge`].
///
/// Written and read again:
///
/// ```
/// use statsig_edge::chunks::{Limits, publish};
///
/// let table = vec![7; 10_000];
/// let publication = publish(&table, "specs", None, &Limits::CONFIG_STORE)?;
/// let mut texts: Vec<u8> = publication.chunks.iter().flat_map(|(_, text)| text.bytes()).collect();
/// let length = publication.entry.decode(&mut texts)?;
/// assert_eq!(texts[..length], table);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn publish(
    table: &[u8],
    key: &str,
    previous: Option<&Entry>,
    limits: &Limits,
) -> Result<Publication, TooLarge> {
    let too_large = TooLarge::Table(table.len(), limits.largest(), *limits);
    let mut entry = Entry {
        generation: previous.map_or(0, |entry| entry.generation).wrapping_add(1),
        chunks: 0,
        bytes: u32::try_from(table.len()).map_err(|_| too_large)?,
        checksum: checksum(table),
    };
    let mut manifest = manifest(&entry);
    let room = limits.value_chars.saturating_sub(manifest.len());
    // With the sign before it.
    if text_length(table.len()) < room {
        manifest.push(INLINE);
        encode(table, &mut manifest);
        return Ok(Publication {
            chunks: Vec::new(),
            manifest: (key.into(), manifest),
            entry,
        });
    }
    if table.len() > limits.largest() {
        return Err(too_large);
    }
    let mut chunks = Vec::new();
    let chunk_bytes = (limits.chunk_chars() / 4).saturating_mul(3).max(1);
    for (number, bytes) in (0..).zip(table.chunks(chunk_bytes)) {
        let (mut chunk_key, mut text) = (String::new(), String::new());
        // A `String` takes everything.
        let _ = entry.write_key(key, number, &mut chunk_key);
        let characters = chunk_key.chars().count();
        if characters > limits.key_chars {
            return Err(TooLarge::Key(characters, limits.key_chars));
        }
        encode(bytes, &mut text);
        chunks.push((chunk_key, text));
        entry.chunks = number.saturating_add(1);
    }
    manifest = self::manifest(&entry);
    if let Some(previous) = previous.filter(|previous| previous.chunks > 0) {
        write_line(previous, &mut manifest);
    }
    Ok(Publication {
        chunks,
        manifest: (key.into(), manifest),
        entry,
    })
}

fn manifest(entry: &Entry) -> String {
    let mut out = String::from(MAGIC);
    // A `String` takes everything.
    let _ = write_number(&mut out, CHUNKS_VERSION.into());
    out.push('\n');
    write_line(entry, &mut out);
    out
}

fn write_line(entry: &Entry, out: &mut String) {
    use Piece::{Number, Text};
    let pieces = [
        Number(entry.generation),
        Text(" "),
        Number(entry.chunks.into()),
        Text(" "),
        Number(entry.bytes.into()),
        Text(" "),
    ];
    // A `String` takes everything.
    let _ = write_pieces(out, &pieces);
    let _ = writeln!(out, "{:016x}", entry.checksum);
}

#[cfg(test)]
mod tests {
    use super::super::{ChunkError, ChunkManifest};
    use super::*;
    use alloc::vec;
    use std::string::ToString;

    /// What a reader does.
    fn read(publication: &Publication, key: &str) -> Result<Vec<u8>, ChunkError> {
        let manifest = ChunkManifest::parse(publication.manifest.1.as_bytes())?;
        let mut text = Vec::from(manifest.inline.unwrap_or_default());
        for number in 0..manifest.current.chunks {
            let mut wanted = String::new();
            manifest
                .current
                .write_key(key, number, &mut wanted)
                .unwrap();
            let chunk = publication.chunks.iter().find(|(key, _)| *key == wanted);
            text.extend_from_slice(chunk.map_or("", |(_, text)| text).as_bytes());
        }
        let length = manifest.current.decode(&mut text)?;
        text.truncate(length);
        Ok(text)
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length)
            .map(|at| (at.wrapping_mul(167) >> 3) as u8)
            .collect()
    }

    #[test]
    fn what_is_written_is_read_at_every_length() {
        let limits = Limits::CONFIG_STORE.with_value_chars(200);
        let largest = limits.largest();
        assert_eq!(largest, 15 * 150);
        for length in 0..=largest {
            let table = bytes(length);
            let publication = publish(&table, "specs", None, &limits).unwrap();
            assert_eq!(read(&publication, "specs"), Ok(table), "{length}");
            assert!(publication.manifest.1.len() <= 200);
            for (_, text) in &publication.chunks {
                assert!(text.len() <= 200 && !text.is_empty());
            }
            assert!(publication.chunks.len() <= 15);
        }
        let error = publish(&bytes(largest + 1), "specs", None, &limits).unwrap_err();
        assert_eq!(error, TooLarge::Table(largest + 1, largest, limits));
    }

    #[test]
    fn the_limits_of_a_config_store() {
        assert_eq!(Limits::default().largest(), 90_000);
        let publication = publish(&bytes(90_000), "s", None, &Limits::default()).unwrap();
        assert_eq!(publication.chunks.len(), 15);
        assert!(
            publication
                .chunks
                .iter()
                .all(|(_, text)| text.len() == 8_000)
        );
        let error = publish(&bytes(90_001), "s", None, &Limits::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the table has 90001 bytes; 90000 fit into 15 values of 8000 characters, which one request may read: \
             use a KV Store, or narrow the payload down to a target app"
        );
        let key = "k".repeat(252);
        assert_eq!(
            publish(&bytes(90_000), &key, None, &Limits::default()),
            Err(TooLarge::Key(256, 255))
        );
        // In the manifest itself nothing is added to the key.
        assert!(publish(&bytes(10), &key, None, &Limits::default()).is_ok());
    }

    #[test]
    fn the_generation_before_is_named_while_its_chunks_are_there() {
        let limits = Limits::CONFIG_STORE.with_value_chars(100);
        let first = publish(&bytes(500), "k", None, &limits).unwrap();
        assert_eq!(first.manifest.1.lines().count(), 2);
        assert_eq!(first.chunks[0].0, "k.1.0");
        let second = publish(&bytes(400), "k", Some(&first.entry), &limits).unwrap();
        let manifest = ChunkManifest::parse(second.manifest.1.as_bytes()).unwrap();
        assert_eq!(
            (manifest.current, manifest.previous),
            (second.entry, Some(first.entry))
        );
        assert_eq!(second.chunks[1].0, "k.2.1");
        let third = publish(&bytes(3), "k", Some(&second.entry), &limits).unwrap();
        let manifest = ChunkManifest::parse(third.manifest.1.as_bytes()).unwrap();
        assert_eq!((manifest.previous, manifest.current.generation), (None, 3));
        let fourth = publish(&bytes(400), "k", Some(&third.entry), &limits).unwrap();
        let manifest = ChunkManifest::parse(fourth.manifest.1.as_bytes()).unwrap();
        assert_eq!((manifest.previous, manifest.current.generation), (None, 4));
    }

    #[test]
    fn what_is_damaged_is_told() {
        let limits = Limits::CONFIG_STORE.with_value_chars(100);
        let good = publish(&bytes(200), "k", None, &limits).unwrap();
        let mut lost = good.clone();
        lost.chunks.pop();
        assert_eq!(read(&lost, "k"), Err(ChunkError::Length(200, 150)));
        let mut cut = good.clone();
        cut.chunks[2].1.truncate(5);
        assert_eq!(read(&cut, "k"), Err(ChunkError::Text));
        let mut swapped = good.clone();
        swapped.chunks[0].1 = good.chunks[1].1.clone();
        assert_eq!(read(&swapped, "k"), Err(ChunkError::Checksum));
        for (manifest, error) in [
            ("", ChunkError::NotAManifest),
            ("{\"time\":1}", ChunkError::NotAManifest),
            ("statsig-chunks 2\nanything", ChunkError::Version(2)),
            ("statsig-chunks x\n", ChunkError::Line(1)),
            ("statsig-chunks 1", ChunkError::Line(2)),
            ("statsig-chunks 1\n1 1 3", ChunkError::Line(2)),
            ("statsig-chunks 1\n1 1 3 0 0", ChunkError::Line(2)),
            ("statsig-chunks 1\n1 1 +3 0", ChunkError::Line(2)),
            ("statsig-chunks 1\n1 1 4294967296 0", ChunkError::Line(2)),
            ("statsig-chunks 1\n1 16 3 0", ChunkError::TooMany(16)),
            ("statsig-chunks 1\n1 0 3 0", ChunkError::Line(3)),
            ("statsig-chunks 1\n1 0 3 0\nZg", ChunkError::Line(3)),
            ("statsig-chunks 1\n1 1 3 0\nx", ChunkError::Line(3)),
            ("statsig-chunks 1\n1 0 3 0\n=Zg\nx", ChunkError::Line(4)),
        ] {
            assert_eq!(
                ChunkManifest::parse(manifest.as_bytes()),
                Err(error),
                "{manifest}"
            );
            assert!(!error.to_string().is_empty());
        }
        assert!(ChunkManifest::is_one(good.manifest.1.as_bytes()) && !ChunkManifest::is_one(b"{}"));
    }

    #[test]
    fn any_change_of_a_text_is_seen() {
        let limits = Limits::CONFIG_STORE.with_value_chars(100);
        let good = publish(&bytes(120), "k", None, &limits).unwrap();
        for chunk in 0..good.chunks.len() {
            for at in 0..good.chunks[chunk].1.len() {
                for bit in 0..7 {
                    let mut bad = good.clone();
                    let mut text = vec![];
                    text.extend_from_slice(bad.chunks[chunk].1.as_bytes());
                    text[at] ^= 1 << bit;
                    bad.chunks[chunk].1 = String::from_utf8(text).unwrap();
                    assert!(read(&bad, "k").is_err());
                }
            }
        }
    }
}
