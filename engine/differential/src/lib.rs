//! Asks this engine and Statsig's own core the same generated questions and compares the answers.
//!
//! A case is one payload and one user, asked about every spec in it. The cases come from a seed. A case on which the two
//! disagree is made small and printed with both answers. What may differ is named in [`quirk`]; it is counted. Statsig's
//! core reads no v1 payloads: each payload is asked once more in the v1 form, by [`reference_v1`].
#![forbid(unsafe_code)]

pub mod answer;
pub mod bootstrap;
pub mod countries;
pub mod findings;
pub mod generate;
pub mod official;
pub mod ours;
pub mod quirk;
pub mod random;
pub mod records;
pub mod reference_v1;
pub mod run;
pub mod runaway;
pub mod session;
pub mod shrink;
pub mod sticky;
pub mod tally;
pub mod tree;
pub mod world;
