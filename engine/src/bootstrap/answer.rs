//! What the specs say about the user, as the forms of a response need it.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::evaluate::Layer;
use crate::evaluation::{Evaluation, Place, Reason};
use crate::exposure::SecondaryExposure;
use crate::table::Entity;

/// What a spec is in the response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Gate,
    DynamicConfig,
    /// Experiments, autotunes, and configs that do not say what they are: an experiment's state is said of the first
    /// only.
    Other {
        experiment: bool,
    },
    Layer,
}

impl Role {
    pub(super) fn of_config(entity: Entity) -> Self {
        match entity {
            Entity::DynamicConfig => Role::DynamicConfig,
            entity => Role::Other {
                experiment: entity == Entity::Experiment,
            },
        }
    }
}

/// One spec's answer.
pub(super) struct Answer<'s, 't> {
    pub(super) role: Role,
    pub(super) evaluation: Evaluation<'t>,
    pub(super) secondary: &'s [SecondaryExposure<'t>],
    /// The layer, for its value.
    pub(super) layer: Option<Layer<'s, 't, 's>>,
    /// The layer is evaluated parameter by parameter (§3.9).
    pub(super) composed: bool,
}

impl<'s, 't> Answer<'s, 't> {
    pub(super) fn rule_id(&self) -> Cow<'t, str> {
        let rule_id = self.evaluation.rule_id().unwrap_or_default();
        if self.evaluation.rule_id_suffix.is_none() {
            return Cow::Borrowed(rule_id);
        }
        let mut text = String::new();
        // A `String` takes everything.
        let _ = self.evaluation.write_rule_id(&mut text);
        Cow::Owned(text)
    }

    pub(super) fn id_type(&self) -> &'t str {
        self.evaluation.id_type().unwrap_or_default()
    }

    pub(super) fn is_device_based(&self) -> bool {
        matches!(self.id_type(), "stableID" | "stableid")
    }

    /// The value's JSON text. As Statsig's core, null where a read of the value gives `{}` for want of an object.
    pub(super) fn value(&self) -> Cow<'t, str> {
        if let Some(json) = self.evaluation.json() {
            return Cow::Borrowed(json);
        }
        match self.parameters() {
            Some(layer) => {
                let mut text = String::new();
                let _ = layer.write_json(&mut text);
                Cow::Owned(text)
            }
            None => Cow::Borrowed("null"),
        }
    }

    /// The layer, if its value is made of several objects. It is also when a delegate that was passed over was unsupported.
    pub(super) fn parameters(&self) -> Option<&Layer<'s, 't, 's>> {
        let parts = self.evaluation.json == Place::PARTS;
        self.layer.as_ref().filter(|_| parts)
    }

    /// The experiment that answers for the layer.
    pub(super) fn allocated_experiment(&self) -> Option<&'t str> {
        self.layer.as_ref()?.allocated_experiment()
    }

    /// Whether the experiment's state is said: is it running, is the user in it.
    pub(super) fn has_experiment_state(&self) -> bool {
        match self.role {
            Role::Other { experiment } => experiment,
            Role::Layer => self.allocated_experiment().is_some(),
            Role::Gate | Role::DynamicConfig => false,
        }
    }

    /// The exposures, each once.
    pub(super) fn exposures(&self) -> impl Iterator<Item = &'s SecondaryExposure<'t>> {
        distinct(self.secondary, |_| true)
    }

    /// Those that do not come from a delegate, each once. An unsupported answer has none unless there was a delegate.
    pub(super) fn undelegated_exposures(&self) -> impl Iterator<Item = &'s SecondaryExposure<'t>> {
        let unfinished = self.evaluation.reason == Reason::Unsupported
            && self.evaluation.config_delegate().is_none()
            && !self.composed;
        distinct(self.secondary, move |exposure| {
            !exposure.delegated && !unfinished
        })
    }
}

fn distinct<'s, 't>(
    all: &'s [SecondaryExposure<'t>],
    counts: impl Fn(&SecondaryExposure<'t>) -> bool + Copy,
) -> impl Iterator<Item = &'s SecondaryExposure<'t>> {
    let key =
        |exposure: &SecondaryExposure<'t>| (exposure.gate, exposure.gate_value, exposure.rule_id);
    all.iter().enumerate().filter_map(move |(at, exposure)| {
        let again = || {
            let earlier = all.iter().take(at).filter(|earlier| counts(earlier));
            earlier.map(key).any(|earlier| earlier == key(exposure))
        };
        (counts(exposure) && !again()).then_some(exposure)
    })
}
