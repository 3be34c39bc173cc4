//! An evaluation as OpenFeature says it.

use open_feature::provider::ResolutionDetails;
use open_feature::{
    EvaluationError, EvaluationErrorCode as Code, EvaluationReason, FlagMetadata, StructValue,
    Value,
};
use serde_json::Value as Json;
use statsig_edge::{Evaluation, Reason};

/// A value's JSON text with what is said about it.
pub(crate) struct Answer {
    pub(crate) json: String,
    pub(crate) variant: Option<String>,
    pub(crate) reason: EvaluationReason,
    pub(crate) metadata: FlagMetadata,
}

impl Answer {
    /// What an evaluation says, with this value.
    pub(crate) fn of(
        evaluation: &Evaluation<'_>,
        group: Option<&str>,
        json: &str,
        source: &str,
    ) -> Result<Self, EvaluationError> {
        let mut says = String::new();
        let mut rule_id = String::new();
        // A `String` takes everything.
        let _ = evaluation.write_reason(source, &mut says);
        let _ = evaluation.write_rule_id(&mut rule_id);
        let mut metadata = FlagMetadata::default()
            .with_value("reason", says.as_str())
            .with_value("ruleID", rule_id.as_str());
        if let Some(group) = group {
            metadata.add_value("groupName", group);
        }
        if let Some(id_type) = evaluation.id_type().filter(|id_type| !id_type.is_empty()) {
            metadata.add_value("idType", id_type);
        }
        if let Some(version) = evaluation.version {
            metadata.add_value("version", version);
        }
        let reason = match evaluation.reason {
            Reason::Recognized => by_rule(evaluation),
            Reason::Persisted => EvaluationReason::Cached,
            Reason::LocalOverride => EvaluationReason::Other("LOCAL_OVERRIDE".into()),
            Reason::Unrecognized => return Err(error(Code::FlagNotFound, says)),
            Reason::NoValues => return Err(error(Code::ProviderNotReady, says)),
            _ => return Err(error(Code::General("GENERAL".into()), says)),
        };
        Ok(Answer {
            json: json.into(),
            variant: group
                .map(String::from)
                .or((!rule_id.is_empty()).then_some(rule_id)),
            reason,
            metadata,
        })
    }

    /// A value that depends on nothing.
    pub(crate) fn fixed(json: &str) -> Self {
        Answer {
            json: json.into(),
            variant: None,
            reason: EvaluationReason::Static,
            metadata: FlagMetadata::default(),
        }
    }

    pub(crate) fn details<T>(
        self,
        read: fn(&Json) -> Option<T>,
        wanted: &str,
    ) -> Result<ResolutionDetails<T>, EvaluationError> {
        let json: Json = serde_json::from_str(&self.json)
            .map_err(|parse| error(Code::ParseError, parse.to_string()))?;
        let value = read(&json)
            .ok_or_else(|| error(Code::TypeMismatch, format!("the value is no {wanted}")))?;
        Ok(ResolutionDetails {
            value,
            variant: self.variant,
            reason: Some(self.reason),
            flag_metadata: Some(self.metadata),
        })
    }
}

fn by_rule(evaluation: &Evaluation<'_>) -> EvaluationReason {
    match evaluation.rule_id().unwrap_or_default() {
        "" | "default" | "prestart" | "inlineTargetingRules" => EvaluationReason::Default,
        "disabled" => EvaluationReason::Disabled,
        _ if evaluation.is_experiment_group => EvaluationReason::Split,
        _ => EvaluationReason::TargetingMatch,
    }
}

pub(crate) fn error(code: Code, message: impl Into<String>) -> EvaluationError {
    EvaluationError::builder()
        .code(code)
        .message(message)
        .build()
}

/// A JSON object as a structure, without its nulls; `None` where an array has one, which cannot be left out.
pub(crate) fn structure(json: &Json) -> Option<StructValue> {
    let entries = json.as_object()?.iter();
    let entries = entries.filter(|(_, value)| !value.is_null());
    let fields = entries.map(|(name, value)| Some((name.clone(), value_of(value)?)));
    Some(StructValue {
        fields: fields.collect::<Option<_>>()?,
    })
}

/// Whole numbers are integers where they fit.
fn value_of(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(values) => Value::Array(values.iter().map(value_of).collect::<Option<_>>()?),
        Json::Object(_) => Value::Struct(structure(json)?),
    })
}
