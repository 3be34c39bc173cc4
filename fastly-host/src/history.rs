//! What was exposed before: which exposures repeat one, and which are the first of their rule (`evaluation.md` §6.5, §6.7).
//!
//! Exposures are remembered by 64-bit hashes. That two of the at most [`MAX_REMEMBERED`] at a time have the same, so that one is taken
//! for a repeat, has a chance below one in three thousand million; among the exposures of one request there is none to speak of.
//! Cost: eight to sixteen bytes for each exposure, one probe to look it up.

use alloc::vec::Vec;

/// The most exposures that are remembered, as in Statsig's core; with one more all are forgotten, and repeats are logged again.
pub const MAX_REMEMBERED: usize = 100_000;

/// The exposures of the last minute.
///
/// One execution has its own unless told otherwise. In a sandbox that answers several requests, give it from one
/// [`Statsig`](crate::Statsig) to the next: see [`Statsig::with_history`](crate::Statsig::with_history).
///
/// ```
/// # #[cfg(feature = "drop-in")] {
/// # use statsig_edge::User;
/// # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
/// # use statsig_fastly::{Config, Specs, Statsig};
/// # let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples/specs.json"));
/// # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/cart?id=7"), ..Host::default() }
/// #     .kv("statsig", "specs", KvEntry::new(specs))
/// #     .backend("events", [Reply::answer(202, br#"{"success":true}"#)]);
/// # let (_, record) = fake::with(host, || {
/// use statsig_fastly::{Events, Key};
///
/// let config = Config::new().with_kv_store("statsig", "specs").with_events(Events::new("events", Key::Secret("secret-k")));
/// let specs = Specs::load(&config);
/// let user = User::new().with_user_id("u-1");
/// let first = Statsig::new(&config, &specs);
/// first.check_gate(&user, "staff");
/// let (_, history) = first.flush_keeping_history();
///
/// let second = Statsig::new(&config, &specs).with_history(history);
/// second.check_gate(&user, "staff");
/// assert_eq!(second.flush().deduplicated, 1);
/// # });
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ExposureHistory {
    exposures: Window,
    rules: Window,
}

impl ExposureHistory {
    /// Nothing was exposed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether an exposure repeats one of the last `ttl_ms`; it is remembered.
    pub(crate) fn is_repeat(&mut self, key: u64, now_ms: u64, ttl_ms: u64) -> bool {
        !self.exposures.insert(key, now_ms, ttl_ms)
    }

    /// Whether a rule of a spec is exposed for the first time in the last `ttl_ms`; it is remembered.
    pub(crate) fn is_first(&mut self, key: u64, now_ms: u64, ttl_ms: u64) -> bool {
        self.rules.insert(key, now_ms, ttl_ms)
    }
}

/// Keys since a time.
#[derive(Clone, Debug, Default)]
struct Window {
    since_ms: u64,
    keys: Keys,
}

impl Window {
    /// True when the key is new.
    fn insert(&mut self, key: u64, now_ms: u64, ttl_ms: u64) -> bool {
        // A clock that goes backwards begins anew too.
        let expired = now_ms
            .checked_sub(self.since_ms)
            .is_none_or(|age| age >= ttl_ms);
        if expired || self.keys.count == 0 || self.keys.count >= MAX_REMEMBERED {
            self.keys = Keys::default();
            self.since_ms = now_ms;
        }
        self.keys.insert(key)
    }
}

/// A set of hashes: open addressing, at most half full; zero is an empty place.
#[derive(Clone, Debug, Default)]
struct Keys {
    places: Vec<u64>,
    count: usize,
}

impl Keys {
    fn insert(&mut self, key: u64) -> bool {
        if self.count.saturating_mul(2) >= self.places.len() {
            let size = self.places.len().saturating_mul(2).max(16);
            let old = core::mem::replace(&mut self.places, alloc::vec![0; size]);
            for key in old.into_iter().filter(|key| *key != 0) {
                self.place(key);
            }
        }
        let new = self.place(key.max(1));
        self.count = self.count.saturating_add(usize::from(new));
        new
    }

    /// True when the key was not there.
    fn place(&mut self, key: u64) -> bool {
        // The number of places is a power of two; the product spreads keys whatever their low bits are.
        let spread = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let start = spread as usize & self.places.len().wrapping_sub(1);
        let (before, from) = self.places.split_at_mut_checked(start).unwrap_or_default();
        for place in from.iter_mut().chain(before) {
            if *place == key {
                return false;
            }
            if *place == 0 {
                *place = key;
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_are_those_of_a_set() {
        let (mut keys, mut expected) = (Keys::default(), HashSet::new());
        let mut word = 1_u64;
        for _ in 0..50_000 {
            word = word.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            // Many repeats, and many keys that begin at the same place.
            let key = (word >> 48) << (word & 31);
            assert_eq!(keys.insert(key), expected.insert(key.max(1)), "{key}");
        }
        assert_eq!(keys.count, expected.len());
        assert!(keys.places.len() < keys.count * 8);
    }

    #[test]
    fn a_window_ends() {
        let mut history = ExposureHistory::new();
        assert!(!history.is_repeat(7, 1_000, 60_000));
        assert!(history.is_repeat(7, 60_999, 60_000));
        assert!(!history.is_repeat(8, 60_999, 60_000));
        assert!(!history.is_repeat(7, 61_000, 60_000));
        assert!(!history.is_repeat(8, 61_000, 60_000));
        assert!(!history.is_repeat(7, 60_000, 60_000), "the clock went back");
        // Rules are apart.
        assert!(history.is_first(7, 60_000, 60_000));
        assert!(!history.is_first(7, 60_000, 60_000));
    }

    #[test]
    fn too_many_begin_anew() {
        let mut history = ExposureHistory::new();
        for key in 0..MAX_REMEMBERED as u64 {
            assert!(!history.is_repeat(key + 1, 0, 60_000));
        }
        assert!(history.exposures.keys.count == MAX_REMEMBERED);
        assert!(!history.is_repeat(1, 0, 60_000));
        assert!(history.exposures.keys.count == 1);
    }
}
