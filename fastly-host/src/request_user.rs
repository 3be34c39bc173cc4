//! The user that a request is about.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;

use statsig_edge::{CountryCode, User, UserError, Value};

use crate::json::{self, List};
use crate::platform::ip::IpText;
use crate::platform::{geo, percent};

/// Parameters that are fields of the user.
const FIELDS: [&str; 7] = [
    "userID",
    "email",
    "ip",
    "userAgent",
    "country",
    "locale",
    "appVersion",
];

/// Parameters that are entries of a map: the map's name, a dot, the entry's name.
const MAPS: [&str; 3] = ["customIDs", "custom", "statsigEnvironment"];

/// What is known of the client, for the fields that the query does not give.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Client<'r> {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Its `user-agent` header.
    pub user_agent: Option<&'r str>,
    /// Its country.
    pub country: Option<CountryCode>,
}

impl<'r> Client<'r> {
    /// What the platform knows: address and user agent as given, the country by geolocation. One host call.
    pub fn locate(ip: Option<IpAddr>, user_agent: Option<&'r str>) -> Self {
        Client {
            ip,
            user_agent,
            country: ip.and_then(|ip| geo::country_code(ip).ok().flatten()),
        }
    }
}

/// The texts of a user that came with a request; [`RequestUser::user`] reads them.
///
/// The query's parameter `user` is the user as JSON. Without it, simple parameters make one: `userID`, `email`, `ip`,
/// `userAgent`, `country`, `locale`, `appVersion`, and entries of maps as `customIDs.NAME`, `custom.NAME` and
/// `statsigEnvironment.NAME`; their values are texts, and of a name given twice the first counts.
#[derive(Clone, Debug)]
pub struct RequestUser {
    json: String,
    scratch: Vec<u8>,
    ip: Option<IpText>,
    user_agent: Option<String>,
    country: Option<CountryCode>,
}

impl RequestUser {
    /// Takes the user from a query (what follows the `?`), and what it lacks from the client.
    pub fn new(query: &str, client: Client<'_>) -> Self {
        let json = match percent::value(query, "user") {
            Some(json) => json.into_owned(),
            None => simple(query),
        };
        RequestUser {
            scratch: vec![0; json.len().saturating_mul(6)],
            json,
            ip: client.ip.map(IpText::new),
            user_agent: client.user_agent.map(String::from),
            country: client.country,
        }
    }

    /// The user. `ip`, `userAgent` and `country` are the client's where the query has none; the country only where it
    /// has no `ip` either, since the client's country says nothing about another address.
    ///
    /// # Errors
    /// [`UserError`], when the JSON is no user.
    pub fn user(&mut self) -> Result<User<'_>, UserError> {
        let mut user = User::from_json(self.json.as_bytes(), &mut self.scratch)?;
        let country = self
            .country
            .as_ref()
            .filter(|_| user.ip.is_none())
            .and_then(|code| core::str::from_utf8(code).ok());
        fill(&mut user.country, country);
        fill(&mut user.ip, self.ip.as_ref().map(IpText::as_str));
        fill(&mut user.user_agent, self.user_agent.as_deref());
        Ok(user)
    }
}

fn fill<'u>(field: &mut Option<Value<'u>>, text: Option<&'u str>) {
    if field.is_none() {
        *field = text.map(Value::Str);
    }
}

/// The user that simple parameters describe, as JSON.
fn simple(query: &str) -> String {
    let pairs: Vec<_> = percent::pairs(query).collect();
    let mut out = String::new();
    let mut object = List::object(&mut out);
    for name in FIELDS {
        if let Some((_, value)) = pairs.iter().find(|(given, _)| given == name) {
            object.text(name, value);
        }
    }
    for map in MAPS {
        let entries = entries(&pairs, map);
        if entries.is_empty() {
            continue;
        }
        let mut list = List::object(object.member(map));
        for (name, value) in entries {
            json::text(value, list.entry(name));
        }
        list.end();
    }
    object.end();
    out
}

/// The entries of a map, each name once.
fn entries<'p>(pairs: &'p [(Cow<'p, str>, Cow<'p, str>)], map: &str) -> Vec<(&'p str, &'p str)> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    for (given, value) in pairs {
        let name = given
            .strip_prefix(map)
            .and_then(|rest| rest.strip_prefix('.'));
        if let Some(name) = name
            && !found.iter().any(|(known, _)| *known == name)
        {
            found.push((name, value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use statsig_edge::Options;

    fn read(query: &str, client: Client<'_>) -> Result<String, UserError> {
        let mut request = RequestUser::new(query, client);
        let user = request.user()?;
        let mut out = String::new();
        user.write_json(&Options::default(), &mut out).unwrap();
        Ok(out)
    }

    #[test]
    fn json_and_simple_parameters_make_the_same_user() {
        let json = r#"{"userID":"a b","customIDs":{"stableID":"s-1"},"email":"x@y.z","custom":{"plan":"pro\"","ü":"é"},"statsigEnvironment":{"tier":"staging"}}"#;
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("user", json)
            .append_pair("userID", "not this one")
            .finish();
        assert_eq!(read(&query, Client::default()).unwrap(), json);
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("custom.plan", "pro\"")
            .append_pair("custom.plan", "second")
            .append_pair("custom.ü", "é")
            .append_pair("customIDs.stableID", "s-1")
            .append_pair("statsigEnvironment.tier", "staging")
            .append_pair("userID", "a b")
            .append_pair("userID", "second")
            .append_pair("customs.x", "ignored")
            .append_pair("email", "x@y.z")
            .finish();
        assert_eq!(read(&query, Client::default()).unwrap(), json);
        assert_eq!(read("", Client::default()).unwrap(), "{}");
    }

    #[test]
    fn the_client_fills_what_is_absent() {
        let client = Client {
            ip: Some([9, 9, 9, 9].into()),
            user_agent: Some("ua"),
            country: Some(*b"DE"),
        };
        assert_eq!(
            read("userID=u", client).unwrap(),
            r#"{"userID":"u","ip":"9.9.9.9","userAgent":"ua","country":"DE"}"#
        );
        assert_eq!(
            read("ip=8.8.8.8&userAgent=x", client).unwrap(),
            r#"{"ip":"8.8.8.8","userAgent":"x"}"#
        );
        assert_eq!(
            read("country=NZ", client).unwrap(),
            r#"{"ip":"9.9.9.9","userAgent":"ua","country":"NZ"}"#
        );
    }

    #[test]
    fn a_bad_user_is_an_error() {
        assert_eq!(read("user=", Client::default()), Err(UserError::NotJson(0)));
        for query in [
            "user=%7B",
            "user=%7B%22custom%22%3A3%7D",
            "user=[]",
            "user=%FF",
        ] {
            assert!(read(query, Client::default()).is_err(), "{query}");
        }
    }
}
