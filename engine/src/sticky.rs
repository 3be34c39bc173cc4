//! Sticky assignments as they are kept (`evaluation.md` §5.10): a record for each user and experiment or layer.
//!
//! A record is a JSON object with the members that Statsig's core keeps. It is written without a buffer, and read in place;
//! what has escapes is decoded into the caller's. [`Evaluator::experiment_sticky`](crate::Evaluator::experiment_sticky) says what is
//! done with it; where it lies is the caller's.

mod write;

pub(crate) use write::Kept;

use core::fmt::{self, Write};

use crate::arena::{Arena, Full};
use crate::exposure::SecondaryExposure;
use crate::json::{Fault, FaultKind, Kind, RawStr, Scanner, elements};
use crate::number::{self, NumberText};
use crate::table::StringList;
use crate::table::wire::prefixed;
use crate::user::User;

/// Why a text could not be read as a record. Treat it as if there were none.
///
/// ```
/// use statsig_edge::{StickyError, StickyRecord};
///
/// let error = StickyRecord::from_json(r#"{"value": 1}"#, &mut [0; 16]).unwrap_err();
/// assert_eq!(error, StickyError::Mistyped(10));
/// assert_eq!(error.to_string(), "sticky record: another type at byte 10");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StickyError {
    /// The text is not JSON at this byte, or nested too deep.
    NotJson(usize),
    /// A member, or the whole, is of another type, at this byte.
    Mistyped(usize),
    /// The text lacks `value`.
    Incomplete,
    /// The buffer is too small: as many bytes as the text has are always enough.
    BufferFull,
}

impl fmt::Display for StickyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StickyError::NotJson(at) => write!(f, "sticky record: not valid JSON at byte {at}"),
            StickyError::Mistyped(at) => write!(f, "sticky record: another type at byte {at}"),
            StickyError::Incomplete => f.write_str("sticky record: a member is missing"),
            StickyError::BufferFull => f.write_str("sticky record: buffer too small"),
        }
    }
}

impl core::error::Error for StickyError {}

impl From<Fault> for StickyError {
    fn from(fault: Fault) -> Self {
        match fault.kind() {
            FaultKind::Type => StickyError::Mistyped(fault.offset()),
            FaultKind::Syntax | FaultKind::Surrogate | FaultKind::Depth => {
                StickyError::NotJson(fault.offset())
            }
        }
    }
}

impl From<Full> for StickyError {
    fn from(_: Full) -> Self {
        StickyError::BufferFull
    }
}

/// An assignment that was kept.
///
/// ```
/// use statsig_edge::StickyRecord;
///
/// let stored = r#"{"value": true, "json_value": {"colour": "blue"}, "rule_id": "control", "group_name": "Control",
///     "secondary_exposures": [{"gate": "staff", "gateValue": "false", "ruleID": "default"}], "time": 1767225600000}"#;
/// let mut buffer = [0; 256];
/// let record = StickyRecord::from_json(stored, &mut buffer)?;
/// assert_eq!((record.rule_id, record.group_name), ("control", Some("Control")));
/// assert_eq!(record.json, r#"{"colour": "blue"}"#);
/// assert_eq!(record.secondary_exposures().next().map(|exposure| exposure.gate), Some("staff"));
/// # Ok::<(), statsig_edge::StickyError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StickyRecord<'p> {
    /// Whether a rule passed.
    pub value: bool,
    /// The value: JSON text of an object.
    pub json: &'p str,
    /// The rule id, with its suffix.
    pub rule_id: &'p str,
    /// The group's name.
    pub group_name: Option<&'p str>,
    /// Of a layer: the experiment that answered for it.
    pub config_delegate: Option<&'p str>,
    /// Of a layer: the parameters that the experiment owns.
    pub explicit_parameters: Option<StringList<'p>>,
    /// The time of the payload that gave it, in ms since the epoch.
    pub time: u64,
    /// The version of the spec that gave it.
    pub version: Option<u32>,
    exposures: Exposures<'p>,
}

