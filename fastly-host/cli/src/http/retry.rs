//! Which answers a repetition may better, and how long to wait before it.

use std::time::Duration;

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(10);

/// Whether sending the same request again may help.
pub(super) fn helps(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Twice as long each time, of which a random half is left out, so that clients which failed together do not come back
/// together.
pub(super) fn pause(first: Duration, attempt: u32) -> Duration {
    let whole = first
        .saturating_mul(1 << attempt.min(16))
        .min(LONGEST.max(first));
    whole.mul_f64(0.5 + 0.5 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let first = Duration::from_millis(100);
        for (attempt, whole) in [(0, 100), (1, 200), (3, 800), (10, 10_000), (40, 10_000)] {
            for _ in 0..100 {
                let pause = pause(first, attempt).as_millis();
                assert!((whole / 2..=whole).contains(&pause), "{attempt}: {pause}");
            }
        }
    }
}
