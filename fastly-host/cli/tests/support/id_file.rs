//! Ids of users `user-0`, `user-1` and so on: as lines of Statsig's files, and as keys.

use base64::Engine;
use sha2::Digest;
use statsig_edge::id_list::Key;

fn key(number: u32) -> Key {
    let digest = sha2::Sha256::digest(format!("user-{number}"));
    *digest.first_chunk().unwrap()
}

/// Lines that add (`+`) or remove (`-`).
pub fn lines(sign: char, numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut file = String::new();
    for number in numbers {
        file.push(sign);
        base64::engine::general_purpose::STANDARD.encode_string(key(number), &mut file);
        file.push('\n');
    }
    file.into_bytes()
}

/// The keys of a list.
pub fn sorted(numbers: impl IntoIterator<Item = u32>) -> Vec<Key> {
    let mut keys: Vec<Key> = numbers.into_iter().map(key).collect();
    keys.sort();
    keys
}
