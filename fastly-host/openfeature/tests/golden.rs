//! Through the SDK's client, everything that Statsig's own core answered for two real projects, and every way to get none.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::sync::Arc;

use open_feature::{
    Client, EvaluationContext, EvaluationContextFieldValue as Field, EvaluationErrorCode as Code,
    EvaluationReason, OpenFeature, StructValue, Value as Of,
};
use serde_json::{Map, Value, json};
use statsig_edge::{Country, Environment, compile::compile};
use statsig_openfeature::{StatsigProvider, block_on};

struct Recorded(Arc<Value>);

impl Environment for Recorded {
    fn now_ms(&self) -> i64 {
        1_790_000_000_000
    }

    fn country(&self, ip: &str) -> Country {
        let code = self.0.get(ip).and_then(|code| code.as_str());
        match code.and_then(|code| code.as_bytes().try_into().ok()) {
            Some(code) => Country::Code(code),
            None => Country::Unknown,
        }
    }
}

fn client(specs: &[u8]) -> Client {
    let countries = Arc::new(common::countries());
    let environment = move || Recorded(Arc::clone(&countries));
    let provider = StatsigProvider::new(compile(specs).unwrap().table, environment).unwrap();
    let mut api = OpenFeature::default();
    block_on(api.set_provider(provider));
    api.create_client()
}

fn of(json: &Value) -> Of {
    match json {
        Value::Bool(value) => Of::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Of::Int(number),
            None => Of::Float(number.as_f64().unwrap()),
        },
        Value::String(text) => Of::String(text.clone()),
        Value::Array(values) => Of::Array(values.iter().map(of).collect()),
        Value::Object(entries) => Of::Struct(structure(entries)),
        Value::Null => panic!("OpenFeature has no null"),
    }
}

fn structure(entries: &Map<String, Value>) -> StructValue {
    let entries = entries.iter();
    StructValue {
        fields: entries
            .map(|(name, value)| (name.clone(), of(value)))
            .collect(),
    }
}

fn field(json: &Value) -> Field {
    match of(json) {
        Of::Bool(value) => value.into(),
        Of::Int(value) => value.into(),
        Of::Float(value) => value.into(),
        Of::String(value) => value.into(),
        Of::Array(_) => panic!("a field is no array"),
        Of::Struct(value) => Field::new_struct(value),
    }
}

/// A recorded user as a service would say it.
fn context(user: &Value) -> EvaluationContext {
    let mut context = EvaluationContext::default();
    for (name, value) in user.as_object().unwrap() {
        match (&**name, value) {
            ("userID", Value::String(id)) => context.targeting_key = Some(id.clone()),
            // Entries one by one, where they are no arrays; the rest under the map's name.
            (map, Value::Object(entries)) => {
                let (arrays, plain): (Vec<_>, Vec<_>) =
                    entries.iter().partition(|(_, value)| value.is_array());
                for (name, value) in plain {
                    let name = match map {
                        "custom" => name.clone(),
                        _ => format!("{map}.{name}"),
                    };
                    context.add_custom_field(name, field(value));
                }
                if !arrays.is_empty() {
                    let arrays = arrays.into_iter();
                    let arrays = arrays.map(|(name, value)| (name.clone(), of(value)));
                    let fields = arrays.collect();
                    context.add_custom_field(map, Field::new_struct(StructValue { fields }));
                }
            }
            _ => context.add_custom_field(name, field(value)),
        }
    }
    context
}

struct Whole(StructValue);

impl TryFrom<StructValue> for Whole {
    type Error = String;

    fn try_from(value: StructValue) -> Result<Self, String> {
        Ok(Whole(value))
    }
}

/// Null members are not there.
fn without_nulls(json: &Value) -> Value {
    match json {
        Value::Object(entries) => {
            let entries = entries.iter().filter(|(_, value)| !value.is_null());
            let entries = entries.map(|(name, value)| (name.clone(), without_nulls(value)));
            Value::Object(entries.collect())
        }
        other => other.clone(),
    }
}

/// The value of a parameter, asked for as what it is; and as what it is not.
fn assert_parameter(client: &Client, context: &EvaluationContext, flag: &str, expected: &Value) {
    let context = Some(context);
    let of_another_type = match expected {
        Value::Bool(value) => {
            let details = block_on(client.get_bool_details(flag, context, None)).unwrap();
            assert_eq!(details.value, *value, "{flag}");
            block_on(client.get_string_value(flag, context, None)).map(drop)
        }
        Value::String(text) => {
            let details = block_on(client.get_string_details(flag, context, None)).unwrap();
            assert_eq!(details.value, *text, "{flag}");
            block_on(client.get_float_value(flag, context, None)).map(drop)
        }
        Value::Number(number) => {
            let details = block_on(client.get_float_details(flag, context, None)).unwrap();
            assert_eq!(Some(details.value), number.as_f64(), "{flag}");
            match number.as_i64() {
                Some(number) => {
                    let whole = block_on(client.get_int_value(flag, context, None));
                    assert_eq!(whole.unwrap(), number, "{flag}");
                    block_on(client.get_bool_value(flag, context, None)).map(drop)
                }
                None => block_on(client.get_int_value(flag, context, None)).map(drop),
            }
        }
        Value::Object(entries) => {
            let whole = block_on(client.get_struct_value::<Whole>(flag, context, None)).unwrap();
            let Value::Object(entries) = without_nulls(&Value::Object(entries.clone())) else {
                unreachable!()
            };
            assert_eq!(whole.0, structure(&entries), "{flag}");
            block_on(client.get_int_value(flag, context, None)).map(drop)
        }
        _ => block_on(client.get_int_value(flag, context, None)).map(drop),
    };
    let code = of_another_type.unwrap_err().code;
    assert_eq!(code, Code::TypeMismatch, "{flag}");
}

