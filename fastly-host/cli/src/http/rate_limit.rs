//! What a server says of its rate limit: `Fastly-RateLimit-Remaining` and `-Reset`, `Retry-After`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Answer;

/// No limit is set for longer than an hour: what names a later time has another clock.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The allowance as the server last stated it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RateLimit {
    /// How many requests are left.
    pub remaining: Option<u64>,
    /// When there are more again, in seconds since the epoch.
    pub reset: Option<u64>,
}

impl RateLimit {
    /// What an answer says; `None` if it says nothing.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        let number = |name| answer.header(name)?.trim().parse().ok();
        let limit = RateLimit {
            remaining: number("fastly-ratelimit-remaining"),
            reset: number("fastly-ratelimit-reset"),
        };
        limit.remaining.is_some().then_some(limit)
    }

    /// When there is an allowance again, if there is none now.
    pub(super) fn exhausted_until(&self, now: SystemTime) -> Option<SystemTime> {
        match self.remaining {
            Some(0) => within_reason(self.reset?, now),
            _ => None,
        }
    }
}

/// When an answer with status 429 says that it will not be repeated.
pub(super) fn lifted_at(answer: &Answer, now: SystemTime) -> Option<SystemTime> {
    let reset = answer.header("fastly-ratelimit-reset");
    if let Some(reset) = reset.and_then(|text| text.trim().parse().ok()) {
        // One that has passed already says nothing about this answer.
        return within_reason(reset, now);
    }
    let after: u64 = answer.header("retry-after")?.trim().parse().ok()?;
    Some(now + Duration::from_secs(after).min(LONGEST))
}

/// A time in the next hour; `None` when it has passed.
fn within_reason(seconds: u64, now: SystemTime) -> Option<SystemTime> {
    let at = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    let wait = at.duration_since(now).ok().filter(|wait| !wait.is_zero())?;
    Some(now + wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&'static str, &str)]) -> Answer {
        let mut answer = Answer {
            status: 429,
            headers: Default::default(),
            body: Vec::new(),
        };
        for (name, value) in headers {
            answer.headers.insert(*name, value.parse().unwrap());
        }
        answer
    }

    #[test]
    fn limits_are_read_and_bounded() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let said = answer(&[
            ("fastly-ratelimit-remaining", "0"),
            ("fastly-ratelimit-reset", "1030"),
        ]);
        let at = Some(now + Duration::from_secs(30));
        assert_eq!(lifted_at(&said, now), at);
        assert_eq!(RateLimit::of(&said).unwrap().exhausted_until(now), at);
        let far = answer(&[("fastly-ratelimit-reset", "99999999999")]);
        assert_eq!(lifted_at(&far, now), Some(now + LONGEST));
        let past = answer(&[("fastly-ratelimit-reset", "999")]);
        assert_eq!(lifted_at(&past, now), None);
        let after = answer(&[("retry-after", "7")]);
        assert_eq!(lifted_at(&after, now), Some(now + Duration::from_secs(7)));
        assert_eq!(lifted_at(&answer(&[("retry-after", "soon")]), now), None);
        let some = answer(&[("fastly-ratelimit-remaining", "5")]);
        assert_eq!(RateLimit::of(&some).unwrap().exhausted_until(now), None);
    }
}
