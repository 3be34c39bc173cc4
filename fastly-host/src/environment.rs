//! The engine's way to the world, on Fastly: the host's clock, geolocation and randomness.

use core::cell::Cell;
use core::net::Ipv4Addr;

use statsig_edge::{Country, Environment};

use crate::platform::{clock, geo, random};

/// The host as an [`Environment`].
///
/// Countries are those of Fastly's geolocation, which is **not** the table that Statsig's servers use: near borders of
/// address ranges the two answer differently (`evaluation.md` §4.7). As there, only IPv4 addresses in dotted decimal
/// have a country. ID lists are not there yet: nobody is a member.
///
/// One host call for the time, one for each new address, one for each draw.
#[derive(Debug, Default)]
pub struct HostEnvironment {
    last: Cell<Option<(Ipv4Addr, Country)>>,
}

impl HostEnvironment {
    /// An environment that has asked nothing yet.
    pub fn new() -> Self {
        Self::default()
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
