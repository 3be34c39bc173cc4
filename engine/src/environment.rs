//! What the engine asks of the world.

use core::cell::OnceCell;
use core::fmt;
use core::net::IpAddr;

/// A country code, such as `US`.
pub type CountryCode = [u8; 2];

/// What is known of the country of an IP address (`evaluation.md` §4.7).
///
/// What a condition on the country becomes without a table, and how one tells:
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::Note;
///
/// // This world has a clock only.
/// let gate = evaluator.gate(&User::new().with_ip("192.0.2.1"), "german", &mut scratch);
/// assert!(!gate.value());
/// assert_eq!(gate.evaluation().note, Note::CountryLookupNotLoaded);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use std::net::IpAddr;
/// use statsig_edge::{CountryCode, LazyCountry};
///
/// fn find(address: IpAddr) -> Option<CountryCode> {
///     (address == IpAddr::from([192, 0, 2, 1])).then_some(*b"DE")
/// }
///
/// let located = LazyCountry::new([192, 0, 2, 1].into(), find);
/// let mut user = User::new();
/// user.located = Some(&located);
/// assert!(evaluator.gate(&user, "german", &mut scratch).value());
/// // What the user says of itself goes first.
/// assert!(!evaluator.gate(&user.with_country("FR"), "german", &mut scratch).value());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::Membership;
///
/// struct Lists;
/// impl Environment for Lists {
///     fn now_ms(&self) -> i64 { 1_767_225_600_000 }
///     fn id_list(&self, list: &str, key: &[u8; 8]) -> Membership {
///         match (list, key) {
///             // SHA-256 of "user-1" in base64 begins so.
///             ("beta_users", b"xsKJ5J6c") => Membership::Member,
///             ("beta_users", _) => Membership::NotMember,
///             _ => Membership::NoSuchList,
///         }
///     }
/// }
///
/// let evaluator = Evaluator::new(Table::open(&table)?, &Lists);
/// assert!(evaluator.gate(&User::new().with_user_id("user-1"), "beta", &mut scratch).value());
/// assert!(!evaluator.gate(&User::new().with_user_id("user-2"), "beta", &mut scratch).value());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// There are no ID lists here: nobody is a member.
    NoLists,
    /// There is no list of this name, or it cannot be read: nobody is a member, and the answer says so in its
    /// [`Note`](crate::Note).
    NoSuchList,
    /// The list was searched, and the id is not in it.
    NotMember,
    /// The id is in the list.
    Member,
}

/// What the engine asks of its host: clock, country, ID lists, randomness.
///
/// Every method has an honest default, "unknown". Evaluation calls a method only when a condition needs it, and
/// `now_ms` at most once for each check.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::Country;
///
/// /// Knows one network.
/// struct World { now_ms: i64 }
///
/// impl Environment for World {
///     fn now_ms(&self) -> i64 { self.now_ms }
///     fn country(&self, ip: &str) -> Country {
///         match ip.strip_prefix("192.0.2.") {
///             Some(_) => Country::Code(*b"DE"),
///             None => Country::Unknown,
///         }
///     }
/// }
///
/// let world = World { now_ms: 1_767_225_600_000 };
/// let evaluator = Evaluator::new(Table::open(&table)?, &world);
/// assert!(evaluator.gate(&User::new().with_ip("192.0.2.7"), "german", &mut scratch).value());
/// assert!(!evaluator.gate(&User::new().with_ip("198.51.100.1"), "german", &mut scratch).value());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
