//! Specs (`evaluation.md` §1.4).

use alloc::vec::Vec;

use super::condition::Conditions;
use super::error::{ReadFault, WarningKind};
use super::heap::{Names, hash, put};
use super::lists::Ordered;
use super::members::pass_value;
use super::read::{Field, Is, array, fields, object, required};
use super::row::Column;
use super::rule;
use super::source::{Read, Source, Span};
use super::writer::{Context, Writer};
use crate::json::{Kind, Scanner};
use crate::table::spec::flags;
use crate::table::wire::NONE;
use crate::table::{Entity, Section};

/// In the order in which Statsig writes them.
static FIELDS: [Field; FIELD_COUNT] = [
    Field::new("name", Is::Any),
    Field::new("type", Is::Text).lenient().required_v2(),
    Field::new("salt", Is::Text).required(),
    Field::new("enabled", Is::Bool).lenient().required_v2(),
    Field::new("defaultValue", Is::Checked(pass_value)).required_v2(),
    Field::new("rules", Is::Parts).required(),
    Field::new("idType", Is::Text).lenient().required_v2(),
    Field::new("explicitParameters", Is::List(&NAME))
        .nullable()
        .lenient(),
    Field::new("entity", Is::Text).lenient().required_v2(),
    Field::new("version", Is::U32).nullable().lenient(),
    Field::new("isActive", Is::Bool).nullable().lenient(),
    Field::new("hasSharedParams", Is::Bool).nullable().lenient(),
    Field::new("targetAppIDs", Is::List(&NAME))
        .nullable()
        .lenient(),
    Field::new("forwardAllExposures", Is::Bool)
        .nullable()
        .lenient(),
    Field::new("useNewLayerEval", Is::Bool).nullable().lenient(),
];

/// Places of what must be there.
const REQUIRED: [u8; 7] = [1, 8, 2, 6, 3, 4, 5];

const FIELD_COUNT: usize = 15;

static NAME: Field = Field::each(Is::Text);

/// A spec that was read, field by field.
pub(super) struct Draft {
    fields: [Span; FIELD_COUNT],
    /// Its rules, as far as they were read.
    rules: Span,
    /// Why it is left out.
    fault: Option<ReadFault>,
}

/// The specs of one kind.
#[derive(Default)]
pub(super) struct Specs {
    /// Their names, then those that only overrides or bandits refer to; numbered by their rows once they are known.
    pub(super) names: Names,
    pub(super) drafts: Vec<Draft>,
    /// The names in the order of the section's index.
    pub(super) ordered: Ordered,
    /// Whether the section is an array, if it was read.
    pub(super) is_list: Option<bool>,
}

/// Rules and conditions of all specs.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) drafts: Vec<rule::Draft>,
    pub(super) conditions: Conditions,
    /// The rows of the conditions of a spec's rules while it is written, rule by rule.
    pub(super) rows: Vec<u32>,
    /// How many there are before each rule's.
    counts: Vec<u32>,
}

impl Specs {
    /// Reads a section: an object in v2, an array in v1.
    pub(super) fn read<'j>(
        &mut self,
        source: &mut Source<'j>,
        scanner: &mut Scanner<'j>,
        rules: &mut Rules,
    ) -> Read<()> {
        *self = Specs::default();
        source.v1 = scanner.peek()? == Kind::Array;
        self.is_list = Some(source.v1);
        if !source.v1 {
            return object(scanner, &mut |name, scanner| {
                let draft = read(source, scanner, rules)?;
                let name = source.decoded(name);
                put(&mut self.drafts, self.names.add(source, name), draft);
                Ok(())
            });
        }
        array(scanner, &mut |scanner| {
            // An element without a name cannot be asked for.
            if scanner.peek()? != Kind::Object {
                scanner.skip()?;
                return Ok(());
            }
            let before = *scanner;
            let draft = read(source, scanner, rules)?;
            let [name, ..] = draft.fields;
            let name = match draft.fault {
                None => name,
                // The name may stand behind the fault.
                Some(_) => name_of(source, before)?,
            };
            let name = name.present().and_then(|name| source.string(name));
            match name {
                Some(name) => put(&mut self.drafts, self.names.add(source, name), draft),
                None => rules.drafts.truncate(draft.rules.start as usize),
            }
            Ok(())
        })
    }
}

