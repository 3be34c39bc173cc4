//! Specs and rules (`evaluation.md` §1.4, §1.5).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::condition::Conditions;
use super::error::{CompileError, ReadFault, WarningKind};
use super::heap::Map;
use super::outline::{Ordered, Span};
use super::read::{Read, array, bool, float, lenient, object, optional, string, unsigned, version};
use super::writer::{RowBytes, Writer};
use crate::hash::text_hash;
use crate::json::{Kind, Scanner};
use crate::table::rule::{ALL, RULE, flags as rule_flags};
use crate::table::spec::{SPEC, flags};
use crate::table::wire::NONE;
use crate::table::{Entity, Section, SpecKind};

/// What other parts of the payload say about names.
#[derive(Clone, Copy)]
pub(super) struct Extras<'a, 'j> {
    pub(super) overrides: &'a Map<'j, u32>,
    pub(super) bandits: &'a Map<'j, u32>,
}

/// A return or default value: a bool, an object, or neither; what else there is in JSON reads as the empty object
/// (§1.7).
#[derive(Clone, Copy, Default)]
struct ReturnValue<'j> {
    is_true: bool,
    is_false: bool,
    object: Option<&'j str>,
    /// The object's text has no white space.
    compact: bool,
}

fn return_value<'j>(scanner: &mut Scanner<'j>) -> Read<ReturnValue<'j>> {
    let kind = scanner.peek()?;
    let (text, compact) = scanner.skip_compact()?;
    Ok(ReturnValue {
        is_true: kind == Kind::Bool(true),
        is_false: kind == Kind::Bool(false),
        object: match kind {
            Kind::Object => Some(text),
            Kind::String | Kind::Number | Kind::Array => Some("{}"),
            Kind::Bool(_) | Kind::Null => None,
        },
        compact,
    })
}

pub(super) fn strings<'j>(scanner: &mut Scanner<'j>) -> Read<Vec<Cow<'j, str>>> {
    let mut items = Vec::new();
    array(scanner, |scanner| {
        items.push(string(scanner)?);
        Ok(())
    })?;
    Ok(items)
}

/// Writes the section of one kind: its index, then a row for each name.
pub(super) fn write<'j>(
    writer: &mut Writer<'j>,
    conditions: &mut Conditions<'j>,
    kind: SpecKind,
    ordered: &Ordered<'_, 'j>,
    extras: Extras<'_, 'j>,
) -> Result<(), CompileError> {
    let (section, path) = match kind {
        SpecKind::Gate => (Section::Gates, "feature_gates"),
        SpecKind::DynamicConfig | SpecKind::Experiment => (Section::Configs, "dynamic_configs"),
        SpecKind::Layer => (Section::Layers, "layer_configs"),
    };
    writer.put_index(section, &ordered.starts, SPEC);
    for (name, span) in &ordered.specs {
        writer.spec = alloc::format!("{path}.{name}");
        let draft = match span {
            None => None,
            Some(span) => match Draft::read(writer, conditions, *span) {
                Ok(draft) => Some(draft),
                Err(fault) if fault.drops_spec() => {
                    let (field, offset) = (fault.path, fault.offset);
                    writer.warn(WarningKind::SpecDropped { field, offset });
                    None
                }
                Err(fault) => return Err(fault.within(&writer.spec).into()),
            },
        };
        writer.rule = None;
        let overrides = extras.overrides.get(name).copied().unwrap_or(NONE);
        let bandit = match kind {
            SpecKind::DynamicConfig => extras.bandits.get(name).copied().unwrap_or(NONE),
            _ => NONE,
        };
        let has_more = overrides != NONE || bandit != NONE;
        let tail = |row: RowBytes<SPEC>| row.u32(overrides).u32(bandit).done();
        let head = RowBytes::<SPEC>::new()
            .u32(text_hash(name.as_bytes()))
            .u32(writer.string(name));
        let row = match draft {
            Some(draft) => tail(draft.write(writer, head, has_more)?),
            None => tail(
                head.u32(0)
                    .u32(0)
                    .u32(NONE)
                    .u32(0)
                    .u32(0)
                    .u32(0)
                    .u32(flags::NO_SPEC)
                    .u32(NONE)
                    .u32(NONE),
            ),
        };
        writer.put(section, &row);
    }
    writer.spec = String::new();
    Ok(())
}

