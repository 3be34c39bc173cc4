//! Local overrides: answers that a service sets for itself (`evaluation.md` §5.8).

use super::{Result, Run};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, Place, Reason};
use crate::explain::{Step, Trace};
use crate::number::NumberText;
use crate::table::SpecKind;
use crate::user::User;

/// An answer set for a name, for one id or for everyone. Give them to [`Options`](crate::Options).
///
/// The user's `userID` is looked for first, then the values of `customIDs`, then the override without an id. It holds
/// for nested gates and delegated experiments as well, and its exposures are logged as usual.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let mut scratch = Scratch::<8>::new();
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// use statsig_edge::{LocalOverride, Options, OverrideValue, Reason, SpecKind};
///
/// let overrides = [LocalOverride {
///     kind: SpecKind::Gate, name: "new_home", id: Some("tester"), value: OverrideValue::Gate(true),
/// }];
/// let mut options = Options::default();
/// options.overrides = overrides[..].into();
/// let evaluator = Evaluator::with_options(Table::open(&table)?, &World, options);
/// let mut scratch = Scratch::<8>::new();
///
/// let gate = evaluator.gate(&User::new().with_user_id("tester"), "new_home", &mut scratch);
/// assert_eq!((gate.value(), gate.rule_id(), gate.reason()), (true, "override", Reason::LocalOverride));
/// // Others are answered by the specs.
/// assert!(!evaluator.gate(&User::new().with_user_id("u-1"), "new_home", &mut scratch).value());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalOverride<'o> {
    /// The kind of spec that is asked for. Dynamic configs and experiments are overridden separately.
    pub kind: SpecKind,
    /// The name; it need not be in the specs.
    pub name: &'o str,
    /// The `userID` or custom id it is for; `None` for everyone else.
    pub id: Option<&'o str>,
    /// The answer.
    pub value: OverrideValue<'o>,
}

/// The answer of a [`LocalOverride`].
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let mut scratch = Scratch::<8>::new();
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// use statsig_edge::{LocalOverride, Options, OverrideValue, SpecKind};
///
/// let overrides = [
///     LocalOverride { kind: SpecKind::Experiment, name: "button", id: None, value: OverrideValue::Group("Test") },
///     LocalOverride { kind: SpecKind::DynamicConfig, name: "banner", id: None, value: OverrideValue::Json(r#"{"width":1}"#) },
/// ];
/// let mut options = Options::default();
/// options.overrides = overrides[..].into();
/// let evaluator = Evaluator::with_options(Table::open(&table)?, &World, options);
/// let mut scratch = Scratch::<8>::new();
/// let user = User::new().with_user_id("u-1");
/// assert_eq!(evaluator.experiment(&user, "button", &mut scratch).parameter("colour"), Some(r#""green""#));
/// assert_eq!(evaluator.dynamic_config(&user, "banner", &mut scratch).json(), r#"{"width":1}"#);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OverrideValue<'o> {
    /// The gate's value.
    Gate(bool),
    /// The value of a config, an experiment or a layer: JSON text of an object.
    Json(&'o str),
    /// The value of this group of the experiment; `{}` if it has no such group.
    Group(&'o str),
}

/// The local overrides of a service; the first that fits counts. Modules that set none do not contain what finds
/// them.
///
/// ```
/// use statsig_edge::{LocalOverride, OverrideValue, Overrides, SpecKind};
///
/// let list = [LocalOverride { kind: SpecKind::Gate, name: "a_gate", id: None, value: OverrideValue::Gate(true) }];
/// assert!(!Overrides::from(&list[..]).is_empty());
/// assert!(Overrides::default().is_empty());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides<'o> {
    list: &'o [LocalOverride<'o>],
    /// [`apply`], unless there are none.
    apply: Option<Apply>,
}

/// Answers by an override, if one fits, and gives its name.
type Apply = for<'t> fn(
    &'t [LocalOverride<'t>],
    (SpecKind, &str),
    &User<'_>,
    &mut Evaluation<'t>,
) -> Option<&'t str>;

impl<'o> From<&'o [LocalOverride<'o>]> for Overrides<'o> {
    fn from(list: &'o [LocalOverride<'o>]) -> Self {
        Overrides {
            list,
            apply: if list.is_empty() { None } else { Some(apply) },
        }
    }
}

impl Overrides<'_> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.apply.is_none()
    }
}

impl<'t, E: Environment, T: Trace> Run<'_, '_, 't, '_, '_, E, T> {
    /// True when an override answered.
    #[inline(never)]
    pub(super) fn apply_override(
        &mut self,
        kind: SpecKind,
        name: &str,
        record: &mut Evaluation<'t>,
    ) -> Result<bool> {
        let overrides = self.evaluator.options.overrides;
        let Some(apply) = overrides.apply else {
            return Ok(false);
        };
        let Some(name) = apply(overrides.list, (kind, name), self.user, record) else {
            return Ok(false);
        };
        self.tell(|| Step::LocalOverride { name });
        Ok(true)
    }
}

fn apply<'t>(
    overrides: &'t [LocalOverride<'t>],
    (kind, name): (SpecKind, &str),
    user: &User<'_>,
    record: &mut Evaluation<'t>,
) -> Option<&'t str> {
    let found = find(overrides, kind, name, user)?;
    record.rule_id = Place::OVERRIDE;
    record.reason = Reason::LocalOverride;
    match found.value {
        OverrideValue::Gate(value) => record.value = value,
        OverrideValue::Json(json) => record.give_json(json),
        OverrideValue::Group(group) => {
            let table = record.table;
            let spec = table.spec(kind, name);
            // Rows that are there: a number of rules is no promise.
            let rules = spec.and_then(|spec| table.rules(spec.row.rules()));
            let group = rules
                .into_iter()
                .flatten()
                .find(|rule| rule.group_name(table) == Some(group));
            match group {
                Some(rule) => record.set_json(Place(rule.return_value_at())),
                None => record.clear_json(),
            }
        }
    }
    Some(found.name)
}

fn find<'t>(
    overrides: &'t [LocalOverride<'t>],
    kind: SpecKind,
    name: &str,
    user: &User<'_>,
) -> Option<&'t LocalOverride<'t>> {
    let with_id = |id: Option<&str>| override_with(overrides, kind, name, id);
    let mut buffer = NumberText::new();
    if let Some(found) = user
        .user_id
        .and_then(|id| with_id(Some(id.text(&mut buffer)?)))
    {
        return Some(found);
    }
    if let Some(ids) = user.custom_ids {
        for (name, _) in ids.iter() {
            // Of an id given twice the last counts, also here.
            let id = ids.get(name).and_then(|id| id.text(&mut buffer));
            let found = id.and_then(|id| with_id(Some(id)));
            if found.is_some() {
                return found;
            }
        }
    }
    with_id(None)
}

/// The override for an id, or the one without. A function of its own: it is asked for three times.
#[inline(never)]
fn override_with<'t>(
    overrides: &'t [LocalOverride<'t>],
    kind: SpecKind,
    name: &str,
    id: Option<&str>,
) -> Option<&'t LocalOverride<'t>> {
    overrides
        .iter()
        .find(|entry| entry.kind == kind && entry.name == name && entry.id == id)
}
