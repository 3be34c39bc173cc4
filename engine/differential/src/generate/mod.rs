//! Arbitrary but meaningful payloads and users.

mod condition;
mod number;
mod payload;
mod rule;
mod spec;
mod text;
mod user;
mod vocabulary;

pub use condition::OPERATORS;
pub use payload::{PROBE, Payload, Scope, payload};
pub use user::user;