/// A spec that was read.
struct Draft<'j> {
    salt: Cow<'j, str>,
    id_type: Cow<'j, str>,
    entity: Entity,
    enabled: bool,
    default_value: ReturnValue<'j>,
    rules: Vec<RuleDraft<'j>>,
    is_active: Option<bool>,
    has_shared_params: Option<bool>,
    forward_all_exposures: Option<bool>,
    new_layer_eval: bool,
    version: Option<u32>,
    explicit_parameters: Option<Vec<Cow<'j, str>>>,
    target_app_ids: Option<Vec<Cow<'j, str>>>,
}

/// An optional bool: in v1 anything else reads as absent.
fn optional_bool(v1: bool, scanner: &mut Scanner<'_>) -> Read<Option<bool>> {
    let is_bool = |kind| matches!(kind, Kind::Bool(_));
    Ok(optional(scanner, |scanner| lenient(v1, is_bool, scanner, bool))?.flatten())
}

fn optional_strings<'j>(v1: bool, scanner: &mut Scanner<'j>) -> Read<Option<Vec<Cow<'j, str>>>> {
    let is_array = |kind| kind == Kind::Array;
    Ok(optional(scanner, |scanner| lenient(v1, is_array, scanner, strings))?.flatten())
}

/// An id type: in v1 anything but a string means `userID` (§2.6).
pub(super) fn id_type<'j>(v1: bool, scanner: &mut Scanner<'j>) -> Read<Option<Cow<'j, str>>> {
    lenient(v1, |kind| kind == Kind::String, scanner, string)
}

pub(super) fn required<T>(value: Option<T>, name: &str, offset: usize) -> Read<T> {
    value.ok_or_else(|| ReadFault::missing(name, offset))
}

pub(super) fn id_type_or_default<'j>(
    v1: bool,
    value: Option<Cow<'j, str>>,
    offset: usize,
) -> Read<Cow<'j, str>> {
    match value {
        None if v1 => Ok(Cow::Borrowed("userID")),
        value => required(value, "idType", offset),
    }
}

impl<'j> Draft<'j> {
    fn read(
        writer: &mut Writer<'j>,
        conditions: &mut Conditions<'j>,
        span: Span<'j>,
    ) -> Read<Self> {
        let v1 = writer.v1;
        let mut salt = None;
        let mut spec_type = None;
        let mut entity = None;
        let mut spec_id_type = None;
        let mut enabled = None;
        let mut default_value = None;
        let mut rules = None;
        let mut is_active = None;
        let mut has_shared_params = None;
        let mut forward_all_exposures = None;
        let mut new_layer_eval = None;
        let mut spec_version = None;
        let mut explicit_parameters = None;
        let mut target_app_ids = None;
        object(&mut span.scanner(), |key, scanner| {
            match key.as_ref() {
                "salt" => salt = Some(string(scanner)?),
                "type" => spec_type = id_type(v1, scanner)?,
                "entity" => entity = id_type(v1, scanner)?,
                "idType" => spec_id_type = id_type(v1, scanner)?,
                "enabled" if v1 => enabled = optional_bool(v1, scanner)?,
                "enabled" => enabled = Some(bool(scanner)?),
                "defaultValue" => default_value = Some(return_value(scanner)?),
                "rules" => {
                    let mut read = Vec::new();
                    array(scanner, |scanner| {
                        read.push(RuleDraft::read(writer, conditions, scanner)?);
                        Ok(())
                    })?;
                    rules = Some(read);
                }
                "isActive" => is_active = optional_bool(v1, scanner)?,
                "hasSharedParams" => has_shared_params = optional_bool(v1, scanner)?,
                "forwardAllExposures" => forward_all_exposures = optional_bool(v1, scanner)?,
                "useNewLayerEval" => new_layer_eval = optional_bool(v1, scanner)?,
                "version" if v1 => {
                    let value = Span::take(scanner)?;
                    spec_version = version(&mut value.scanner()).ok();
                }
                "version" => spec_version = optional(scanner, version)?,
                "explicitParameters" => explicit_parameters = optional_strings(v1, scanner)?,
                "targetAppIDs" => target_app_ids = optional_strings(v1, scanner)?,
                _ => {
                    scanner.skip()?;
                }
            }
            Ok(())
        })?;
        let at = span.offset();
        if !v1 {
            required(spec_type, "type", at)?;
        }
        let entity = match entity {
            None if v1 => Cow::Borrowed(""),
            entity => required(entity, "entity", at)?,
        };
        Ok(Draft {
            salt: required(salt, "salt", at)?,
            id_type: id_type_or_default(v1, spec_id_type, at)?,
            entity: Entity::from_name(&entity),
            enabled: match enabled {
                None if v1 => false,
                enabled => required(enabled, "enabled", at)?,
            },
            default_value: match default_value {
                None if v1 => ReturnValue::default(),
                value => required(value, "defaultValue", at)?,
            },
            rules: required(rules, "rules", at)?,
            is_active,
            has_shared_params,
            forward_all_exposures,
            new_layer_eval: new_layer_eval.unwrap_or(false),
            version: spec_version,
            explicit_parameters,
            target_app_ids,
        })
    }

