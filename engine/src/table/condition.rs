//! Conditions: what is compared, how, and with what.

use super::wire::{NONE, Row};
use super::{Section, Table, wire};
use crate::sha256::Prefix;
use crate::user::{Builtin, FieldName};

/// Bytes of a condition's row.
pub(crate) const CONDITION: usize = 16;

/// Bytes of a field's row.
pub(crate) const FIELD: usize = 12;

/// Defines an enum that is stored as one byte; a byte without a variant reads as `None`.
macro_rules! code {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)* }) => {
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
        }
    };
}

code! {
    /// Where the value compared comes from (`evaluation.md` §4.1).
    ConditionType {
        Unsupported = 0,
        Public = 1,
        PassGate = 2,
        FailGate = 3,
        MultiPassGate = 4,
        MultiFailGate = 5,
        UserField = 6,
        UnitId = 7,
        EnvironmentField = 8,
        CurrentTime = 9,
        UserBucket = 10,
        IpBased = 11,
        UaBased = 12,
        TargetApp = 13,
        ExperimentGroup = 14,
    }
}

code! {
    /// How it is compared (§4.2). The target's encoding follows from the operator: `engine/FORMAT.md`.
    Operator {
        Unsupported = 0,
        /// The target is of a type with which the operator never holds.
        Never = 1,
        /// The target is of a type with which the operator always holds.
        Always = 2,
        Gt = 3,
        Gte = 4,
        Lt = 5,
        Lte = 6,
        VersionGt = 7,
        VersionGte = 8,
        VersionLt = 9,
        VersionLte = 10,
        VersionEq = 11,
        VersionNeq = 12,
        Any = 13,
        None = 14,
        AnyCaseSensitive = 15,
        NoneCaseSensitive = 16,
        StrStartsWithAny = 17,
        StrEndsWithAny = 18,
        StrContainsAny = 19,
        StrContainsNone = 20,
        /// `str_matches` with a DFA.
        StrMatches = 21,
        /// `str_matches` with a pattern's text, for a regex engine.
        StrMatchesPattern = 22,
        Before = 23,
        After = 24,
        On = 25,
        Eq = 26,
        Neq = 27,
        InSegmentList = 28,
        NotInSegmentList = 29,
        ArrayContainsAny = 30,
        ArrayContainsNone = 31,
        ArrayContainsAll = 32,
        NotArrayContainsAll = 33,
        /// `any` on a user bucket: a bitmap of the thousand buckets.
        BucketAny = 34,
        /// `none` on a user bucket.
        BucketNone = 35,
    }
}

/// A condition in the table.
#[derive(Clone, Copy)]
pub(crate) struct Condition<'t> {
    table: Table<'t>,
    row: Row<'t, CONDITION>,
}

impl<'t> Condition<'t> {
    pub(crate) fn condition_type(&self) -> ConditionType {
        ConditionType::from_code(self.row.u8(0)).unwrap_or(ConditionType::Unsupported)
    }

    pub(crate) fn operator(&self) -> Operator {
        Operator::from_code(self.row.u8(1)).unwrap_or(Operator::Unsupported)
    }

    /// The id type of `unit_id` and `user_bucket`.
    pub(crate) fn unit(&self) -> Option<super::rule::Unit<'t>> {
        self.table.unit(self.row.u16(2))
    }

    /// The user field; `None` when the condition names none.
    pub(crate) fn field(&self) -> Option<FieldName<'t>> {
        self.table.field(self.row.u16(4))
    }

    /// The target in its operator's encoding.
    pub(crate) fn target(&self) -> Option<&'t [u8]> {
        self.table.blob(self.row.u32(8))
    }

    /// The text before the unit id in the hash of a user bucket.
    pub(crate) fn prefix(&self) -> Option<Prefix<'t>> {
        self.table.prefix(self.row.u32(12))
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
        let table = *self;
        (0..).map_while(move |at| table.condition(at))
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
        self.conditions()
            .filter(|condition| condition.operator() == Operator::StrMatchesPattern)
            .filter_map(|condition| core::str::from_utf8(condition.target()?).ok())
    }

    pub(crate) fn condition(&self, at: u32) -> Option<Condition<'t>> {
        let row = wire::row::<CONDITION>(self.section(Section::Conditions), at)?;
        Some(Condition { table: *self, row })
    }

    pub(crate) fn field(&self, at: u16) -> Option<FieldName<'t>> {
        let row = wire::row::<FIELD>(self.section(Section::Fields), u32::from(at))?;
        Some(FieldName {
            name: self.string(row.u32(0))?,
            lowered: self.string(row.u32(4))?,
            builtin: Builtin::from_code(row.u8(8)),
        })
    }
}
