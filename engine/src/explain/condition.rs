//! Conditions in words.

use core::fmt::{self, Write};

use crate::json::write_escaped;
use crate::table::Table;
use crate::table::condition::{Condition, ConditionType, GateTarget, Operator};
use crate::table::set::{StringSet, strings};
use crate::table::wire::{prefixed, varint};

/// Strings of a target that are shown; of the others only the number is.
const SHOWN: usize = 8;

/// What a condition asks, readable.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::{SpecKind, explain::{Step, Trace}};
///
/// #[derive(Default)]
/// struct Conditions(Vec<String>);
/// impl Trace for Conditions {
///     fn step(&mut self, _: u32, step: &Step<'_>) {
///         if let Step::Condition { condition, .. } = step { self.0.push(condition.to_string()) }
///     }
/// }
///
/// let mut heard = Conditions::default();
/// evaluator.explain(SpecKind::Gate, &User::new(), "staff", &mut scratch, &mut heard);
/// assert_eq!(heard.0, [r#"user_field email str_ends_with_any ["@example.com"]"#]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct ExplainedCondition<'t>(Condition<'t>, Table<'t>);

impl fmt::Debug for ExplainedCondition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExplainedCondition({self})")
    }
}

/// Type, field, operator and target in one line.
impl fmt::Display for ExplainedCondition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_name())?;
        if let Some(subject) = self.subject() {
            write!(f, " {subject}")?;
        }
        if let Some(operator) = self.operator_name() {
            write!(f, " {operator}")?;
        }
        let mut target = Spaced {
            out: f,
            used: false,
        };
        self.write_target(&mut target)
    }
}

/// Puts a space before the first character.
struct Spaced<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    used: bool,
}

impl Write for Spaced<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !core::mem::replace(&mut self.used, true) {
            self.out.write_char(' ')?;
        }
        self.out.write_str(text)
    }
}

impl<'t> ExplainedCondition<'t> {
    pub(crate) fn new(condition: Condition<'t>, table: Table<'t>) -> Self {
        ExplainedCondition(condition, table)
    }

    /// The condition's type, `unsupported` for one that this engine does not know.
    pub fn type_name(&self) -> &'static str {
        self.0.condition_type().name()
    }

    /// The operator, where the type compares.
    pub fn operator_name(&self) -> Option<&'static str> {
        match self.0.condition_type() {
            ConditionType::Unsupported
            | ConditionType::Public
            | ConditionType::PassGate
            | ConditionType::FailGate
            | ConditionType::MultiPassGate
            | ConditionType::MultiFailGate => None,
            _ => Some(self.0.operator().name()),
        }
    }

    /// The user field, or the id type of a unit.
    pub fn subject(&self) -> Option<&'t str> {
        match self.0.condition_type() {
            ConditionType::UnitId | ConditionType::UserBucket => {
                core::str::from_utf8(self.0.unit(self.1)?.name).ok()
            }
            _ => self.0.field(self.1)?.name(),
        }
    }

    /// Writes the target; nothing where there is none. Long lists are cut, with the number of the rest.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_target(&self, out: &mut dyn Write) -> fmt::Result {
        let Some(target) = self.0.target(self.1) else {
            return Ok(());
        };
        match self.0.condition_type() {
            ConditionType::PassGate | ConditionType::FailGate => {
                return match GateTarget::read(target) {
                    Some(gate) => write_escaped(gate.name, out),
                    None => Ok(()),
                };
            }
            ConditionType::MultiPassGate | ConditionType::MultiFailGate => {
                let (count, gates) = varint(target).unwrap_or_default();
                let names = strings(gates, count).filter_map(|gate| gate.get(4..));
                return write_list(names, count, out);
            }
            _ => {}
        }
        match self.0.operator() {
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
                match target.first_chunk::<8>() {
                    Some(bytes) => write!(out, "{}", f64::from_le_bytes(*bytes)),
                    None => Ok(()),
                }
            }
            Operator::Before | Operator::After | Operator::On => match target.first_chunk::<8>() {
                Some(bytes) => write!(out, "{} ms", i64::from_le_bytes(*bytes)),
                None => Ok(()),
            },
            Operator::VersionGt
            | Operator::VersionGte
            | Operator::VersionLt
            | Operator::VersionLte
            | Operator::VersionEq
            | Operator::VersionNeq => write_version(target, out),
            Operator::Any
            | Operator::None
            | Operator::AnyCaseSensitive
            | Operator::NoneCaseSensitive => match StringSet::read(target) {
                Some(set) => write_list(set.entries(), set.len(), out),
                None => Ok(()),
            },
            Operator::StrStartsWithAny
            | Operator::StrEndsWithAny
            | Operator::StrContainsAny
            | Operator::StrContainsNone
            | Operator::ArrayContainsAny
            | Operator::ArrayContainsNone
            | Operator::ArrayContainsAll
            | Operator::NotArrayContainsAll => {
                let (count, entries) = varint(target).unwrap_or_default();
                write_list(strings(entries, count), count, out)
            }
            Operator::StrMatchesPattern | Operator::InSegmentList | Operator::NotInSegmentList => {
                write_text(target, out)
            }
            Operator::StrMatches => write!(out, "(automaton of {} bytes)", target.len()),
            Operator::BucketAny | Operator::BucketNone => write_buckets(target, out),
            Operator::Eq | Operator::Neq => write_equal(target, out),
            Operator::Unsupported | Operator::Never | Operator::Always => Ok(()),
        }
    }
}