impl StickyRecord<'static> {
    pub(crate) const EMPTY: Self = StickyRecord {
        value: false,
        json: "{}",
        rule_id: "",
        group_name: None,
        config_delegate: None,
        explicit_parameters: None,
        time: 0,
        version: None,
        exposures: Exposures(&[]),
    };
}

impl<'p> StickyRecord<'p> {
    /// Reads a record. Members that it does not know are passed over.
    ///
    /// # Errors
    /// When the text is no record, or `buffer` is smaller than it may have to be.
    pub fn from_json(json: &'p str, buffer: &'p mut [u8]) -> Result<Self, StickyError> {
        let mut arena = Arena::new(buffer);
        let mut scanner = Scanner::new(json);
        let mut value = None;
        let (mut all, mut undelegated) = (None, None);
        let mut record = StickyRecord::EMPTY;
        scanner.begin_object()?;
        while let Some(key) = scanner.next_key()? {
            if scanner.peek()? == Kind::Null {
                scanner.null()?;
            } else if key.is("value") {
                value = Some(scanner.bool()?);
            } else if key.is("json_value") {
                // What is no object has no parameters.
                let is_object = scanner.peek()? == Kind::Object;
                let text = scanner.skip()?;
                record.json = if is_object { text } else { "{}" };
            } else if key.is("rule_id") {
                record.rule_id = arena.string(scanner.string()?)?;
            } else if key.is("group_name") {
                record.group_name = Some(arena.string(scanner.string()?)?);
            } else if key.is("config_delegate") {
                record.config_delegate = Some(arena.string(scanner.string()?)?);
            } else if key.is("explicit_parameters") {
                record.explicit_parameters = Some(read_list(&mut scanner, &mut arena)?);
            } else if key.is("secondary_exposures") {
                all = Some(array(&mut scanner)?);
            } else if key.is("undelegated_secondary_exposures") {
                undelegated = Some(array(&mut scanner)?);
            } else if key.is("time") {
                record.time = unsigned(&mut scanner)?;
            } else if key.is("config_version") {
                record.version = u32::try_from(unsigned(&mut scanner)?).ok();
            } else {
                scanner.skip()?;
            }
        }
        scanner.end()?;
        record.value = value.ok_or(StickyError::Incomplete)?;
        if let Some((at, all)) = all {
            let undelegated = undelegated.map(|(_, array)| array);
            record.exposures = read_exposures(all, at, undelegated, &mut arena)?;
        }
        Ok(record)
    }

    /// The gates evaluated on the way, in order.
    pub fn secondary_exposures(&self) -> impl Iterator<Item = SecondaryExposure<'p>> + use<'p> {
        let mut rest = self.exposures.0;
        core::iter::from_fn(move || {
            let (&flags, tail) = rest.split_first()?;
            let (gate, tail) = prefixed(tail)?;
            let (rule_id, tail) = prefixed(tail)?;
            rest = tail;
            Some(SecondaryExposure {
                gate: core::str::from_utf8(gate).ok()?,
                gate_value: flags & GATE_VALUE != 0,
                rule_id: core::str::from_utf8(rule_id).ok()?,
                delegated: flags & DELEGATED != 0,
            })
        })
    }
}

const GATE_VALUE: u8 = 1;
const DELEGATED: u8 = 2;

/// Exposures one after another: a byte of flags, the gate and the rule id with their lengths before them.
#[derive(Clone, Copy, Debug)]
struct Exposures<'p>(&'p [u8]);

/// An array and where it begins.
fn array<'p>(scanner: &mut Scanner<'p>) -> Result<(usize, &'p str), StickyError> {
    scanner.peek()?;
    let at = scanner.offset();
    scanner.clone().begin_array()?;
    Ok((at, scanner.skip()?))
}