fn name_of<'j>(source: &Source<'j>, mut scanner: Scanner<'j>) -> Read<Span> {
    let mut name = Span::ABSENT;
    object(&mut scanner, &mut |key, scanner| {
        let value = source.any(scanner)?;
        if key.is("name") {
            name = value;
        }
        Ok(())
    })?;
    Ok(name)
}

fn read<'j>(source: &mut Source<'j>, scanner: &mut Scanner<'j>, rules: &mut Rules) -> Read<Draft> {
    scanner.peek()?;
    let before = *scanner;
    let at = scanner.offset();
    let first = rules.drafts.len();
    let mut slots = [Span::ABSENT; FIELD_COUNT];
    let Rules {
        drafts, conditions, ..
    } = rules;
    let read = fields(
        source,
        scanner,
        &FIELDS,
        &mut slots,
        &mut |source, scanner| {
            let first = drafts.len();
            array(scanner, &mut |scanner| {
                rule::read(source, scanner, conditions, drafts)
            })?;
            Ok(Span::between(first, drafts.len()))
        },
    );
    let [_, _, _, _, default_value, ..] = &mut slots;
    source.judge(scanner, default_value);
    let fault = match read.and_then(|()| required(source.v1, &FIELDS, &slots, &REQUIRED, at)) {
        Ok(()) => None,
        Err(fault) if fault.is_local() => {
            *scanner = before;
            scanner.skip()?;
            Some(fault)
        }
        Err(fault) => return Err(fault),
    };
    let [_, _, _, _, _, list, ..] = slots;
    Ok(Draft {
        fields: slots,
        rules: match fault {
            None => list,
            Some(_) => Span::between(first, drafts.len()),
        },
        fault,
    })
}

/// What other parts of the payload say about names, by rows of their own.
#[derive(Default)]
pub(super) struct Known {
    pub(super) overrides: Names,
    pub(super) bandits: Names,
}

/// The name is given, and what else is not a field.
static COLUMNS: [Column; 13] = [
    Column::Given(4),
    Column::Given(4),
    Column::Text(2),
    Column::Text(6),
    Column::Object(4),
    Column::Number(9),
    Column::Given(4),
    Column::Given(4),
    Column::Given(4),
    Column::List(7),
    Column::List(12),
    Column::Given(4),
    Column::Given(4),
];

/// The same for a name without a spec.
static NAME_COLUMNS: [Column; 13] = [Column::Given(4); 13];

/// The names of the sections in the payload.
const PARTS: [&str; 3] = ["feature_gates", "dynamic_configs", "layer_configs"];

/// Writes the rows of gates, configs and layers.
pub(super) fn write(
    source: &mut Source<'_>,
    writer: &mut Writer,
    rules: &mut Rules,
    kinds: &[Specs],
    known: &Known,
) {
    let sections = [Section::Gates, Section::Configs, Section::Layers];
    for ((specs, section), part) in kinds.iter().zip(sections).zip(PARTS) {
        for &at in specs.ordered.order() {
            let Some(named) = specs.names.entries.get(at as usize) else {
                continue;
            };
            let name = named.name;
            writer.context = Context {
                part,
                spec: name,
                rule: Span::ABSENT,
            };
            let overrides = known.overrides.number(source, name).unwrap_or(NONE);
            let bandit = match section {
                Section::Configs => known.bandits.number(source, name).unwrap_or(NONE),
                _ => NONE,
            };
            let links = [overrides, bandit];
            let draft = specs.drafts.get(at as usize);
            let written = draft.is_some_and(|draft| {
                write_spec(source, writer, rules, section, (name, links), draft, kinds)
            });
            if !written {
                let hash = hash(source.bytes(name));
                let name = writer.text(source, name);
                let none = flags::NO_SPEC;
                let given = [
                    hash, name, 0, 0, NONE, 0, 0, 0, none, NONE, NONE, overrides, bandit,
                ];
                writer.row(source, section, &NAME_COLUMNS, &[], &given);
            }
        }
    }
    writer.context = Context::NONE;
}