    fn write(
        self,
        writer: &mut Writer<'j>,
        row: RowBytes<SPEC>,
        has_more: bool,
    ) -> Read<RowBytes<SPEC>> {
        let first = (writer.rules.len() / RULE) as u32;
        let count = self.rules.len() as u32;
        let settled = self
            .rules
            .first()
            .is_some_and(|rule| rule.is_settled(writer));
        for rule in self.rules {
            rule.write(writer, Some(&self.salt))?;
        }
        let three = |value: Option<bool>, shift: u32| match value {
            None => 0,
            Some(value) => (2 | u32::from(value)) << shift,
        };
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        let of_experiment = self.is_active.is_some()
            || self.has_shared_params.is_some()
            || self.explicit_parameters.is_some();
        let flags = flag(self.enabled, flags::ENABLED)
            | flag(self.default_value.is_true, flags::DEFAULT_TRUE)
            | three(self.is_active, flags::IS_ACTIVE)
            | three(self.has_shared_params, flags::HAS_SHARED_PARAMS)
            | three(self.forward_all_exposures, flags::FORWARD_ALL_EXPOSURES)
            | flag(self.new_layer_eval && !writer.v1, flags::NEW_LAYER_EVAL)
            | flag(self.version.is_some(), flags::HAS_VERSION)
            | flag(has_more, flags::HAS_MORE)
            | flag(settled && !writer.v1, flags::SETTLED)
            | flag(of_experiment, flags::OF_EXPERIMENT)
            | self.entity.code() << flags::ENTITY;
        Ok(row
            .u32(writer.string(&self.salt))
            .u32(writer.string(&self.id_type))
            .u32(object_value(writer, self.default_value))
            .u32(self.version.unwrap_or(0))
            .u32(first)
            .u32(count)
            .u32(flags)
            .u32(writer.optional_list(self.explicit_parameters.as_deref()))
            .u32(writer.optional_list(self.target_app_ids.as_deref())))
    }
}

fn object_value(writer: &mut Writer<'_>, value: ReturnValue<'_>) -> u32 {
    match value.object {
        None => NONE,
        Some(text) if value.compact => writer.values.intern(text.as_bytes()),
        Some(text) => writer.value(text),
    }
}

/// A rule that was read.
pub(super) struct RuleDraft<'j> {
    id: Cow<'j, str>,
    salt: Option<Cow<'j, str>>,
    pass_percentage: f64,
    conditions: Vec<u32>,
    return_value: ReturnValue<'j>,
    id_type: Cow<'j, str>,
    group_name: Option<Cow<'j, str>>,
    config_delegate: Option<Cow<'j, str>>,
    is_experiment_group: bool,
    sampling_rate: Option<u32>,
}

