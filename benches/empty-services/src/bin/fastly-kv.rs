//! Reads the value that our service reads, by the `fastly` crate's own means, and touches every page of it.

use fastly::{KVStore, Request, Response};

fn main() {
    let _request = Request::from_client();
    let value = KVStore::open("statsig")
        .ok()
        .flatten()
        .and_then(|store| store.lookup("statsig-specs").ok())
        .map(|mut found| found.take_body_bytes())
        .unwrap_or_default();
    let sum: u64 = value
        .iter()
        .step_by(4096)
        .map(|&byte| u64::from(byte))
        .sum();
    Response::from_body(format!("{{\"bytes\":{},\"sum\":{sum}}}", value.len()))
        .with_header("content-type", "application/json")
        .send_to_client();
}
