//! WASI: the clock and random bytes.

use super::*;

pub(crate) fn clock_time_get_realtime() -> Result<u64, Status> {
    call("wasi_snapshot_preview1.clock_time_get", |state| {
        Ok(state.host.now_ms.saturating_mul(1_000_000))
    })
}

/// SplitMix64, so that a test sees the same numbers every time.
pub(crate) fn random_get(buffer: &mut [u8]) -> Result<(), Status> {
    call("wasi_snapshot_preview1.random_get", |state| {
        for chunk in buffer.chunks_mut(8) {
            state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = state.random;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bits ^= bits >> 31;
            chunk
                .iter_mut()
                .zip(bits.to_le_bytes())
                .for_each(|(slot, byte)| *slot = byte);
        }
        Ok(())
    })
}
