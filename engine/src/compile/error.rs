//! What can be wrong with a payload, and what is merely worth knowing.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::json::{Fault, FaultKind};
use crate::table::wire::same;

/// Why a payload was rejected as a whole (`evaluation.md` §1.3, §1.8). The table in force stays in force.
///
/// ```
/// use statsig_edge::compile::{CompileError, compile};
///
/// let error = compile(br#"{"has_updates": true, "time": 1}"#).unwrap_err();
/// assert!(matches!(&error, CompileError::Missing { .. }));
/// assert!(error.to_string().ends_with(" is missing"), "{error}");
/// assert_eq!(compile(br#"{"has_updates": false}"#).unwrap_err(), CompileError::NoUpdates);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompileError {
    /// Not UTF-8 from this byte on.
    NotUtf8(usize),
    /// Not JSON at this byte.
    NotJson(usize),
    /// Nested deeper than 128 levels at this byte.
    TooDeep(usize),
    /// The payload says that there is nothing new: keep what you have.
    NoUpdates,
    /// A part that must be there is missing.
    Missing {
        /// The part, such as `feature_gates`.
        path: String,
    },
    /// A part is not of the type that it must be.
    Mistyped {
        /// The part, such as `condition_map.123.type`.
        path: String,
        /// Where in the payload.
        offset: usize,
    },
    /// The table would be larger than the format can say, or a list longer. Or thousands of names or values have been chosen so that
    /// their hashes, which have no key, collide: that would take a time that grows with the square of their number.
    TooLarge,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::NotUtf8(at) => write!(f, "config specs: not UTF-8 at byte {at}"),
            CompileError::NotJson(at) => write!(
                f,
                "config specs: not valid JSON at byte {at}; is this what Statsig's CDN or console wrote?"
            ),
            CompileError::TooDeep(at) => {
                write!(
                    f,
                    "config specs: nested deeper than 128 levels at byte {at}"
                )
            }
            CompileError::NoUpdates => f.write_str(
                "config specs: the answer says that nothing changed; keep the table you have",
            ),
            CompileError::Missing { path } => write!(f, "config specs: {path} is missing"),
            CompileError::Mistyped { path, offset } if path.is_empty() => {
                write!(f, "config specs: no JSON object, at byte {offset}")
            }
            CompileError::Mistyped { path, offset } => {
                write!(
                    f,
                    "config specs: {path} has the wrong type, at byte {offset}"
                )
            }
            CompileError::TooLarge => f.write_str(
                "config specs: too large for a rule table (4 GiB, 65,535 conditions in a rule), or full of texts with colliding hashes",
            ),
        }
    }
}

impl core::error::Error for CompileError {}

/// Something that the table leaves out or cannot answer.
///
/// ```
/// use statsig_edge::compile::{WarningKind, compile};
///
/// // The gate lacks a salt and what else a spec must have.
/// let specs = br#"{"has_updates": true, "time": 1, "feature_gates": {"half": {"type": "feature_gate"}}, "dynamic_configs": {},
///     "layer_configs": {}, "condition_map": {}, "experiment_to_layer": {}}"#;
/// let compiled = compile(specs)?;
/// let [warning] = &compiled.warnings[..] else { panic!() };
/// assert_eq!(warning.spec, "feature_gates.half");
/// assert!(matches!(warning.kind, WarningKind::SpecDropped { .. }));
/// # Ok::<(), statsig_edge::compile::CompileError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// What it is.
    pub kind: WarningKind,
    /// The spec it is in, such as `feature_gates.new_home`; empty for what belongs to no spec.
    pub spec: String,
    /// The rule's id, where it is in a rule.
    pub rule: Option<String>,
}

impl Warning {
    /// Whether it says the same of the same rule. (A spec is left out only once.)
    pub(super) fn says(&self, other: &Warning) -> bool {
        core::mem::discriminant(&self.kind) == core::mem::discriminant(&other.kind)
            && same(self.kind.text().as_bytes(), other.kind.text().as_bytes())
    }

    /// Whether it is of the same spec, and of the same rule if it is of one.
    pub(super) fn is_of_rule(&self, other: &Warning) -> bool {
        let same = |left: &str, right: &str| same(left.as_bytes(), right.as_bytes());
        same(&self.spec, &other.spec)
            && match (&self.rule, &other.rule) {
                (Some(rule), Some(other)) => same(rule, other),
                (rule, other) => rule.is_some() == other.is_some(),
            }
    }
}

/// What a [`Warning`] is about.
///
/// ```
/// use statsig_edge::compile::{WarningKind, compile};
///
/// let specs = br#"{"has_updates": true, "time": 1, "dynamic_configs": {}, "layer_configs": {}, "experiment_to_layer": {},
///     "condition_map": {"1": {"type": "moon_phase", "idType": "userID"}}, "feature_gates": {"g": {"type": "feature_gate",
///     "entity": "feature_gate", "salt": "s", "enabled": true, "defaultValue": false, "idType": "userID", "rules": [
///     {"name": "r", "id": "r", "passPercentage": 100, "conditions": ["1"], "returnValue": true, "idType": "userID"}]}}}"#;
/// let compiled = compile(specs)?;
/// let [warning] = &compiled.warnings[..] else { panic!() };
/// assert_eq!(warning.kind, WarningKind::UnsupportedType("moon_phase".into()));
/// assert!(warning.to_string().contains(r#"condition type "moon_phase" is not supported"#));
/// # Ok::<(), statsig_edge::compile::CompileError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WarningKind {
    /// The spec was left out: this field is missing or of the wrong type, at this byte of the payload.
    SpecDropped {
        /// The field, such as `rules.0.passPercentage`.
        field: String,
        /// Where in the payload.
        offset: usize,
    },
    /// A condition of this type is answered `Unsupported`.
    UnsupportedType(String),
    /// A condition with this operator is answered `Unsupported`.
    UnsupportedOperator(String),
    /// A rule names a condition that the payload lacks; it is answered `Unsupported`.
    MissingCondition(String),
    /// The table holds this pattern as text: without the `regex` feature it is answered `Unsupported`.
    PatternNeedsEngine(String),
    /// This pattern is invalid, so it never matches.
    InvalidPattern(String),
    /// This part of a rule or spec, its `value` or a condition's `target`, holds a number beyond what a double holds or half of a
    /// surrogate pair, as JavaScript writes a text that was cut within an emoji. Statsig's core does not read it: the value is
    /// taken as `{}`, a parameter's as none, the target as null.
    Unreadable(String),
}

