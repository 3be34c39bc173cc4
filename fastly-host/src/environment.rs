//! The engine's way to the world, on Fastly: the host's clock, geolocation and randomness.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::net::Ipv4Addr;

use statsig_edge::{Country, Environment, Membership};

use crate::id_lists::{IdListFailure, Memberships};
use crate::platform::{clock, geo, random};

/// The host as an [`Environment`].
///
/// Countries are those of Fastly's geolocation, which is **not** the table that Statsig's servers use: near borders of
/// address ranges the two answer differently (`evaluation.md` §4.7). As there, only IPv4 addresses in dotted decimal
/// have a country. ID lists are those of [`Config::with_id_lists`](crate::Config::with_id_lists); without it nobody is a
/// member.
///
/// One host call for the time, one for each new address, one for each draw; for ID lists see [`IdListFailure`] and `engine/FORMAT.md`.
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
/// use statsig_edge::Environment;
/// use statsig_fastly::HostEnvironment;
///
/// assert_eq!(HostEnvironment::new().now_ms(), 1_767_225_660_000);
/// # });
/// # }
/// ```
#[derive(Debug, Default)]
pub struct HostEnvironment {
    last: Cell<Option<(Ipv4Addr, Country)>>,
    id_lists: Option<Box<dyn Memberships>>,
}

impl HostEnvironment {
    /// An environment that has asked nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with_id_lists(mut self, id_lists: Option<Box<dyn Memberships>>) -> Self {
        self.id_lists = id_lists;
        self
    }

    /// The ID lists that conditions asked for and that could not be read.
    pub fn id_list_failures(&self) -> Vec<IdListFailure> {
        let lists = self.id_lists.as_ref();
        lists.map(|lists| lists.failures()).unwrap_or_default()
    }
}

impl Environment for HostEnvironment {
    fn now_ms(&self) -> i64 {
        let now = clock::now_ms().unwrap_or_default();
        i64::try_from(now).unwrap_or(i64::MAX)
    }

    fn country(&self, ip: &str) -> Country {
        let Ok(address) = ip.parse::<Ipv4Addr>() else {
            return Country::Unknown;
        };
        if let Some((_, country)) = self.last.get().filter(|(last, _)| *last == address) {
            return country;
        }
        let country = match geo::country_code(address.into()) {
            Ok(Some(code)) => Country::Code(code),
            // A host that fails to say does not know.
            Ok(None) | Err(_) => Country::Unknown,
        };
        self.last.set(Some((address, country)));
        country
    }

    fn id_list(&self, list: &str, key: &[u8; 8]) -> Membership {
        match &self.id_lists {
            Some(lists) => lists.ask(list, key),
            None => Membership::NoLists,
        }
    }

    fn random(&self) -> f64 {
        // The 53 bits that a double has room for.
        let bits = random::random_u64().unwrap_or_default() >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::fake::{self, Host};

    #[test]
    fn the_world_is_the_hosts() {
        let host = Host {
            now_ms: 1_790_000_000_123,
            ..Host::default()
        }
        .geo([8, 8, 8, 8].into(), r#"{"country_code": "us"}"#);
        let (_, record) = fake::with(host, || {
            let environment = HostEnvironment::new();
            assert_eq!(environment.now_ms(), 1_790_000_000_123);
            for _ in 0..3 {
                assert_eq!(environment.country("8.8.8.8"), Country::Code(*b"US"));
            }
            for none in [
                "9.9.9.9",
                "8.8.8",
                "8.8.8.8.8",
                "8.8.8.256",
                " 8.8.8.8",
                "::808",
                "",
                "x",
            ] {
                assert_eq!(environment.country(none), Country::Unknown, "{none}");
            }
            let draws: [f64; 50] = core::array::from_fn(|_| environment.random());
            assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
            assert!(draws.iter().any(|draw| *draw != draws[0]));
        });
        assert_eq!(
            record
                .calls
                .iter()
                .filter(|call| call.contains("geo"))
                .count(),
            2
        );
    }

    #[test]
    fn a_host_that_fails_gives_what_is_honest() {
        let environment = HostEnvironment::new();
        assert_eq!(environment.country("8.8.8.8"), Country::Unknown);
        assert_eq!((environment.now_ms(), environment.random()), (0, 0.0));
    }
}
