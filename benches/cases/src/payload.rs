//! Reading a payload: ours, and peers that read the same bytes.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A way to read a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Ours: JSON into a rule table.
    Compile,
    /// `serde_json` into structs that borrow from the text, values of configs as raw text.
    Typed,
    /// `serde_json::Value`.
    Value,
    /// `serde_json`, keeping nothing.
    Ignored,
    /// A copy of the bytes.
    Memcpy,
}

impl Reading {
    /// All of them; a number stands for one at its place.
    pub const ALL: [(&'static str, Reading); 5] = [
        ("compile", Reading::Compile),
        ("serde-typed", Reading::Typed),
        ("serde-value", Reading::Value),
        ("serde-ignored", Reading::Ignored),
        ("memcpy", Reading::Memcpy),
    ];
}

/// Reads the payload and drops what came of it; the number depends on it. `None` where it cannot be read.
pub fn read(reading: Reading, json: &[u8]) -> Option<usize> {
    Some(match reading {
        Reading::Compile => statsig_edge::compile::compile(json).ok()?.table.len(),
        Reading::Typed => serde_json::from_slice::<Payload<'_>>(json).ok()?.size(),
        Reading::Value => serde_json::from_slice::<serde_json::Value>(json)
            .ok()?
            .as_object()?
            .len(),
        Reading::Ignored => {
            serde_json::from_slice::<IgnoredAny>(json).ok()?;
            json.len()
        }
        Reading::Memcpy => core::hint::black_box(Vec::from(json)).len(),
    })
}

#[derive(Deserialize)]
struct Payload<'j> {
    #[serde(borrow)]
    feature_gates: Specs<'j>,
    #[serde(borrow)]
    dynamic_configs: Specs<'j>,
    #[serde(borrow)]
    layer_configs: Specs<'j>,
    #[serde(borrow, default)]
    condition_map: BTreeMap<Text<'j>, Condition<'j>>,
}

impl Payload<'_> {
    fn size(&self) -> usize {
        let specs = [
            &self.feature_gates,
            &self.dynamic_configs,
            &self.layer_configs,
        ];
        specs
            .iter()
            .map(|specs| match specs {
                Specs::ByName(map) => map.values().map(Spec::size).sum(),
                Specs::InOrder(list) => list.iter().map(Spec::size).sum::<usize>(),
            })
            .sum::<usize>()
            + self
                .condition_map
                .values()
                .map(Condition::size)
                .sum::<usize>()
    }
}

/// Text without escapes borrows.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Text<'j>(Cow<'j, str>);

impl<'de: 'j, 'j> Deserialize<'de> for Text<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.into())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

/// v2: by name; v1: a list.
enum Specs<'j> {
    ByName(BTreeMap<Text<'j>, Spec<'j>>),
    InOrder(Vec<Spec<'j>>),
}

impl<'de: 'j, 'j> Deserialize<'de> for Specs<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Specs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("specs")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Specs<'de>, A::Error> {
                let mut specs = BTreeMap::new();
                while let Some((name, spec)) = map.next_entry()? {
                    specs.insert(name, spec);
                }
                Ok(Specs::ByName(specs))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Specs<'de>, A::Error> {
                let mut specs = Vec::new();
                while let Some(spec) = seq.next_element()? {
                    specs.push(spec);
                }
                Ok(Specs::InOrder(specs))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'j> {
    #[serde(borrow, default)]
    name: Option<Text<'j>>,
    #[serde(borrow)]
    salt: Text<'j>,
    enabled: bool,
    #[serde(borrow)]
    default_value: &'j RawValue,
    #[serde(borrow)]
    rules: Vec<Rule<'j>>,
    #[serde(borrow, default)]
    id_type: Option<Text<'j>>,
    #[serde(borrow, default)]
    entity: Option<Text<'j>>,
    #[serde(default)]
    is_active: Option<bool>,
    #[serde(default)]
    has_shared_params: Option<bool>,
    #[serde(borrow, default)]
    explicit_parameters: Option<Vec<Text<'j>>>,
    #[serde(borrow, default, rename = "targetAppIDs")]
    target_app_ids: Option<Vec<Text<'j>>>,
    #[serde(default)]
    version: Option<u32>,
}

