//! Names as a response says them (`evaluation.md` §7.4).

use core::fmt::Write;

use super::NameHash;
use crate::hash::{djb2, djb2_on};
use crate::sha256::{base64_digit, sha256};

/// A name, hidden or not.
pub(super) enum Name<'n> {
    Plain(&'n str),
    Hashed(heapless::String<44>),
}

impl<'n> Name<'n> {
    /// Cost: one pass over the name.
    pub(super) fn new(name: &'n str, hash: NameHash) -> Self {
        match hash {
            NameHash::None => Name::Plain(name),
            NameHash::Djb2 => Name::Hashed(decimal(djb2(name))),
            NameHash::Sha256 => Name::Hashed(base64(&sha256(&[name.as_bytes()]))),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Name::Plain(name) => name,
            Name::Hashed(text) => text,
        }
    }
}

/// A number in decimal.
pub(super) fn decimal<const N: usize>(value: u32) -> heapless::String<N> {
    let mut text = heapless::String::new();
    // Ten digits fit wherever this is used.
    let _ = write!(text, "{value}");
    text
}

/// The key of an exposure in a v2 response: djb2 of `gate:value:rule`, the gate as the response names it.
pub(super) fn exposure_key(gate: &str, gate_value: bool, rule_id: &str) -> u32 {
    let value = if gate_value { ":true:" } else { ":false:" };
    djb2_on(djb2_on(djb2(gate), value), rule_id)
}

/// Standard base64 with padding: 32 bytes make 44 characters.
fn base64(bytes: &[u8; 32]) -> heapless::String<44> {
    let mut text = heapless::String::new();
    for chunk in bytes.chunks(3) {
        let mut group = chunk.iter().copied().chain([0, 0]);
        let mut next = || u32::from(group.next().unwrap_or_default());
        let bits = next() << 16 | next() << 8 | next();
        for digit in 0..4usize {
            let shift = 18usize.saturating_sub(digit.saturating_mul(6));
            let character = if digit > chunk.len() {
                '='
            } else {
                char::from(base64_digit((bits >> shift & 63) as u8))
            };
            // Eleven groups of four fit.
            let _ = text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{text_of, vectors};

    #[test]
    fn hidden_names_equal_the_cores() {
        let cases = vectors()["hash"].as_array().unwrap();
        for case in cases {
            let input = text_of(case, "input");
            for (hash, key) in [
                (NameHash::Djb2, "djb2"),
                (NameHash::Sha256, "sha256_base64"),
            ] {
                assert_eq!(
                    Name::new(input, hash).as_str(),
                    text_of(case, key),
                    "{input:?}"
                );
            }
        }
    }
}
