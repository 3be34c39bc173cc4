//! Values in a `cookie` header (RFC 6265, 5.4).

use crate::platform::percent::cut;

/// The values of a cookie, in the order of the header: browsers send one for each path it was set for. Names are compared exactly,
/// values are given as they are.
///
/// ```
/// let header = "a=1; stable_id=s-7; a=2";
/// assert_eq!(statsig_fastly::cookie_values(header, "stable_id").next(), Some("s-7"));
/// assert_eq!(statsig_fastly::cookie_values(header, "a").count(), 2);
/// ```
pub fn cookie_values<'h>(header: &'h str, name: &str) -> impl Iterator<Item = &'h str> {
    let mut rest = Some(header);
    core::iter::from_fn(move || {
        loop {
            let (pair, after) = cut(rest?, b';');
            rest = after;
            let (given, value) = cut(pair.trim_ascii(), b'=');
            if let Some(value) = value
                && given == name
            {
                return Some(value);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn values_are_found_by_name() {
        for (header, values) in [
            ("", &[][..]),
            ("n=1", &["1"]),
            (" n=1 ;m=2;n=a=b;n=", &["1", "a=b", ""]),
            ("nn=1; N=2; n; =n; x=n=1", &[]),
            (";;n=1;", &["1"]),
        ] {
            let found: Vec<_> = cookie_values(header, "n").collect();
            assert_eq!(found, values, "{header}");
        }
    }
}
