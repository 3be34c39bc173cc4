//! The user that a request is about.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use statsig_edge::{CountryCode, LazyCountry, User, UserError, Value};

use crate::id_rules::{IdRule, add_ids};
use crate::json::{self, List};
use crate::platform::ip::IpText;
use crate::platform::{geo, percent};

/// Parameters that are entries of a map: the map's name, a dot, the entry's name.
const MAPS: [&str; 3] = ["customIDs.", "custom.", "statsigEnvironment."];

/// What is known about the client, for the fields that the query does not give.
///
/// ```
/// use statsig_fastly::{Client, RequestUser};
///
/// let mut client = Client::default();
/// client.user_agent = Some("curl/8.5.0");
/// client.country = Some(*b"DE");
/// let mut request = RequestUser::new("", client);
/// let user = request.user()?;
/// assert_eq!(user.country, Some("DE".into()));
/// # Ok::<(), statsig_edge::UserError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Client<'r> {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Its `user-agent` header.
    pub user_agent: Option<&'r str>,
    /// Its language, as [`preferred_language`](crate::preferred_language) reads it from the `accept-language` header.
    pub locale: Option<&'r str>,
    /// Its country, when that is known without asking.
    pub country: Option<CountryCode>,
    /// Else, how the country of its address is found when a condition asks for it.
    pub find_country: Option<fn(IpAddr) -> Option<CountryCode>>,
}

impl<'r> Client<'r> {
    /// What the platform knows: address and user agent as given, the country by geolocation. One host call, made when a condition
    /// asks for the country.
    pub fn locate(ip: Option<IpAddr>, user_agent: Option<&'r str>) -> Self {
        Client {
            ip,
            user_agent,
            locale: None,
            country: None,
            find_country: Some(|ip| geo::country_code(ip).ok().flatten()),
        }
    }
}

/// The texts of a user that came with a request; [`RequestUser::user`] reads them.
///
/// The query's parameter `user` is the user as JSON. Without it, simple parameters make one: `userID`, `email`, `ip`,
/// `userAgent`, `country`, `locale`, `appVersion`, and entries of maps as `customIDs.NAME`, `custom.NAME` and
/// `statsigEnvironment.NAME`; their values are texts, and of a name given twice the first counts.
///
/// ```
/// use statsig_edge::Value;
/// use statsig_fastly::{Client, IdRule, RequestUser};
///
/// let rules = [IdRule::custom_id("stableID").from_cookie("stable_id")];
/// let header = |name: &str| (name == "cookie").then(|| "stable_id=s-7".to_owned());
/// let mut request = RequestUser::new("userID=u-1&custom.plan=pro", Client::default()).with_ids(&rules, &header);
/// let user = request.user()?;
/// assert_eq!(user.user_id, Some(Value::Str("u-1")));
/// assert_eq!(user.custom_ids.and_then(|ids| ids.get("stableID")), Some(Value::Str("s-7")));
/// # Ok::<(), statsig_edge::UserError>(())
/// ```
#[derive(Clone)]
pub struct RequestUser {
    json: String,
    scratch: Vec<u8>,
    ip: Option<IpText>,
    user_agent: Option<String>,
    locale: Option<String>,
    country: Option<CountryCode>,
    located: Option<LazyCountry>,
}

impl fmt::Debug for RequestUser {
    /// Users are nobody's to see in a log, their private attributes least of all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestUser(..)")
    }
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
            locale: client.locale.map(String::from),
            country: client.country,
            located: client
                .ip
                .zip(client.find_country)
                .map(|(ip, find)| LazyCountry::new(ip, find)),
        }
    }

    /// Takes ids from headers and cookies where the query gives none: the `userID`, and the `customIDs` if it has none of them.
    /// `header` gives the first value of a header, by its name in lower case. To be called before [`Self::user`].
    #[must_use]
    pub fn with_ids(
        mut self,
        rules: &[IdRule<'_>],
        header: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        if let Some(json) = add_ids(&self.json, rules, header) {
            self.scratch = vec![0; json.len().saturating_mul(6)];
            self.json = json;
        }
        self
    }

    /// The user. `ip`, `userAgent`, `locale` and `country` are the client's where the query has none; the country only where it
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
        if user.ip.is_none() {
            user.located = self.located.as_ref();
        }
        fill(&mut user.ip, self.ip.as_ref().map(IpText::as_str));
        fill(&mut user.user_agent, self.user_agent.as_deref());
        fill(&mut user.locale, self.locale.as_deref());
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
    let pairs: Vec<Pair<'_>> = percent::pairs(query).collect();
    let mut out = String::with_capacity(query.len().saturating_add(ROOM));
    let mut object = List::object(&mut out);
    entries(&pairs, "", &mut object);
    for map in MAPS {
        if pairs.iter().any(|(given, _)| given.starts_with(map)) {
            let name = map.strip_suffix('.').unwrap_or_default();
            let mut list = List::object(object.entry(name));
            entries(&pairs, map, &mut list);
            list.end();
        }
    }
    object.end();
    out
}

