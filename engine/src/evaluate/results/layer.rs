//! The answer to a read of a layer, whose value may be in parts, and its parameters (`evaluation.md` §5.5).

use core::fmt;

use heapless::VecView;

use crate::evaluate::{JsonValue, Parameters, ReadError};
use crate::evaluation::Evaluation;
use crate::exposure::{Exposure, LayerPart, SecondaryExposure};
use crate::json::{RawStr, members};

/// The answer to a read of a layer. Reading a parameter is what exposes the user.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::{Exposure, JsonValue};
///
/// let checkout = evaluator.layer(&User::new().with_user_id("u-1"), "checkout", &mut scratch);
/// let mut exposed = Vec::new();
/// let mut note = |exposure: &Exposure<'_, '_>| exposed.push(exposure.allocated_experiment().to_owned());
/// let steps = checkout.read_exposed("steps", |value: JsonValue<'_>| value.i64(), &mut note)?;
/// let colour = checkout.read_exposed("colour", |value| value.text(), &mut note)?;
/// assert_eq!(steps, 3);
/// assert!(colour == "blue");
/// // The experiment owns the colour, and nobody the steps.
/// assert_eq!(exposed, ["", "button"]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Layer<'s, 't, 'n> {
    pub(super) name: &'n str,
    pub(in crate::evaluate) evaluation: &'s Evaluation<'t>,
    pub(super) secondary: &'s VecView<SecondaryExposure<'t>>,
    pub(in crate::evaluate) parts: &'s VecView<LayerPart<'t>>,
}

/// A parameter of a layer with what its exposure says.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// let checkout = evaluator.layer(&User::new().with_user_id("u-1"), "checkout", &mut scratch);
/// let colour = checkout.parameter("colour").ok_or("no parameter")?;
/// assert_eq!((colour.layer, colour.explicit, colour.rule_id), ("checkout", true, "control"));
/// assert_eq!(colour.exposure().allocated_experiment(), "button");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LayerParameter<'s, 't, 'n> {
    /// The layer's name.
    pub layer: &'n str,
    /// The parameter.
    pub name: &'n str,
    /// The value's JSON text.
    pub json: &'t str,
    /// The rule id that the exposure reports.
    pub rule_id: &'t str,
    /// Whether the experiment owns the parameter.
    pub explicit: bool,
    /// The layer's result.
    pub evaluation: &'s Evaluation<'t>,
    secondary: &'s VecView<SecondaryExposure<'t>>,
}

/// Exposes nothing: see [`Layer::read_exposed`] for what does.
impl<'t> Parameters<'t> for Layer<'_, 't, '_> {
    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        self.read_exposed(name, read, |_| {})
    }
}

