//! The client's locale from its `accept-language` header (RFC 9110, 12.5.4).

use crate::platform::percent::cut;

/// The language tag that the client prefers, as it is written: `de-CH` for `de;q=0.8, de-CH`. The first of equals wins; `*` is no tag.
///
/// ```
/// assert_eq!(statsig_fastly::preferred_language("fr;q=0.9, en-GB, *"), Some("en-GB"));
/// ```
pub fn preferred_language(header: &str) -> Option<&str> {
    let mut best: Option<(&str, u32)> = None;
    let mut rest = Some(header);
    while let Some(ranges) = rest {
        let (range, after) = cut(ranges, b',');
        rest = after;
        let (tag, weight) = cut(range, b';');
        let tag = tag.trim_ascii();
        let weight = weight.map_or(Some(1_000), thousandths);
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if tag.is_empty() || !tag.bytes().all(usual) {
            continue;
        }
        match weight {
            Some(weight) if weight > best.map_or(0, |(_, best)| best) => best = Some((tag, weight)),
            _ => {}
        }
    }
    best.map(|(tag, _)| tag)
}

/// A weight such as `q=0.25`, in thousandths.
fn thousandths(parameter: &str) -> Option<u32> {
    let number = parameter.trim_ascii().strip_prefix("q=")?;
    let (whole, fraction) = cut(number, b'.');
    let mut weight: u32 = match whole {
        "0" => 0,
        "1" => 1_000,
        _ => return None,
    };
    let mut unit = 100_u32;
    for digit in fraction.unwrap_or_default().chars() {
        weight = weight.saturating_add(digit.to_digit(10)?.saturating_mul(unit));
        unit /= 10;
    }
    (weight <= 1_000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_counts() {
        for (header, expected) in [
            ("de-CH, de;q=0.9, en;q=0.8", Some("de-CH")),
            ("de;q=0.8, en;q=0.805 ,fr ; q=0.81", Some("fr")),
            ("de;q=0.8,en;q=0.8", Some("de")),
            ("zh-Hant-TW", Some("zh-Hant-TW")),
            ("*", None),
            ("*, it;q=0.1", Some("it")),
            ("de;q=0", None),
            ("de;q=2, fr;q=0.1", Some("fr")),
            ("de;q=x, fr;q=0.001", Some("fr")),
            ("de;q=1.0", Some("de")),
            ("<script>, sv", Some("sv")),
            ("", None),
            (",,", None),
        ] {
            assert_eq!(preferred_language(header), expected, "{header}");
        }
    }
}
