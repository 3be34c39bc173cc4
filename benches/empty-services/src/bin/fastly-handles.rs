//! The smallest useful service on the `fastly` crate: handles only, never a URL, which would bring the tables of
//! internationalised domain names.

use std::io::Write;

use fastly::handle::{BodyHandle, RequestHandle, ResponseHandle};
use fastly::http::{HeaderValue, StatusCode, header};

fn main() {
    let request = RequestHandle::from_client();
    let user_agent = request.get_header_value(&header::USER_AGENT, 1024);
    let known = request.client_ip_addr().is_some();
    let mut response = ResponseHandle::new();
    if !known {
        response.set_status(StatusCode::NOT_FOUND);
    }
    response.insert_header(
        &header::CONTENT_TYPE,
        &HeaderValue::from_static("application/json"),
    );
    response.insert_header(
        &header::CACHE_CONTROL,
        &HeaderValue::from_static("private, no-store"),
    );
    let mut body = BodyHandle::new();
    if let Ok(Some(text)) = user_agent {
        // The client gets what could be written.
        let _ = body.write_all(text.as_bytes());
    }
    response.send_to_client(body);
}
