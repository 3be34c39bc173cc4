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
    /// The core keeps none or a part of the undelegated list of a bandit's targeting gates.
    UndelegatedOfBandit,
    /// Unsupported after a delegate that was overridden: the core says overridden.
    UnsupportedAfterOverride,
    /// The core answers otherwise when it is asked again.
    CoreUnsteady,
    /// Bootstrap: the value of a config or layer is a bool.
    BoolAsValue,
    /// Bootstrap: a spec that nests too deep.
    EmptyResponse,
    /// Bootstrap: the targeting gate of session replay after a spec that is unsupported.
    ReplayAfterUnsupported,
    /// Bootstrap: an exposure of a config that a bandit of the same name hides, to which nothing refers.
    ExposureOfHidden,
    /// The payload's app id is the number 2^63.
    AppIdBeyondIntegers,
    /// An object within a list that gives a name twice.
    RepeatedNames,
}

impl Quirk {
    /// Why it is right to differ.
    pub fn reason(self) -> &'static str {
        match self {
            Quirk::CorePanics => "the core panics; ours answers (evaluation.md §8.3)",
            Quirk::UndelegatedOfBandit => {
                "the core loses count of nesting in a bandit, and takes the list of its targeting gate or none; only a \
                 layer's is ever read, where a mapping must have come between"
            }
            Quirk::UnsupportedAfterOverride => {
                "a layer of the new kind that meets something unsupported after an overridden delegate: ours says so, the \
                 core that it is overridden"
            }
            Quirk::CoreUnsteady => {
                "the core, asked again, says what ours says: it looks for elements of an array without a text in a set whose \
                 order is random"
            }
            Quirk::BoolAsValue => {
                "a config or layer whose value is a bool, which no reader takes: the core's bootstrap response says it, \
                 ours null"
            }
            Quirk::EmptyResponse => {
                "one spec that nests too deep empties the core's whole bootstrap response, unless it happened to remember \
                 a gate on the way; ours answers the other specs"
            }
            Quirk::ReplayAfterUnsupported => {
                "the core evaluates the targeting gate of session replay on the record of the spec before, so that it stops \
                 at the first condition when that was unsupported; ours begins afresh"
            }
            Quirk::ExposureOfHidden => {
                "a config and a bandit of one name: the core's response keeps the exposures of the config, to which nothing in \
                 it refers"
            }
            Quirk::AppIdBeyondIntegers => {
                "an app id that is the number 2^63: ours keeps app ids as text, of which no integer is made beyond 63 bits; the \
                 core's becomes the largest integer"
            }
            Quirk::RepeatedNames => {
                "the text of an object within a list keeps names given twice: telling them apart costs time that a \
                 hostile user could choose"
            }
            Quirk::UndelegatedWhenUnsupported => {
                "unsupported: the core keeps no undelegated list; it has no parameter to expose"
            }
        }
    }

    /// The quirk behind a difference, if it is one.
    pub fn of(
        kind: Kind,
        fields: &[&str],
        core: &Answer,
        ours: &Answer,
        content: Content,
    ) -> Option<Quirk> {
        let unsupported = core.reason.contains(":Unsupported") && ours.reason == core.reason;
        if fields == ["undelegated"] && content.bandits && content.mappings {
            return Some(Quirk::UndelegatedOfBandit);
        }
        if fields == ["undelegated"] && core.undelegated.is_empty() {
            if unsupported && core.parameters.is_empty() {
                return Some(Quirk::UndelegatedWhenUnsupported);
            }
            if kind == Kind::Experiment && content.bandits {
                return Some(Quirk::UndelegatedOfBandit);
            }
        }
        if fields == ["reason"]
            && kind == Kind::Layer
            && core.reason.starts_with("LocalOverride")
            && ours.reason.contains(":Unsupported")
        {
            return Some(Quirk::UnsupportedAfterOverride);
        }
        content.repeats.then_some(Quirk::RepeatedNames)
    }
}

/// What of payload and user makes a quirk possible.
#[derive(Clone, Copy, Debug)]
pub struct Content {
    /// An object within a list gives a name twice.
    pub repeats: bool,
    /// There are bandits.
    pub bandits: bool,
    /// There are config mappings.
    pub mappings: bool,
}
