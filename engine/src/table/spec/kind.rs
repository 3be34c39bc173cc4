//! What kind of spec one asks for, and what a spec says it is.

/// What kind of spec a name is looked up as.
///
/// Dynamic configs and experiments share one name space (`evaluation.md` §3.2): either kind finds either entity.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::SpecKind;
///
/// let table = Table::open(&table)?;
/// assert_eq!(table.specs(SpecKind::Gate).count(), 4);
/// assert!(table.spec(SpecKind::DynamicConfig, "button").is_some());
/// assert!(table.spec(SpecKind::Gate, "button").is_none());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpecKind {
    /// Feature gates, segments and holdouts.
    Gate,
    /// Dynamic configs.
    DynamicConfig,
    /// Experiments and autotunes.
    Experiment,
    /// Layers.
    Layer,
}

/// A spec's `entity`; evaluation does not depend on it.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::{Entity, SpecKind};
///
/// let button = Table::open(&table)?.spec(SpecKind::DynamicConfig, "button").ok_or("no spec")?;
/// assert_eq!(button.entity(), Entity::Experiment);
/// assert_eq!(button.entity().as_str(), "experiment");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Entity {
    /// `feature_gate`
    FeatureGate,
    /// `segment`
    Segment,
    /// `holdout`
    Holdout,
    /// `dynamic_config`
    DynamicConfig,
    /// `experiment`
    Experiment,
    /// `autotune`
    Autotune,
    /// `layer`
    Layer,
    /// None, or one that this version does not know.
    Other,
}

impl Entity {
    const ALL: [(&'static str, Entity); 7] = [
        ("feature_gate", Entity::FeatureGate),
        ("segment", Entity::Segment),
        ("holdout", Entity::Holdout),
        ("dynamic_config", Entity::DynamicConfig),
        ("experiment", Entity::Experiment),
        ("autotune", Entity::Autotune),
        ("layer", Entity::Layer),
    ];

    /// Statsig's name of the entity; empty for [`Entity::Other`].
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, entity)| *entity == self)
            .map_or("", |(name, _)| name)
    }

    #[cfg(feature = "compile")]
    pub(crate) fn from_name(name: &str) -> Self {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(Entity::Other, |(_, entity)| *entity)
    }

    #[cfg(feature = "compile")]
    pub(crate) fn code(self) -> u32 {
        Self::ALL
            .iter()
            .position(|(_, entity)| *entity == self)
            .map_or(15, |index| index as u32)
    }

    pub(super) fn from_code(code: u32) -> Self {
        Self::ALL
            .get(code as usize)
            .map_or(Entity::Other, |(_, entity)| *entity)
    }
}
