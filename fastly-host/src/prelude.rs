//! What a service usually needs.

pub use crate::{Config, Events, Key, Statsig};
pub use statsig_edge::{Parameters, ReadError, Scratch, User, Value};
