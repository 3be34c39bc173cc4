//! The commands.

pub mod compile;
pub mod completions;
pub mod diff;
pub mod evaluate;
pub mod explain;
pub mod gc;
pub mod inspect;
pub mod publish;
pub mod source;
pub mod sync_id_lists;
pub mod verify;
pub mod watch;
