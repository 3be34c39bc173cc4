//! Asks this engine and Statsig's own core the same generated questions and compares the answers.
//!
//! A case is one payload and one user, asked about every spec in it. The cases come from a seed. A case on which the two
//! disagree is made small and printed with both answers. What may differ is named in [`quirk`]; it is counted. Statsig's
//! core reads no v1 payloads: each payload is asked once more in the v1 form, by [`reference_v1`]. Without the feature `core` there
//! are only the generator, our side and the reference.
#![forbid(unsafe_code)]

pub mod answer;
pub mod bootstrap;
#[cfg(feature = "core")]
pub mod countries;
pub mod findings;
pub mod generate;
#[cfg(feature = "core")]
pub mod official;
pub mod ours;
pub mod question;
pub mod quirk;
pub mod random;
#[cfg(feature = "core")]
pub mod records;
pub mod reference_v1;
#[cfg(feature = "core")]
pub mod run;
pub mod runaway;
#[cfg(feature = "core")]
pub mod session;
pub mod session_v1;
pub mod shrink;
pub mod sticky;
pub mod tally;
pub mod tree;
pub mod world;
