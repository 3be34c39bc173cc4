//! Sticky assignments (`evaluation.md` §5.10): users of an experiment keep what they were given, in a storage of the service's.

use alloc::string::String;
use alloc::vec::Vec;

use statsig_edge::{
    Evaluation, Evaluator, Scratch, SpecKind, StickyChange, StickyOptions, StickyRecord, Stored,
    User,
};

use crate::environment::HostEnvironment;
use crate::layer::Layer;
use crate::results::Experiment;
use crate::statsig::{Logging, Room, Statsig};

/// Where assignments are kept: a cookie, a KV Store, a session.
///
/// `key` names the user and the id type, `⟨unit id⟩:⟨id type⟩`; `name` the experiment or the layer. A record is JSON text of some
/// hundred bytes and more, by the value's size. Storage that fails is storage that has nothing.
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
/// # let config = Config::new().with_kv_store("statsig", "specs");
/// # let specs = Specs::load(&config);
/// # let statsig = Statsig::new(&config, &specs);
/// use std::{cell::RefCell, collections::HashMap};
/// use statsig_fastly::{Sticky, StickyRoom, StickyStorage};
///
/// #[derive(Default)]
/// struct Session(RefCell<HashMap<(String, String), String>>);
/// impl StickyStorage for Session {
///     fn load(&self, key: &str, name: &str) -> Option<String> {
///         self.0.borrow().get(&(key.into(), name.into())).cloned()
///     }
///     fn save(&self, key: &str, name: &str, record: &str) {
///         self.0.borrow_mut().insert((key.into(), name.into()), record.into());
///     }
///     fn delete(&self, key: &str, name: &str) {
///         self.0.borrow_mut().remove(&(key.into(), name.into()));
///     }
/// }
///
/// let session = Session::default();
/// let user = User::new().with_user_id("u-2");
/// statsig.experiment_sticky(&user, "button", &Sticky::new(&session), &mut StickyRoom::new());
/// assert!(session.load("u-2:userID", "button").is_some());
/// # });
/// # }
/// ```
pub trait StickyStorage {
    /// What was saved last and not deleted.
    fn load(&self, key: &str, name: &str) -> Option<String>;

    /// Keeps a record.
    fn save(&self, key: &str, name: &str, record: &str);

    /// Forgets a record, if there is one.
    fn delete(&self, key: &str, name: &str);
}

/// How sticky assignments are kept and used: the way to read an experiment or a layer.
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
/// # let config = Config::new().with_kv_store("statsig", "specs");
/// # let specs = Specs::load(&config);
/// # let statsig = Statsig::new(&config, &specs);
/// use statsig_edge::Reason;
/// use statsig_fastly::{SigningKey, SigningKeys, Sticky, StickyCookie, StickyRoom};
///
/// let keys = SigningKeys::new(SigningKey::new("2026", vec![7; 32]).unwrap());
/// let cookie = StickyCookie::read("sticky", &keys, "");
/// let user = User::new().with_user_id("u-2");
/// let sticky = Sticky::new(&cookie).with_enforced_overrides();
/// statsig.experiment_sticky(&user, "button", &sticky, &mut StickyRoom::new());
/// let mut room = StickyRoom::new();
/// let again = statsig.experiment_sticky(&user, "button", &sticky, &mut room);
/// assert_eq!((again.reason(), again.group_name()), (Reason::Persisted, Some("Test")));
/// # });
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Sticky<'k> {
    storage: &'k dyn StickyStorage,
    keep: bool,
    options: StickyOptions,
}