impl<'s, 't, 'n> Layer<'s, 't, 'n> {
    /// The experiment that answers for the layer, if one does.
    pub fn allocated_experiment(&self) -> Option<&'t str> {
        self.evaluation
            .config_delegate()
            .filter(|name| !name.is_empty())
    }

    /// The group's name, if the rule has one.
    pub fn group_name(&self) -> Option<&'t str> {
        self.evaluation.group_name()
    }

    /// The objects that make up the value: of a parameter in several, the first counts.
    fn objects(&self) -> impl Iterator<Item = LayerPart<'t>> + use<'s, 't, 'n> {
        let whole = self.evaluation.json().map(|object| LayerPart {
            object,
            place: self.evaluation.json,
            rule_id: self.evaluation.rule_id().unwrap_or_default(),
        });
        whole.into_iter().chain(self.parts.iter().copied())
    }

    /// The parameters by name (as JSON text without quotes), JSON text and the rule id they report, each once.
    fn members(&self) -> impl Iterator<Item = (RawStr<'t>, &'t str, &'t str)> + use<'s, 't, 'n> {
        let layer = *self;
        self.objects().enumerate().flat_map(move |(at, part)| {
            let vacant = move |key: &RawStr<'t>| {
                !layer
                    .objects()
                    .take(at)
                    .any(|earlier| members(earlier.object).any(|(k, _)| k.equals(key)))
            };
            members(part.object)
                .filter(move |(key, _)| vacant(key))
                .map(move |(key, value)| (key, value, part.rule_id))
        })
    }

    /// The parameters and the rule ids they report.
    #[cfg(feature = "bootstrap")]
    pub(crate) fn parameter_rule_ids(
        &self,
    ) -> impl Iterator<Item = (RawStr<'t>, &'t str)> + use<'s, 't, 'n> {
        self.members().map(|(key, _, rule_id)| (key, rule_id))
    }

    /// Writes the value, the JSON text of an object.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_json(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        if self.parts.is_empty() {
            return out.write_str(self.evaluation.json().unwrap_or("{}"));
        }
        out.write_char('{')?;
        for (index, (key, value, _)) in self.members().enumerate() {
            if index > 0 {
                out.write_char(',')?;
            }
            out.write_char('"')?;
            out.write_str(key.raw())?;
            out.write_str("\":")?;
            out.write_str(value)?;
        }
        out.write_char('}')
    }

    /// Calls `visit` with each parameter's name (escapes resolved into `buffer`) in the value's order. A name longer
    /// than the buffer is passed over.
    ///
    /// Cost: for a value in parts, each name is compared with those of the parts before.
    ///
    /// ```
    /// # #[cfg(feature = "compile")] {
    /// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
    /// # struct World;
    /// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
    /// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
    /// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
    /// # let mut scratch = Scratch::<8>::new();
    /// let checkout = evaluator.layer(&User::new().with_user_id("u-1"), "checkout", &mut scratch);
    /// let mut names = Vec::new();
    /// checkout.for_each_parameter(&mut heapless::String::<32>::new(), |name| names.push(name.to_owned()));
    /// names.sort();
    /// assert_eq!(names, ["colour", "steps"]);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_each_parameter<const N: usize>(
        &self,
        buffer: &mut heapless::String<N>,
        mut visit: impl FnMut(&str),
    ) {
        for (key, _, _) in self.members() {
            buffer.clear();
            if key.write_to(buffer).is_ok() {
                visit(buffer);
            }
        }
    }

    /// Reads a parameter, and if that succeeds calls `expose` with the exposure (§5.5).
    ///
    /// # Errors
    /// As [`Parameters::read`].
    pub fn read_exposed<T>(
        &self,
        name: &str,
        read: impl FnOnce(JsonValue<'t>) -> Result<T, ReadError>,
        expose: impl FnOnce(&Exposure<'_, 't>),
    ) -> Result<T, ReadError> {
        // The name need not live as long as the layer's.
        let layer: Layer<'_, 't, '_> = *self;
        let parameter = layer.parameter(name).ok_or(if self.parts.is_empty() {
            self.evaluation.lack()
        } else {
            ReadError::Missing
        })?;
        let value = read(parameter.value())?;
        expose(&parameter.exposure());
        Ok(value)
    }

    /// A parameter, if the layer has it. Log [`LayerParameter::exposure`] when the value is used.
    pub fn parameter(&self, name: &'n str) -> Option<LayerParameter<'s, 't, 'n>> {
        let (json, rule_id) = match self.evaluation.parameter(name) {
            Some(json) => (json, self.evaluation.rule_id().unwrap_or_default()),
            None => self.parts.iter().find_map(|part| {
                Some((part.parameter(self.evaluation.table, name)?, part.rule_id))
            })?,
        };
        let explicit = self
            .evaluation
            .explicit_parameters()
            .is_some_and(|list| list.contains(name));
        Some(LayerParameter {
            layer: self.name,
            name,
            json,
            rule_id,
            explicit,
            evaluation: self.evaluation,
            secondary: self.secondary,
        })
    }
}

impl<'t> LayerParameter<'_, 't, '_> {
    /// The value, to be read as one type. Log [`Self::exposure`] when that succeeds.
    pub fn value(&self) -> JsonValue<'t> {
        JsonValue::new(self.json)
    }

    /// The exposure of having read this parameter.
    pub fn exposure(&self) -> Exposure<'_, 't> {
        Exposure::LayerParameter {
            name: self.layer,
            parameter: self.name,
            rule_id: self.rule_id,
            explicit: self.explicit,
            evaluation: self.evaluation,
            secondary: self.secondary,
        }
    }
}