type Pair<'p> = (Cow<'p, str>, Cow<'p, str>);

/// What JSON has besides names and values, for a few of them.
const ROOM: usize = 64;

/// Writes the entries of a map, or the fields without one, each name once.
fn entries(pairs: &[Pair<'_>], map: &str, list: &mut List<'_>) {
    for (at, (given, value)) in pairs.iter().enumerate() {
        let Some(name) = given.strip_prefix(map) else {
            continue;
        };
        if map.is_empty() && !User::FIELDS.contains(&name) {
            continue;
        }
        let before = pairs.get(..at).unwrap_or_default();
        if !before.iter().any(|(earlier, _)| earlier == given) {
            json::text(value, list.entry(name));
        }
    }
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
            ..Client::default()
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
    fn the_country_is_looked_up_when_it_is_asked_for_and_once() {
        use crate::platform::fake::{self, Host};
        use statsig_edge::compile::compile;
        use statsig_edge::{Evaluator, Table};
        let gate = |name: &str, condition: &str| {
            alloc::format!(
                r#""{name}":{{"type":"feature_gate","entity":"feature_gate","salt":"s","enabled":true,"defaultValue":false,
                "idType":"userID","version":1,"rules":[{{"name":"r","id":"r","salt":"r","passPercentage":100,"returnValue":true,
                "idType":"userID","conditions":["{condition}"]}}]}}"#
            )
        };
        let condition = |name: &str, kind: &str, field: &str, target: &str| {
            alloc::format!(
                r#""{name}":{{"type":"{kind}","operator":"any","field":"{field}","targetValue":["{target}"],"additionalValues":{{}},"idType":"userID"}}"#
            )
        };
        let specs = alloc::format!(
            r#"{{"has_updates":true,"time":1,"experiment_to_layer":{{}},"feature_gates":{{{},{},{}}},"dynamic_configs":{{}},"layer_configs":{{}},
            "condition_map":{{{},{},{}}}}}"#,
            gate("by_ip", "a"),
            gate("by_field", "b"),
            gate("by_id", "c"),
            condition("a", "ip_based", "country", "DE"),
            condition("b", "user_field", "country", "DE"),
            condition("c", "user_field", "userID", "u"),
        );
        let table = compile(specs.as_bytes()).unwrap().table;
        let table = Table::open(&table).unwrap();
        for (query, answers, lookups) in [
            ("userID=u", [(true, 0), (true, 1), (true, 1)], 1),
            (
                "userID=u&ip=1.1.1.1",
                [(true, 0), (false, 1), (false, 1)],
                1,
            ),
            ("userID=u&country=DE", [(true, 0), (true, 0), (true, 0)], 0),
        ] {
            let host = Host::default().geo([9, 9, 9, 9].into(), r#"{"country_code":"de"}"#);
            let ((), record) = fake::with(host, || {
                let client = Client::locate(Some([9, 9, 9, 9].into()), None);
                let mut request = RequestUser::new(query, client);
                let user = request.user().unwrap();
                let environment = crate::HostEnvironment::new();
                let evaluator = Evaluator::new(table, &environment);
                for (name, (value, lookups)) in
                    ["by_id", "by_ip", "by_field"].into_iter().zip(answers)
                {
                    let mut scratch = statsig_edge::Scratch::<8, 8>::new();
                    let gate = evaluator.gate(&user, name, &mut scratch);
                    assert_eq!(gate.value(), value, "{query} {name}");
                    assert_eq!(
                        fake::record().count("fastly_geo.lookup"),
                        lookups,
                        "{query} {name}"
                    );
                }
                let mut logged = String::new();
                user.write_json(&Options::default(), &mut logged).unwrap();
                assert_eq!(logged.contains("country"), query.contains("country"));
            });
            assert_eq!(record.count("fastly_geo.lookup"), lookups);
        }
    }

    #[test]
    fn nothing_of_the_user_is_shown() {
        let query =
            "user=%7B%22privateAttributes%22%3A%7B%22income%22%3A%22shown%22%7D%7D&email=shown";
        for query in [query, "email=shown"] {
            let client = Client {
                ip: Some([9, 9, 9, 9].into()),
                user_agent: Some("shown"),
                locale: Some("shown"),
                ..Client::default()
            };
            let mut request = RequestUser::new(query, client);
            request.user().unwrap();
            let shown = alloc::format!("{request:?}");
            // Neither the texts nor the bytes that they were read into.
            assert_eq!(shown, "RequestUser(..)");
        }
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
