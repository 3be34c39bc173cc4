//! Arbitrary but meaningful payloads and users.

mod bandit;
mod condition;
mod number;
mod payload;
mod rule;
mod spec;
mod text;
mod user;
mod vocabulary;

pub use condition::OPERATORS;
pub use payload::{BY_CHANCE, PROBE, Payload, Scope, payload};
pub use user::user;
pub use vocabulary::Vocabulary;
