//! The country of an address.
//!
//! The host answers with a JSON object, of which one member is of interest; a scanner of the top level finds it without
//! a JSON parser. Names arrive in lower case on the platform, codes in upper case; locally anything goes.

use super::buffer::collect;
use super::error::Error;
use super::imports::geo;
use super::scan;
use alloc::vec::Vec;
use core::net::IpAddr;

/// Offered at once; answers are a few hundred bytes.
const USUAL_ANSWER: usize = 1024;

/// No answer comes near this.
const ANSWER_LIMIT: usize = 64 * 1024;

/// The two-letter code of an address's country, in upper case, or `None` when the platform does not know. One host
/// call.
///
/// ```
/// # use statsig_fastly::platform::fake::{self, Host};
/// use statsig_fastly::platform::geo;
///
/// # let host = Host::default().geo([192, 0, 2, 1].into(), r#"{"country_code":"DE"}"#);
/// # fake::with(host, || {
/// assert_eq!(geo::country_code([192, 0, 2, 1].into()), Ok(Some(*b"DE")));
/// assert_eq!(geo::country_code([198, 51, 100, 1].into()), Ok(None));
/// # });
/// ```
pub fn country_code(address: IpAddr) -> Result<Option<[u8; 2]>, Error> {
    let answer = match address {
        IpAddr::V4(address) => lookup(&address.octets()),
        IpAddr::V6(address) => lookup(&address.octets()),
    }?;
    Ok(country_code_in(&answer))
}

fn lookup(octets: &[u8]) -> Result<Vec<u8>, Error> {
    match collect(USUAL_ANSWER, ANSWER_LIMIT, &|out| geo::lookup(octets, out)) {
        // "No data" is an empty text on today's platform; this status would say the same.
        Err(Error::Host(super::status::Status::None)) => Ok(Vec::new()),
        other => other,
    }
}

/// Finds the string member `country_code` of a JSON object, if it is two ASCII letters.
fn country_code_in(json: &[u8]) -> Option<[u8; 2]> {
    let (string, _) = scan::string_end(scan::member(json, b"country_code")?.strip_prefix(b"\"")?)?;
    two_letters(string)
}

fn two_letters(code: &[u8]) -> Option<[u8; 2]> {
    let code: [u8; 2] = code.try_into().ok()?;
    code.iter()
        .all(u8::is_ascii_alphabetic)
        .then(|| code.map(|letter| letter.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, Host};
    use super::super::status::Status;
    use super::*;
    use alloc::format;
    use alloc::string::String;

    /// What a real JSON parser says.
    fn parsed(json: &str) -> Option<[u8; 2]> {
        let value: serde_json::Value = serde_json::from_str(json).ok()?;
        two_letters(value.as_object()?.get("country_code")?.as_str()?.as_bytes())
    }

    #[test]
    fn agrees_with_a_json_parser() {
        let texts = [
            r#"{"as_name":"fastly","country_code":"US","country_code3":"USA","latitude":37.77,"utc_offset":-700}"#,
            r#"{ "country_code" : "de" }"#,
            "{\n\t\"city\": \"tokyo\",\n\t\"country_code\"\n:\n\"jp\"\n}",
            r#"{"as_name":"\"country_code\":\"XX\"","country_code":"FR"}"#,
            r#"{"as_name":"country_code","city":"XX","country_code":"FR"}"#,
            r#"{"as_name":"country_code"}"#,
            r#"{"as_name":"\\","country_code":"FR"}"#,
            r#"{"as_name":"\\\"","country_code":"FR"}"#,
            r#"{"nested":{"country_code":"XX"},"country_code":"FR"}"#,
            r#"{"nested":["country_code",{"country_code":"XX"}],"country_code":"FR"}"#,
            r#"{"nested":{"country_code":"XX"}}"#,
            r#"{"country_code":null,"city":"XX"}"#,
            r#"{"country_code":["XX"],"city":"YY"}"#,
            r#"{"country_code":{"a":"XX"},"city":"YY"}"#,
            r#"{"country_code":"USA"}"#,
            r#"{"country_code":"**"}"#,
            r#"{"country_code":""}"#,
            r#"{"country_code3":"US"}"#,
            r#"["country_code","US"]"#,
            r#""country_code""#,
            r#"{}"#,
            "",
        ];
        for text in texts {
            assert_eq!(country_code_in(text.as_bytes()), parsed(text), "{text}");
        }
    }

    #[test]
    fn part_of_an_answer_is_none() {
        let text = r#"{"a":{"b":["\"\\",1]},"country_code":"us","z":[{}]}"#;
        for end in 0..=text.len() {
            let found = country_code_in(&text.as_bytes()[..end]);
            assert_eq!(found, (end == text.len()).then_some(*b"US"));
        }
    }

    #[test]
    fn asks_the_host_by_octets() {
        let v4: IpAddr = "203.0.113.7".parse().unwrap();
        let v6: IpAddr = "2001:db8::7".parse().unwrap();
        let long = format!(
            r#"{{"as_name":"{}","country_code":"jp"}}"#,
            "x".repeat(3000)
        );
        let host = || {
            Host::default()
                .geo(v4, r#"{"country_code":"DE"}"#)
                .geo(v6, &long)
        };
        let (codes, record) = fake::with(host(), || (country_code(v4), country_code(v6)));
        assert_eq!(codes, (Ok(Some(*b"DE")), Ok(Some(*b"JP"))));
        assert_eq!(record.count("fastly_geo.lookup"), 3);
        // No data: an empty answer.
        assert_eq!(fake::with(Host::default(), || country_code(v4)).0, Ok(None));
        let failing = |status| {
            fake::with(host().fail("fastly_geo.lookup", status), || {
                country_code(v4)
            })
            .0
        };
        assert_eq!(failing(Status::None), Ok(None));
        assert_eq!(failing(Status::Error), Err(Error::Host(Status::Error)));
        let endless = Host::default().geo(
            v4,
            &String::from_utf8(alloc::vec![b' '; ANSWER_LIMIT + 1]).unwrap(),
        );
        assert_eq!(
            fake::with(endless, || country_code(v4)).0,
            Err(Error::TooLarge)
        );
    }
}
