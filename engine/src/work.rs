//! Work counted without a clock, in tests alone: what reads bytes says how many it looked at. Other builds contain none of it.

/// Counts so many bytes or rows that were looked at.
#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn tick(_: usize) {}

#[cfg(test)]
pub(crate) use counting::tick;

#[cfg(test)]
mod counting {
    use core::cell::Cell;
    use std::thread_local;

    thread_local! {
        static COUNT: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn tick(count: usize) {
        COUNT.with(|total| total.set(total.get() + count));
    }

    /// What was counted while something ran.
    pub(super) fn of(run: impl FnOnce()) -> usize {
        COUNT.with(|total| total.set(0));
        run();
        COUNT.with(Cell::get)
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::{String, ToString};
    use std::vec;
    use std::vec::Vec;

    use super::counting::of;
    use crate::User;

    /// Twice the input, twice the work, within a tenth.
    fn is_linear<I: AsRef<[u8]>>(what: &str, make: impl Fn(usize) -> I, read: impl Fn(&[u8])) {
        let count = |n: usize| {
            let input = make(n);
            let (length, work) = (input.as_ref().len(), of(|| read(input.as_ref())));
            assert!(
                work > length / 16,
                "{what}: {work} of {length} bytes counted"
            );
            work
        };
        let counts = [count(500), count(1000), count(2000)];
        for pair in counts.windows(2) {
            assert!(pair[1] * 10 <= pair[0] * 22, "{what}: {counts:?}");
        }
    }

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
                let members: Vec<String> =
                    (0..n).map(|at| format!("\"x{at:06}\":[[],{{}}]")).collect();
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

    #[cfg(feature = "compile-regex")]
    #[test]
    fn patterns_are_searched_in_linear_time() {
        use crate::pattern::compile::{Compiled, compile};
        use crate::pattern::dfa::is_match;
        let patterns = [
            "(a+)+$",
            "(a|a)*b",
            r"(\w+\s?)*x$",
            "a{1,30}b",
            r"\bfoo\b",
            "(?i)[^k]k$",
            "(.*,){11}p",
            "x",
        ];
        let mut automata = 0;
        for pattern in patterns {
            let Compiled::Dfa(dfa) = compile(pattern) else {
                continue;
            };
            automata += 1;
            for shape in ["a", "a ", "aK", ",", "\u{212a}\u{10400}"] {
                let what = format!("{pattern} on {shape}");
                let work = |n: usize| {
                    let text = shape.repeat(n);
                    of(|| {
                        is_match(&dfa, &text).unwrap();
                    })
                };
                let counts = [work(500), work(1000), work(2000)];
                for pair in counts.windows(2) {
                    assert!(pair[1] * 10 <= pair[0] * 22 + 100, "{what}: {counts:?}");
                }
                // Of each character at most its class's 16 halvings and a row.
                assert!(
                    counts[2] <= 2000 * shape.chars().count() * (16 + 256),
                    "{what}"
                );
            }
        }
        assert!(automata >= 5, "{automata}");
    }

    #[cfg(feature = "compile")]
    fn gates(conditions: &str, rules: &str) -> String {
        format!(
            r#"{{"has_updates":true,"time":1,"dynamic_configs":{{}},"layer_configs":{{}},"experiment_to_layer":{{}},
            "condition_map":{{{conditions}}},"feature_gates":{{"g":{{"type":"feature_gate","entity":"feature_gate","salt":"s",
            "enabled":true,"defaultValue":false,"idType":"userID","rules":[{rules}]}}}}}}"#
        )
    }

    #[cfg(feature = "compile")]
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
        let list = |n: usize, item: &dyn Fn(usize) -> String| {
            (0..n).map(item).collect::<Vec<_>>().join(",")
        };
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
    #[cfg(feature = "compile")]
    fn colliding(count: usize, bits: u32) -> Vec<String> {
        let texts = (0_u32..).map(|at| format!("t{at:08x}"));
        let same = texts.filter(|text| crate::hash::text_hash(text.as_bytes()) << (32 - bits) == 0);
        same.take(count).collect()
    }

    #[cfg(feature = "compile")]
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

    #[cfg(feature = "compile")]
    #[test]
    fn id_lists_and_chunks_are_read_in_linear_time() {
        use crate::chunks::{ChunkManifest, Limits, publish};
        use crate::id_list::{IdList, IdListManifest, Shard, write_manifest, write_shard};
        let list = IdList {
            epoch: 1,
            bits: 0,
            ids: 0,
        };
        is_linear(
            "shard",
            |n| {
                let keys: Vec<[u8; 6]> = (0..n as u32)
                    .map(|at| {
                        let [a, b, c, d] = at.to_be_bytes();
                        [a, b, c, d, 0, 0]
                    })
                    .collect();
                write_shard(&list, 0, &keys).unwrap()
            },
            |bytes| {
                assert!(!Shard::open(bytes, &list, 0).unwrap().contains(&[9; 6]));
            },
        );
        is_linear(
            "manifest",
            |n| {
                let names: Vec<String> = (0..n).map(|at| format!("list_{at:06}")).collect();
                write_manifest(1, names.iter().map(|name| (name.as_str(), list))).unwrap()
            },
            |bytes| {
                assert!(IdListManifest::open(bytes).unwrap().list("none").is_none());
            },
        );
        is_linear(
            "chunks",
            |n| vec![0x5A; n * 10],
            |bytes| {
                let limits = Limits::CONFIG_STORE.with_value_chars(100_000);
                let written = publish(bytes, "t", None, &limits).unwrap();
                let manifest = ChunkManifest::parse(written.manifest.1.as_bytes()).unwrap();
                let texts: Vec<u8> = written
                    .chunks
                    .iter()
                    .flat_map(|(_, text)| text.bytes())
                    .collect();
                let mut texts = match manifest.inline {
                    Some(inline) => inline.as_bytes().to_vec(),
                    None => texts,
                };
                manifest.current.decode(&mut texts).unwrap();
            },
        );
    }
}
