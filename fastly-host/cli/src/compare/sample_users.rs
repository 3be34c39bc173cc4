//! Users made up to reach a payload's rules: their fields have values that its conditions ask for, or others.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use statsig_edge::User;

/// The most values that are tried for one field.
const MOST_VALUES: usize = 200;

/// `count` users, the same ones for the same payload. Each has a name and its JSON.
pub(crate) fn sample(payload: Option<&Value>, count: usize) -> Vec<(String, String)> {
    let fields = payload.map(wanted).unwrap_or_default();
    let mut random = fastrand::Rng::with_seed(0x5EED);
    (0..count)
        .map(|number| {
            let user = user(number, &fields, &mut random);
            (format!("sample-{number}"), user.to_string())
        })
        .collect()
}

/// The values that conditions ask for, by field; units have none.
#[derive(Debug, Default)]
struct Wanted {
    values: BTreeMap<String, Vec<Value>>,
    units: Vec<String>,
}

fn wanted(payload: &Value) -> Wanted {
    let mut wanted = Wanted::default();
    // Both formats have conditions as objects with a `type` somewhere; the depth is that of the payload.
    let mut open = vec![payload];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                if let (Some(_), Some(target)) = (members.get("type"), members.get("targetValue")) {
                    wanted.add(members, target);
                }
                open.extend(members.values());
            }
            _ => {}
        }
    }
    wanted
}

impl Wanted {
    fn add(&mut self, condition: &Map<String, Value>, target: &Value) {
        let text = |name| condition.get(name).and_then(Value::as_str);
        if let Some(unit) = text("idType").filter(|unit| !unit.eq_ignore_ascii_case("userid"))
            && !self.units.iter().any(|known| known == unit)
        {
            self.units.push(unit.to_owned());
        }
        let field = match (text("type"), text("field")) {
            (Some("unit_id"), _) => "userID",
            (Some("user_field" | "ip_based" | "ua_based"), Some(field)) => field,
            _ => return,
        };
        let values = self.values.entry(field.to_owned()).or_default();
        let list = std::slice::from_ref(target);
        let list = target.as_array().map_or(list, Vec::as_slice);
        let scalars = list
            .iter()
            .filter(|value| value.is_string() || value.is_number());
        let room = MOST_VALUES.saturating_sub(values.len());
        values.extend(scalars.take(room).cloned());
    }
}

fn user(number: usize, wanted: &Wanted, random: &mut fastrand::Rng) -> Value {
    let mut user = Map::new();
    let mut custom = Map::new();
    user.insert(
        "userID".into(),
        format!("sample-{number}-{:08x}", random.u32(..)).into(),
    );
    for (field, values) in &wanted.values {
        // A third has none, a third one that is asked for, a third another one.
        let value = match random.u32(..3) {
            0 => continue,
            1 if !values.is_empty() => values[random.usize(..values.len())].clone(),
            _ => format!("other-{}", random.u32(..100)).into(),
        };
        match User::FIELDS
            .iter()
            .find(|name| name.eq_ignore_ascii_case(field))
        {
            // Ids are texts, or nothing would be drawn by them.
            Some(&"userID") => match value {
                Value::String(_) => user.insert("userID".into(), value),
                _ => user.insert("userID".into(), value.to_string().into()),
            },
            Some(name) => user.insert((*name).into(), value),
            None => custom.insert(field.clone(), value),
        };
    }
    let ids: Map<String, Value> = wanted
        .units
        .iter()
        .filter(|_| random.u32(..4) > 0)
        .map(|unit| (unit.clone(), format!("{unit}-{number}").into()))
        .collect();
    if !custom.is_empty() {
        user.insert("custom".into(), custom.into());
    }
    if !ids.is_empty() {
        user.insert("customIDs".into(), ids.into());
    }
    json!(user)
}
