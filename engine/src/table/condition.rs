//! Conditions: what is compared, how, and with what.

use super::rule::HashInput;
use super::wire::{NONE, Row};
use super::{Section, Table};
use crate::user::{Builtin, FieldName};

/// Bytes of a condition's row.
pub(crate) const CONDITION: usize = 16;

/// Bytes of a field's row.
pub(crate) const FIELD: usize = 12;

/// Defines an enum that is stored as one byte; a byte without a variant reads as `None`.
macro_rules! code {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$doc:meta])* $variant:ident = $code:literal $text:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum $name { $($(#[$doc])* $variant = $code,)* }

        impl $name {
            fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// What Statsig's word is for.
            #[cfg(feature = "compile")]
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                (0..=u8::MAX)
                    .map_while(Self::from_code)
                    .find(|known| known.name() == name)
            }

            /// Statsig's word for it.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

code! {
    /// Where the value compared comes from (`evaluation.md` §4.1).
    ConditionType {
        Unsupported = 0 "unsupported",
        Public = 1 "public",
        PassGate = 2 "pass_gate",
        FailGate = 3 "fail_gate",
        MultiPassGate = 4 "multi_pass_gate",
        MultiFailGate = 5 "multi_fail_gate",
        UserField = 6 "user_field",
        UnitId = 7 "unit_id",
        EnvironmentField = 8 "environment_field",
        CurrentTime = 9 "current_time",
        UserBucket = 10 "user_bucket",
        IpBased = 11 "ip_based",
        UaBased = 12 "ua_based",
        TargetApp = 13 "target_app",
        ExperimentGroup = 14 "experiment_group",
    }
}

code! {
    /// How it is compared (§4.2). The target's encoding follows from the operator: `engine/FORMAT.md`.
    Operator {
        Unsupported = 0 "unsupported",
        /// The target is of a type with which the operator never holds.
        Never = 1 "never",
        /// The target is of a type with which the operator always holds.
        Always = 2 "always",
        Gt = 3 "gt",
        Gte = 4 "gte",
        Lt = 5 "lt",
        Lte = 6 "lte",
        VersionGt = 7 "version_gt",
        VersionGte = 8 "version_gte",
        VersionLt = 9 "version_lt",
        VersionLte = 10 "version_lte",
        VersionEq = 11 "version_eq",
        VersionNeq = 12 "version_neq",
        Any = 13 "any",
        None = 14 "none",
        AnyCaseSensitive = 15 "any_case_sensitive",
        NoneCaseSensitive = 16 "none_case_sensitive",
        StrStartsWithAny = 17 "str_starts_with_any",
        StrEndsWithAny = 18 "str_ends_with_any",
        StrContainsAny = 19 "str_contains_any",
        StrContainsNone = 20 "str_contains_none",
        /// `str_matches` with a DFA.
        StrMatches = 21 "str_matches",
        /// `str_matches` with a pattern's text, for a regex engine.
        StrMatchesPattern = 22 "str_matches",
        Before = 23 "before",
        After = 24 "after",
        On = 25 "on",
        Eq = 26 "eq",
        Neq = 27 "neq",
        InSegmentList = 28 "in_segment_list",
        NotInSegmentList = 29 "not_in_segment_list",
        ArrayContainsAny = 30 "array_contains_any",
        ArrayContainsNone = 31 "array_contains_none",
        ArrayContainsAll = 32 "array_contains_all",
        NotArrayContainsAll = 33 "not_array_contains_all",
        /// `any` on a user bucket: a bitmap of the thousand buckets.
        BucketAny = 34 "any",
        /// `none` on a user bucket.
        BucketNone = 35 "none",
    }
}

/// Types that a condition's first byte has room for, beside the slot.
pub(crate) const TYPES: u8 = 16;

/// Slots of what is compared with lists, and slot 0 for what has none.
pub(crate) const SLOTS: usize = 16;

/// What a set says of a text by its hash: two of 64 bits. A text whose bits a set lacks is not in it.
#[inline(always)]
pub(crate) fn mask(hash: u32) -> u64 {
    1u64.wrapping_shl(hash) | 1u64.wrapping_shl(hash >> 6)
}

/// A condition in the table.
#[derive(Clone, Copy)]
pub(crate) struct Condition<'t>(Row<'t, CONDITION>);

impl<'t> Condition<'t> {
    /// The condition of a row.
    #[cfg(feature = "compile")]
    pub(crate) fn new(row: &'t [u8; CONDITION]) -> Self {
        Condition(Row(row))
    }

    /// The codes of type and operator.
    #[inline(always)]
    pub(crate) fn codes(&self) -> (u8, u8) {
        (self.0.u8(0) % TYPES, self.0.u8(1))
    }

    /// Of `any` and `none`: the number of what is compared, below [`SLOTS`], or 0.
    #[inline(always)]
    pub(crate) fn slot(&self) -> u8 {
        self.0.u8(0) / TYPES
    }

    #[inline(always)]
    pub(crate) fn condition_type(&self) -> ConditionType {
        ConditionType::from_code(self.codes().0).unwrap_or(ConditionType::Unsupported)
    }

    pub(crate) fn operator(&self) -> Operator {
        Operator::from_code(self.0.u8(1)).unwrap_or(Operator::Unsupported)
    }

    /// The id type of `unit_id` and `user_bucket`.
    pub(crate) fn unit(&self, table: Table<'t>) -> Option<super::rule::Unit<'t>> {
        table.unit(self.0.u16(2))
    }

    /// Which built-in field the user field is.
    #[inline(always)]
    pub(crate) fn builtin(&self, table: Table<'t>) -> Builtin {
        table.builtin(self.0.u16(2))
    }

    /// The user field; `None` when the condition names none.
    pub(crate) fn field(&self, table: Table<'t>) -> Option<FieldName<'t>> {
        table.field(self.0.u16(2))
    }

    /// The target in its operator's encoding.
    pub(crate) fn target(&self, table: Table<'t>) -> Option<&'t [u8]> {
        table.blob(self.0.reference(4)?)
    }

    /// Of `any` and `none`: the [`mask`]s of all texts in the set, together.
    #[inline(always)]
    pub(crate) fn masks(&self) -> u64 {
        self.0.u64(8)
    }

    /// What the hash of a user bucket is made of.
    pub(crate) fn hash_input(&self) -> HashInput {
        HashInput {
            prefix: self.0.u32(8),
            unit: self.0.u16(2),
        }
    }
}

/// The table from its first condition on.
#[derive(Clone, Copy)]
pub(crate) struct ConditionRows<'t>(&'t [[u8; CONDITION]]);

impl<'t> ConditionRows<'t> {
    #[inline(always)]
    pub(crate) fn get(&self, at: u32) -> Option<Condition<'t>> {
        self.0.get(at as usize).map(|row| Condition(Row(row)))
    }
}

/// The gate a condition asks for.
pub(crate) struct GateTarget<'t> {
    pub(crate) name: &'t str,
    /// Its row; `None` when the payload has no such gate.
    pub(crate) row: Option<u32>,
}

impl<'t> GateTarget<'t> {
    /// A row reference followed by the name.
    pub(crate) fn read(bytes: &'t [u8]) -> Option<Self> {
        let (row, name) = bytes.split_first_chunk::<4>()?;
        Some(GateTarget {
            name: core::str::from_utf8(name).ok()?,
            row: Some(u32::from_le_bytes(*row)).filter(|&row| row != NONE),
        })
    }
}

impl<'t> Table<'t> {
    fn conditions(&self) -> impl Iterator<Item = Condition<'t>> + use<'t> {
        let rows = self.section(Section::Conditions).as_chunks::<CONDITION>().0;
        rows.iter().map(|row| Condition(Row(row)))
    }

    /// How many conditions are of a type, or have an operator, that this engine does not know.
    pub fn unsupported_conditions(&self) -> usize {
        self.conditions()
            .filter(|condition| {
                condition.condition_type() == ConditionType::Unsupported
                    || condition.operator() == Operator::Unsupported
            })
            .count()
    }

    /// The patterns that the table holds as text: without the `regex` feature their conditions are unsupported.
    pub fn engine_patterns(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        let table = *self;
        self.conditions()
            .filter(|condition| condition.operator() == Operator::StrMatchesPattern)
            .filter_map(move |condition| core::str::from_utf8(condition.target(table)?).ok())
    }

    /// The conditions by their numbers.
    #[inline(always)]
    pub(crate) fn condition_rows(&self) -> Option<ConditionRows<'t>> {
        let tail = self.tail_at(Section::Conditions)?;
        Some(ConditionRows(tail.as_chunks().0))
    }

    /// The built-in field that a field is.
    #[inline(always)]
    pub(crate) fn builtin(&self, at: u16) -> Builtin {
        match self.row::<FIELD>(Section::Fields, u32::from(at)) {
            Some(row) if at != u16::MAX => Builtin(row.u8(8)),
            _ => Builtin::NONE,
        }
    }

    /// `None` for all ones.
    pub(crate) fn field(&self, at: u16) -> Option<FieldName<'t>> {
        if at == u16::MAX {
            return None;
        }
        let row = self.row::<FIELD>(Section::Fields, u32::from(at))?;
        Some(FieldName {
            name: self.string_bytes(row.u32(0))?,
            lowered: self.string_bytes(row.u32(4))?,
            builtin: Builtin(row.u8(8)),
        })
    }
}
