//! The commands.

pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod gc;
pub(crate) mod inspect;
pub(crate) mod publish;
pub(crate) mod source;
pub(crate) mod sync_id_lists;
pub(crate) mod verify;
pub(crate) mod watch;
