//! Statsig's gates, experiments, configs and layers, evaluated in place from a rule table.
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
