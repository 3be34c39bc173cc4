//! An answer in words that both engines are translated into.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value as Json;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A gate, segment or holdout.
    Gate,
    /// A dynamic config.
    DynamicConfig,
    /// An experiment; any entry of `dynamic_configs` can be asked for as one.
    Experiment,
    /// A layer.
    Layer,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [
        Kind::Gate,
        Kind::DynamicConfig,
        Kind::Experiment,
        Kind::Layer,
    ];
}

/// A nested gate on the way: name, value, rule id.
pub type Secondary = (String, bool, String);

/// Everything an evaluation says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The gate's value, or whether a config's rule passed.
    pub value: bool,
    /// The config's value.
    pub json: Json,
    /// The rule id, with its suffix.
    pub rule_id: String,
    /// `Recognized`, `Unrecognized`, `Unsupported` or an error, with the note on what was missing or used.
    pub reason: String,
    /// The group's name.
    pub group_name: Option<String>,
    /// The spec's id type.
    pub id_type: Option<String>,
    /// The spec's version.
    pub version: Option<u32>,
    /// The user is in a group.
    pub is_experiment_group: bool,
    /// The experiment runs.
    pub is_experiment_active: bool,
    /// The experiment is in a layer.
    pub is_in_layer: bool,
    /// The parameters that the experiment owns.
    pub explicit_parameters: Option<Vec<String>>,
    /// The experiment a layer delegated to.
    pub config_delegate: Option<String>,
    /// The config that a mapping put in place.
    pub override_config_name: Option<String>,
    /// The rule's sampling rate.
    pub sampling_rate: Option<u64>,
    /// The spec wants all exposures.
    pub forward_all_exposures: Option<bool>,
    /// A nested gate counts for analysis.
    pub analytical: bool,
    /// The nested gates in order.
    pub secondary: Vec<Secondary>,
    /// Those not from a delegate.
    pub undelegated: Vec<Secondary>,
    /// Layers: for each parameter its rule id, whether it is explicit, and its value.
    pub parameters: BTreeMap<String, (String, bool, Json)>,
}

impl Answer {
    /// Whether something on the way is not supported.
    pub fn is_unsupported(&self) -> bool {
        self.reason.contains(":Unsupported")
    }

    /// Whether the levels of nesting were too many.
    pub fn is_too_deep(&self) -> bool {
        self.reason.contains("Depth Exceeded")
    }

    /// Takes over what the other drew by chance, if both drew.
    pub fn take_draw_of(&mut self, other: &Answer) {
        if self.rule_id.ends_with(":explore") && other.rule_id.ends_with(":explore") {
            self.rule_id.clone_from(&other.rule_id);
            self.group_name.clone_from(&other.group_name);
            self.json.clone_from(&other.json);
        }
    }

    /// The names of the fields that differ.
    pub fn differing(&self, other: &Answer) -> Vec<&'static str> {
        let mut names = Vec::new();
        macro_rules! compare {
            ($($field:ident),*) => {$(
                if self.$field != other.$field {
                    names.push(stringify!($field));
                }
            )*};
        }
        compare!(
            value,
            json,
            rule_id,
            reason,
            group_name,
            id_type,
            version,
            is_experiment_group,
            is_experiment_active,
            is_in_layer,
            explicit_parameters,
            config_delegate,
            override_config_name,
            sampling_rate,
            forward_all_exposures,
            analytical,
            secondary,
            undelegated,
            parameters
        );
        names
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} rule {:?} of {:?}",
            self.reason, self.value, self.rule_id, self.id_type
        )?;
        if !self.json.is_null() {
            write!(f, "\n      json {}", self.json)?;
        }
        for (name, value) in [
            ("group", &self.group_name),
            ("delegate", &self.config_delegate),
            ("override", &self.override_config_name),
        ] {
            if let Some(value) = value {
                write!(f, "\n      {name} {value:?}")?;
            }
        }
        write!(
            f,
            "\n      version {:?}, group {}, active {}, in layer {}, explicit {:?}, sampling {:?}, forward {:?}, analytical {}",
            self.version,
            self.is_experiment_group,
            self.is_experiment_active,
            self.is_in_layer,
            self.explicit_parameters,
            self.sampling_rate,
            self.forward_all_exposures,
            self.analytical
        )?;
        write!(f, "\n      secondary {:?}", self.secondary)?;
        write!(f, "\n      undelegated {:?}", self.undelegated)?;
        if !self.parameters.is_empty() {
            write!(f, "\n      parameters {:?}", self.parameters)?;
        }
        Ok(())
    }
}
