//! `/resources/stores/kv`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::http::{Request, Response};
use super::stores::{KV, KvItem, Stores};

pub(super) fn answer(
    stores: &mut Stores,
    path: &[&str],
    request: &Request,
    failing: &[usize],
) -> Response {
    let head = &request.head;
    if path.first() != Some(&KV) {
        return Response::new(404, "{\"title\":\"store not found\"}");
    }
    match (head.method.as_str(), &path[1..]) {
        ("GET", ["keys"]) => list(stores, request),
        ("PUT", ["batch"]) => batch(stores, &request.body, failing),
        ("GET" | "HEAD", ["keys", key]) => match stores.kv.get(&key.replace("%2F", "/")) {
            Some(item) => Response::new(200, item.value.to_vec())
                .header("generation", item.generation)
                .header("metadata", &item.metadata),
            None => Response::new(404, "{\"title\":\"item not found\"}"),
        },
        ("PUT", ["keys", key]) => put(stores, &key.replace("%2F", "/"), request),
        ("DELETE", ["keys", key]) => match stores.kv.remove(&key.replace("%2F", "/")) {
            Some(_) => Response::new(204, ""),
            None => Response::new(404, "{\"title\":\"item not found\"}"),
        },
        _ => Response::new(405, ""),
    }
}

fn is_key(key: &str) -> bool {
    let odd = |character: char| "#;?^|\r\n".contains(character);
    (1..=1024).contains(&key.len()) && key != "." && key != ".." && !key.contains(odd)
}

fn put(stores: &mut Stores, key: &str, request: &Request) -> Response {
    let head = &request.head;
    let metadata = head.header("metadata").unwrap_or_default();
    if !is_key(key) || metadata.len() > 2_000 {
        return Response::new(400, "{\"title\":\"bad request\"}");
    }
    let has = stores.kv.get(key).map(|item| item.generation);
    let wanted = head
        .header("if-generation-match")
        .map(|text| text.parse::<u64>().unwrap());
    let adds = head.query.get("add").is_some_and(|add| add == "true");
    if (adds && has.is_some()) || wanted.is_some_and(|wanted| has.unwrap_or(0) != wanted) {
        return Response::new(412, "{\"title\":\"precondition failed\"}");
    }
    assert!(adds || wanted.is_some(), "an unconditional write of {key}");
    assert_eq!(
        head.query.get("background_fetch").map(String::as_str),
        Some("true")
    );
    stores.put(key, &request.body, metadata);
    Response::new(200, "")
}

fn list(stores: &Stores, request: &Request) -> Response {
    let query = |name: &str| request.head.query.get(name).map_or("", String::as_str);
    let limit = query("limit")
        .parse::<usize>()
        .unwrap_or(100)
        .min(stores.max_page);
    let start: usize = query("cursor").parse().unwrap_or(0);
    let keys: Vec<&String> = stores
        .kv
        .keys()
        .filter(|key| key.starts_with(query("prefix")))
        .collect();
    let page: Vec<&&String> = keys.iter().skip(start).take(limit).collect();
    let mut meta = json!({"limit": limit});
    if start + page.len() < keys.len() {
        meta["next_cursor"] = (start + page.len()).to_string().into();
    }
    Response::new(200, json!({"data": page, "meta": meta}).to_string())
}

fn batch(stores: &mut Stores, body: &[u8], failing: &[usize]) -> Response {
    let mut errors = Vec::new();
    let lines = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    for (index, line) in lines.enumerate() {
        let fail = |key: &str, code: &str, reason: &str| json!({"key": key, "index": index, "code": code, "reason": reason});
        let Ok(line) = serde_json::from_slice::<Value>(line) else {
            errors.push(fail("", "400", "not JSON"));
            continue;
        };
        let key = line["key"].as_str().unwrap_or_default();
        let Ok(value) = STANDARD.decode(line["value"].as_str().unwrap_or("?")) else {
            errors.push(fail(key, "400", "not Base64"));
            continue;
        };
        if !is_key(key) {
            errors.push(fail(key, "400", "bad key"));
        } else if failing.contains(&index) {
            errors.push(fail(key, "500", "not today"));
        } else if value.len() > stores.max_value {
            errors.push(fail(key, "413", "too large"));
        } else {
            let generation = stores.generation();
            stores.kv.insert(
                key.to_owned(),
                KvItem {
                    value: value.into(),
                    metadata: String::new(),
                    generation,
                    time_to_live_s: line["time_to_live_sec"].as_u64(),
                },
            );
        }
    }
    match errors.is_empty() {
        true => Response::new(200, "{}"),
        false => Response::new(
            400,
            json!({"title": "errors", "errors": errors}).to_string(),
        ),
    }
}
