//! SHA-256 as Statsig draws buckets with it (`evaluation.md` §0.2, §3.5): from a prefix laid out in the table.

use crate::sha256_block::compress;

use crate::table::wire::varint;

/// SHA-256's initial state (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

const BLOCK: usize = 64;

/// A SHA-256 that is fed text and may begin in the middle, after blocks that were hashed when the table was made.
#[derive(Clone)]
pub(crate) struct Sha256 {
    state: [u32; 8],
    block: [u8; BLOCK],
    /// Bytes hashed so far; the last `length % 64` of them wait in `block`.
    length: u64,
}

impl Sha256 {
    #[inline(never)]
    pub(crate) fn new() -> Self {
        Sha256 {
            state: INITIAL,
            block: [0; BLOCK],
            length: 0,
        }
    }

    fn used(&self) -> usize {
        self.length as usize % BLOCK
    }

    #[inline(never)]
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let used = self.used();
            let free = BLOCK.saturating_sub(used);
            let (now, later) = bytes.split_at_checked(free).unwrap_or((bytes, &[]));
            if let Some(place) = self.block.get_mut(used..used.saturating_add(now.len())) {
                place.copy_from_slice(now);
            }
            self.length = self.length.wrapping_add(now.len() as u64);
            if now.len() == free {
                compress(&mut self.state, &self.block);
            }
            bytes = later;
        }
    }

    /// Pads, after which the state is the digest.
    fn pad(&mut self) {
        let used = self.used();
        let free = self.block.get_mut(used..).unwrap_or_default();
        free.fill(0);
        if let Some(one) = free.first_mut() {
            *one = 0x80;
        }
        if used >= BLOCK.saturating_sub(8) {
            compress(&mut self.state, &self.block);
            self.block = [0; BLOCK];
        }
        if let Some(tail) = self.block.last_chunk_mut::<8>() {
            *tail = self.length.wrapping_mul(8).to_be_bytes();
        }
        compress(&mut self.state, &self.block);
    }

    /// H: the first eight bytes of the digest as a big-endian number. Ends the hash.
    #[inline(never)]
    pub(crate) fn finish(&mut self) -> u64 {
        self.pad();
        let [high, low, ..] = self.state;
        u64::from(high) << 32 | u64::from(low)
    }
}

/// SHA-256 of these pieces, one behind the other (FIPS 180-4): the hash that buckets are drawn with, for those who sign what
/// they give out.
///
/// ```
/// use statsig_edge::sha256;
///
/// // FIPS 180-4's own example, in two pieces.
/// let digest = sha256(&[b"a", b"bc"]);
/// assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
/// assert_eq!(digest[28..], [0xf2, 0x00, 0x15, 0xad]);
/// ```
pub fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    hash.pad();
    let mut digest = [0; 32];
    for (place, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(hash.state) {
        *place = word.to_be_bytes();
    }
    digest
}

/// H of a whole text.
pub(crate) fn h(bytes: &[u8]) -> u64 {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

impl Sha256 {
    /// Feeds a fresh hash the beginning of its input, such as `specSalt.ruleSalt.`, whose full blocks were hashed when the
    /// table was made: `[blocks varint] [midstate 32 bytes, if there are blocks] [tail]`.
    pub(crate) fn begin(&mut self, prefix: &[u8]) -> Option<()> {
        let (blocks, mut tail) = varint(prefix)?;
        if blocks > 0 {
            let (midstate, rest) = tail.split_first_chunk::<32>()?;
            tail = rest;
            for (word, bytes) in self.state.iter_mut().zip(midstate.as_chunks::<4>().0) {
                *word = u32::from_le_bytes(*bytes);
            }
            self.length = u64::from(blocks).wrapping_mul(BLOCK as u64);
        }
        self.update(tail);
        Some(())
    }

    /// Writes what [`Sha256::begin`] reads.
    #[cfg(feature = "compile")]
    pub(crate) fn encode_prefix(text: &[u8]) -> alloc::vec::Vec<u8> {
        let mut out = alloc::vec::Vec::new();
        let blocks = text.len() / BLOCK;
        let (full, tail) = text
            .split_at_checked(blocks.saturating_mul(BLOCK))
            .unwrap_or((text, &[]));
        crate::table::wire::push_varint(&mut out, blocks as u32);
        if blocks > 0 {
            let mut hash = Sha256::new();
            hash.update(full);
            for word in hash.state {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
        out.extend_from_slice(tail);
        out
    }
}

/// The first eight characters of the base64 SHA-256 of a text: its key in an ID list (§4.11).
pub(crate) fn id_list_key(text: &str) -> [u8; 8] {
    let top = h(text.as_bytes());
    let mut key = [0; 8];
    for (index, place) in key.iter_mut().enumerate() {
        let shift = 58u32.saturating_sub((index as u32).saturating_mul(6));
        *place = base64_digit((top >> shift & 63) as u8);
    }
    key
}

/// The character of six bits in standard base64.
pub(crate) fn base64_digit(digit: u8) -> u8 {
    static DIGITS: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    DIGITS.get(usize::from(digit)).copied().unwrap_or(b'/')
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "compile")]
    use super::Sha256;
    use super::{h, id_list_key, sha256};
    use crate::testing::{text_of, vectors};

    #[test]
    fn hashes_equal_the_cores() {
        let cases = vectors()["hash"].as_array().unwrap();
        assert_eq!(cases.len(), 23);
        for case in cases {
            let input = text_of(case, "input");
            let hash = h(input.as_bytes());
            assert_eq!(
                hash,
                text_of(case, "first8_u64").parse::<u64>().unwrap(),
                "{input:?}"
            );
            assert_eq!(hash % 10_000, case["mod_10000"].as_u64().unwrap());
            assert_eq!(hash % 1_000, case["mod_1000"].as_u64().unwrap());
            assert_eq!(
                &id_list_key(input)[..],
                text_of(case, "id_list_key").as_bytes()
            );
        }
    }

    #[test]
    fn digests_equal_another_implementations() {
        use sha2::Digest;
        let bytes: std::vec::Vec<u8> = (0..=255).cycle().take(300).collect();
        for length in [0, 1, 55, 56, 63, 64, 65, 128, 300] {
            for cut in [0, length / 3, length] {
                let (a, b) = bytes[..length].split_at(cut);
                let expected: [u8; 32] = sha2::Sha256::digest(&bytes[..length]).into();
                assert_eq!(sha256(&[a, b]), expected, "{length} at {cut}");
            }
        }
    }

    #[test]
    fn buckets_of_percentages_equal_the_cores() {
        for case in vectors()["pass_percentage"].as_array().unwrap() {
            let hash = h(text_of(case, "hashed").as_bytes());
            assert_eq!(hash % 10_000, case["bucket"].as_u64().unwrap(), "{case}");
        }
    }

    /// Wherever a text is cut into prefix and unit, and whatever blocks that makes, the hash is the same.
    #[cfg(feature = "compile")]
    #[test]
    fn a_prefix_hashes_as_the_whole_text() {
        let text: alloc::string::String = ('!'..='~').cycle().take(300).collect();
        for length in [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 128, 200, 300] {
            let whole = &text[..length];
            for cut in 0..=length {
                let encoded = Sha256::encode_prefix(&whole.as_bytes()[..cut]);
                let mut hash = Sha256::new();
                hash.begin(&encoded).unwrap();
                hash.update(&whole.as_bytes()[cut..]);
                assert_eq!(hash.finish(), h(whole.as_bytes()), "{length} at {cut}");
            }
        }
    }
}
