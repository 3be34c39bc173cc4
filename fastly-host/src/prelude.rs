//! What a service usually needs.

pub use crate::{Config, Events, Key, Statsig};
pub use statsig_edge::{Scratch, User, Value};
