//! Stand-in for the service, until it is here.

use fastly::Request;
use fastly::Response;
use fastly::http::StatusCode;
use serde_json::json;

fn main() {
    let request = Request::from_client();
    let path = request.get_path().to_owned();
    let mut parts = path.trim_matches('/').split('/');
    let (kind, name) = (parts.next().unwrap_or(""), parts.next());
    let answer = match (kind, name) {
        ("status", None) | ("all", None) => json!({ "source": "stand-in" }),
        ("gate" | "config" | "experiment" | "layer", Some(name)) => {
            json!({ "name": name, "value": kind == "gate", "rule_id": "stand-in" })
        }
        _ => {
            Response::from_status(StatusCode::NOT_FOUND).send_to_client();
            return;
        }
    };
    Response::from_body(answer.to_string()).send_to_client();
    if let Some(name) = name {
        let batch =
            json!({ "events": [{ "eventName": "stand_in", "metadata": { "name": name } }] });
        let post = Request::post("http://events/v1/log_event").with_pass(true);
        let _ = post.with_body(batch.to_string()).send_async("events");
    }
}
