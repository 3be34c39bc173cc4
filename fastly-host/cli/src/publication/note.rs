//! What a publication notes in its item's metadata, so that the next one knows what is live without reading it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The note: JSON in one line of ASCII.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// SHA-256 of the value, in hexadecimal.
    pub sha256: String,
    /// The payload's time, ms since the epoch.
    pub time: u64,
    /// `table` or `json`.
    pub format: String,
    /// Who wrote it.
    #[serde(default)]
    pub by: String,
}

impl Note {
    /// Of this value.
    pub(crate) fn of(value: &[u8], time: u64, format: &str) -> Self {
        Note {
            sha256: sha256(value),
            time,
            format: format.to_owned(),
            by: concat!("statsig-fastly ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Reads metadata; `None` for what somebody else wrote.
    pub(crate) fn parse(metadata: &str) -> Option<Self> {
        serde_json::from_str(metadata).ok()
    }

    /// The metadata.
    pub(crate) fn text(&self) -> String {
        // Strings and a number: nothing that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_header() {
        let note = Note::of(b"", u64::MAX, "table");
        let text = note.text();
        assert!(text.len() < 250 && text.bytes().all(|byte| (0x20..0x7F).contains(&byte)));
        assert_eq!(Note::parse(&text), Some(note));
        assert_eq!(Note::parse("v=1"), None);
        // `printf '' | sha256sum`
        assert!(text.contains("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    }
}