impl<'j> RuleDraft<'j> {
    pub(super) fn read(
        writer: &mut Writer<'j>,
        conditions: &mut Conditions<'j>,
        scanner: &mut Scanner<'j>,
    ) -> Read<Self> {
        let v1 = writer.v1;
        scanner.peek()?;
        let at = scanner.offset();
        let mut id = None;
        let mut name = None;
        let mut salt = None;
        let mut pass_percentage = None;
        let mut condition_list = None;
        let mut value = None;
        let mut rule_id_type = None;
        let mut group_name = None;
        let mut config_delegate = None;
        let mut is_experiment_group = None;
        let mut sampling_rate = None;
        object(scanner, |key, scanner| {
            let text = |scanner: &mut Scanner<'j>| {
                optional(scanner, |scanner| id_type(v1, scanner)).map(Option::flatten)
            };
            match key.as_ref() {
                "id" => id = id_type(v1, scanner)?,
                "name" => name = id_type(v1, scanner)?,
                "salt" => salt = text(scanner)?,
                "passPercentage" => pass_percentage = Some(float(scanner)?),
                "conditions" => condition_list = Some(Span::take(scanner)?),
                "returnValue" => value = Some(return_value(scanner)?),
                "idType" => rule_id_type = id_type(v1, scanner)?,
                "groupName" => group_name = text(scanner)?,
                "configDelegate" => config_delegate = text(scanner)?,
                "isExperimentGroup" => is_experiment_group = optional_bool(v1, scanner)?,
                "samplingRate" if v1 => {
                    let value = Span::take(scanner)?;
                    sampling_rate = unsigned(&mut value.scanner()).ok();
                }
                "samplingRate" => sampling_rate = optional(scanner, unsigned)?,
                _ => {
                    scanner.skip()?;
                }
            }
            Ok(())
        })?;
        let id = required(id, "id", at)?;
        if !v1 {
            required(name, "name", at)?;
        }
        writer.rule = Some(id.as_ref().into());
        let conditions = match condition_list {
            None if v1 => Vec::new(),
            list => conditions.of_rule(writer, required(list, "conditions", at)?)?,
        };
        Ok(RuleDraft {
            id,
            salt,
            pass_percentage: required(pass_percentage, "passPercentage", at)?,
            conditions,
            return_value: match value {
                None if v1 => ReturnValue::default(),
                value => required(value, "returnValue", at)?,
            },
            id_type: id_type_or_default(v1, rule_id_type, at)?,
            group_name,
            config_delegate,
            is_experiment_group: is_experiment_group.unwrap_or(false),
            // No one samples one in four billion: a larger rate says the same.
            sampling_rate: sampling_rate.map(|rate| {
                u32::try_from(rate)
                    .unwrap_or(NONE)
                    .min(NONE.wrapping_sub(1))
            }),
        })
    }

    /// Whether the rule is for everyone and draws nothing.
    fn is_settled(&self, writer: &Writer<'j>) -> bool {
        let delegate = self.config_delegate.as_deref();
        let bound = bound(self.pass_percentage);
        let for_everyone = |condition: &u32| writer.is_for_everyone(*condition);
        (bound == 0 || bound == ALL)
            && delegate.is_none_or(|name| writer.configs.get(name).is_none())
            && self.conditions.iter().all(for_everyone)
    }

    /// Appends the rule. Without a spec's salt it is an override rule, which keeps its own salt apart.
    pub(super) fn write(self, writer: &mut Writer<'j>, spec_salt: Option<&str>) -> Read<()> {
        let salt = self.salt.as_deref().unwrap_or(&self.id);
        let bound = bound(self.pass_percentage);
        let prefix = match spec_salt {
            None => writer.string(salt),
            Some(_) if bound == 0 || bound >= ALL => NONE,
            Some(spec_salt) => writer.prefix(&alloc::format!("{spec_salt}.{salt}.")),
        };
        let flag = |set: bool, flag: u16| if set { flag } else { 0 };
        let flags = flag(self.is_experiment_group, rule_flags::EXPERIMENT_GROUP)
            | flag(self.return_value.is_false, rule_flags::RETURNS_FALSE)
            | flag(spec_salt.is_none(), rule_flags::OVERRIDE_RULE);
        let first = match *self.conditions {
            [only] => only,
            _ => (writer.rule_conditions.len() / 4) as u32,
        };
        for condition in self.conditions.iter().filter(|_| self.conditions.len() > 1) {
            writer
                .rule_conditions
                .extend_from_slice(&condition.to_le_bytes());
        }
        let delegate = self
            .config_delegate
            .as_deref()
            .and_then(|name| writer.configs.get(name).copied());
        let row: [u8; RULE] = RowBytes::new()
            .u32(writer.string(&self.id))
            .u32(writer.optional_string(self.group_name.as_deref()))
            .u32(object_value(writer, self.return_value))
            .u32(self.sampling_rate.unwrap_or(NONE))
            .u32(prefix)
            .u16(bound)
            .u16(flags)
            .u16(writer.unit(&self.id_type)?)
            .u16(u16::try_from(self.conditions.len()).map_err(|_| ReadFault::too_large())?)
            .u32(first)
            .u32(delegate.unwrap_or(NONE))
            .done();
        writer.rules.extend_from_slice(&row);
        Ok(())
    }
}

/// How many of the 10,000 buckets pass: bucket r passes when `r < percentage × 100.0` in doubles (§3.5).
fn bound(percentage: f64) -> u16 {
    let limit = percentage * 100.0;
    // Truncates, and saturates at both ends.
    let whole = (limit as u16).min(ALL);
    match f64::from(whole) < limit {
        true => whole.saturating_add(1).min(ALL),
        false => whole,
    }
}