fn write_text(bytes: &[u8], out: &mut dyn Write) -> fmt::Result {
    write_escaped(core::str::from_utf8(bytes).unwrap_or_default(), out)
}

fn write_list<'t>(
    items: impl Iterator<Item = &'t [u8]>,
    count: u32,
    out: &mut dyn Write,
) -> fmt::Result {
    out.write_char('[')?;
    for (index, item) in items.take(SHOWN).enumerate() {
        if index > 0 {
            out.write_str(", ")?;
        }
        write_text(item, out)?;
    }
    match (count as usize).checked_sub(SHOWN) {
        None | Some(0) => {}
        Some(more) => write!(out, ", and {more} more")?,
    }
    out.write_char(']')
}

fn write_version(target: &[u8], out: &mut dyn Write) -> fmt::Result {
    let mut rest = target;
    let mut first = true;
    while let Some((&length, tail)) = rest.split_first() {
        if !core::mem::replace(&mut first, false) {
            out.write_char('.')?;
        }
        if length == 0xFF {
            out.write_char('?')?;
            rest = tail;
            continue;
        }
        let Some((bytes, tail)) = tail.split_at_checked(usize::from(length)) else {
            return Ok(());
        };
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut value = [if negative { 0xFF } else { 0 }; 16];
        if let Some(place) = value.get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
        }
        write!(out, "{}", i128::from_le_bytes(value))?;
        rest = tail;
    }
    Ok(())
}

/// Runs of buckets, such as `0–499`.
fn write_buckets(bitmap: &[u8], out: &mut dyn Write) -> fmt::Result {
    let is_set = |bucket: usize| {
        bitmap
            .get(bucket / 8)
            .is_some_and(|byte| byte >> (bucket % 8) & 1 == 1)
    };
    out.write_char('[')?;
    let mut runs: usize = 0;
    let mut bucket: usize = 0;
    while bucket < 1_000 {
        let start = bucket;
        while is_set(bucket) {
            bucket = bucket.saturating_add(1);
        }
        if bucket > start {
            runs = runs.saturating_add(1);
            if runs > SHOWN {
                out.write_str(", …")?;
                break;
            }
            if runs > 1 {
                out.write_str(", ")?;
            }
            write!(out, "{start}")?;
            let last = bucket.saturating_sub(1);
            if last > start {
                write!(out, "–{last}")?;
            }
        }
        bucket = bucket.saturating_add(1);
    }
    out.write_char(']')
}

fn write_equal(target: &[u8], out: &mut dyn Write) -> fmt::Result {
    use crate::evaluate::eq;

    let Some((&kind, target)) = target.split_first() else {
        return Ok(());
    };
    match kind {
        eq::NULL => out.write_str("null"),
        eq::FALSE => out.write_str("false"),
        eq::TRUE => out.write_str("true"),
        eq::NUMBER => match target.first_chunk::<8>() {
            Some(bytes) => write!(out, "{}", f64::from_le_bytes(*bytes)),
            None => Ok(()),
        },
        eq::STRING => write_text(target, out),
        eq::ARRAY => {
            let (count, mut rest) = varint(target).unwrap_or_default();
            let items = core::iter::from_fn(move || {
                let (_, tail) = varint(rest)?;
                let (text, tail) = prefixed(tail)?;
                rest = tail;
                Some(text)
            });
            write_list(items, count, out)
        }
        _ => out.write_str("(an object)"),
    }
}
