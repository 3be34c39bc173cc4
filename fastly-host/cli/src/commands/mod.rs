//! The commands.

pub mod compile;
pub mod evaluate;
pub mod explain;
pub mod inspect;
