//! Statsig on Fastly Compute: specs from a store, checks in memory, exposures after the response.
//!
//! The engine is `statsig-edge`; this crate is its way to the world: stores, cache, clock, geolocation, randomness, and Statsig's events.
//!
//! ```
//! # #[cfg(feature = "drop-in")] {
//! # use statsig_fastly::platform::fake::{self, ClientRequest, Host, KvEntry, Reply};
//! # let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/examples/specs.json"));
//! # let host = Host { now_ms: 1_767_225_660_000, request: ClientRequest::get("https://shop.example/"), ..Host::default() }
//! #     .kv("statsig", "statsig-specs", KvEntry::new(specs))
//! #     .secret("statsig", "server-key", b"secret-k")
//! #     .backend("statsig-events", [Reply::answer(202, br#"{"success":true}"#)]);
//! # let (_, record) = fake::with(host, || {
//! use statsig_fastly::prelude::*;
//! use statsig_fastly::{BareResponse, handle_bare};
//!
//! let config = Config::new()
//!     .with_kv_store("statsig", "statsig-specs")
//!     .with_events(Events::new("statsig-events", Key::Stored { store: "statsig", name: "server-key" }));
//! let handled = handle_bare(&config, |_request, statsig| {
//!     let user = User::new().with_user_id("u-2");
//!     let body = if statsig.check_gate(&user, "new_home") { "new" } else { "old" };
//!     Ok::<_, statsig_fastly::platform::Error>(BareResponse::new(200, "text/plain", body))
//! }).unwrap();
//! assert_eq!(handled.events.delivered, 1);
//! # });
//! # assert_eq!(record.responses[0].body, b"new");
//! # }
//! ```
//!
//! With the types of the `fastly` crate the same is `handle`. To answer several requests in one sandbox there are `serve` and
//! [`serve_bare`]. The examples of this documentation run on a host in memory, `platform::fake`, whose set-up is hidden here;
//! services can use it in their own tests.
//!
//! # How data flows
//!
//! 1. [`Config`], in code or by [`Settings`] from text, names the sources in order, the events' destination, and what holds for all users.
//! 2. [`Loading`] starts the first look-up before the request is taken. If a source is unusable the next one is asked, and [`Specs`] says why.
//! 3. [`RequestUser`] makes the user from the query, headers and cookies; [`RequestOverrides`] and [`StickyCookie`] read what the client holds, signed.
//! 4. [`Statsig`] checks. Each exposure is encoded as it happens, once for each user and answer.
//! 5. The response is sent. Then [`Statsig::flush`] posts the events, and the table in the Core Cache is renewed if it is stale.
//!
//! # Where to find what
//!
//! | public | |
//! | --- | --- |
//! | [`prelude`] | what a service usually needs |
//! | [`Config`], [`Settings`], [`Download`], [`Events`], [`Key`] | how a service is configured |
//! | `handle`, `serve`, [`handle_bare`], [`serve_bare`] | a service's whole `main` |
//! | [`Statsig`], [`Gate`], [`DynamicConfig`], [`Experiment`], [`Layer`], [`ParameterStore`] | checks and their answers |
//! | [`Specs`], [`Loading`], [`Source`], [`Failure`], [`Cached`] | the specs in force, and why not others |
//! | [`Summary`], [`DeliveryError`], [`ExposureHistory`] | what became of the events |
//! | [`RequestUser`], [`Client`], [`IdRule`] | the user of a request |
//! | [`SigningKeys`], [`RequestOverrides`], [`Sticky`], [`StickyCookie`] | signed overrides, and assignments that users keep |
//! | [`answer`], [`report`], [`encode`], [`write_status`] | answers, all answers, exposures and the status as JSON |
//! | [`platform`] | everything that talks to the host, on raw imports, without the `fastly` crate |
//!
//! | private, in `src` | |
//! | --- | --- |
//! | `origin/` | one kind of source each: KV Store, Config Store, download, bytes |
//! | `table_cache/` | the table in the Core Cache: `compiled` of a value, `shared` of a configuration |
//! | `after` | what is done when the response has been sent |
//! | `events`, `batch`, `post`, `log_lines`, `flush` | events from the check to the POST or the log line |
//! | `exposure_key`, `sampling`, `history` | repeats, and what a payload samples |
//! | `id_lists` | memberships from a KV Store |
//! | `platform/imports`, `platform/fake` | the host's functions, the only unsafe code; and a host in memory with the same ones |
//! | `json`, `typed` | writing JSON, and reading parameters as owned strings |
//!
//! # Features
//!
//! | feature | |
//! | --- | --- |
//! | `fastly` (default) | `handle` and `serve`, on the `fastly` crate's `Request` and `Response` |
//! | `drop-in` (default) | Statsig's own JSON in a store; without it a store must hold a table |
//! | `user-agent` (default) | conditions on the user agent |
//! | `regex` | a regex engine, for patterns that a table holds as text |
//! | `serde` | parameters as any type that implements `Deserialize` |
//! | `bootstrap` | `Statsig::client_bootstrap`: the response from which Statsig's client SDKs are initialised |
//! | `inspector` | `Inspector`, a page that shows every answer for a user and how it came about |
//!
//! # What costs what
//!
//! - A request with a table in a KV Store: six host calls and one allocation of its size; with [`Config::with_core_cache`] the store is rarely asked.
//! - JSON in the store: compiled when its value is new; its table is in the Core Cache for an hour (`Config::with_table_max_age`).
//! - A check: what the engine needs, a clock reading and a pass over the user for its event.
//! - Events: a POST for each [`MAX_BATCH_EVENTS`], repeated once where that may help, all after the response.
//! - An ID list: one read for the manifest in each request that asks, one for each membership.
//!
//! What a service does not configure is not in its module: code that only a constructor refers to is dropped by the linker.
//!
//! # Limits
//!
//! [`MAX_SOURCES`] sources, [`MAX_JSON`] bytes of JSON, [`MAX_LOGGED_BYTES`] of events in a request, [`MAX_REMEMBERED`] exposures in a sandbox,
//! 16 look-ups of a table in a Config Store. Specs that cannot be loaded and events that are not accepted never fail a request; both are
//! reported, by [`Specs::failures`] and in the [`Summary`]. Countries are Fastly's, not Statsig's: see [`HostEnvironment`].
//!
//! The crate is `no_std` with `alloc`, and has its unsafe code in one private module.
#![no_std]
#![deny(unsafe_code, missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

