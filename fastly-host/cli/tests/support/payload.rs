//! Real payloads, and changed ones.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

/// One of the payloads beside the engine.
pub fn named(name: &str) -> Vec<u8> {
    let path = format!("../../engine/tests/data/payloads/{name}.json.gz");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&packed[..])
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

/// A small v2 project, 65 KB.
pub fn demo() -> Vec<u8> {
    named("demo_proj_dcs")
}

/// A larger v2 project, 375 KB.
pub fn eval() -> Vec<u8> {
    named("eval_proj_dcs")
}

/// The payload with changes, later by a second.
pub fn later(payload: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(payload).unwrap();
    value["time"] = (value["time"].as_u64().unwrap() + 1_000).into();
    if value["checksum"].is_string() {
        value["checksum"] = format!("changed-{}", value["time"]).into();
    }
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

/// Its time.
pub fn time(payload: &[u8]) -> u64 {
    let value: Value = serde_json::from_slice(payload).unwrap();
    value["time"].as_u64().unwrap()
}

/// What it compiles to.
pub fn table(payload: &[u8]) -> Vec<u8> {
    statsig_edge::compile::compile(payload).unwrap().table
}
