//! What is JSON but not read by Statsig's core, half of a surrogate pair or a number beyond a double, does as much harm here as there.
#![allow(missing_docs)]

use statsig_differential::answer::Kind;
use statsig_differential::official::{Acceptance, Core};
use statsig_differential::ours::{Ours, Room};
use statsig_differential::world::World;
use statsig_edge::compile::compile;
use statsig_edge::{Table, User};

/// JSON in the places of a payload with a gate `g` and a config `c`, each with one rule on the same condition.
#[derive(Clone, Copy)]
struct Payload<'p> {
    operator: &'p str,
    target: &'p str,
    value: &'p str,
    default: &'p str,
    /// Further members of the payload, of each spec, of each rule, of the condition.
    more: [&'p str; 4],
}

const PLAIN: Payload<'_> = Payload {
    operator: "any",
    target: r#"["a"]"#,
    value: r#"{"v":1}"#,
    default: r#"{"d":1}"#,
    more: [""; 4],
};

impl Payload<'_> {
    fn text(&self) -> String {
        let Payload {
            operator,
            target,
            value,
            default,
            more: [top, spec, rule, condition],
        } = self;
        let spec = |kind: &str, value: &str, default: &str| {
            format!(
                r#"{{"type":"{kind}","entity":"{kind}","salt":"s","enabled":true,"defaultValue":{default},"idType":"userID",
                "rules":[{{"id":"r","name":"r","passPercentage":100,"conditions":["c"],"returnValue":{value},"idType":"userID"{rule}}}]
                {spec}}}"#
            )
        };
        let (gate, config) = (
            spec("feature_gate", "true", "false"),
            spec("dynamic_config", value, default),
        );
        format!(
            r#"{{"has_updates":true,"time":1700000000000,"feature_gates":{{"g":{gate}}},"dynamic_configs":{{"c":{config}}},
            "layer_configs":{{}},"experiment_to_layer":{{}},"condition_map":{{"c":{{"type":"user_field","operator":"{operator}",
            "field":"f","targetValue":{target},"idType":"userID"{condition}}}}}{top}}}"#
        )
    }

    /// Both take it, keep the same specs and answer the same.
    fn agrees(&self, core: &Core) {
        let text = self.text();
        assert_eq!(core.load(&text), Acceptance::Accepted, "{text}");
        let compiled = compile(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!(Table::open(&compiled.table).is_ok());
        let world = World::new(false, &|_| None);
        let ours = Ours::open(&compiled.table, &world, false, &[]).unwrap();
        let mut room = Box::new(Room::new());
        for user in [
            r#"{"userID":"u","custom":{"f":"a"}}"#,
            r#"{"userID":"u","custom":{"f":"b"}}"#,
            r#"{"userID":"u"}"#,
        ] {
            let at_core = core.user(user).unwrap();
            let mut scratch = vec![0; user.len() * 6];
            let at_ours = User::from_json(user.as_bytes(), &mut scratch).unwrap();
            for (kind, name) in [(Kind::Gate, "g"), (Kind::DynamicConfig, "c")] {
                assert_eq!(
                    core.knows(kind, name),
                    ours.knows(kind, name),
                    "{name} {text}"
                );
                let theirs = core.ask(&at_core, kind, name, false, &None).unwrap();
                let our = ours.ask(&at_ours, kind, name, &mut room);
                assert_eq!(
                    our.differing(&theirs),
                    [""; 0],
                    "{user} {name} {text}\n{theirs:?}\n{our:?}"
                );
            }
        }
    }
}

/// Values that the core does not read, and at the end some that it does.
const VALUES: [&str; 9] = [
    r#"{"t":"\ud83d"}"#,
    r#"{"t":["x",{"deep":"\ude00 first"}]}"#,
    r#"{"\ud83d":1}"#,
    r#"{"plain":1,"t":"\ud83dA"}"#,
    r#"{"t":"\ud83d\u0041"}"#,
    r#"{"n":1e999}"#,
    r#"{"n":[-1e999]}"#,
    r#"{"t":"\ud83d\ude00"}"#,
    r#"{"n":1e308}"#,
];

#[test]
fn values_are_empty() {
    let core = Core::start(false);
    for value in VALUES {
        Payload { value, ..PLAIN }.agrees(&core);
        Payload {
            default: value,
            ..PLAIN
        }
        .agrees(&core);
    }
}

#[test]
fn targets_are_null() {
    let core = Core::start(false);
    for operator in [
        "any",
        "none",
        "str_contains_any",
        "str_contains_none",
        "eq",
        "neq",
        "gt",
        "version_lt",
        "before",
        "str_matches",
    ] {
        for target in [
            r#"["a","\ud83d"]"#,
            r#"["\udc00","a"]"#,
            r#"{"a":1,"\ud83d":2}"#,
            r#"{"a":"\ud83d"}"#,
            r#""a\ud83d""#,
            r#"["a",1e999]"#,
            "1e999",
            r#"["a","\ud83d\ude00"]"#,
        ] {
            Payload {
                operator,
                target,
                ..PLAIN
            }
            .agrees(&core);
        }
    }
}

#[test]
fn what_nobody_reads_does_no_harm() {
    let core = Core::start(false);
    for unread in [
        r#","unread":"\ud83d""#,
        r#","unread":{"\ude00":[1e999,"\udfff\ud800"]}"#,
    ] {
        for place in 0..4 {
            let mut payload = PLAIN;
            payload.more[place] = unread;
            payload.agrees(&core);
            // Beside a value that is one itself.
            payload.value = r#"{"t":"\ud83d"}"#;
            payload.agrees(&core);
        }
    }
}

#[test]
fn a_spec_with_such_a_text_is_left_out_alone() {
    let core = Core::start(false);
    for (place, member) in [
        (1, r#","salt":"\ud83d""#),
        (1, r#","explicitParameters":["\ud83d"]"#),
        (2, r#","groupName":"\ud83d""#),
        (2, r#","configDelegate":"x\ude00""#),
    ] {
        let mut payload = PLAIN;
        payload.more[place] = member;
        payload.agrees(&core);
    }
}