// The README's examples are compiled as this crate's.
#[cfg(all(doctest, feature = "fastly"))]
#[doc = include_str!("../../README.md")]
struct Readme;

extern crate alloc;
// The fake host keeps its state in a thread local.
#[cfg(not(target_arch = "wasm32"))]
extern crate std;

mod accept_language;
mod after;
pub mod answer;
mod bare;
mod batch;
#[cfg(feature = "bootstrap")]
mod client_bootstrap;
mod config;
mod cookies;
mod destination;
pub mod encode;
mod environment;
mod events;
pub mod explanation;
mod exposure_key;
mod flush;
#[cfg(feature = "fastly")]
mod handle;
mod history;
mod id_lists;
mod id_rules;
#[cfg(feature = "inspector")]
mod inspector;
mod json;
mod layer;
mod log_lines;
mod origin;
pub mod platform;
mod post;
pub mod prelude;
pub mod report;
mod request_overrides;
mod request_user;
mod results;
mod sampling;
mod settings;
mod signed;
mod signed_table;
mod source;
mod specs;
mod statsig;
mod status;
mod sticky;
mod sticky_cookie;
mod store;
mod table_cache;
mod typed;

pub use accept_language::preferred_language;
pub use bare::{BareHandled, BareResponse, handle_bare, serve_bare};
pub use batch::{MAX_BATCH_BYTES, MAX_BATCH_EVENTS};
#[cfg(feature = "bootstrap")]
pub use client_bootstrap::ClientBootstrap;
pub use config::{Config, MAX_SOURCES};
pub use cookies::cookie_values;
pub use destination::{EVENTS_BASE_URI, Events, Key, LOG_LINE_LIMIT};
pub use environment::HostEnvironment;
pub use events::{EventValue, MAX_LOGGED_BYTES, SDK_TYPE, SDK_VERSION};
pub use flush::{DeliveryError, Summary};
#[cfg(feature = "fastly")]
pub use handle::{Handled, handle, serve};
pub use history::{ExposureHistory, MAX_REMEMBERED};
pub use id_lists::{IdListFailure, IdListFault};
pub use id_rules::IdRule;
#[cfg(feature = "inspector")]
pub use inspector::{Inspector, MAX_INSPECTED_USER, SHORTEST_PASSWORD};
pub use layer::Layer;
pub use origin::{DOWNLOAD_BASE_URI, Download, DownloadVersion, MAX_JSON};
pub use request_overrides::{MAX_REQUEST_OVERRIDES, RequestOverrides};
pub use request_user::{Client, RequestUser};
pub use results::{DynamicConfig, Experiment, Gate};
pub use settings::{Settings, SettingsError};
pub use signed::{KeyError, LONGEST_KEY_ID, SHORTEST_SECRET, SignedError, SigningKey, SigningKeys};
pub use signed_table::{TableKeys, sign_table, table_key_id, verify_table};
pub use source::{Failure, Format, Route, Source, SpecsError};
pub use specs::{Asked, Loading, Specs};
pub use statsig::Statsig;
pub use status::{write_status, write_status_header};
pub use sticky::{Sticky, StickyRoom, StickyStorage};
pub use sticky_cookie::{COOKIE_ATTRIBUTES, LONGEST_COOKIE, StickyCookie};
pub use store::ParameterStore;
pub use table_cache::{CacheError, CacheState, Cached, WAIT_MS};
