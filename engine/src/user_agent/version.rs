//! A version the way the core writes it (A.6).
//!
//! Cost: linear in the version's length.

use super::UserAgentText;
use super::words::{Token, cut};

/// What stands for an unknown version.
const UNKNOWN: &str = "0.0.0";

/// The version of `token`; only a `buffer` too small for it gives none.
pub(super) fn write<'a>(token: Token<'a>, buffer: &'a mut UserAgentText) -> Option<&'a str> {
    let Some(version) = token.version else {
        return Some(UNKNOWN);
    };
    if token.tag == "Windows" {
        return Some(windows(version));
    }
    let limit = match token.tag {
        "YaBrowser" | "Opera" | "NetFront NX" => 3,
        _ => 4,
    };
    buffer.clear();
    let mut rest = Some(version);
    for index in 0..limit {
        let Some(text) = rest else { break };
        let (part, after) = cut(text, b"_,.");
        rest = after;
        if part.is_empty() && rest.is_none() {
            break;
        }
        if index > 0 {
            buffer.push_str(".").ok()?;
        }
        let part = match index {
            // The core reads the second part alone as a number.
            1 => digits(part),
            _ => part,
        };
        buffer.push_str(part).ok()?;
    }
    Some(buffer.as_str())
}

/// The digits that `part` begins with.
fn digits(part: &str) -> &str {
    part.bytes()
        .position(|byte| !byte.is_ascii_digit())
        .and_then(|end| part.get(..end))
        .unwrap_or(part)
}

/// The name under which a version of Windows NT was sold, as far as the core knows it.
fn windows(version: &str) -> &'static str {
    match version {
        "5.1" | "5.2" => "XP",
        "6.0" => "Vista",
        "6.1" => "7",
        "6.3" => "8.1",
        "10.0" => "10",
        _ => UNKNOWN,
    }
}
