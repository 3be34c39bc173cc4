//! Disagreements that are meant: what `evaluation.md` §8.3 says not to copy. Each is counted by name.

use crate::answer::{Answer, Kind};

/// A reason why two answers may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quirk {
    /// The core panics: an address past the end of its country table, `eq` on a list whose elements collapsed.
    CorePanics,
    /// The core leaves the undelegated list out when an evaluation is unsupported; nothing reads it then but the bootstrap
    /// output.
    UndelegatedWhenUnsupported,
}

impl Quirk {
    /// Why it is right to differ.
    pub fn reason(self) -> &'static str {
        match self {
            Quirk::CorePanics => "the core panics; ours answers (evaluation.md §8.3)",
            Quirk::UndelegatedWhenUnsupported => {
                "unsupported: the core keeps no undelegated list; it has no parameter to expose"
            }
        }
    }

    /// The quirk behind a difference, if it is one.
    pub fn of(kind: Kind, fields: &[&str], core: &Answer, ours: &Answer) -> Option<Quirk> {
        let unsupported = core.reason.contains(":Unsupported") && ours.reason == core.reason;
        if fields == ["undelegated"]
            && unsupported
            && core.undelegated.is_empty()
            && core.parameters.is_empty()
        {
            let _ = kind;
            return Some(Quirk::UndelegatedWhenUnsupported);
        }
        None
    }
}
