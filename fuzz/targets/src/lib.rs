//! What the fuzzer runs, as plain functions of bytes.
//!
//! A target panics when it finds something: a panic of what it calls, an answer that contradicts another one, text that is not
//! what it should be. `fuzz/fuzz_targets` gives them to libFuzzer; the tests of this crate give them every file of the corpora and of
//! `fuzz/regressions`.
#![forbid(unsafe_code)]

mod ask;
pub mod compile;
pub mod config_store_chunks;
pub mod cookie;
mod cut;
pub mod evaluate;
pub mod event_body;
pub mod id_list_shard;
pub mod open;
pub mod user_agent;
pub mod user_json;

/// What is run on one input.
pub type Run = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Run); 9] = [
    ("compile", compile::run),
    ("open", open::run),
    ("evaluate", evaluate::run),
    ("user_json", user_json::run),
    ("user_agent", user_agent::run),
    ("config_store_chunks", config_store_chunks::run),
    ("id_list_shard", id_list_shard::run),
    ("event_body", event_body::run),
    ("cookie", cookie::run),
];
