//! Sets of user buckets, which Statsig writes with hundreds of members: read once, as bits (`evaluation.md` §2.3).

use alloc::vec::Vec;

use super::source::Span;
use crate::json::space_end;

/// The thousand buckets.
pub(super) type Bits = [u8; 125];

/// The sets of a payload that take more room as text.
#[derive(Default)]
pub(super) struct BucketSets {
    /// Each with where it begins, in the order of the text.
    sets: Vec<(u32, Bits)>,
}

impl BucketSets {
    /// The length of the set that begins at a place of the text, if it is one; its bits are kept.
    pub(super) fn read(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let text = text.get(at..)?;
        let mut bits = [0; 125];
        let length = match text.first() {
            Some(b'{') => members(text, &mut bits)?,
            _ => elements(text, &mut bits)?,
        };
        if length > bits.len() {
            self.sets.push((at as u32, bits));
        }
        Some(length)
    }

    pub(super) fn find(&self, set: Span) -> Option<&Bits> {
        let at = self.sets.binary_search_by_key(&set.start, |set| set.0);
        self.sets.get(at.ok()?).map(|(_, bits)| bits)
    }
}

/// Adds a bucket; other numbers can equal none.
pub(super) fn add(bits: &mut Bits, bucket: u32) {
    if let Some(byte) = bits.get_mut((bucket / 8) as usize) {
        *byte |= 1 << (bucket % 8);
    }
}

/// Adds the number that these digits spell; false for other bytes and for a leading zero.
#[inline(never)]
fn add_digits(bits: &mut Bits, digits: [u8; 3], length: usize) -> bool {
    let [hundreds, tens, ones] = digits;
    let value = |digit: u8| u32::from(digit ^ b'0');
    let (hundreds, tens, ones) = (value(hundreds), value(tens), value(ones));
    let leading_zero = length == 3 && hundreds == 0 || length == 2 && tens == 0;
    if hundreds > 9 || tens > 9 || ones > 9 || leading_zero {
        return false;
    }
    let number = hundreds
        .wrapping_mul(100)
        .wrapping_add(tens.wrapping_mul(10));
    add(bits, number.wrapping_add(ones));
    true
}

/// The length of `{"12":true,…}` without white space; `None` where anything else stands.
fn members(text: &[u8], bits: &mut Bits) -> Option<usize> {
    const NEXT: u64 = u64::from_le_bytes(*b"\":true,\"");
    const END: u64 = u64::from_le_bytes(*b"\":true}\0");
    if text.get(1) != Some(&b'"') {
        return None;
    }
    // Behind the quote of a key.
    let mut rest = text.get(2..)?;
    while let Some(entry) = rest.first_chunk::<11>() {
        let [a, b, c, ..] = *entry;
        let behind_one = u64::from_le_bytes(*entry.first_chunk::<9>()?.last_chunk()?);
        let behind_two = u64::from_le_bytes(*entry.first_chunk::<10>()?.last_chunk()?);
        let behind_three = u64::from_le_bytes(*entry.last_chunk()?);
        let ends = |word: u64| word == NEXT || word << 8 == END << 8;
        let (digits, length, behind) = match () {
            () if ends(behind_three) => ([a, b, c], 3, behind_three),
            () if ends(behind_two) => ([b'0', a, b], 2, behind_two),
            () if ends(behind_one) => ([b'0', b'0', a], 1, behind_one),
            () => return None,
        };
        if !add_digits(bits, digits, length) {
            return None;
        }
        if behind != NEXT {
            let left = rest.len().checked_sub(length)?.checked_sub(7)?;
            return text.len().checked_sub(left);
        }
        rest = rest.get(length.wrapping_add(8)..)?;
    }
    None
}

/// The length of `[1, 2, …]`; `None` where anything else stands.
fn elements(text: &[u8], bits: &mut Bits) -> Option<usize> {
    let mut rest = text.strip_prefix(b"[")?;
    loop {
        rest = behind_space(rest);
        let (digits, length) = match *rest {
            [a, b, c, ..] if b.is_ascii_digit() && c.is_ascii_digit() => ([a, b, c], 3),
            [a, b, ..] if b.is_ascii_digit() => ([b'0', a, b], 2),
            [a, ..] => ([b'0', b'0', a], 1),
            [] => return None,
        };
        if !add_digits(bits, digits, length) {
            return None;
        }
        rest = behind_space(rest.get(length..)?);
        let (&byte, later) = rest.split_first()?;
        rest = later;
        match byte {
            b',' => {}
            b']' => return text.len().checked_sub(rest.len()),
            _ => return None,
        }
    }
}

