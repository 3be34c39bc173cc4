//! Rules of specs and of overrides (`evaluation.md` §1.5).

use alloc::vec::Vec;

use super::condition::Conditions;
use super::heap::Names;
use super::members::pass_value;
use super::read::{Field, Is, fields, required, unsigned};
use super::row::Column;
use super::source::{Read, Source, Span};
use super::writer::Writer;
use crate::json::Scanner;
use crate::number::parse_float;
use crate::table::Section;
use crate::table::rule::{ALL, RULE, flags};
use crate::table::wire::NONE;

/// In the order in which Statsig writes them.
static FIELDS: [Field; FIELD_COUNT] = [
    Field::new("name", Is::Text).lenient().required_v2(),
    Field::new("groupName", Is::Text).nullable().lenient(),
    Field::new("passPercentage", Is::Float).required(),
    Field::new("conditions", Is::Parts).required_v2(),
    Field::new("returnValue", Is::Checked(pass_value)).required_v2(),
    Field::new("id", Is::Text).lenient().required(),
    Field::new("salt", Is::Text).nullable().lenient(),
    Field::new("idType", Is::Text).lenient().required_v2(),
    Field::new("isExperimentGroup", Is::Bool)
        .nullable()
        .lenient(),
    Field::new("configDelegate", Is::Text).nullable().lenient(),
    Field::new("samplingRate", Is::U64).nullable().lenient(),
];

const FIELD_COUNT: usize = 11;

/// Places of what must be there for a rule to count as begun, whatever comes of it.
const NAMING: [u8; 2] = [5, 0];

/// Places of what else must be there.
const REQUIRED: [u8; 4] = [3, 2, 4, 7];

/// A rule that was read, field by field; its conditions are a run of the [`Conditions`] asked for.
pub(super) type Draft = [Span; FIELD_COUNT];

/// Reads a rule and appends it.
pub(super) fn read<'j>(
    source: &mut Source<'j>,
    scanner: &mut Scanner<'j>,
    conditions: &mut Conditions,
    rules: &mut Vec<Draft>,
) -> Read<()> {
    scanner.peek()?;
    let at = scanner.offset();
    let mut draft = [Span::ABSENT; FIELD_COUNT];
    let mut fault = None;
    fields(
        source,
        scanner,
        &FIELDS,
        &mut draft,
        &mut |source, scanner| {
            let (list, wrong) = conditions.read_list(source, scanner)?;
            fault = wrong;
            Ok(list)
        },
    )?;
    let [_, _, _, _, value, ..] = &mut draft;
    source.judge(scanner, value);
    let v1 = source.v1;
    required(v1, &FIELDS, &draft, &NAMING, at)?;
    rules.push(draft);
    match fault {
        Some(fault) => Err(fault),
        None => required(v1, &FIELDS, &draft, &REQUIRED, at),
    }
}

/// Appends the rows of a rule's conditions.
#[inline(never)]
pub(super) fn write_conditions(
    source: &mut Source<'_>,
    writer: &mut Writer,
    conditions: &mut Conditions,
    gates: &Names,
    draft: &Draft,
    rows: &mut Vec<u32>,
) {
    let [_, _, _, list, _, id, ..] = *draft;
    writer.context.rule = id;
    conditions.write_list(source, writer, gates, list, rows);
}

/// What is not a field is given.
static COLUMNS: [Column; 12] = [
    Column::Text(5),
    Column::Text(1),
    Column::Object(4),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::Unit(7),
    Column::Given(2),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
];

/// Appends a rule. Without a spec's salt it is an override rule, which keeps its own salt apart.
#[inline(never)]
pub(super) fn write(
    source: &mut Source<'_>,
    writer: &mut Writer,
    configs: &Names,
    draft: &Draft,
    conditions: &[u32],
    spec_salt: Option<Span>,
) {
    let [
        _,
        _,
        pass_percentage,
        _,
        return_value,
        id,
        salt,
        _,
        is_group,
        delegate,
        sampling_rate,
    ] = *draft;
    let salt = salt.present().unwrap_or(id);
    let bound = bound(source, pass_percentage);
    let prefix = match spec_salt {
        None => writer.string(source.bytes(salt)),
        Some(_) if bound == 0 || bound >= ALL => NONE,
        Some(spec_salt) => writer.prefix(source, &[spec_salt, salt]),
    };
    let flag = |set: bool, flag: u16| if set { flag } else { 0 };
    let flags = flag(source.is(is_group, "true"), flags::EXPERIMENT_GROUP)
        | flag(source.is(return_value, "false"), flags::RETURNS_FALSE)
        | flag(spec_salt.is_none(), flags::OVERRIDE_RULE);
    let mut list_test = (0, 0);
    let first = match *conditions {
        [only] => {
            list_test = writer.list_test(only);
            only
        }
        _ => {
            let first = writer.rows_in(Section::RuleConditions, 4);
            for &condition in conditions {
                writer.put(Section::RuleConditions, condition.into(), 4);
            }
            first
        }
    };
    writer.too_large |= conditions.len() > usize::from(u16::MAX);
    // No one samples one in four billion: a larger rate says the same.
    let rate = match sampling_rate.present() {
        Some(rate) => unsigned(source.bytes(rate))
            .unwrap_or(u64::MAX)
            .min(u64::from(NONE).wrapping_sub(1)) as u32,
        None => NONE,
    };
    let (slot, masks) = list_test;
    let given = [
        rate,
        prefix,
        u32::from(slot) << 24 | u32::from(flags) << 16 | u32::from(bound),
        conditions.len() as u32,
        first,
        delegate_row(source, configs, delegate),
        masks as u32,
        (masks >> 32) as u32,
    ];
    writer.row(source, Section::Rules, &COLUMNS, draft, &given);
}

/// How many rules there are.
pub(super) fn written(writer: &Writer) -> u32 {
    writer.rows_in(Section::Rules, RULE)
}

/// The row of a delegate that the payload has.
fn delegate_row(source: &Source<'_>, configs: &Names, delegate: Span) -> u32 {
    let row = delegate
        .present()
        .and_then(|name| configs.number(source, name));
    row.unwrap_or(NONE)
}

/// Whether the rule is for everyone and draws nothing.
pub(super) fn is_settled(
    source: &Source<'_>,
    writer: &Writer,
    configs: &Names,
    draft: &Draft,
    conditions: &[u32],
) -> bool {
    let [_, _, pass_percentage, _, _, _, _, _, _, delegate, _] = *draft;
    let bound = bound(source, pass_percentage);
    let for_everyone = |condition: &u32| writer.is_for_everyone(*condition);
    (bound == 0 || bound == ALL)
        && delegate_row(source, configs, delegate) == NONE
        && conditions.iter().all(for_everyone)
}

/// How many of the 10,000 buckets pass: bucket r passes when `r < percentage × 100.0` in doubles (§3.5).
#[inline(never)]
fn bound(source: &Source<'_>, percentage: Span) -> u16 {
    let limit = parse_float(source.text(percentage)).unwrap_or(0.0) * 100.0;
    // Truncates, and saturates at both ends.
    let whole = (limit as u16).min(ALL);
    match f64::from(whole) < limit {
        true => whole.saturating_add(1).min(ALL),
        false => whole,
    }
}
