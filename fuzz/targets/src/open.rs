//! `open`: a table of any bytes. As they are, and once more with a header and a directory that open.

use statsig_edge::{FORMAT_VERSION, MAGIC, Table, User};

use crate::ask::{USERS, everything};

const HEADER: usize = 32;
/// Sections of this version of the format (`engine/FORMAT.md`).
const SECTIONS: usize = 23;

/// Runs one input. Its last byte chooses the user.
pub fn run(bytes: &[u8]) {
    let chosen = bytes.last().map_or(0, |byte| usize::from(*byte));
    let json = USERS[chosen % USERS.len()];
    let mut scratch = vec![0; json.len() * 6];
    let user = User::from_json(json.as_bytes(), &mut scratch).unwrap_or_default();
    if let Ok(table) = Table::open(bytes) {
        everything(table, &user, false);
        return;
    }
    let opening = opening(bytes);
    match Table::open(&opening) {
        Ok(table) => everything(table, &user, false),
        Err(error) => panic!("{error}"),
    }
}

/// The bytes with what [`Table::open`] asks for.
fn opening(bytes: &[u8]) -> Vec<u8> {
    let mut table = bytes.to_vec();
    table.resize(bytes.len().max(HEADER + SECTIONS * 8), 0);
    let length = table.len() as u32;
    table[..4].copy_from_slice(&MAGIC);
    table[4..6].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    table[8..12].copy_from_slice(&length.to_le_bytes());
    table[12..16].copy_from_slice(&(SECTIONS as u32).to_le_bytes());
    let (header, _) = table.split_at_mut(HEADER + SECTIONS * 8);
    for entry in header[HEADER..].as_chunks_mut::<8>().0 {
        let [a, b, c, d, e, f, g, h] = *entry;
        let start = u32::from_le_bytes([a, b, c, d]);
        let start = if start > length {
            start % length
        } else {
            start
        };
        let size = u32::from_le_bytes([e, f, g, h]).min(length - start);
        entry[..4].copy_from_slice(&start.to_le_bytes());
        entry[4..].copy_from_slice(&size.to_le_bytes());
    }
    table
}