impl WarningKind {
    fn text(&self) -> &str {
        match self {
            WarningKind::SpecDropped { field: text, .. }
            | WarningKind::UnsupportedType(text)
            | WarningKind::UnsupportedOperator(text)
            | WarningKind::MissingCondition(text)
            | WarningKind::PatternNeedsEngine(text)
            | WarningKind::InvalidPattern(text)
            | WarningKind::Unreadable(text) => text,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.spec.is_empty() {
            write!(f, "{}", self.spec)?;
            if let Some(rule) = &self.rule {
                write!(f, ", rule {rule:?}")?;
            }
            f.write_str(": ")?;
        }
        match &self.kind {
            WarningKind::SpecDropped { field, offset } => {
                write!(
                    f,
                    "left out: {field} is missing or mistyped, at byte {offset}"
                )
            }
            WarningKind::UnsupportedType(name) => {
                write!(f, "condition type {name:?} is not supported")
            }
            WarningKind::UnsupportedOperator(name) => {
                write!(f, "operator {name:?} is not supported")
            }
            WarningKind::MissingCondition(key) => {
                write!(f, "condition {key:?} is not in the payload")
            }
            WarningKind::PatternNeedsEngine(pattern) => write!(
                f,
                "pattern {pattern:?} needs a regex engine (feature `regex`); without it, unsupported"
            ),
            WarningKind::InvalidPattern(pattern) => {
                write!(f, "pattern {pattern:?} is invalid and never matches")
            }
            WarningKind::Unreadable(part) => write!(
                f,
                "the {part} holds half of a surrogate pair or a number that no double holds; Statsig's core takes it as empty, and so do we"
            ),
        }
    }
}

/// A fault while reading, with the path to it. In a box, so that results stay small where there is none.
pub(super) struct ReadFault(Box<FaultAt>);

struct FaultAt {
    kind: ReadFaultKind,
    offset: usize,
    path: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ReadFaultKind {
    Json(FaultKind),
    Missing,
    NoUpdates,
}

impl ReadFault {
    #[cold]
    #[inline(never)]
    fn new(kind: ReadFaultKind, path: &str, offset: usize) -> Self {
        ReadFault(Box::new(FaultAt {
            kind,
            offset,
            path: path.into(),
        }))
    }

    pub(super) fn missing(path: &str, offset: usize) -> Self {
        ReadFault::new(ReadFaultKind::Missing, path, offset)
    }

    pub(super) fn mistyped(path: &str, offset: usize) -> Self {
        ReadFault::new(ReadFaultKind::Json(FaultKind::Type), path, offset)
    }

    pub(super) fn no_updates() -> Self {
        ReadFault::new(ReadFaultKind::NoUpdates, "", 0)
    }

    pub(super) fn offset(&self) -> usize {
        self.0.offset
    }

    pub(super) fn path(&self) -> &str {
        &self.0.path
    }

    /// The same fault, seen from one level further out.
    #[cold]
    #[inline(never)]
    pub(super) fn within(mut self, part: &str) -> Self {
        let path = &mut self.0.path;
        if !path.is_empty() {
            path.insert(0, '.');
        }
        path.insert_str(0, part);
        self
    }

    /// The same fault, seen from outside of the array in which the element of this index has it.
    #[cold]
    #[inline(never)]
    pub(super) fn within_element(self, index: u32) -> Self {
        let mut text = [0; 10];
        let mut rest = index;
        let mut start = text.len();
        for (at, place) in text.iter_mut().enumerate().rev() {
            *place = b'0'.wrapping_add((rest % 10) as u8);
            start = at;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let digits = text.get(start..).unwrap_or_default();
        self.within(core::str::from_utf8(digits).unwrap_or_default())
    }

    /// Whether it concerns the one value that is being read, not the text as a whole.
    pub(super) fn is_local(&self) -> bool {
        matches!(
            self.0.kind,
            ReadFaultKind::Missing | ReadFaultKind::Json(FaultKind::Type | FaultKind::Surrogate)
        )
    }
}

impl From<Fault> for ReadFault {
    fn from(fault: Fault) -> Self {
        ReadFault::new(ReadFaultKind::Json(fault.kind()), "", fault.offset())
    }
}

impl From<ReadFault> for CompileError {
    fn from(fault: ReadFault) -> Self {
        let FaultAt { kind, offset, path } = *fault.0;
        match kind {
            ReadFaultKind::Json(FaultKind::Syntax) => CompileError::NotJson(offset),
            ReadFaultKind::Json(FaultKind::Depth) => CompileError::TooDeep(offset),
            ReadFaultKind::Json(FaultKind::Type | FaultKind::Surrogate) => {
                CompileError::Mistyped { path, offset }
            }
            ReadFaultKind::Missing => CompileError::Missing { path },
            ReadFaultKind::NoUpdates => CompileError::NoUpdates,
        }
    }
}
