//! Parameter stores (`evaluation.md` §5.6).

use super::spec::{find, index_rows};
use super::wire::{Row, row};
use super::{Section, StringList, Table};

/// Bytes of a store's row.
pub(crate) const STORE: usize = 28;

/// Bytes of a parameter's row.
pub(crate) const PARAMETER: usize = 32;

/// A parameter store.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// let shop = Table::open(&table)?.parameter_store("shop").ok_or("no store")?;
/// assert_eq!((shop.name(), shop.version()), ("shop", Some(2)));
/// assert_eq!(shop.parameters().count(), 3);
/// assert!(shop.parameter("footer").is_none());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct ParameterStore<'t> {
    table: Table<'t>,
    row: Row<'t, STORE>,
}

impl core::fmt::Debug for ParameterStore<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("ParameterStore").field(&self.name()).finish()
    }
}

/// Where a parameter's value comes from. Values are JSON text.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::Reference;
///
/// let shop = Table::open(&table)?.parameter_store("shop").ok_or("no store")?;
/// let home = shop.parameter("home").ok_or("no parameter")?;
/// assert_eq!(home.param_type, "string");
/// assert!(matches!(home.reference, Reference::Gate { gate: "new_home", pass: r#""/new""#, .. }));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reference<'t> {
    /// The value itself.
    Static(&'t str),
    /// One of two values, by a gate.
    Gate {
        /// The gate's name.
        gate: &'t str,
        /// The value for users who pass.
        pass: &'t str,
        /// The value for the others.
        fail: &'t str,
    },
    /// A parameter of a dynamic config.
    DynamicConfig {
        /// The config's name.
        config: &'t str,
        /// The config's parameter.
        parameter: &'t str,
    },
    /// A parameter of an experiment.
    Experiment {
        /// The experiment's name.
        experiment: &'t str,
        /// The experiment's parameter.
        parameter: &'t str,
    },
    /// A parameter of a layer.
    Layer {
        /// The layer's name.
        layer: &'t str,
        /// The layer's parameter.
        parameter: &'t str,
    },
}

/// A parameter of a store.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::Reference;
///
/// let shop = Table::open(&table)?.parameter_store("shop").ok_or("no store")?;
/// let title = shop.parameter("title").ok_or("no parameter")?;
/// assert_eq!((title.name, title.ref_type), ("title", "static"));
/// assert_eq!(title.reference, Reference::Static(r#""Corner shop""#));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter<'t> {
    /// The parameter's name in the store.
    pub name: &'t str,
    /// `param_type`: the JSON type it is declared to have.
    pub param_type: &'t str,
    /// `ref_type`: what the payload calls the reference; nothing depends on it.
    pub ref_type: &'t str,
    /// Where the value comes from.
    pub reference: Reference<'t>,
}

impl<'t> ParameterStore<'t> {
    /// The name.
    pub fn name(&self) -> &'t str {
        self.table.string(self.row.u32(4)).unwrap_or_default()
    }

    /// The version, if it has one.
    pub fn version(&self) -> Option<u32> {
        self.row.reference(20)
    }

    /// The target apps; they filter client bootstrap.
    pub fn target_app_ids(&self) -> Option<StringList<'t>> {
        self.table.list(self.row.reference(16)?)
    }

    /// All parameters.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter<'t>> + use<'t> {
        let table = self.table;
        let start = self.row.u32(8);
        let end = start.saturating_add(self.row.u32(12));
        (start..end).map_while(move |at| read_parameter(table, at))
    }

    /// The parameter of that name; walks the store.
    pub fn parameter(&self, name: &str) -> Option<Parameter<'t>> {
        self.parameters().find(|parameter| parameter.name == name)
    }
}

fn read_parameter<'t>(table: Table<'t>, at: u32) -> Option<Parameter<'t>> {
    let row = row::<PARAMETER>(table.section(Section::Parameters), at)?;
    let entity = || table.string(row.u32(16));
    let parameter = || table.string(row.u32(20));
    Some(Parameter {
        name: table.string(row.u32(0))?,
        param_type: table.string(row.u32(4))?,
        ref_type: table.string(row.u32(8))?,
        reference: match row.u32(12) {
            0 => Reference::Static(table.value(row.u32(24))?),
            1 => Reference::Gate {
                gate: entity()?,
                pass: table.value(row.u32(24))?,
                fail: table.value(row.u32(28))?,
            },
            2 => Reference::DynamicConfig {
                config: entity()?,
                parameter: parameter()?,
            },
            3 => Reference::Experiment {
                experiment: entity()?,
                parameter: parameter()?,
            },
            4 => Reference::Layer {
                layer: entity()?,
                parameter: parameter()?,
            },
            _ => return None,
        },
    })
}

impl<'t> Table<'t> {
    /// The parameter store of that name.
    pub fn parameter_store(&self, name: &str) -> Option<ParameterStore<'t>> {
        if self.section(Section::ParameterStores).is_empty() {
            return None;
        }
        let row = find(*self, Section::ParameterStores, name)?;
        Some(ParameterStore { table: *self, row })
    }

    /// All parameter stores, in the table's order.
    pub fn parameter_stores(&self) -> impl Iterator<Item = ParameterStore<'t>> + use<'t> {
        let table = *self;
        let rows = index_rows(self.section(Section::ParameterStores)).unwrap_or_default();
        rows.as_chunks::<STORE>()
            .0
            .iter()
            .map(move |row| ParameterStore {
                table,
                row: Row(row),
            })
    }
}