impl core::fmt::Debug for Sticky<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sticky")
            .field("keep", &self.keep)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<'k> Sticky<'k> {
    /// Keeps what users are given in this storage.
    pub fn new(storage: &'k dyn StickyStorage) -> Self {
        Sticky {
            storage,
            keep: true,
            options: StickyOptions::default(),
        }
    }

    /// Keeps nothing, and deletes what was kept.
    #[must_use]
    pub fn forgetting(mut self) -> Self {
        self.keep = false;
        self
    }

    /// Lets override rules take precedence over what is kept.
    #[must_use]
    pub fn with_enforced_overrides(mut self) -> Self {
        self.options.enforce_overrides = true;
        self
    }

    /// Lets targeting rules that exclude a user take precedence over what is kept.
    #[must_use]
    pub fn with_enforced_targeting(mut self) -> Self {
        self.options.enforce_targeting = true;
        self
    }

    fn load<'r>(
        &self,
        evaluator: &Evaluator<'_, '_, HostEnvironment>,
        kind: SpecKind,
        user: &User<'_>,
        name: &str,
        room: &'r mut StickyRoom,
    ) -> (String, Stored<'r>) {
        let mut key = String::new();
        let spec = evaluator.table().spec(kind, name);
        // A `String` takes everything.
        let _ = user.write_sticky_key(spec.map_or("", |spec| spec.id_type()), &mut key);
        if !self.keep {
            return (key, Stored::Unwanted);
        }
        let Some(text) = self.storage.load(&key, name) else {
            return (key, Stored::Nothing);
        };
        room.text = text;
        room.buffer.clear();
        room.buffer.resize(room.text.len(), 0);
        let record = StickyRecord::from_json(&room.text, &mut room.buffer);
        (key, record.map_or(Stored::Nothing, Stored::Record))
    }

    fn settle(
        &self,
        change: StickyChange,
        key: &str,
        name: &str,
        write: impl FnOnce(&mut String) -> core::fmt::Result,
    ) {
        match change {
            StickyChange::None => {}
            StickyChange::Delete => self.storage.delete(key, name),
            StickyChange::Save => {
                let mut record = String::new();
                let _ = write(&mut record);
                self.storage.save(key, name, &record);
            }
        }
    }
}

/// Room for what is read from a [`StickyStorage`]; lives as long as the answer.
///
/// See [`Sticky`] for an example.
#[derive(Clone, Debug, Default)]
pub struct StickyRoom {
    text: String,
    buffer: Vec<u8>,
}

impl StickyRoom {
    /// Empty room.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<'t> Statsig<'t> {
    /// [`Self::experiment`], whose users keep the group that they were given.
    pub fn experiment_sticky<'r>(
        &self,
        user: &User<'_>,
        name: &str,
        sticky: &Sticky<'_>,
        room: &'r mut StickyRoom,
    ) -> Experiment<'r>
    where
        't: 'r,
    {
        let Some(evaluator) = self.evaluator() else {
            return self.experiment(user, name);
        };
        let evaluator: Evaluator<'r, '_, HostEnvironment> = evaluator;
        let (key, stored) = sticky.load(&evaluator, SpecKind::Experiment, user, name, room);
        let mut scratch: Room<'r> = Room::new();
        let mut sink = self.sink(user, Logging::Automatic);
        let (experiment, change) = evaluator.experiment_sticky(
            user,
            name,
            &stored,
            sticky.options,
            scratch.view(),
            &mut sink,
        );
        self.settle(user, name, &experiment.exposure(), Logging::Automatic);
        sticky.settle(change, &key, name, |out| {
            experiment.write_sticky_record(evaluator.table().time(), out)
        });
        let evaluation: Evaluation<'r> = *experiment.evaluation();
        Experiment(evaluation)
    }

    /// [`Self::layer`], whose users keep what they were given while the experiment that gave it is active.
    pub fn layer_sticky<'a, 's, 'r, 'n, const X: usize, const P: usize>(
        &'a self,
        user: &'a User<'a>,
        name: &'n str,
        sticky: &Sticky<'_>,
        room: &'r mut StickyRoom,
        scratch: &'s mut Scratch<'r, X, P>,
    ) -> Layer<'a, 's, 'r, 'n>
    where
        't: 'r,
    {
        let layer = self.evaluator().map(|evaluator| {
            let evaluator: Evaluator<'r, '_, HostEnvironment> = evaluator;
            let (key, stored) = sticky.load(&evaluator, SpecKind::Layer, user, name, room);
            let mut sink = self.sink(user, Logging::Automatic);
            let (layer, change) = evaluator.layer_sticky(
                user,
                name,
                &stored,
                sticky.options,
                scratch.view(),
                &mut sink,
            );
            sticky.settle(change, &key, name, |out| {
                layer.write_sticky_record(evaluator.table().time(), out)
            });
            layer
        });
        Layer {
            statsig: self,
            user,
            name,
            layer,
            logging: Logging::Automatic,
        }
    }
}
