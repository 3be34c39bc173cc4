//! Users, and their user agents.

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::is_linear;
#[cfg(feature = "user-agent")]
use super::of;
use crate::User;

fn read_user(json: &[u8]) {
    let mut scratch = vec![0; json.len() * 6];
    let user = User::from_json(json, &mut scratch).unwrap();
    let _ = user.write_json(&crate::Options::default(), &mut String::new());
    user.custom.and_then(|custom| custom.get("none"));
}

fn custom(value: &str) -> String {
    format!(r#"{{"userID":"u","custom":{{"f":{value}}}}}"#)
}

#[test]
fn users_are_read_in_linear_time() {
    let members = |n: usize, name: &dyn Fn(usize) -> String| {
        let members: Vec<String> = (0..n).map(|at| format!("\"{}\":1", name(at))).collect();
        format!("{{\"custom\":{{{}}}}}", members.join(","))
    };
    is_linear(
        "many members",
        |n| members(n, &|at| format!("name{at:06}")),
        read_user,
    );
    is_linear("one name", |n| members(n, &|_| "name".into()), read_user);
    is_linear(
        "unknown members",
        |n| {
            let members: Vec<String> = (0..n).map(|at| format!("\"x{at:06}\":[[],{{}}]")).collect();
            format!("{{{}}}", members.join(","))
        },
        read_user,
    );
    is_linear(
        "plain text",
        |n| custom(&format!("\"{}\"", "a".repeat(n))),
        read_user,
    );
    is_linear(
        "escapes",
        |n| custom(&format!("\"{}\"", r"\u0061\n".repeat(n))),
        read_user,
    );
    is_linear(
        "pairs",
        |n| custom(&format!("\"{}\"", r"\ud83d\ude00".repeat(n))),
        read_user,
    );
    is_linear(
        "long array",
        |n| custom(&format!("[{}1]", "1.5e3, ".repeat(n))),
        read_user,
    );
    is_linear(
        "long number",
        |n| custom(&format!("[0.{}]", "7".repeat(n))),
        read_user,
    );
    is_linear(
        "nesting",
        |n| {
            let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
            custom(&format!("[{}1]", format!("{deep},").repeat(n / 10)))
        },
        read_user,
    );
    is_linear(
        "white space",
        |n| custom(&format!("[{}1]", " \t\n".repeat(n))),
        read_user,
    );
}

#[cfg(feature = "user-agent")]
#[test]
fn user_agents_are_read_in_linear_time() {
    use crate::user_agent::{MAX_LENGTH, UserAgentField, UserAgentText, field};
    let shapes = [
        "a ",
        "; ",
        "Mac ",
        "Windows NT ",
        "Version/1.0 ",
        "bot ",
        "aaaaaaa",
        "CPU OS ",
        "Mozilla/5.0 ",
        "1.",
        "_",
        "like Mac OS X ",
        "\u{e4}",
        "(((",
        "Chrome/1 Safari/2 ",
    ];
    for shape in shapes {
        let work = |length: usize| {
            let text = shape.repeat(length / shape.len());
            of(|| {
                for name in ["os_name", "os_version", "browser_name", "browser_version"] {
                    let asked = UserAgentField::from_name(name).unwrap();
                    let _ = field(&text, asked, &mut UserAgentText::new());
                }
            })
        };
        let counts = [work(MAX_LENGTH / 4), work(MAX_LENGTH / 2), work(MAX_LENGTH)];
        for pair in counts.windows(2) {
            assert!(pair[1] * 10 <= pair[0] * 23 + 1000, "{shape:?}: {counts:?}");
        }
        assert!(counts[2] > MAX_LENGTH / 2, "{shape:?}: {counts:?}");
    }
}

#[test]
fn texts_with_special_characters_are_written_in_linear_time() {
    is_linear(
        "records",
        |n| custom(&format!("{{\"a\":[{}1]}}", r#"{"b":"\u00e4"},"#.repeat(n))),
        read_user,
    );
}
