//! ID lists (`evaluation.md` §4.11) in a KV Store, as the publisher's `sync-id-lists` writes them
//! (`engine/FORMAT.md`, "ID lists").
//!
//! The first membership of a request reads the manifest; each one of another id or list reads one shard of at most 64 KB. What was
//! asked once is remembered. A read is six host calls. Whoever configures no lists has none of this in his module.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;

use statsig_edge::Membership;
use statsig_edge::id_list::{self, IdList, IdListError, IdListManifest, Shard};

use crate::platform::{Error, kv};

/// Where ID lists are, and the code that reads them.
#[derive(Clone, Copy)]
pub(crate) struct IdListSource<'c> {
    store: &'c str,
    prefix: &'c str,
    open: fn(&str, &str) -> Box<dyn Memberships>,
}

impl<'c> IdListSource<'c> {
    pub(crate) const fn new(store: &'c str, prefix: &'c str) -> Self {
        IdListSource {
            store,
            prefix,
            // Through a pointer, so that the linker leaves the code out of a module that never makes this value.
            open: |store, prefix| Box::new(KvIdLists::new(store, prefix)),
        }
    }

    pub(crate) fn open(&self) -> Box<dyn Memberships> {
        (self.open)(self.store, self.prefix)
    }
}

impl fmt::Debug for IdListSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdListSource")
            .field("store", &self.store)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Something that knows who is in which list.
pub(crate) trait Memberships: fmt::Debug {
    fn ask(&self, list: &str, entry: &[u8; 8]) -> Membership;

    fn failures(&self) -> Vec<IdListFailure>;
}

/// An ID list that a condition asked for and that could not be read: nobody was taken for a member.
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
/// use statsig_fastly::IdListFault;
///
/// let config = Config::new().with_kv_store("statsig", "specs").with_id_lists("statsig", "no-lists");
/// let specs = Specs::load(&config);
/// let statsig = Statsig::new(&config, &specs);
/// assert!(!statsig.check_gate(&User::new().with_user_id("u-1"), "beta"));
/// let failures = statsig.id_list_failures();
/// assert_eq!(failures[0].list, "beta_users");
/// assert!(matches!(failures[0].reason, IdListFault::Manifest(_)));
/// # });
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdListFailure {
    /// The list.
    pub list: String,
    /// Why.
    pub reason: IdListFault,
}

/// Why an ID list cannot be asked.
///
/// ```
/// use statsig_fastly::IdListFault;
///
/// assert_eq!(IdListFault::NotListed.to_string(), "not synced: run `statsig-fastly sync-id-lists`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdListFault {
    /// The manifest does not name it: it was not synced, or has another name.
    NotListed,
    /// The manifest cannot be read.
    Manifest(Error),
    /// What was read is not a manifest.
    BadManifest(IdListError),
    /// The shard cannot be read.
    Shard(Error),
    /// What was read is not a shard of the list.
    BadShard(IdListError),
}

impl IdListFault {
    /// Says what is wrong, without the formatting machinery.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            IdListFault::NotListed => {
                out.write_str("not synced: run `statsig-fastly sync-id-lists`")
            }
            IdListFault::Manifest(error) => {
                out.write_str("manifest: ")?;
                error.write(out)
            }
            IdListFault::BadManifest(error) => error.write(out),
            IdListFault::Shard(error) => {
                out.write_str("shard: ")?;
                error.write(out)
            }
            IdListFault::BadShard(error) => error.write(out),
        }
    }
}

impl fmt::Display for IdListFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl core::error::Error for IdListFault {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            IdListFault::Manifest(error) | IdListFault::Shard(error) => Some(error),
            IdListFault::BadManifest(error) | IdListFault::BadShard(error) => Some(error),
            _ => None,
        }
    }
}

/// The lists of one request.
#[derive(Debug)]
struct KvIdLists {
    store: String,
    prefix: String,
    seen: RefCell<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Read when the first membership is asked for.
    manifest: Option<Result<Vec<u8>, IdListFault>>,
    memberships: Vec<(u64, id_list::Key, bool)>,
    failures: Vec<IdListFailure>,
}

impl KvIdLists {
    fn new(store: &str, prefix: &str) -> Self {
        KvIdLists {
            store: store.into(),
            prefix: prefix.into(),
            seen: RefCell::default(),
        }
    }

    fn read(&self, name: &str, limit: usize) -> Result<Vec<u8>, Error> {
        kv::Store::open(&self.store)?
            .lookup(name)?
            .body
            .read_all(limit)
    }

    fn read_manifest(&self) -> Result<Vec<u8>, IdListFault> {
        let bytes = self
            .read(&self.prefix, kv::VALUE_LIMIT)
            .map_err(IdListFault::Manifest)?;
        IdListManifest::open(&bytes).map_err(IdListFault::BadManifest)?;
        Ok(bytes)
    }

    fn read_shard(&self, list: &IdList, key: &id_list::Key) -> Result<bool, IdListFault> {
        let number = list.shard_of(key);
        let mut name = String::new();
        // A `String` takes everything.
        let _ = list.write_shard_name(&self.prefix, number, &mut name);
        let bytes = self
            .read(&name, id_list::MAX_SHARD_BYTES)
            .map_err(IdListFault::Shard)?;
        let shard = Shard::open(&bytes, list, number).map_err(IdListFault::BadShard)?;
        Ok(shard.contains(key))
    }

    fn member(&self, seen: &mut Seen, name: &str, entry: &[u8; 8]) -> Result<bool, IdListFault> {
        let manifest = seen.manifest.get_or_insert_with(|| self.read_manifest());
        let bytes = manifest.as_ref().map_err(|fault| *fault)?;
        // Its checksum was compared when it was read; a pass over a manifest is little beside a read.
        let manifest = IdListManifest::open(bytes).map_err(IdListFault::BadManifest)?;
        let list = manifest.list(name).ok_or(IdListFault::NotListed)?;
        let Some(key) = id_list::key_of(entry) else {
            return Ok(false);
        };
        let known =
            |(epoch, asked, _): &&(u64, id_list::Key, bool)| (*epoch, *asked) == (list.epoch, key);
        if let Some((.., member)) = seen.memberships.iter().find(known) {
            return Ok(*member);
        }
        // What failed once for a list is not tried again in this request; what was answered before stays.
        if let Some(failure) = seen.failures.iter().find(|failure| failure.list == name) {
            return Err(failure.reason);
        }
        let member = self.read_shard(&list, &key)?;
        seen.memberships.push((list.epoch, key, member));
        Ok(member)
    }
}

impl Memberships for KvIdLists {
    fn ask(&self, list: &str, entry: &[u8; 8]) -> Membership {
        // Nothing in here calls back, so this is always free.
        let Ok(mut seen) = self.seen.try_borrow_mut() else {
            return Membership::NoSuchList;
        };
        match self.member(&mut seen, list, entry) {
            Ok(true) => Membership::Member,
            Ok(false) => Membership::NotMember,
            Err(reason) => {
                if !seen.failures.iter().any(|failure| failure.list == list) {
                    seen.failures.push(IdListFailure {
                        list: list.into(),
                        reason,
                    });
                }
                Membership::NoSuchList
            }
        }
    }

    fn failures(&self) -> Vec<IdListFailure> {
        self.seen.borrow().failures.clone()
    }
}
