//! The specs that the E cases ask for (`statsig_benches_cases::evaluation::CASES`), among others of a real size.

use crate::synthetic;

const EVERYONE: &str = r#"{"type":"public","targetValue":null,"operator":null,"field":null,"additionalValues":{},"idType":"userID"}"#;

fn condition(kind: &str, field: &str, operator: &str, target: &str, salt: &str) -> String {
    format!(
        "{{\"type\":\"{kind}\",\"targetValue\":{target},\"operator\":\"{operator}\",\"field\":\"{field}\",\
         \"additionalValues\":{{\"salt\":\"{salt}\"}},\"idType\":\"userID\"}}"
    )
}

fn rule(id: &str, conditions: &str, percentage: u32, value: &str, more: &str) -> String {
    format!(
        "{{\"name\":\"{id}\",\"passPercentage\":{percentage},\"conditions\":[{conditions}],\"returnValue\":{value},\
         \"id\":\"{id}\",\"salt\":\"2680b743-0e66-4817-9181-{id:->12.12}\",\"idType\":\"userID\"{more}}}"
    )
}

fn spec(entity: &str, salt: &str, default: &str, rules: &[String], more: &str) -> String {
    let kind = if entity == "feature_gate" || entity == "holdout" {
        "feature_gate"
    } else {
        "dynamic_config"
    };
    format!(
        "{{\"type\":\"{kind}\",\"salt\":\"{salt}\",\"enabled\":true,\"defaultValue\":{default},\"rules\":[{}],\
         \"idType\":\"userID\",\"entity\":\"{entity}\",\"version\":3{more}}}",
        rules.join(",")
    )
}

fn gate(rules: &[String]) -> String {
    spec(
        "feature_gate",
        "613a9fc1-8122-4407-bdec-9c549caefb71",
        "false",
        rules,
        "",
    )
}

