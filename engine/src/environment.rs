//! What the engine asks of the world.

use core::cell::OnceCell;
use core::fmt;
use core::net::IpAddr;

/// A country code, such as `US`.
pub type CountryCode = [u8; 2];

/// What is known of the country of an IP address (`evaluation.md` §4.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Country {
    /// There is no table of countries here; the answer says so in its [`Note`](crate::Note).
    NotLoaded,
    /// The address has no country.
    Unknown,
    /// Its country.
    Code(CountryCode),
}

/// The country of the user's address, looked up when a condition asks for it for the first time, and only then.
#[derive(Clone)]
pub struct LazyCountry {
    address: IpAddr,
    find: fn(IpAddr) -> Option<CountryCode>,
    found: OnceCell<Option<CountryCode>>,
}

impl LazyCountry {
    /// The country that `find` gives for this address.
    pub fn new(address: IpAddr, find: fn(IpAddr) -> Option<CountryCode>) -> Self {
        LazyCountry {
            address,
            find,
            found: OnceCell::new(),
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        let code = self.found.get_or_init(|| (self.find)(self.address));
        core::str::from_utf8(code.as_ref()?).ok()
    }
}

impl fmt::Debug for LazyCountry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyCountry").field(&self.address).finish()
    }
}

/// What is known of an id in an ID list (§4.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// There are no ID lists here: nobody is a member.
    NoLists,
    /// There is no list of this name, or it cannot be read: nobody is a member, and the answer says so in its
    /// [`Note`](crate::Note).
    NoSuchList,
    /// The lists were asked, and the id is not in this one.
    NotMember,
    /// The id is in the list.
    Member,
}

/// The engine's way to the world: clock, country, ID lists, chance.
///
/// Every method has an honest default, "unknown". Evaluation calls a method only when a condition needs it, and
/// `now_ms` at most once for each check.
pub trait Environment {
    /// Now, in ms since the epoch.
    fn now_ms(&self) -> i64;

    /// The country of an IPv4 address given as text. Statsig's own table and others differ; see §4.7.
    fn country(&self, _ip: &str) -> Country {
        Country::NotLoaded
    }

    /// Whether `key`, the first eight characters of the id's base64 SHA-256, is in the list.
    fn id_list(&self, _list: &str, _key: &[u8; 8]) -> Membership {
        Membership::NoLists
    }

    /// A number from 0 to 1, 1 excluded; only contextual bandits and session replay draw.
    fn random(&self) -> f64 {
        0.0
    }
}
