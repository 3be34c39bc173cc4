//! Arbitrary but meaningful payloads and users.

mod bandit;
mod boundary;
mod condition;
mod number;
mod payload;
mod rule;
mod setting;
mod spec;
mod text;
mod user;
mod v1;
mod vocabulary;

pub use boundary::boundaries;
pub use condition::OPERATORS;
pub use payload::{BY_CHANCE, PROBE, Payload, Scope, payload};
pub use setting::{Setting, SettingValue};
pub use user::user;
pub use v1::v1;
pub use vocabulary::Vocabulary;
