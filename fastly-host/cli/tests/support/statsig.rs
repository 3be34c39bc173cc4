//! Statsig's CDN (evaluation.md 7).

use std::io::Write;

use serde_json::Value;

use super::SECRET_KEY;
use super::http::{Head, Response};
use super::stores::Stores;

pub(super) fn answer(stores: &Stores, head: &Head) -> Response {
    let path = head.path.replace("%2F", "/");
    if let Some(name) = path.strip_prefix("/lists/") {
        return file(stores, name, head);
    }
    let key = |prefix: &str| {
        path.strip_prefix(prefix)?
            .strip_suffix(".json")
            .map(str::to_owned)
    };
    if let Some(given) = key("/v1/get_id_lists/") {
        return match given == SECRET_KEY && head.method == "POST" {
            true => Response::new(200, stores.id_lists.to_string()),
            false => Response::new(401, format!("Invalid secret key {given}")),
        };
    }
    for version in ["v1", "v2"] {
        let Some(given) = key(&format!("/{version}/download_config_specs/")) else {
            continue;
        };
        if given != SECRET_KEY {
            return Response::new(401, format!("Invalid secret key {given}"));
        }
        return match stores.specs.get(version) {
            Some(specs) => news(specs, head),
            None => Response::new(500, "no such project"),
        };
    }
    Response::new(404, "no such page")
}

/// The specs, unless the client has them.
fn news(specs: &[u8], head: &Head) -> Response {
    let payload: Value = serde_json::from_slice(specs).unwrap_or_default();
    let known = |name: &str| head.query.get(name).map(String::as_str);
    let since: u64 = known("sinceTime").map_or(0, |time| time.parse().unwrap());
    let same = match payload["checksum"].as_str() {
        Some(checksum) => known("checksum") == Some(checksum),
        None => true,
    };
    if since > 0 && since >= payload["time"].as_u64().unwrap_or(0) && same {
        return Response::new(200, "{\"has_updates\":false}");
    }
    if head
        .header("accept-encoding")
        .is_some_and(|accepted| accepted.contains("gzip"))
    {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(specs).unwrap();
        return Response::new(200, packed.finish().unwrap()).header("content-encoding", "gzip");
    }
    Response::new(200, specs)
}

/// A part of a list's file.
fn file(stores: &Stores, name: &str, head: &Head) -> Response {
    assert!(head.header("fastly-key").is_none() && head.header("statsig-api-key").is_none());
    assert!(head.header("statsig-id-list-file-size").is_some());
    let Some(file) = stores.files.get(name) else {
        return Response::new(404, "no such list");
    };
    let range = head
        .header("range")
        .and_then(|range| range.strip_prefix("bytes="));
    let start: usize = range
        .and_then(|range| range.strip_suffix('-'))
        .map_or(0, |n| n.parse().unwrap());
    if start >= file.len() {
        return Response::new(416, "");
    }
    let range = format!("bytes {start}-{}/{}", file.len() - 1, file.len());
    Response::new(206, &file[start..]).header("content-range", range)
}
