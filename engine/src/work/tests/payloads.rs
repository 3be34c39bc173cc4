//! Payloads of specs, with names that were chosen to collide too.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::{is_linear, of};

fn gates(conditions: &str, rules: &str) -> String {
    format!(
        r#"{{"has_updates":true,"time":1,"dynamic_configs":{{}},"layer_configs":{{}},"experiment_to_layer":{{}},
        "condition_map":{{{conditions}}},"feature_gates":{{"g":{{"type":"feature_gate","entity":"feature_gate","salt":"s",
        "enabled":true,"defaultValue":false,"idType":"userID","rules":[{rules}]}}}}}}"#
    )
}

#[test]
fn payloads_are_compiled_in_linear_time() {
    use crate::compile::compile;
    let read = |json: &[u8]| {
        compile(json).unwrap();
    };
    let condition = |name: &str, target: &str| {
        format!(
            r#""{name}":{{"type":"user_field","field":"f","operator":"any","targetValue":{target},"idType":"userID"}}"#
        )
    };
    let rule = |conditions: &str, value: &str| {
        format!(
            r#"{{"name":"r","id":"r","passPercentage":50,"conditions":[{conditions}],"returnValue":{value},"idType":"userID"}}"#
        )
    };
    let list =
        |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join(",");
    is_linear(
        "many conditions",
        |n| gates(&list(n, &|at| condition(&at.to_string(), "[\"x\"]")), ""),
        read,
    );
    is_linear(
        "one condition's name",
        |n| gates(&list(n, &|at| condition("c", &format!("[{at}]"))), ""),
        read,
    );
    is_linear(
        "long list",
        |n| {
            gates(
                &condition("c", &format!("[{}]", list(n, &|at| format!("\"t{at}\"")))),
                "",
            )
        },
        read,
    );
    is_linear(
        "list of one",
        |n| {
            gates(
                &condition("c", &format!("[{}]", list(n, &|_| "\"t\"".into()))),
                "",
            )
        },
        read,
    );
    is_linear(
        "many rules",
        |n| gates(&condition("c", "[1]"), &list(n, &|_| rule("\"c\"", "true"))),
        read,
    );
    is_linear(
        "many names of conditions",
        |n| {
            gates(
                &condition("c", "[1]"),
                &rule(&list(n, &|_| "\"c\"".into()), "true"),
            )
        },
        read,
    );
    is_linear(
        "many values",
        |n| gates("", &list(n, &|at| rule("", &format!("{{\"a{at}\":{at}}}")))),
        read,
    );
    is_linear(
        "large value",
        |n| {
            gates(
                "",
                &rule(
                    "",
                    &format!("{{{}}}", list(n, &|at| format!("\"a{at}\":{at}"))),
                ),
            )
        },
        read,
    );
    is_linear(
        "one member",
        |n| {
            gates(
                "",
                &rule("", &format!("{{{}}}", list(n, &|at| format!("\"a\":{at}")))),
            )
        },
        read,
    );
    is_linear(
        "escapes",
        |n| {
            gates(
                "",
                &rule("", &format!("{{\"a\":\"{}\"}}", r"\u0061\\".repeat(n))),
            )
        },
        read,
    );
    is_linear(
        "nesting",
        |n| {
            let deep = format!("{}{}", "[".repeat(90), "]".repeat(90));
            gates(
                "",
                &rule(
                    "",
                    &format!("{{\"a\":[{}]}}", list(n / 10, &|_| deep.clone())),
                ),
            )
        },
        read,
    );
    is_linear(
        "unknown members",
        |n| {
            gates("", "").replacen(
                '{',
                &format!("{{{},", list(n, &|at| format!("\"x{at}\":{{}}"))),
                1,
            )
        },
        read,
    );
}

/// Different texts whose hashes have the same lower bits: the same slot of an index of the compiler.
fn colliding(count: usize, bits: u32) -> Vec<String> {
    let texts = (0_u32..).map(|at| format!("t{at:08x}"));
    let same = texts.filter(|text| crate::hash::text_hash(text.as_bytes()) << (32 - bits) == 0);
    same.take(count).collect()
}

#[test]
fn names_that_collide_are_refused_before_they_are_slow() {
    use crate::compile::{CompileError, compile};
    let quoted = |names: &[String], each: &dyn Fn(&String) -> String| {
        names.iter().map(each).collect::<Vec<_>>().join(",")
    };
    let target = |names: &[String]| {
        let list = quoted(names, &|name| format!("\"{name}\""));
        let condition = format!(
            r#""c":{{"type":"user_field","field":"f","operator":"any","targetValue":[{list}],"idType":"userID"}}"#
        );
        let rule = r#"{"name":"r","id":"r","passPercentage":50,"conditions":["c"],"returnValue":true,"idType":"userID"}"#;
        gates(&condition, rule)
    };
    let conditions = |names: &[String]| {
        let each = |name: &String| format!(r#""{name}":{{"type":"public","idType":"userID"}}"#);
        gates(&quoted(names, &each), "")
    };
    let rules = |names: &[String]| {
        let rule = |name: &String| {
            format!(
                r#"{{"name":"r","id":"{name}","passPercentage":50,"conditions":[],"returnValue":true,"idType":"userID"}}"#
            )
        };
        gates("", &quoted(names, &rule))
    };
    type Shape<'a> = (&'a str, &'a dyn Fn(&[String]) -> String);
    let shapes: [Shape<'_>; 3] = [
        ("target", &target),
        ("conditions", &conditions),
        ("rules", &rules),
    ];
    let chosen = colliding(1_500, 11);
    let usual: Vec<String> = (0..1_500).map(|at| format!("t{at:08x}")).collect();
    for (what, shape) in shapes {
        let count = |names: &[String]| {
            let json = shape(names);
            let mut done = Ok(());
            let work = of(|| done = compile(json.as_bytes()).map(drop));
            (work / json.len(), done)
        };
        let (work, done) = count(&chosen);
        assert_eq!(done, Err(CompileError::TooLarge), "{what}");
        assert!(work < 40, "{what}: {work} for each byte");
        // A few are no harm, nor are many that nobody has chosen.
        assert_eq!(count(&chosen[..100]).1, Ok(()), "{what}");
        let (work, done) = count(&usual);
        assert_eq!(done, Ok(()), "{what}");
        assert!(work < 40, "{what}: {work} for each byte");
    }
}