/// The payload: a synthetic one of 400 KB with the benches' own specs in it.
pub(crate) fn payload() -> String {
    let mut conditions: Vec<(String, String)> = vec![("everyone".into(), EVERYONE.into())];
    let mut add = |name: &str, text: String| {
        conditions.push((name.into(), text));
        format!("\"{name}\"")
    };
    let everyone = "\"everyone\"";

    let mut scan: Vec<String> = Vec::new();
    for index in 0..20 {
        let (field, list) = if index == 19 {
            ("email", r#"["a@example.com","b@example.com","jane.doe@example.com","c@example.com","d@example.com"]"#.into())
        } else if index % 2 == 0 {
            let list: Vec<String> = (0..5)
                .map(|n| format!("\"someone.{index}.{n}@example.com\""))
                .collect();
            ("email", format!("[{}]", list.join(",")))
        } else {
            let first = char::from(b'D' + index);
            let list: Vec<String> = "ABCDE"
                .chars()
                .map(|second| format!("\"{first}{second}\""))
                .collect();
            ("country", format!("[{}]", list.join(",")))
        };
        let test = add(
            &format!("scan{index}"),
            condition("user_field", field, "any", &list, ""),
        );
        scan.push(rule(&format!("scan{index}"), &test, 50, "true", ""));
    }
    let ids: Vec<String> = (0..1000)
        .map(|n| format!("\"user-{}\"", 1_234_000 + n))
        .collect();
    let list = add(
        "list",
        condition(
            "user_field",
            "userID",
            "any",
            &format!("[{}]", ids.join(",")),
            "",
        ),
    );
    let version = add(
        "version",
        condition("user_field", "appVersion", "version_gte", "\"3.2.0\"", ""),
    );
    let regex = add(
        "regex",
        condition(
            "user_field",
            "email",
            "str_matches",
            "\"^[A-Za-z.]+@(example|test)\\\\.(com|org)$\"",
            "",
        ),
    );
    let number = add("number", condition("user_field", "age", "gte", "18", ""));
    let agent = add(
        "agent",
        condition(
            "ua_based",
            "browser_name",
            "any",
            "[\"Chrome\",\"Firefox\"]",
            "",
        ),
    );
    let pass = |name: &str| {
        format!(
            "{{\"type\":\"pass_gate\",\"targetValue\":\"{name}\",\"operator\":null,\"field\":null,\
             \"additionalValues\":{{}},\"idType\":\"userID\"}}"
        )
    };
    let [outer, left, right] = ["bench_middle", "bench_public", "bench_version"]
        .map(|name| add(&format!("pass {name}"), pass(name)));
    let holdout = add("holdout", pass("bench_holdout"));
    let buckets = |range: std::ops::Range<u32>| {
        let list: Vec<String> = range.map(|bucket| format!("\"{bucket}\":true")).collect();
        format!("{{{}}}", list.join(","))
    };
    let layer_salt = "34ab0c20-0d3a-479c-b090-d7f4b3412b3d";
    let allocated = add(
        "allocated",
        condition("user_bucket", "", "any", &buckets(100..900), layer_salt),
    );
    let unallocated = add(
        "unallocated",
        condition("user_bucket", "", "none", &buckets(100..900), layer_salt),
    );

    let groups = |conditions: &mut dyn FnMut(&str, String) -> String, prefix: &str, salt: &str| {
        let mut rules = Vec::new();
        for (index, (group, value)) in [
            ("Control", r#"{"color":"red","size":10,"title":"Now"}"#),
            ("Test", r#"{"color":"blue","size":12,"title":"Today"}"#),
            ("Test 2", r#"{"color":"green","size":14,"title":"Soon"}"#),
        ]
        .into_iter()
        .enumerate()
        {
            let bound = ["333", "667", "1000"][index];
            let test = conditions(
                &format!("{prefix}{index}"),
                condition("user_bucket", "", "lt", bound, salt),
            );
            let more = format!(",\"groupName\":\"{group}\",\"isExperimentGroup\":true");
            rules.push(rule(&format!("{prefix}{index}"), &test, 100, value, &more));
        }
        rules
    };
    let salt = "a7aab467-73e5-4625-bdca-6bfe2ea82004";
    let alone = groups(&mut add, "alone", salt);
    let layered_salt = "5b965836-85f6-4a8d-b9a4-8ef76c5dbd47";
    let default = r#"{"color":"red","size":10,"title":""}"#;
    let mut layered = vec![
        rule("holdout", &holdout, 100, default, ""),
        rule("layerAssignment", &unallocated, 100, default, ""),
    ];
    layered.extend(groups(&mut add, "layered", layered_salt));

    let value = r#"{"enabled":true,"url":"https://example.com/api/v3/items","retries":3,"backoff":1.5,"regions":["eu","us","ap"],"limits":{"day":1000,"hour":100},"title":"A title of some length","timeout_ms":1500,"cache":false,"ratio":0.25,"mode":"fast","last":null}"#;
    let gates = [
        (
            "bench_public",
            gate(&[rule("public", everyone, 100, "true", "")]),
        ),
        (
            "bench_half",
            gate(&[rule("half", everyone, 50, "true", "")]),
        ),
        ("bench_scan", gate(&scan)),
        (
            "bench_nested",
            gate(&[rule("nested", &outer, 100, "true", "")]),
        ),
        (
            "bench_middle",
            gate(&[rule("middle", &format!("{left},{right}"), 100, "true", "")]),
        ),
        ("bench_list", gate(&[rule("list", &list, 100, "true", "")])),
        (
            "bench_version",
            gate(&[rule("version", &version, 100, "true", "")]),
        ),
        (
            "bench_regex",
            gate(&[rule("regex", &regex, 100, "true", "")]),
        ),
        (
            "bench_number",
            gate(&[rule("number", &number, 100, "true", "")]),
        ),
        (
            "bench_agent",
            gate(&[rule("agent", &agent, 100, "true", "")]),
        ),
        (
            "bench_holdout",
            spec(
                "holdout",
                "99",
                "false",
                &[rule("out", everyone, 0, "true", "")],
                "",
            ),
        ),
    ];
    let in_layer =
        ",\"isActive\":true,\"hasSharedParams\":true,\"explicitParameters\":[\"color\",\"size\"]";
    let configs = [
        (
            "bench_config",
            spec(
                "dynamic_config",
                "1",
                "{}",
                &[rule("config", everyone, 100, value, "")],
                "",
            ),
        ),
        (
            "bench_experiment",
            spec(
                "experiment",
                salt,
                "{}",
                &alone,
                ",\"isActive\":true,\"hasSharedParams\":false",
            ),
        ),
        (
            "bench_layered",
            spec("experiment", layered_salt, default, &layered, in_layer),
        ),
    ];
    let layers = [(
        "bench_layer",
        spec(
            "layer",
            layer_salt,
            default,
            &[rule(
                "assigned",
                &allocated,
                100,
                default,
                ",\"configDelegate\":\"bench_layered\"",
            )],
            "",
        ),
    )];

    let mut json = synthetic::payload(400_000);
    let own = |entries: &[(&str, String)]| {
        entries
            .iter()
            .map(|(name, text)| format!("\"{name}\":{text},"))
            .collect::<String>()
    };
    let conditions: Vec<(&str, String)> = conditions
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone()))
        .collect();
    for (section, entries) in [
        ("feature_gates", own(&gates)),
        ("dynamic_configs", own(&configs)),
        ("layer_configs", own(&layers)),
        ("condition_map", own(&conditions)),
    ] {
        json = json.replacen(
            &format!("\"{section}\":{{"),
            &format!("\"{section}\":{{{entries}"),
            1,
        );
    }
    json
}

#[cfg(test)]
mod tests {
    use statsig_benches_cases::evaluation::{CASES, Recorder, ask, ready, user};
    use statsig_edge::Scratch;

    #[test]
    fn every_case_gets_its_answer() {
        let compiled =
            statsig_edge::compile::compile(super::payload().as_bytes()).expect("compiles");
        assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
        let evaluator = ready(&compiled.table).expect("a table");
        let user = user();
        for case in CASES {
            let mut scratch = Scratch::new();
            let mut recorder = Recorder::default();
            let answer = ask(&evaluator, &user, case, &mut scratch, Some(&mut recorder));
            assert_eq!(answer, Some(case.answer), "{}", case.id);
            assert!(recorder.length() > 0, "{}", case.id);
        }
    }
}
