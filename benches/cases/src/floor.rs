//! Floors that no evaluation with a bucket can go below.

use core::hint::black_box;

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

/// One SHA-256 compression of a 64-byte block.
pub fn compression() -> u64 {
    let mut state = black_box([0x6a09_e667u32; 8]);
    compress256(&mut state, &[black_box([0x5a; 64])]);
    u64::from(black_box(state)[0])
}

/// The first eight bytes of the SHA-256 of a text as short as most: what Statsig draws a bucket with.
pub fn hash() -> u64 {
    let text = black_box("54QJztEPRLXK7ZCvXeY9q4.user-1234567");
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.first_chunk::<8>().copied().unwrap_or_default();
    u64::from_be_bytes(black_box(first))
}