fn compare(specs: &[u8], mut golden: Value) {
    common::expand_large(&mut golden);
    let client = client(specs);
    let (mut gates, mut parameters) = (0, 0);
    for user in golden["users"].as_array().unwrap() {
        let context = context(&user["user"]);
        let results = &golden["results"][user["id"].as_str().unwrap()];
        for (name, expected) in results["gates"].as_object().unwrap() {
            let details = block_on(client.get_bool_details(name, Some(&context), None));
            let details = details.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(json!(details.value), expected["value"], "{name}");
            let rule_id = expected["ruleID"].as_str().unwrap();
            assert_eq!(details.variant.as_deref().unwrap_or_default(), rule_id);
            let disabled = details.reason == Some(EvaluationReason::Disabled);
            assert_eq!(disabled, rule_id == "disabled", "{name}");
            gates += 1;
        }
        for (section, kind) in [
            ("dynamic_configs", "config"),
            ("experiments", "experiment"),
            ("layers", "layer"),
            ("param_stores", "store"),
        ] {
            for (name, expected) in results[section].as_object().unwrap() {
                let value = match kind {
                    "store" => &expected["values"],
                    _ => &expected["value"],
                };
                let flag = format!("{kind}:{name}");
                let whole =
                    block_on(client.get_struct_details::<Whole>(&flag, Some(&context), None));
                let without = without_nulls(value);
                match whole {
                    Ok(whole) => {
                        assert_eq!(
                            whole.value.0,
                            structure(without.as_object().unwrap()),
                            "{flag}"
                        );
                        let group = &expected["groupName"];
                        if group.is_string() {
                            assert_eq!(json!(whole.variant), *group, "{flag}");
                        }
                    }
                    Err(error) => panic!("{flag}: {error:?}"),
                }
                for (parameter, value) in without.as_object().unwrap() {
                    let flag = format!("{flag}.{parameter}");
                    assert_parameter(&client, &context, &flag, value);
                    parameters += 1;
                }
            }
        }
    }
    assert!(gates > 100 && parameters > 100, "{gates} {parameters}");
}

#[test]
fn the_demo_project_agrees() {
    compare(common::DEMO_SPECS, common::demo_golden());
}

#[test]
fn the_larger_project_agrees() {
    compare(common::EVAL_SPECS, common::eval_golden());
}

#[test]
fn keys_without_a_kind_find_what_there_is() {
    let client = client(common::EVAL_SPECS);
    let context = EvaluationContext::default()
        .with_targeting_key("123")
        .with_custom_field("Email", "dev@statsig.com");
    let context = Some(&context);
    assert!(block_on(client.get_bool_value("test_email", context, None)).unwrap());
    assert!(block_on(client.get_bool_value("gate:test_email", context, None)).unwrap());
    for (flag, code) in [
        ("test_emai", Code::FlagNotFound),
        ("test_email.header_text", Code::FlagNotFound),
        ("config:test_email", Code::FlagNotFound),
        ("", Code::FlagNotFound),
        (":", Code::FlagNotFound),
        ("store:x.y", Code::FlagNotFound),
        ("test_email_config", Code::TypeMismatch),
        ("test_email_config.no_such_parameter", Code::FlagNotFound),
        ("test_layer.no_such_parameter", Code::FlagNotFound),
    ] {
        let refused = block_on(client.get_bool_value(flag, context, None));
        assert_eq!(refused.unwrap_err().code, code, "{flag}");
    }
    let text = block_on(client.get_string_details("test_email_config.header_text", context, None));
    let text = text.unwrap();
    let metadata = text.flag_metadata.values;
    assert_eq!(metadata["reason"], "Bootstrap:Recognized".into());
    assert_eq!(metadata["ruleID"], text.variant.unwrap().into());
    // A layer's, recorded for this user.
    let text =
        block_on(client.get_string_details("test_layer.layer_param", context, None)).unwrap();
    assert_eq!(
        (&*text.value, text.variant.as_deref()),
        ("test", Some("Test"))
    );
    assert_eq!(text.reason, Some(EvaluationReason::Split));
    let refused = block_on(client.get_string_value("test_email", context, None));
    assert_eq!(refused.unwrap_err().code, Code::TypeMismatch);
}

#[test]
fn fields_that_json_cannot_say_are_refused() {
    let client = client(common::EVAL_SPECS);
    for bad in [
        Field::Float(f64::NAN),
        Field::Float(f64::INFINITY),
        Field::new_struct("a structure of somebody's own"),
    ] {
        let context = EvaluationContext::default()
            .with_targeting_key("u")
            .with_custom_field("bad", bad);
        let refused = block_on(client.get_bool_value("test_public", Some(&context), None));
        assert_eq!(refused.unwrap_err().code, Code::InvalidContext);
    }
    // Nothing to find is found first.
    let nobody = EvaluationContext::default();
    let refused = block_on(client.get_bool_value("none", Some(&nobody), None));
    assert_eq!(refused.unwrap_err().code, Code::FlagNotFound);
    let refused = block_on(client.get_bool_value("test_public", Some(&nobody), None));
    assert_eq!(refused.unwrap_err().code, Code::TargetingKeyMissing);
    for name in ["customIDs.companyID", "userId"] {
        let somebody = EvaluationContext::default().with_custom_field(name, "c-1");
        assert!(block_on(client.get_bool_value("test_public", Some(&somebody), None)).unwrap());
    }
    assert!(StatsigProvider::new(&b"no table"[..], || Recorded(Arc::default())).is_err());
}
