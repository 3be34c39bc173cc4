//! `/resources/stores/config`.

use serde_json::{Value, json};

use super::http::{Request, Response, date, decoded, rfc3339};
use super::stores::{CONFIG, ConfigItem, Stores};

pub(super) fn answer(stores: &mut Stores, path: &[&str], request: &Request) -> Response {
    if path.first() != Some(&CONFIG) {
        return Response::new(404, "{\"msg\":\"Record not found\"}");
    }
    let now = date(stores.now());
    let response = match (request.head.method.as_str(), &path[1..]) {
        ("GET", ["items"]) => {
            let items: Vec<Value> = stores
                .config
                .iter()
                .map(|(key, item)| json(key, item))
                .collect();
            Response::new(200, Value::from(items).to_string())
        }
        ("PATCH", ["items"]) => bulk(stores, &request.body),
        ("GET", ["item", key]) => match stores.config.get(*key) {
            Some(item) => Response::new(200, json(key, item).to_string()),
            None => Response::new(404, "{\"msg\":\"Record not found\"}"),
        },
        ("PUT", ["item", key]) => {
            let body = String::from_utf8(request.body.clone()).unwrap();
            let value = body
                .split('&')
                .find_map(|pair| pair.strip_prefix("item_value="));
            let value = decoded(&value.unwrap().replace('+', " "));
            let change = json!({"op": "upsert", "item_key": key, "item_value": value});
            apply(stores, &[change])
        }
        _ => Response::new(405, ""),
    };
    response.header("date", now)
}

fn json(key: &str, item: &ConfigItem) -> Value {
    let time = rfc3339(item.written);
    json!({"store_id": CONFIG, "item_key": key, "item_value": &*item.value,
        "created_at": time, "updated_at": time, "deleted_at": null})
}

fn bulk(stores: &mut Stores, body: &[u8]) -> Response {
    let body: Value = serde_json::from_slice(body).unwrap();
    apply(stores, body["items"].as_array().unwrap())
}

fn apply(stores: &mut Stores, changes: &[Value]) -> Response {
    if changes.len() > 1_000 {
        return Response::new(400, "{\"msg\":\"Too many items\"}");
    }
    let mut next = stores.config.clone();
    for change in changes {
        let text = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
        let (key, value) = (text("item_key"), text("item_value"));
        let exists = next.contains_key(&key);
        let good = match change["op"].as_str().unwrap() {
            "create" => !exists,
            "update" | "delete" => exists,
            op => op == "upsert",
        };
        if !good || key.is_empty() || key.chars().count() > 255 || value.chars().count() > 8_000 {
            return Response::new(
                400,
                json!({"msg": "Bad request", "detail": key}).to_string(),
            );
        }
        if change["op"] == "delete" {
            next.remove(&key);
        } else {
            let item = ConfigItem {
                value: value.into(),
                written: stores.now(),
            };
            next.insert(key, item);
        }
    }
    if next.len() > 500 {
        return Response::new(400, "{\"msg\":\"Exceeding max_dictionary_items: 500\"}");
    }
    stores.config = next;
    Response::new(200, "{\"status\":\"ok\"}")
}
