//! Statsig's gates, experiments, configs and layers, evaluated in place from a rule table.
//!
//! Config specs are compiled once, where there is time, into a *rule table*: one string of bytes without pointers. Where requests
//! are answered, the table is opened in constant time and read in place. An evaluation parses nothing, allocates nothing, and
//! answers what Statsig's own server core answers, quirks included; the tests compare with recorded answers of that core.
//!
//! ```
//! # #[cfg(feature = "compile")] {
//! use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
//!
//! struct World;
//! impl Environment for World {
//!     fn now_ms(&self) -> i64 { 1_767_225_600_000 } // the clock of your platform
//! }
//!
//! // What Statsig's CDN answers, or its console writes into a store.
//! let specs = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json"));
//! let table = compile(specs)?.table;
//!
//! let evaluator = Evaluator::new(Table::open(&table)?, &World);
//! let mut scratch = Scratch::<64>::new(); // room for one check, to be used again
//! let user = User::new().with_user_id("u-1").with_email("ada@example.com");
//! let gate = evaluator.gate(&user, "new_home", &mut scratch);
//! assert_eq!((gate.value(), gate.rule_id()), (true, "for_staff"));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The examples of this documentation use `examples/specs.json`. Sections (§) are those of Statsig's semantics, listed in
//! `evaluation.md` beside this crate's `README.md`.
//!
//! # How data flows
//!
//! 1. `compile` reads Statsig's JSON, v1 or v2, and writes a table (`FORMAT.md`). For stores of short texts [`chunks`] cuts it up.
//! 2. [`Table::open`] checks the header and the bounds of the sections; [`Table::verify`], on demand, checks everything.
//! 3. A [`User`] is made in code or read from JSON; [`Evaluator`] asks the table about it, and the [`Environment`] for what is in neither.
//! 4. The answer ([`Gate`], [`DynamicConfig`], [`Experiment`], [`Layer`]) is kept in the [`Scratch`] and borrows its texts from the table.
//! 5. Its [`Exposure`] is what Statsig should be told. Encoding and sending it is up to the host; for Fastly that is the crate `statsig-fastly`.
//!
//! # Where to find what
//!
//! | public | |
//! | --- | --- |
//! | [`Evaluator`], [`Options`], [`LocalOverride`] | checks, and what holds for all of them |
//! | [`Parameters`], [`JsonValue`], [`ReadError`] | parameters read as a given type, without a buffer where possible |
//! | [`Evaluation`], [`Reason`], [`Note`] | the whole record of a check, and why it is as it is |
//! | [`Table`], [`Spec`], [`Meta`], [`ParameterStore`], [`Cmab`] | what the specs say, without a user |
//! | [`StickyRecord`], [`Stored`], [`StickyChange`] | sticky assignments: those that users keep |
//! | [`explain`] | every step of an evaluation |
//! | [`id_list`] | ID lists as stores hold them |
//! | [`chunks`] | a table as short texts |
//! | `compile` | from Statsig's JSON to a table |
//! | `bootstrap` | the response from which Statsig's client SDKs are initialised |
//! | `user_agent` | operating system and browser, as Statsig's core recognises them |
//!
//! | private, in `src` | |
//! | --- | --- |
//! | `evaluate/` | `spec` the order of an evaluation, `condition` and `operator` what conditions ask, `percentage` the draw, `layer`, `mapping`, `cmab`, `sticky`, `store` one feature each, `list` conditions that are decided without being evaluated |
//! | `table/` | the reader: `wire` numbers and lengths, one file for each kind of row |
//! | `compile/` | the writer: `outline` and `source` read the JSON by place, `writer` and `heap` make the sections, one file for each kind of row |
//! | `json/`, `number/` | a JSON scanner without recursion, and numbers as the core reads and prints them |
//! | `user/` | the user: lookup of fields, forms of values, JSON in and out |
//! | `pattern/` | regular expressions as automata in the table, or by a regex engine |
//! | `hash`, `sha256`, `sha256_block` | the hashes of names, of draws, of tables |
//! | `lowercase`, `cased`, `capitals`, `characters`, `white_space` | texts as the core compares them |
//! | `timestamp`, `calendar`, `version` | times and versions as conditions read them |
//! | `exposure`, `sampling` | what a check tells Statsig, and how the payload samples it |
//! | `arena`, `message`, `work` | a caller's buffer, messages without formatting machinery, a counter of work for tests |
//!
//! # Features
//!
//! | feature | | needs `alloc` |
//! | --- | --- | --- |
//! | `user-agent` (default) | conditions on the user agent; without it the fields are unknown, and a [`Note`] says so | |
//! | `compile` | the module `compile`, and writing chunks and ID lists | yes |
//! | `compile-regex` | with it, patterns become automata, so that the edge needs no regex engine | yes |
//! | `regex` | searches patterns that a table holds as text; without it they are [`Reason::Unsupported`] | yes |
//! | `serde` | parameters as any type that implements `Deserialize` | |
//! | `bootstrap` | the module `bootstrap` | yes |
//!
//! # What costs what
//!
//! - Opening a table: 32 bytes of header and the directory are read, whatever the size.
//! - Finding a spec: one hash of the name and about one comparison.
//! - A check: a pass over the spec's rules, and a SHA-256 for each draw; the salts' full blocks were hashed when the table was made.
//! - A parameter: a look-up in the object's index; a walk over the few objects that have none.
//! - Compiling: time linear in the payload, memory for two tables.
//!
//! # Limits
//!
//! Nesting ends at [`MAX_DEPTH`], work at [`MAX_EVALUATIONS`] specs and [`MAX_STEPS`] steps, so a crafted table costs bounded time; an
//! answer beyond that has [`Reason::Error`]. Nothing panics, whatever the bytes. JSON may be nested 128 levels deep, a user agent
//! may have 1,000 bytes, a table 4 GiB. The caller provides the room for exposures; what does not fit is counted in
//! [`Evaluation::dropped`].
//!
//! # Without `std`
//!
//! The crate is `no_std`, forbids unsafe code and, except for the features marked above, needs no allocator. It keeps no state and takes
//! nothing from outside but what [`Environment`] gives it. `examples/c-abi` is a Wasm module without an allocator and without WASI, with
//! two imports: the clock and the country of an address.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
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

