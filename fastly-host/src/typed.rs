//! JSON text read as a value of one type, for parameters.

use alloc::string::String;

pub(crate) fn boolean(json: &str) -> Option<bool> {
    match json {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Integers and floats are one type.
pub(crate) fn number(json: &str) -> Option<f64> {
    let first = json.bytes().next()?;
    // What `f64` reads besides JSON's numbers begins otherwise.
    if !first.is_ascii_digit() && first != b'-' {
        return None;
    }
    json.parse().ok()
}

pub(crate) fn string(json: &str) -> Option<String> {
    let mut out = String::new();
    statsig_edge::write_unescaped(json, &mut out)?.ok()?;
    Some(out)
}
