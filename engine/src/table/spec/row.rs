//! A spec's row: offsets and flags.

use crate::table::Table;
use crate::table::wire::Row;

/// Bytes of a spec's row.
pub(crate) const SPEC: usize = 52;

/// Bits of a spec's flags.
pub(crate) mod flags {
    pub(crate) const ENABLED: u32 = 1 << 0;
    pub(crate) const DEFAULT_TRUE: u32 = 1 << 1;
    /// Two bits: absent 0, false 2, true 3.
    pub(crate) const IS_ACTIVE: u32 = 2;
    pub(crate) const HAS_SHARED_PARAMS: u32 = 4;
    pub(crate) const FORWARD_ALL_EXPOSURES: u32 = 6;
    pub(crate) const NEW_LAYER_EVAL: u32 = 1 << 8;
    pub(crate) const HAS_VERSION: u32 = 1 << 9;
    /// Only a name that overrides or a contextual bandit refer to.
    pub(crate) const NO_SPEC: u32 = 1 << 10;
    /// The name has overrides or a bandit.
    pub(crate) const HAS_MORE: u32 = 1 << 11;
    /// The first rule is for everyone, at 0 or 100 %, and delegates to nothing (v2 only): the answer is the same for all.
    pub(crate) const SETTLED: u32 = 1 << 17;
    /// Says something that only experiments do: `isActive`, `hasSharedParams`, `explicitParameters`.
    pub(crate) const OF_EXPERIMENT: u32 = 1 << 16;
    /// Four bits: the entity.
    pub(crate) const ENTITY: u32 = 12;
}

/// A spec's row.
#[derive(Clone, Copy)]
pub(crate) struct SpecRow<'t>(pub(super) Row<'t, SPEC>);

impl<'t> SpecRow<'t> {
    #[inline(always)]
    pub(super) fn reference(&self, at: usize) -> Option<u32> {
        self.0.reference(at)
    }

    pub(crate) fn name(&self, table: Table<'t>) -> &'t str {
        table.string(self.name_at()).unwrap_or_default()
    }

    /// Where the name is.
    #[inline(always)]
    pub(crate) fn name_at(&self) -> u32 {
        self.0.u32(4)
    }

    /// The salt of pass percentages.
    pub(crate) fn salt(&self, table: Table<'t>) -> &'t str {
        table.string(self.0.u32(8)).unwrap_or_default()
    }

    /// Where the id type is.
    #[inline(always)]
    pub(crate) fn id_type_at(&self) -> u32 {
        self.0.u32(12)
    }

    /// Where the default value is, or [`wire::NONE`](crate::table::wire::NONE).
    #[inline(always)]
    pub(crate) fn default_value_at(&self) -> u32 {
        self.0.u32(16)
    }

    #[inline(always)]
    pub(crate) fn version(&self) -> Option<u32> {
        self.has(flags::HAS_VERSION).then(|| self.0.u32(20))
    }

    /// The rules' rows.
    #[inline(always)]
    pub(crate) fn rules(&self) -> core::ops::Range<u32> {
        let start = self.0.u32(24);
        start..start.saturating_add(self.0.u32(28))
    }

    #[inline(always)]
    pub(super) fn flags(&self) -> u32 {
        self.0.u32(32)
    }

    #[inline(always)]
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags() & flag != 0
    }

    #[inline(always)]
    fn optional_bool(&self, shift: u32) -> Option<bool> {
        let bits = self.flags() >> shift;
        (bits & 2 != 0).then_some(bits & 1 != 0)
    }

    #[inline(always)]
    pub(crate) fn is_active(&self) -> Option<bool> {
        self.optional_bool(flags::IS_ACTIVE)
    }

    #[inline(always)]
    pub(crate) fn has_shared_params(&self) -> Option<bool> {
        self.optional_bool(flags::HAS_SHARED_PARAMS)
    }

    #[inline(always)]
    pub(crate) fn forward_all_exposures(&self) -> Option<bool> {
        self.optional_bool(flags::FORWARD_ALL_EXPOSURES)
    }

    /// Where the list of explicit parameters is, or [`wire::NONE`](crate::table::wire::NONE).
    #[inline(always)]
    pub(crate) fn explicit_parameters_at(&self) -> u32 {
        self.0.u32(36)
    }

    /// The config mappings of this name.
    #[inline(always)]
    pub(crate) fn overrides(&self) -> Option<u32> {
        self.reference(44)
    }

    /// The contextual bandit of this name.
    #[inline(always)]
    pub(crate) fn cmab(&self) -> Option<u32> {
        self.reference(48)
    }

    /// False for a name that has overrides or a bandit but no spec.
    #[inline(always)]
    pub(crate) fn exists(&self) -> bool {
        !self.has(flags::NO_SPEC)
    }
}
