//! The groups of an experiment, without a user (`evaluation.md` §5.4). Cost: a walk over the experiment's rules.

use super::{Evaluator, Experiment};
use crate::environment::Environment;
use crate::evaluation::{Evaluation, Place, Reason};
use crate::exposure::{Scratch, ScratchView};
use crate::table::rule::{Rule, flags};
use crate::table::{Entity, Spec, SpecKind, Table};

/// A group that users of an experiment can be in.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// let groups = Table::open(&table)?.experiment_groups("button").ok_or("no experiment")?;
/// let control = groups.iter().next().ok_or("no group")?;
/// assert_eq!((control.name, control.rule_id, control.id_type), ("Control", "control", "userID"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExperimentGroup<'t> {
    /// The group's name, empty when it has none.
    pub name: &'t str,
    /// The rule id that its users report.
    pub rule_id: &'t str,
    /// The id type of the rule.
    pub id_type: &'t str,
    /// The value: JSON text of an object.
    pub json: &'t str,
}

impl<'t> ExperimentGroup<'t> {
    fn of(rule: &Rule<'t>, table: Table<'t>) -> Self {
        ExperimentGroup {
            name: rule.group_name(table).unwrap_or_default(),
            rule_id: rule.id(table),
            id_type: rule
                .unit(table)
                .and_then(|unit| unit.text())
                .unwrap_or_default(),
            json: rule.return_value(table).unwrap_or("{}"),
        }
    }
}

/// The groups of an experiment, whether it runs or not.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// let groups = Table::open(&table)?.experiment_groups("button").ok_or("no experiment")?;
/// assert!(groups.is_experiment_active());
/// let names: Vec<_> = groups.iter().map(|group| group.name).collect();
/// assert_eq!(names, ["Control", "Test"]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ExperimentGroups<'t> {
    table: Table<'t>,
    spec: Spec<'t>,
}

impl<'t> ExperimentGroups<'t> {
    /// Whether the experiment is running.
    pub fn is_experiment_active(&self) -> bool {
        self.spec.is_active().unwrap_or(false)
    }

    /// The groups in the order of their rules.
    pub fn iter(&self) -> impl Iterator<Item = ExperimentGroup<'t>> + use<'t> {
        let table = self.table;
        rules(table, &self.spec)
            .filter(|rule| rule.has(flags::EXPERIMENT_GROUP))
            .map(move |rule| ExperimentGroup::of(&rule, table))
    }
}

fn rules<'t>(table: Table<'t>, spec: &Spec<'t>) -> impl Iterator<Item = Rule<'t>> + use<'t> {
    spec.row.rules().map_while(move |at| table.rule(at))
}

impl<'t> Table<'t> {
    /// The groups of an experiment; `None` for an unknown name and for anything but an experiment, such as a dynamic
    /// config or an autotune.
    pub fn experiment_groups(&self, experiment: &str) -> Option<ExperimentGroups<'t>> {
        let spec = self.spec(SpecKind::Experiment, experiment)?;
        (spec.entity() == Entity::Experiment).then_some(ExperimentGroups { table: *self, spec })
    }
}

impl<'t, E: Environment> Evaluator<'t, '_, E> {
    /// What an experiment gives the group of that name; of several rules with the name the first counts. Nothing is evaluated or
    /// exposed. An unknown experiment or group is [`Reason::Unrecognized`].
    ///
    /// ```
    /// # #[cfg(feature = "compile")] {
    /// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
    /// # struct World;
    /// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
    /// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
    /// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
    /// # let mut scratch = Scratch::<8>::new();
    /// let test = evaluator.experiment_by_group_name("button", "Test", &mut scratch);
    /// assert_eq!(test.parameter("colour"), Some(r#""green""#));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn experiment_by_group_name<'s, 'n, const X: usize, const P: usize>(
        &self,
        experiment: &'n str,
        group_name: &str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> Experiment<'s, 't, 'n> {
        let table = self.table;
        self.experiment_by(experiment, scratch.view(), |rule| {
            rule.group_name(table) == Some(group_name)
        })
    }

    /// What an experiment gives by the rule of that id, whether that rule is a group's or not.
    ///
    /// ```
    /// # #[cfg(feature = "compile")] {
    /// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
    /// # struct World;
    /// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
    /// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
    /// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
    /// # let mut scratch = Scratch::<8>::new();
    /// let control = evaluator.experiment_by_rule_id("button", "control", &mut scratch);
    /// assert_eq!(control.group_name(), Some("Control"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn experiment_by_rule_id<'s, 'n, const X: usize, const P: usize>(
        &self,
        experiment: &'n str,
        rule_id: &str,
        scratch: &'s mut Scratch<'t, X, P>,
    ) -> Experiment<'s, 't, 'n> {
        let table = self.table;
        self.experiment_by(experiment, scratch.view(), |rule| rule.id(table) == rule_id)
    }

    fn experiment_by<'s, 'n>(
        &self,
        name: &'n str,
        scratch: ScratchView<'s, 't>,
        wanted: impl Fn(&Rule<'t>) -> bool,
    ) -> Experiment<'s, 't, 'n> {
        let table = self.table;
        let spec = table.spec(SpecKind::Experiment, name);
        let found = spec.and_then(|spec| Some((spec, rules(table, &spec).find(wanted)?)));
        let evaluation = &mut *scratch.record;
        *evaluation = Evaluation::new(table, 0);
        match found {
            None => {
                evaluation.rule_id = Place::DEFAULT;
                evaluation.reason = Reason::Unrecognized;
            }
            Some((spec, rule)) => {
                evaluation.value = !rule.has(flags::RETURNS_FALSE);
                evaluation.json = Place(rule.return_value_at());
                evaluation.rule_id = Place(rule.id_at());
                evaluation.id_type = rule.unit(table).map_or(Place::NONE, |unit| Place(unit.at));
                evaluation.group_name = Place(rule.group_name_at());
                evaluation.is_experiment_group = rule.has(flags::EXPERIMENT_GROUP);
                evaluation.is_experiment_active = spec.is_active().unwrap_or(false);
            }
        }
        Experiment::of(name, scratch)
    }
}
