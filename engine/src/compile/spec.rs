//! Specs (`evaluation.md` §1.4).

use alloc::vec::Vec;

use super::condition::Conditions;
use super::error::{ReadFault, WarningKind};
use super::heap::{Names, put};
use super::members::pass_value;
use super::read::{Field, Is, array, fields, object, required, unsigned};
use super::rule;
use super::source::{Read, Source, Span};
use super::writer::{Context, RowBytes, Writer};
use crate::hash::text_hash;
use crate::json::{Kind, Scanner};
use crate::table::spec::{SPEC, flags};
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
}

/// Rules and conditions of all specs.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) drafts: Vec<rule::Draft>,
    pub(super) conditions: Conditions,
}

impl Specs {
    /// Reads a section: an object in v2, an array in v1.
    pub(super) fn read<'j>(
        source: &mut Source<'j>,
        scanner: &mut Scanner<'j>,
        rules: &mut Rules,
    ) -> Read<Self> {
        let mut specs = Specs::default();
        source.v1 = scanner.peek()? == Kind::Array;
        if !source.v1 {
            object(scanner, &mut |name, scanner| {
                let draft = read(source, scanner, rules)?;
                let name = source.decoded(name);
                put(&mut specs.drafts, specs.names.add(source, name), draft);
                Ok(())
            })?;
            return Ok(specs);
        }
        array(scanner, &mut |scanner| {
            // An element without a name cannot be asked for.
            if scanner.peek()? != Kind::Object {
                scanner.skip()?;
                return Ok(());
            }
            let before = *scanner;
            let draft = read(source, scanner, rules)?;
            let name = match draft {
                Draft {
                    fields: [name, ..],
                    fault: None,
                    ..
                } => name,
                // The name may stand behind the fault.
                _ => name_of(source, before)?,
            };
            let name = name.present().and_then(|name| source.string(name));
            match name {
                Some(name) => put(&mut specs.drafts, specs.names.add(source, name), draft),
                None => rules.drafts.truncate(draft.rules.start as usize),
            }
            Ok(())
        })?;
        Ok(specs)
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
    let Rules { drafts, conditions } = rules;
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
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub(super) gates: &'k Names,
    pub(super) configs: &'k Names,
    pub(super) overrides: &'k Names,
    pub(super) bandits: &'k Names,
}

/// A section of specs.
#[derive(Clone, Copy)]
pub(super) struct Part<'p> {
    pub(super) section: Section,
    /// Its name in the payload.
    pub(super) path: &'static str,
    pub(super) names: &'p Names,
    /// The positions of the names in the order of the section's index.
    pub(super) order: &'p [u32],
}

/// Writes the rows of a section.
pub(super) fn write(
    source: &mut Source<'_>,
    writer: &mut Writer,
    rules: &mut Rules,
    part: Part<'_>,
    mut drafts: Vec<Draft>,
    known: Known<'_>,
) -> Read<()> {
    for &at in part.order {
        let Some(named) = part.names.entries.get(at as usize) else {
            continue;
        };
        let name = named.name;
        writer.context = Context {
            part: part.path,
            spec: name,
            rule: Span::ABSENT,
        };
        let overrides = known.overrides.number(source, name).unwrap_or(NONE);
        let bandit = match part.section {
            Section::Configs => known.bandits.number(source, name).unwrap_or(NONE),
            _ => NONE,
        };
        let more = match overrides != NONE || bandit != NONE {
            true => flags::HAS_MORE,
            false => 0,
        };
        let draft = drafts.get_mut(at as usize);
        let mut row = RowBytes::new();
        row.u32(text_hash(source.bytes(name)));
        let written = match draft {
            Some(draft) => {
                match write_spec(source, writer, rules, &mut row, (name, more), draft, known) {
                    Ok(written) => written,
                    Err(fault) => {
                        let path = writer.context.path(source);
                        return Err(fault.within(&path));
                    }
                }
            }
            None => false,
        };
        if !written {
            row.u32(writer.text(source, name));
            for value in [0, 0, NONE, 0, 0, 0, flags::NO_SPEC, NONE, NONE] {
                row.u32(value);
            }
        }
        row.u32(overrides).u32(bandit);
        debug_assert_eq!(row.bytes().len(), SPEC);
        writer.put(part.section, row.bytes());
    }
    writer.context = Context::NONE;
    Ok(())
}

/// Writes the beginning of a spec's row; false for a spec that is left out.
fn write_spec(
    source: &mut Source<'_>,
    writer: &mut Writer,
    rules: &mut Rules,
    row: &mut RowBytes,
    (name, more): (Span, u32),
    draft: &mut Draft,
    known: Known<'_>,
) -> Read<bool> {
    let mut rows = Vec::new();
    let mut counts = Vec::new();
    let list = draft.rules.of(&rules.drafts);
    for rule in list {
        let conditions = &mut rules.conditions;
        let before = rows.len();
        rule::write_conditions(source, writer, conditions, known.gates, rule, &mut rows)?;
        counts.push(rows.len().wrapping_sub(before));
    }
    if let Some(fault) = draft.fault.take() {
        let offset = fault.offset();
        let field = fault.into_path();
        writer.warn(source, WarningKind::SpecDropped { field, offset });
        return Ok(false);
    }
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
        target_app_ids,
        forward_all_exposures,
        new_layer_eval,
    ] = draft.fields;
    writer.context.rule = Span::ABSENT;
    let row = row.u32(writer.text(source, name));
    let first = rule::written(writer);
    let mut rest = rows.as_slice();
    let settled = match (list.first(), counts.first()) {
        (Some(rule), Some(&count)) => {
            let conditions = rest.get(..count).unwrap_or_default();
            rule::is_settled(source, writer, known.configs, rule, conditions)
        }
        _ => false,
    };
    for (rule, &count) in list.iter().zip(&counts) {
        let (conditions, later) = rest.split_at_checked(count).unwrap_or_default();
        rest = later;
        rule::write(source, writer, known.configs, rule, conditions, Some(salt))?;
    }
    let is_true = |source: &Source<'_>, value: Span| source.is(value, "true");
    let three = |value: Span, shift: u32| match value.is_absent() {
        true => 0,
        false => (2 | u32::from(is_true(source, value))) << shift,
    };
    let flag = |set: bool, flag: u32| if set { flag } else { 0 };
    let of_experiment = !(is_active.is_absent()
        && has_shared_params.is_absent()
        && explicit_parameters.is_absent());
    let flags = more
        | flag(settled && !writer.v1, flags::SETTLED)
        | flag(of_experiment, flags::OF_EXPERIMENT)
        | flag(is_true(source, enabled), flags::ENABLED)
        | flag(is_true(source, default_value), flags::DEFAULT_TRUE)
        | three(is_active, flags::IS_ACTIVE)
        | three(has_shared_params, flags::HAS_SHARED_PARAMS)
        | three(forward_all_exposures, flags::FORWARD_ALL_EXPOSURES)
        | flag(
            is_true(source, new_layer_eval) && !writer.v1,
            flags::NEW_LAYER_EVAL,
        )
        | flag(!version.is_absent(), flags::HAS_VERSION)
        | Entity::from_name(source.text(entity)).code() << flags::ENTITY;
    row.u32(writer.text(source, salt))
        .u32(writer.text(source, source.or_user_id(id_type)))
        .u32(writer.object_value(source, default_value))
        .u32(unsigned(source.text(version)).unwrap_or(0) as u32)
        .u32(first)
        .u32(list.len() as u32)
        .u32(flags)
        .u32(writer.optional_list(source, explicit_parameters))
        .u32(writer.optional_list(source, target_app_ids));
    Ok(true)
}
