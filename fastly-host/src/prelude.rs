//! What a service usually needs.

pub use crate::{
    Client, Config, Events, IdRule, Key, RequestUser, SigningKey, SigningKeys, Statsig, Sticky,
    StickyCookie, StickyRoom, Summary,
};
pub use statsig_edge::{Parameters, ReadError, Scratch, User, Value};
