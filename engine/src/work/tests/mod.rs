//! What reads bytes from outside does so in linear time.

#[cfg(feature = "compile-regex")]
mod patterns;
#[cfg(feature = "compile")]
mod payloads;
#[cfg(feature = "compile")]
mod stored;
mod users;

use super::counting::of;

/// Twice the input, twice the work, within a tenth.
fn is_linear<I: AsRef<[u8]>>(what: &str, make: impl Fn(usize) -> I, read: impl Fn(&[u8])) {
    let count = |n: usize| {
        let input = make(n);
        let (length, work) = (input.as_ref().len(), of(|| read(input.as_ref())));
        assert!(
            work > length / 16,
            "{what}: {work} of {length} bytes counted"
        );
        work
    };
    let counts = [count(500), count(1000), count(2000)];
    for pair in counts.windows(2) {
        assert!(pair[1] * 10 <= pair[0] * 22, "{what}: {counts:?}");
    }
}
