//! What our service does beside Statsig: reads method, path, query, user agent and address of a request by the usual
//! `Request`, and answers with headers and a body by the usual `Response`.

use fastly::http::header;
use fastly::{Request, Response};

fn main() {
    let request = Request::from_client();
    let mut body = String::from(request.get_method_str());
    body.push_str(request.get_path());
    body.push_str(request.get_query_str().unwrap_or_default());
    let user_agent = request.get_header(header::USER_AGENT);
    if let Some(text) = user_agent.and_then(|value| std::str::from_utf8(value.as_bytes()).ok()) {
        body.push_str(text);
    }
    let known = request.get_client_ip_addr().is_some();
    let mut response = Response::from_status(if known { 200 } else { 404 });
    response.set_header("content-type", "application/json");
    response.set_header("cache-control", "private, no-store");
    response.with_body(body).send_to_client();
}