/// Writes a spec's rules and row; false for a spec that is left out.
fn write_spec(
    source: &mut Source<'_>,
    writer: &mut Writer,
    rules: &mut Rules,
    section: Section,
    (name, [overrides, bandit]): (Span, [u32; 2]),
    draft: &Draft,
    kinds: &[Specs],
) -> bool {
    let [gates, configs, _] = kinds else {
        return false;
    };
    let Rules {
        drafts,
        conditions,
        rows,
        counts,
    } = rules;
    rows.clear();
    counts.clear();
    let list = draft.rules.of(drafts);
    for rule in list {
        counts.push(rows.len() as u32);
        rule::write_conditions(source, writer, conditions, &gates.names, rule, rows);
    }
    counts.push(rows.len() as u32);
    if let Some(fault) = &draft.fault {
        let offset = fault.offset();
        let field = fault.path().into();
        writer.warn(source, WarningKind::SpecDropped { field, offset });
        return false;
    }
    let mut fields = draft.fields;
    let [
        _,
        _,
        salt,
        enabled,
        default_value,
        _,
        id_type,
        explicit_parameters,
        entity,
        version,
        is_active,
        has_shared_params,
        _,
        forward_all_exposures,
        new_layer_eval,
    ] = &mut fields;
    *id_type = source.or_user_id(*id_type);
    writer.context.rule = Span::ABSENT;
    let name_at = writer.text(source, name);
    let first = rule::written(writer);
    let mut settled = false;
    for (rule, bounds) in list.iter().zip(counts.windows(2)) {
        let &[start, end] = bounds else {
            continue;
        };
        let conditions = rows.get(start as usize..end as usize).unwrap_or_default();
        if start == 0 && rule::written(writer) == first {
            settled = rule::is_settled(source, writer, &configs.names, rule, conditions);
        }
        rule::write(
            source,
            writer,
            &configs.names,
            rule,
            conditions,
            Some(*salt),
        );
    }
    let is_true = |value: &Span| source.is(*value, "true");
    let flag = |set: bool, flag: u32| if set { flag } else { 0 };
    let of_experiment = !(is_active.is_absent()
        && has_shared_params.is_absent()
        && explicit_parameters.is_absent());
    let mut flags = flag(overrides != NONE || bandit != NONE, flags::HAS_MORE)
        | flag(settled && !writer.v1, flags::SETTLED)
        | flag(of_experiment, flags::OF_EXPERIMENT)
        | flag(is_true(enabled), flags::ENABLED)
        | flag(is_true(default_value), flags::DEFAULT_TRUE)
        | flag(is_true(new_layer_eval) && !writer.v1, flags::NEW_LAYER_EVAL)
        | flag(!version.is_absent(), flags::HAS_VERSION)
        | Entity::from_name(source.text(*entity)).code() << flags::ENTITY;
    for (value, shift) in [
        (is_active, flags::IS_ACTIVE),
        (has_shared_params, flags::HAS_SHARED_PARAMS),
        (forward_all_exposures, flags::FORWARD_ALL_EXPOSURES),
    ] {
        if !value.is_absent() {
            flags |= (2 | u32::from(is_true(value))) << shift;
        }
    }
    let count = list.len() as u32;
    let hash = hash(source.bytes(name));
    let given = [hash, name_at, first, count, flags, overrides, bandit];
    writer.row(source, section, &COLUMNS, &fields, &given);
    true
}
