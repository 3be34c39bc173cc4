//! `diff`, `verify` and the filters of `publish`.

mod support;

use serde_json::{Value, json};
use statsig_edge::{SpecKind, Table};
use support::client::{Run, path, run};
use support::stores::{CONFIG, KV};
use support::{Server, payload};
use tempfile::TempDir;

struct Test {
    server: Server,
    folder: TempDir,
}

impl Test {
    fn new() -> Self {
        Test {
            server: Server::start(),
            folder: TempDir::new().unwrap(),
        }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        path(&file).to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        run(&self.server, arguments)
    }
}

/// The gate `gate` says yes to everyone with 100 %, where it said so to some.
fn opened(value: &mut Value, gate: &str) {
    let gate = &mut value["feature_gates"][gate];
    assert!(gate.is_object());
    gate["enabled"] = true.into();
    gate["defaultValue"] = true.into();
    gate["rules"] = json!([]);
    gate["version"] = (gate["version"].as_u64().unwrap_or(0) + 1).into();
}

#[test]
fn specs_and_answers_that_differ() {
    let test = Test::new();
    let demo: Value = serde_json::from_slice(&payload::demo()).unwrap();
    let names: Vec<String> = demo["feature_gates"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let newer = payload::later(&payload::demo(), |value| {
        opened(value, &names[0]);
        let gone = value["feature_gates"]
            .as_object_mut()
            .unwrap()
            .remove(&names[1])
            .unwrap();
        value["feature_gates"]["added_gate"] = gone;
    });
    let users: Vec<Value> = (0..50)
        .map(|n| json!({"id": format!("u{n}"), "user": {"userID": format!("user-{n}")}}))
        .collect();
    let users = test.file("users.json", Value::from(users).to_string().as_bytes());
    let (old, new) = (
        test.file("old.json", &payload::demo()),
        test.file("new.json", &newer),
    );
    let said = test
        .run(&[
            "diff", "--old", &old, "--new", &new, "--users", &users, "--json",
        ])
        .expect(0)
        .json();
    let what = |what: &str| -> Vec<&str> {
        let specs = said["specs"].as_array().unwrap();
        specs
            .iter()
            .filter(|c| c["what"] == what)
            .map(|c| c["name"].as_str().unwrap())
            .collect()
    };
    assert_eq!(what("added"), ["added_gate"]);
    assert_eq!(what("removed"), [&names[1]]);
    assert_eq!(what("changed"), [&names[0]]);
    // The users whose answers change are those who got `false`, and exactly those.
    let evaluated = |specs: &str| -> Value {
        test.run(&["evaluate", "--specs", specs, "--users", &users])
            .expect(0)
            .json()
    };
    let (before, after) = (evaluated(&old), evaluated(&new));
    let answer = |of: &Value, n: usize| of["results"][format!("u{n}")]["gates"][&names[0]].clone();
    let changed = (0..50)
        .filter(|n| {
            let (a, b) = (answer(&before, *n), answer(&after, *n));
            (&a["value"], &a["ruleID"]) != (&b["value"], &b["ruleID"])
        })
        .count();
    assert!(changed > 0);
    let differing = said["answers"]["differing"].as_array().unwrap();
    let ours = differing
        .iter()
        .find(|d| d["name"] == names[0].as_str())
        .unwrap();
    assert_eq!(ours["users"], changed, "{said}");
    // The same from tables: versions tell.
    let (old_table, new_table) = (
        test.file("old.table", &payload::table(&payload::demo())),
        test.file("new.table", &payload::table(&newer)),
    );
    let said = test
        .run(&["diff", "--old", &old_table, "--new", &new_table, "--json"])
        .expect(0)
        .json();
    assert_eq!(said["specs"].as_array().unwrap().len(), 3, "{said}");
    // Nothing differs from itself, whatever the form.
    for (a, b) in [(&old, &old), (&old, &old_table), (&new_table, &new)] {
        let same = test.run(&[
            "diff",
            "--old",
            a,
            "--new",
            b,
            "--sample",
            "50",
            "--exit-code",
        ]);
        let same = same.expect(0);
        assert!(
            same.out.contains("no spec differs") && same.out.contains("no answer differs"),
            "{same:?}"
        );
    }
    test.run(&["diff", "--old", &old, "--new", &new, "--exit-code"])
        .expect(1);
    test.run(&["diff", "--new", &new]).expect(2);
}

#[test]
fn what_is_live_is_compared() {
    let test = Test::new();
    let old = test.file("old.json", &payload::demo());
    let new = test.file(
        "new.json",
        &payload::later(&payload::demo(), |value| {
            let name = value["feature_gates"]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .clone();
            opened(value, &name);
        }),
    );
    for store in [["--kv-store", KV], ["--config-store", CONFIG]] {
        for format in ["table", "json"] {
            if format == "json" && store[0] == "--config-store" {
                continue;
            }
            let with = |command: &[&str]| {
                let mut arguments = command.to_vec();
                arguments.extend(store);
                test.run(&arguments)
            };
            with(&["diff", "--new", &new])
                .code
                .filter(|code| [0, 1].contains(code))
                .unwrap();
            with(&["publish", "--specs", &old, "--format", format, "--force"]).expect(0);
            let said = with(&["diff", "--new", &new, "--json"]).expect(0).json();
            assert_eq!(said["specs"].as_array().unwrap().len(), 1, "{said}");
            let good = with(&["verify", "--specs", &old]).expect(0);
            assert!(good.out.contains("byte for byte"), "{good:?}");
            let bad = with(&["verify", "--specs", &new]).expect(1);
            assert!(bad.out.contains("not what the JSON says"), "{bad:?}");
        }
    }
}

#[test]
fn a_table_is_verified() {
    let test = Test::new();
    for name in ["demo_proj_dcs", "eval_proj_dcs", "v1/rulesets_e2e_full_dcs"] {
        let specs = payload::named(name);
        let json = test.file("specs.json", &specs);
        let table = payload::table(&specs);
        let good = test.file("good.table", &table);
        let said = test
            .run(&["verify", "--specs", &json, "--table", &good, "--json"])
            .expect(0)
            .json();
        assert_eq!(
            (&said["good"], &said["identical"]),
            (&json!(true), &json!(true)),
            "{said}"
        );
        assert!(
            said["answers"]["compared"].as_u64().unwrap() > 1_000,
            "{said}"
        );
        let mut flipped = table.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let bad = test.file("bad.table", &flipped);
        let said = test
            .run(&["verify", "--specs", &json, "--table", &bad])
            .expect(1);
        assert!(said.err.contains("checksum"), "{said:?}");
    }
}

/// Everything that a filter keeps answers as before, for users made up to reach the rules.
#[test]
fn a_filtered_payload_answers_as_the_whole() {
    let test = Test::new();
    let whole = test.file("whole.json", &payload::eval());
    let v1 = test.file("v1.json", &payload::named("v1/rulesets_e2e_full_dcs"));
    for (specs, filter) in [
        (&whole, &["--only", "test_*"][..]),
        (&whole, &["--only", "test_nested_gate_condition"]),
        (&whole, &["--exclude", "test_*"]),
        (&v1, &["--only", "test_*layer*"]),
    ] {
        let mut arguments = vec![
            "publish",
            "--specs",
            specs,
            "--kv-store",
            KV,
            "--force",
            "--json",
        ];
        arguments.extend(filter);
        let done = test.run(&arguments).expect(0).json();
        let selection = done["payload"]["selection"].as_str().unwrap();
        let numbers: Vec<usize> = selection
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        assert!(numbers[0] > 0 && numbers[0] < numbers[1], "{selection}");
        let part = test.server.state().stores.kv["statsig-specs"]
            .value
            .to_vec();
        let part = test.file("part.table", &part);
        let said = test.run(&[
            "diff", "--old", specs, "--new", &part, "--sample", "150", "--json",
        ]);
        let said = said.expect(0).json();
        assert!(
            said["answers"]["compared"].as_u64().unwrap() > 150,
            "{said}"
        );
        assert_eq!(said["answers"]["differing"], json!([]), "{filter:?}");
        // And as the JSON with the same filter.
        let mut arguments = vec!["verify", "--specs", specs, "--kv-store", KV];
        arguments.extend(filter);
        test.run(&arguments).expect(0);
    }
}

#[test]
fn target_apps() {
    let test = Test::new();
    let specs = test.file("specs.json", &payload::named("dcs_target_app_filtering"));
    let publish = |app: &str| {
        let arguments = [
            "publish",
            "--specs",
            &specs,
            "--kv-store",
            KV,
            "--target-app",
            app,
            "--force",
        ];
        test.run(&arguments)
    };
    publish("app_a").expect(0);
    let table = test.server.state().stores.kv["statsig-specs"]
        .value
        .to_vec();
    let table = Table::open(&table).unwrap();
    let names = |kind| -> Vec<&str> { table.specs(kind).map(|spec| spec.name()).collect() };
    assert_eq!(names(SpecKind::Gate), ["gate_app_a"]);
    let mut configs = names(SpecKind::DynamicConfig);
    configs.sort_unstable();
    assert_eq!(configs, ["config_app_a", "exp_app_a"]);
    assert_eq!(names(SpecKind::Layer), ["layer_app_a"]);
    let refused = publish("app_x").expect(3);
    assert!(
        refused.err.contains("no spec") && refused.err.contains("app_x"),
        "{refused:?}"
    );
}

#[test]
fn help_and_completions() {
    let test = Test::new();
    for command in [
        "compile",
        "inspect",
        "evaluate",
        "explain",
        "diff",
        "verify",
        "publish",
        "sync-id-lists",
        "watch",
        "gc",
        "completions",
    ] {
        let help = test.run(&[command, "--help"]).expect(0);
        assert!(help.out.contains("Examples:"), "{help:?}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = test.run(&["completions", shell]).expect(0);
        assert!(script.out.contains("sync-id-lists"), "{shell}");
    }
    assert!(test.run(&["--help"]).expect(0).out.contains("3 refused"));
    test.run(&["no-such-command"]).expect(2);
}

/// A device that is always full, which not every system has.
#[cfg(target_os = "linux")]
#[test]
fn a_table_that_does_not_fit_into_standard_output_is_an_error() {
    let test = Test::new();
    let specs = json!({"has_updates": true, "time": 7, "feature_gates": {}, "dynamic_configs": {}, "layer_configs": {},
        "condition_map": {}, "experiment_to_layer": {}})
    .to_string();
    let table = statsig_edge::compile::compile(specs.as_bytes())
        .unwrap()
        .table;
    // So short, and without a line's end, that a buffer of lines keeps all of it.
    assert!(table.len() < 1_024 && !table.contains(&b'\n'));
    let specs = test.file("specs.json", specs.as_bytes());
    let compile = ["compile", "--specs", &specs, "--output", "-"];
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let mut command = support::client::command(&test.server, &compile);
    let child = command.stdout(full.unwrap()).spawn().unwrap();
    let done = support::client::ended(child).expect(1);
    assert!(done.err.contains("standard output"), "{done:?}");
}

/// A run that fails leaves nothing, and nothing that lies beside the output is touched.
#[test]
fn a_table_is_written_beside_its_file_and_renamed() {
    let test = Test::new();
    let specs = test.file("specs.json", &payload::demo());
    let out = test.folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let compile = |name: &str| {
        let output = path(&out.join(name)).to_owned();
        test.run(&["compile", "--specs", &specs, "--output", &output])
    };
    // Not the name of a run that goes on beside this one, either.
    std::fs::write(out.join("specs.table.part"), "mine").unwrap();
    compile("specs.table").expect(0);
    assert_eq!(
        std::fs::read(out.join("specs.table")).unwrap(),
        payload::table(&payload::demo())
    );
    assert_eq!(
        std::fs::read(out.join("specs.table.part")).unwrap(),
        b"mine"
    );
    // Others may read it if they may read what its owner writes.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name| {
            std::fs::metadata(out.join(name))
                .unwrap()
                .permissions()
                .mode()
        };
        assert_eq!(mode("specs.table"), mode("specs.table.part"));
    }
    // A folder cannot be replaced by a file.
    std::fs::create_dir_all(out.join("folder/in-it")).unwrap();
    let failed = compile("folder").expect(1);
    assert!(failed.err.contains("writing"), "{failed:?}");
    assert_eq!(names(), ["folder", "specs.table", "specs.table.part"]);
}