// The README's example is compiled as this crate's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(any(feature = "bootstrap", feature = "compile", feature = "regex", test))]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod arena;
#[cfg(feature = "bootstrap")]
pub mod bootstrap;
mod calendar;
mod capitals;
mod cased;
mod characters;
pub mod chunks;
#[cfg(feature = "compile")]
pub mod compile;
mod environment;
mod evaluate;
mod evaluation;
pub mod explain;
mod exposure;
mod hash;
pub mod id_list;
mod json;
mod lowercase;
mod message;
mod number;
mod pattern;
mod sampling;
mod sha256;
mod sha256_block;
mod sticky;
mod table;
#[cfg(test)]
mod testing;
mod timestamp;
mod user;
#[cfg(feature = "user-agent")]
pub mod user_agent;
mod version;
mod white_space;
mod work;

pub use environment::{Country, CountryCode, Environment, LazyCountry, Membership};
#[cfg(feature = "serde")]
pub use evaluate::MAX_PARSED_TEXT;
pub use evaluate::{
    DynamicConfig, Evaluator, Experiment, ExperimentGroup, ExperimentGroups, Gate, JsonType,
    JsonValue, Layer, LayerParameter, LocalOverride, MAX_DEPTH, MAX_EVALUATIONS, MAX_STEPS,
    Options, OverrideValue, Overrides, Parameters, ReadError, StickyChange, StickyOptions,
    StoreParameter, Stored, Text,
};
pub use evaluation::{Evaluation, EvaluationError, Note, Reason};
pub use exposure::{Exposure, ExposureSink, Scratch, ScratchView, SecondaryExposure};
pub use hash::djb2;
pub use json::{write_escaped, write_inside, write_unescaped};
pub use sha256::sha256;
pub use sticky::{StickyError, StickyRecord};
pub use table::{
    Cmab, CmabGroup, CmabWeight, Entity, FORMAT_VERSION, MAGIC, Meta, Parameter, ParameterStore,
    Reference, SIGNATURE_MAGIC, SamplingMode, Spec, SpecKind, StringList, Table, TableError,
    is_table,
};
pub use user::{Attributes, JsonArray, JsonObject, NumberToken, User, UserError, Value};