fn unsigned(scanner: &mut Scanner<'_>) -> Result<u64, StickyError> {
    scanner.peek()?;
    let at = scanner.offset();
    number::whole_magnitude(scanner.number()?).ok_or(StickyError::Mistyped(at))
}

fn read_list<'p>(
    scanner: &mut Scanner<'p>,
    arena: &mut Arena<'p>,
) -> Result<StringList<'p>, StickyError> {
    scanner.begin_array()?;
    let mut draft = arena.draft();
    let mut count = 0_u32;
    while scanner.next_element()? {
        draft.push_prefixed(scanner.string()?)?;
        count = count.saturating_add(1);
    }
    let length = draft.length();
    Ok(StringList::of(count, arena.keep(length)))
}

/// Reads the exposures; those that are not among the undelegated ones, which are in the same order, are delegated. Without such a
/// list none is.
fn read_exposures<'p>(
    all: &str,
    at: usize,
    undelegated: Option<&str>,
    arena: &mut Arena<'p>,
) -> Result<Exposures<'p>, StickyError> {
    let mut undelegated =
        undelegated.map(|array| elements(array).map(RawExposure::read).peekable());
    let mut draft = arena.draft();
    for element in elements(all) {
        let exposure = RawExposure::read(element).ok_or(StickyError::Mistyped(at))?;
        let mut flags = if exposure.gate_value { GATE_VALUE } else { 0 };
        if let Some(others) = &mut undelegated
            && others
                .next_if(|other| other.is_some_and(|other| other.same(&exposure)))
                .is_none()
        {
            flags |= DELEGATED;
        }
        draft.push(&[flags])?;
        draft.push_prefixed(exposure.gate)?;
        draft.push_prefixed(exposure.rule_id)?;
    }
    let length = draft.length();
    Ok(Exposures(arena.keep(length)))
}

/// An exposure as it is spelt.
#[derive(Clone, Copy)]
struct RawExposure<'j> {
    gate: RawStr<'j>,
    gate_value: bool,
    rule_id: RawStr<'j>,
}

impl<'j> RawExposure<'j> {
    fn read(json: &'j str) -> Option<Self> {
        let (mut gate, mut gate_value, mut rule_id) = (None, None, None);
        let mut scanner = Scanner::new(json);
        scanner.begin_object().ok()?;
        while let Some(key) = scanner.next_key().ok()? {
            if key.is("gate") {
                gate = Some(scanner.string().ok()?);
            } else if key.is("gateValue") {
                gate_value = Some(scanner.string().ok()?.is("true"));
            } else if key.is("ruleID") {
                rule_id = Some(scanner.string().ok()?);
            } else {
                scanner.skip().ok()?;
            }
        }
        Some(RawExposure {
            gate: gate?,
            gate_value: gate_value?,
            rule_id: rule_id?,
        })
    }

    fn same(&self, other: &Self) -> bool {
        let same = |a: RawStr<'_>, b: RawStr<'_>| a.equals(&b);
        self.gate_value == other.gate_value
            && same(self.gate, other.gate)
            && same(self.rule_id, other.rule_id)
    }
}

impl User<'_> {
    /// Writes the key under which what is kept of this user for an id type lies: `⟨unit id⟩:⟨id type⟩`.
    ///
    /// # Errors
    /// Those of `out`.
    ///
    /// ```
    /// use statsig_edge::User;
    ///
    /// let mut key = String::new();
    /// User::new().with_user_id("u-1").write_sticky_key("userID", &mut key)?;
    /// assert_eq!(key, "u-1:userID");
    /// # Ok::<(), std::fmt::Error>(())
    /// ```
    pub fn write_sticky_key(&self, id_type: &str, out: &mut dyn Write) -> fmt::Result {
        let mut buffer = NumberText::new();
        let unit = self.unit_of(id_type);
        out.write_str(
            unit.and_then(|unit| unit.text(&mut buffer))
                .unwrap_or_default(),
        )?;
        out.write_char(':')?;
        out.write_str(id_type)
    }
}
