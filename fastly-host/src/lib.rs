//! Statsig on Fastly Compute.
//!
//! [`platform`] is the lower half: everything that talks to the host, on raw imports, without the `fastly` crate.
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
