//! An evaluation context as a user, in JSON.

use open_feature::{
    EvaluationContext, EvaluationContextFieldValue as Field, EvaluationError, EvaluationErrorCode,
    StructValue, Value,
};
use serde_json::{Map, Value as Json, json};
use statsig_edge::User;

const MAPS: [&str; 4] = [
    "customIDs",
    "privateAttributes",
    "statsigEnvironment",
    "custom",
];

/// The user that a context describes.
pub(crate) fn user_json(context: &EvaluationContext) -> Result<String, EvaluationError> {
    let mut user = Map::new();
    for (name, field) in &context.custom_fields {
        let known = User::FIELDS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name));
        if let Some(known) = known {
            user.insert((*known).into(), field_json(name, field)?);
            continue;
        }
        if let (Some(map), Some(fields)) = (known_map(name), structure(field)) {
            let place = entries(&mut user, map);
            for (name, value) in &fields.fields {
                place.insert(name.clone(), value_json(name, value)?);
            }
            continue;
        }
        let (map, name) = name
            .split_once('.')
            .and_then(|(map, entry)| Some((known_map(map)?, entry)))
            .unwrap_or(("custom", name));
        let value = field_json(name, field)?;
        entries(&mut user, map).insert(name.into(), value);
    }
    if let Some(key) = &context.targeting_key {
        user.insert("userID".into(), json!(key));
    }
    let has_custom_id = user.get("customIDs").and_then(Json::as_object);
    if !user.contains_key("userID") && has_custom_id.is_none_or(Map::is_empty) {
        return Err(EvaluationError::builder()
            .code(EvaluationErrorCode::TargetingKeyMissing)
            .message("a targeting key or a field customIDs.NAME is needed")
            .build());
    }
    Ok(Json::Object(user).to_string())
}

fn known_map(name: &str) -> Option<&'static str> {
    MAPS.into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
}

fn entries<'u>(user: &'u mut Map<String, Json>, map: &str) -> &'u mut Map<String, Json> {
    let place = user.entry(map).or_insert_with(|| Json::Object(Map::new()));
    match place {
        Json::Object(entries) => entries,
        _ => unreachable!("only maps have these names"),
    }
}

fn structure(field: &Field) -> Option<&StructValue> {
    match field {
        Field::Struct(any) => any.downcast_ref(),
        _ => None,
    }
}

fn field_json(name: &str, field: &Field) -> Result<Json, EvaluationError> {
    Ok(match field {
        Field::Bool(value) => json!(value),
        Field::Int(value) => json!(value),
        Field::Float(value) => float(name, *value)?,
        Field::String(value) => json!(value),
        Field::DateTime(time) => {
            let ms = time.unix_timestamp_nanos().div_euclid(1_000_000);
            json!(i64::try_from(ms).unwrap_or(i64::MAX))
        }
        Field::Struct(_) => match structure(field) {
            Some(fields) => struct_json(name, fields)?,
            None => return Err(invalid(name, "is a structure other than a StructValue")),
        },
    })
}

fn value_json(name: &str, value: &Value) -> Result<Json, EvaluationError> {
    Ok(match value {
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Float(value) => float(name, *value)?,
        Value::String(value) => json!(value),
        Value::Array(values) => {
            let values = values.iter().map(|value| value_json(name, value));
            Json::Array(values.collect::<Result<_, _>>()?)
        }
        Value::Struct(fields) => struct_json(name, fields)?,
    })
}

fn struct_json(name: &str, fields: &StructValue) -> Result<Json, EvaluationError> {
    let entries = fields
        .fields
        .iter()
        .map(|(key, value)| Ok((key.clone(), value_json(name, value)?)));
    Ok(Json::Object(entries.collect::<Result<_, _>>()?))
}

fn float(name: &str, value: f64) -> Result<Json, EvaluationError> {
    match value.is_finite() {
        true => Ok(json!(value)),
        false => Err(invalid(name, "is no number that JSON has")),
    }
}

fn invalid(name: &str, what: &str) -> EvaluationError {
    EvaluationError::builder()
        .code(EvaluationErrorCode::InvalidContext)
        .message(format!("the field {name} {what}"))
        .build()
}
