//! Which specs a response says (`evaluation.md` §5.9).

use super::BootstrapOptions;
use crate::hash::djb2;
use crate::table::{Entity, Spec, StringList, Table};

/// What is left out.
pub(super) struct Filter<'a> {
    options: &'a BootstrapOptions<'a>,
    /// The app that `target_app` conditions see.
    pub(super) app: Option<&'a str>,
    /// The app that specs must be meant for, if there is one.
    only: Option<&'a str>,
}

impl<'a> Filter<'a> {
    pub(super) fn new<'t: 'a>(table: Table<'t>, options: &'a BootstrapOptions<'a>) -> Self {
        let target = options.target_app_id.filter(|app| !app.is_empty());
        let app = target.or_else(|| app_of_client(table, options.client_sdk_key));
        Filter {
            options,
            app,
            only: app.filter(|_| target.is_some() || options.client_sdk_key.is_some()),
        }
    }

    fn allows_app(&self, targets: Option<StringList<'_>>) -> bool {
        self.only
            .is_none_or(|app| targets.is_some_and(|targets| targets.contains(app)))
    }

    /// A spec that is said, unless its answer speaks against it.
    pub(super) fn allows(&self, spec: &Spec<'_>) -> bool {
        let names = match spec.entity() {
            Entity::Segment | Entity::Holdout => return false,
            Entity::FeatureGate => self.options.feature_gates,
            Entity::DynamicConfig => self.options.dynamic_configs,
            Entity::Experiment => self.options.experiments,
            Entity::Layer => self.options.layers,
            _ => None,
        };
        allowed(names, spec.name()) && self.allows_app(spec.target_app_ids())
    }

    /// The same for the contextual bandit of a name.
    pub(super) fn allows_cmab(&self, name: &str, targets: Option<StringList<'_>>) -> bool {
        allowed(self.options.experiments, name) && self.allows_app(targets)
    }

    /// The same for a parameter store.
    pub(super) fn allows_store(&self, name: &str, targets: Option<StringList<'_>>) -> bool {
        allowed(self.options.param_stores, name) && self.allows_app(targets)
    }
}

fn allowed(names: Option<&[&str]>, name: &str) -> bool {
    names.is_none_or(|names| names.contains(&name))
}

/// The payload's app without a key; with a key what the maps say, hashed keys last. A map that lacks the key says
/// "none".
fn app_of_client<'t>(table: Table<'t>, key: Option<&str>) -> Option<&'t str> {
    let meta = table.meta()?;
    let Some(key) = key else {
        return meta.app_id();
    };
    if meta.has_hashed_keys() {
        let hash: heapless::String<10> = super::hashing::decimal(djb2(key));
        meta.app_id_of_hashed_key(&hash)
    } else if meta.has_plain_keys() {
        meta.app_id_of_key(key)
    } else {
        meta.app_id()
    }
}