#[inline(always)]
fn behind_space(text: &[u8]) -> &[u8] {
    match text.first() {
        Some(byte) if *byte <= b' ' => text.get(space_end(text, 0)..).unwrap_or_default(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;
    use crate::testing::Choices;

    /// What follows in a payload.
    const REST: &str = ",\"operator\":\"any\"}";

    fn read(set: &str) -> Option<(usize, Vec<u32>)> {
        let text = format!(" {set}{REST}");
        let mut sets = BucketSets::default();
        let length = sets.read(text.as_bytes(), 1)?;
        let found = sets.find(Span::between(1, 1 + length));
        assert_eq!(
            found.is_some(),
            length > 125,
            "kept only where it is smaller"
        );
        let bits = found.copied().unwrap_or([0; 125]);
        let is_in = |bucket: &u32| bits[(bucket / 8) as usize] >> (bucket % 8) & 1 == 1;
        Some((length, (0..1000).filter(is_in).collect()))
    }

    #[test]
    fn sets_equal_what_serde_json_reads() {
        let mut choices = Choices::new(3);
        for _ in 0..500 {
            let count = 40 + choices.below(400);
            let buckets: Vec<usize> = (0..count).map(|_| choices.below(1000)).collect();
            let spelt = |open, close, each: &mut dyn FnMut(&usize) -> String| {
                let parts: Vec<String> = buckets.iter().map(each).collect();
                format!("{open}{}{close}", parts.join(","))
            };
            let object = spelt('{', '}', &mut |bucket| format!("\"{bucket}\":true"));
            let mut spaced = |bucket: &usize| {
                let space = |choices: &mut Choices| -> &'static str {
                    choices.pick(&["", " ", "\n   ", "\t \r\n"])
                };
                format!("{}{bucket}{}", space(&mut choices), space(&mut choices))
            };
            let list = spelt('[', ']', &mut spaced);
            let expected: BTreeSet<u32> = match serde_json::from_str(&list).unwrap() {
                serde_json::Value::Array(list) => list
                    .iter()
                    .map(|one| one.as_u64().unwrap() as u32)
                    .collect(),
                _ => BTreeSet::new(),
            };
            let keys: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&object).unwrap();
            assert!(
                expected
                    .iter()
                    .all(|one| keys.contains_key(&one.to_string()))
            );
            let expected: Vec<u32> = expected.into_iter().collect();
            for set in [&object, &list] {
                assert_eq!(read(set), Some((set.len(), expected.clone())), "{set}");
            }
        }
    }

    #[test]
    fn anything_else_is_left_to_the_scanner() {
        for set in [
            "[]",
            "{}",
            "[1000]",
            "[1,1000]",
            "[01]",
            "[00]",
            "[007]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[-1]",
            "[1.0]",
            "[1e2]",
            "[\"1\"]",
            "[null]",
            "[1",
            "{\"1\":false}",
            "{\"01\":true}",
            "{\"\":true}",
            "{\"1000\":true}",
            "{\"1\" :true}",
            "{\"1\": true}",
            "{ \"1\":true}",
            "{\"1\":true,}",
            "{\"1\":true ,\"2\":true}",
            "{\"a\":true}",
            "{\"1\":true\"2\":true}",
            "{\"/\":true}",
            "{\":\":true}",
            "{\"1\":true,\"2\":1}",
            "{\"1\":trueX}",
        ] {
            assert_eq!(read(set), None, "{set}");
        }
    }

    #[test]
    fn a_cut_set_is_none() {
        let numbers: Vec<String> = (0..200).map(|number| number.to_string()).collect();
        let object = format!("{{\"{}\":true}}", numbers.join("\":true,\""));
        let list = format!("[{}]", numbers.join(", "));
        for set in [object, list] {
            for end in 0..set.len() {
                let mut sets = BucketSets::default();
                assert_eq!(sets.read(&set.as_bytes()[..end], 0), None, "{end} of {set}");
            }
        }
    }
}
