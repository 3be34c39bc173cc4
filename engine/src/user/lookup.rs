//! Finding a field, a unit id and an environment value of a user (`evaluation.md` §2.5, §2.6).

use super::{Attributes, User, Value};
use crate::lowercase::equals_lowercased;
use crate::table::rule::Unit;
use crate::table::wire::same;

/// What the options of an evaluation add to every user.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Global<'o> {
    /// Custom fields that apply when the user's own `custom` has none of that name.
    pub(crate) custom: Option<Attributes<'o>>,
}

/// Which built-in field a name stands for, as the table stores it beside the name: none, one of seven that are asked first, or
/// an alias that is asked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Builtin(pub(crate) u8);

impl Builtin {
    pub(crate) const NONE: Self = Builtin(0);
    const IP: Self = Builtin(3);
    #[cfg(feature = "user-agent")]
    const USER_AGENT: Self = Builtin(4);

    /// Of a lower-cased field name.
    #[cfg(feature = "compile")]
    pub(crate) fn of(lowered: &str) -> Self {
        Builtin(match lowered {
            "userid" => 1,
            "email" => 2,
            "ip" => 3,
            "useragent" => 4,
            "country" => 5,
            "locale" => 6,
            "appversion" => 7,
            "user_id" => 8,
            "user_agent" => 9,
            "app_version" => 10,
            _ => 0,
        })
    }

    fn is_alias(self) -> bool {
        self.0 > 7
    }
}

/// A field name with everything that a look-up needs. Names are compared as bytes: reading them as text would cost more
/// than the comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldName<'t> {
    pub(crate) name: &'t [u8],
    pub(crate) lowered: &'t [u8],
    pub(crate) builtin: Builtin,
}

impl<'t> FieldName<'t> {
    /// The name as text.
    pub(crate) fn name(&self) -> Option<&'t str> {
        core::str::from_utf8(self.name).ok()
    }
}

impl FieldName<'static> {
    pub(crate) const IP: Self = FieldName {
        name: b"ip",
        lowered: b"ip",
        builtin: Builtin::IP,
    };
    #[cfg(feature = "user-agent")]
    pub(crate) const USER_AGENT: Self = FieldName {
        name: b"userAgent",
        lowered: b"useragent",
        builtin: Builtin::USER_AGENT,
    };
}

fn exact_then_lowered<'u>(
    map: Option<Attributes<'u>>,
    name: &[u8],
    lowered: &[u8],
) -> Option<Value<'u>> {
    let map = map?;
    map.get_bytes(name).or_else(|| {
        if same(lowered, name) {
            None
        } else {
            map.get_bytes(lowered)
        }
    })
}

impl<'u> User<'u> {
    fn builtin(&self, field: Builtin) -> Option<Value<'u>> {
        match field.0 {
            1 | 8 => self.user_id,
            2 => self.email,
            3 => self.ip,
            4 | 9 => self.user_agent,
            5 => match (self.country, self.located) {
                (None, Some(located)) => located.as_str().map(Value::Str),
                (country, _) => country,
            },
            6 => self.locale,
            7 | 10 => self.app_version,
            _ => None,
        }
    }

    /// A built-in field that goes before all other places.
    pub(crate) fn given(&self, field: Builtin) -> Option<Value<'u>> {
        if field.is_alias() {
            return None;
        }
        self.builtin(field)
            .filter(|value| !matches!(value, Value::Null | Value::Object(_) | Value::Str("")))
    }

    /// §2.5: built-in, custom, global custom, private, alias.
    pub(crate) fn field<'v>(&self, field: &FieldName<'_>, global: &Global<'v>) -> Option<Value<'v>>
    where
        'u: 'v,
    {
        let (name, lowered) = (field.name, field.lowered);
        if let Some(value) = self.given(field.builtin) {
            return Some(value);
        }
        let in_maps = exact_then_lowered(self.custom, name, lowered)
            .or_else(|| exact_then_lowered(global.custom, name, lowered))
            .or_else(|| exact_then_lowered(self.private_attributes, name, lowered));
        match in_maps {
            None if field.builtin.is_alias() => self.builtin(field.builtin),
            found => found,
        }
    }

    /// §2.6 for an id type whose lower case is not at hand.
    pub(crate) fn unit_of(&self, id_type: &str) -> Option<Value<'u>> {
        if equals_lowercased(id_type, "userid") {
            return self.user_id;
        }
        let ids = self.custom_ids?;
        ids.get(id_type).or_else(|| {
            let ids = ids
                .iter()
                .filter(|(name, _)| equals_lowercased(id_type, name));
            ids.last().map(|(_, value)| value)
        })
    }

    /// §2.6: the value of the user's unit, `None` where it has none.
    pub(crate) fn unit(&self, unit: &Unit<'_>) -> Option<Value<'u>> {
        match unit.lowered {
            None => self.user_id,
            Some(lowered) => exact_then_lowered(self.custom_ids, unit.name, lowered),
        }
    }

    /// §2.6: the user's own environment first, then the configured one.
    pub(crate) fn environment<'v>(
        &self,
        field: &FieldName<'_>,
        tier: Option<&'v str>,
    ) -> Option<Value<'v>>
    where
        'u: 'v,
    {
        self.statsig_environment
            .and_then(|environment| environment.get_bytes(field.name))
            .or_else(|| {
                tier.filter(|_| same(field.lowered, b"tier"))
                    .map(Value::Str)
            })
    }
}
