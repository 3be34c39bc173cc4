//! `config_store_chunks`: texts of any bytes as a manifest and its chunks; and tables written and read back, also damaged.

use statsig_edge::chunks::{ChunkManifest, Limits, Publication, publish};

use crate::cut::Cut;

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let mut cut = Cut(bytes);
    match cut.byte() % 2 {
        0 => any(&mut cut),
        _ => and_back(&mut cut),
    }
}

/// A manifest and, behind a zero, the chunks.
fn any(cut: &mut Cut<'_>) {
    let value = cut.bytes();
    let manifest = match ChunkManifest::parse(value) {
        Ok(manifest) => manifest,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(ChunkManifest::is_one(value));
    for entry in [Some(manifest.current), manifest.previous]
        .into_iter()
        .flatten()
    {
        let mut key = String::new();
        // A `String` takes everything.
        let _ = entry.write_key("key", entry.chunks, &mut key);
        let mut texts = manifest.inline.map_or(cut.0, str::as_bytes).to_vec();
        if let Ok(length) = entry.decode(&mut texts) {
            assert_eq!(length, entry.bytes as usize);
            assert_eq!(texts.len(), entry.text_length());
        }
    }
}

fn read(written: &Publication) -> Option<Vec<u8>> {
    let (_, value) = &written.manifest;
    let manifest = ChunkManifest::parse(value.as_bytes()).ok()?;
    let mut texts = Vec::new();
    match manifest.inline {
        Some(inline) => texts.extend(inline.bytes()),
        None => {
            for chunk in 0..manifest.current.chunks {
                let mut key = String::new();
                let _ = manifest.current.write_key("table", chunk, &mut key);
                let found = written.chunks.iter().find(|(known, _)| *known == key);
                texts.extend(found?.1.bytes());
            }
        }
    }
    let length = manifest.current.decode(&mut texts).ok()?;
    texts.truncate(length);
    Some(texts)
}

fn and_back(cut: &mut Cut<'_>) {
    let mut limits = Limits::default();
    limits.value_chars = 80 + usize::from(cut.byte());
    limits.key_chars = 16 + usize::from(cut.byte());
    limits.lookups = cut.byte() % 20;
    let place = u32::from_le_bytes(cut.array()) as usize;
    let flip = cut.byte();
    let table = cut.0;
    let first = match publish(table, "table", None, &limits) {
        Ok(first) => first,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let Ok(mut written) = publish(table, "table", Some(&first.entry), &limits) else {
        return;
    };
    assert!(written.entry.generation > first.entry.generation);
    for (key, value) in written.chunks.iter().chain([&written.manifest]) {
        assert!(key.chars().count() <= limits.key_chars, "{key}");
        assert!(value.chars().count() <= limits.value_chars, "{key}");
    }
    assert!(written.chunks.len() < usize::from(limits.lookups.max(1)));
    assert_eq!(read(&written).as_deref(), Some(table));
    // One character that is another one: never another table.
    let last = written.chunks.len();
    let text = match written.chunks.get_mut(place % (last + 1)) {
        Some((_, text)) => text,
        None => &mut written.manifest.1,
    };
    let mut damaged = text.clone().into_bytes();
    let at = place.checked_rem(damaged.len()).unwrap_or(0);
    if let Some(byte) = damaged.get_mut(at) {
        *byte = flip % 0x80;
    }
    *text = String::from_utf8(damaged).unwrap_or_default();
    if let Some(read) = read(&written) {
        assert_eq!(read, table, "damage went unnoticed");
    }
}
