//! A parameter store for a user (`evaluation.md` §5.6).

use alloc::string::String;
use core::fmt;

use statsig_edge::{StoreParameter, User};

use crate::statsig::{Logging, Room, Statsig};
use crate::typed;

/// A parameter store. Reading a parameter checks what it refers to, and logs that check.
#[derive(Clone, Copy)]
pub struct ParameterStore<'a, 't> {
    pub(crate) statsig: &'a Statsig<'t>,
    pub(crate) user: &'a User<'a>,
    pub(crate) store: Option<statsig_edge::ParameterStore<'t>>,
    pub(crate) logging: Logging,
}

impl fmt::Debug for ParameterStore<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ParameterStore").field(&self.store).finish()
    }
}

impl<'t> ParameterStore<'_, 't> {
    /// Whether the specs know the store.
    pub fn exists(&self) -> bool {
        self.store.is_some()
    }

    /// The JSON text of a parameter for the user; `None` when the store lacks it or what it refers to has no value.
    pub fn get(&self, parameter: &str) -> Option<&'t str> {
        let mut scratch = Room::new();
        let mut sink = self.statsig.sink(self.user, self.logging);
        let value = self.statsig.evaluator()?.store_parameter(
            self.user,
            self.store.as_ref()?,
            parameter,
            scratch.view(),
            &mut sink,
        );
        match value {
            StoreParameter::Value(json) => Some(json),
            _ => None,
        }
    }

    /// A parameter that is a boolean.
    pub fn boolean(&self, parameter: &str) -> Option<bool> {
        typed::boolean(self.get(parameter)?)
    }

    /// A parameter that is a number.
    pub fn number(&self, parameter: &str) -> Option<f64> {
        typed::number(self.get(parameter)?)
    }

    /// A parameter that is a string.
    pub fn string(&self, parameter: &str) -> Option<String> {
        typed::string(self.get(parameter)?)
    }
}
