//! Finding one member of a JSON object, without a JSON parser.
//!
//! The text is scanned once. That strings end and brackets match is seen, what stands between them is not looked at.

/// Looks for a member of the outermost object, by its name without escapes. What stands inside a string, an array or another
/// object does not count, and of a name given twice the last counts.
///
/// Gives the text from the member's value on, or an empty one when there is no such member; `None` when the text is not one
/// whole object.
pub(crate) fn member<'j>(json: &'j [u8], name: &[u8]) -> Option<&'j [u8]> {
    let mut rest = json.trim_ascii();
    let mut depth = 0_u32;
    // The last string of the top level.
    let mut last: &[u8] = &[];
    let mut found: &[u8] = &[];
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => {
                let (string, after) = string_end(rest)?;
                rest = after;
                if depth == 1 {
                    last = string;
                }
            }
            b':' if depth == 1 && last == name => found = rest.trim_ascii_start(),
            b'{' => depth = depth.checked_add(1)?,
            b'[' if depth > 0 => depth = depth.checked_add(1)?,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return rest.is_empty().then_some(found);
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
}

/// Splits after the string that begins here, its opening quote already read: contents with escapes as they are, rest.
pub(crate) fn string_end(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let end = text.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let (string, rest) = text.split_at_checked(end)?;
    Some((string, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// What a real JSON parser finds: `None` for what is no object.
    fn parsed(json: &str) -> Option<Option<Value>> {
        let value: Value = serde_json::from_str(json).ok()?;
        Some(value.as_object()?.get("success").cloned())
    }

    #[test]
    fn agrees_with_a_json_parser() {
        for json in [
            "{}",
            r#"{"success":true}"#,
            " {\n\"success\" :\tfalse }\n",
            r#"{"a":{"success":1},"b":["success",{"success":2}],"success":3}"#,
            r#"{"success":1,"success":2}"#,
            r#"{"a":"success","b":"\"success\":1","c":"\\","success":"x\"}"}"#,
            r#"{"a":"success"}"#,
            r#"{"success":{"success":5}}"#,
            "",
            " ",
            "[]",
            r#"[{"success":true}]"#,
            r#""success""#,
            "true",
            "{",
            r#"{"success":true"#,
            r#"{"success":"tru"#,
            r#"{"success":true}}"#,
            r#"{"success":true} x"#,
            "<html>{}</html>",
            "OK",
        ] {
            let found = member(json.as_bytes(), b"success").map(|value| {
                serde_json::Deserializer::from_slice(value)
                    .into_iter::<Value>()
                    .next()
                    .map(Result::unwrap)
            });
            assert_eq!(found, parsed(json), "{json}");
        }
    }
}