impl Spec<'_> {
    fn size(&self) -> usize {
        let texts = [&self.name, &self.id_type, &self.entity];
        let lists = [&self.explicit_parameters, &self.target_app_ids];
        self.salt.0.len()
            + self.default_value.get().len()
            + texts.iter().filter(|text| text.is_some()).count()
            + lists
                .iter()
                .filter_map(|list| list.as_ref())
                .map(Vec::len)
                .sum::<usize>()
            + usize::from(self.enabled)
            + usize::from(self.is_active.is_some() || self.has_shared_params.is_some())
            + self.version.unwrap_or(0) as usize
            + self.rules.iter().map(Rule::size).sum::<usize>()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'j> {
    #[serde(borrow)]
    name: Text<'j>,
    #[serde(borrow)]
    id: Text<'j>,
    #[serde(borrow, default)]
    salt: Option<Text<'j>>,
    pass_percentage: f64,
    #[serde(borrow)]
    conditions: Vec<RuleCondition<'j>>,
    #[serde(borrow)]
    return_value: &'j RawValue,
    #[serde(borrow, default)]
    id_type: Option<Text<'j>>,
    #[serde(borrow, default)]
    group_name: Option<Text<'j>>,
    #[serde(borrow, default)]
    config_delegate: Option<Text<'j>>,
    #[serde(default)]
    is_experiment_group: Option<bool>,
    #[serde(default)]
    sampling_rate: Option<u64>,
}

impl Rule<'_> {
    fn size(&self) -> usize {
        let texts = [
            &self.salt,
            &self.id_type,
            &self.group_name,
            &self.config_delegate,
        ];
        self.name.0.len()
            + self.id.0.len()
            + self.return_value.get().len()
            + texts.iter().filter(|text| text.is_some()).count()
            + usize::from(self.pass_percentage > 0.0)
            + usize::from(self.is_experiment_group.is_some() || self.sampling_rate.is_some())
            + self
                .conditions
                .iter()
                .map(|condition| match condition {
                    RuleCondition::Named(name) => name.0.len(),
                    RuleCondition::Inline(condition) => condition.size(),
                })
                .sum::<usize>()
    }
}

/// v2: a name in the condition map; v1: the condition.
enum RuleCondition<'j> {
    Named(Text<'j>),
    Inline(Condition<'j>),
}

impl<'de: 'j, 'j> Deserialize<'de> for RuleCondition<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RuleCondition<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a condition")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(RuleCondition::Named(Text(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(RuleCondition::Named(Text(Cow::Owned(text.into()))))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let map = serde::de::value::MapAccessDeserializer::new(map);
                Condition::deserialize(map).map(RuleCondition::Inline)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition<'j> {
    #[serde(borrow, rename = "type")]
    kind: Text<'j>,
    #[serde(borrow, default)]
    target_value: Target<'j>,
    #[serde(borrow, default)]
    operator: Option<Text<'j>>,
    #[serde(borrow, default)]
    field: Option<Text<'j>>,
    #[serde(borrow, default)]
    additional_values: Option<BTreeMap<Text<'j>, Target<'j>>>,
    #[serde(borrow, default)]
    id_type: Option<Text<'j>>,
}

impl Condition<'_> {
    fn size(&self) -> usize {
        let texts = [&self.operator, &self.field, &self.id_type];
        self.kind.0.len()
            + self.target_value.size()
            + texts.iter().filter(|text| text.is_some()).count()
            + self.additional_values.as_ref().map_or(0, BTreeMap::len)
    }
}

/// A target value.
#[derive(Default)]
enum Target<'j> {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    Text(Text<'j>),
    List(Vec<Target<'j>>),
    Map(BTreeMap<Text<'j>, Target<'j>>),
}

impl Target<'_> {
    fn size(&self) -> usize {
        match self {
            Target::Null => 0,
            Target::Bool(value) => usize::from(*value),
            Target::Number(value) => usize::from(*value > 0.0),
            Target::Text(text) => text.0.len(),
            Target::List(list) => list.len(),
            Target::Map(map) => map.len(),
        }
    }
}

impl<'de: 'j, 'j> Deserialize<'de> for Target<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Target<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a target value")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Target::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Target::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Target::Number(value as f64))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Target::Number(value as f64))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Target::Number(value))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Target::Text(Text(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Target::Text(Text(Cow::Owned(text.into()))))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(target) = seq.next_element()? {
                    list.push(target);
                }
                Ok(Target::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((key, target)) = map.next_entry()? {
                    entries.insert(key, target);
                }
                Ok(Target::Map(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
