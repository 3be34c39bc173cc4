//! Bad input (`design`'s table): an error or an honest answer, never a panic and never an endless loop.

mod common;

use common::{World, data};
#[cfg(feature = "bootstrap")]
use statsig_edge::bootstrap::{BootstrapOptions, ResponseFormat};
use statsig_edge::compile::{CompileError, WarningKind, compile};
use statsig_edge::{
    EvaluationError, Evaluator, FORMAT_VERSION, MAX_DEPTH, Reason, SIGNATURE_MAGIC, Scratch,
    SpecKind, Table, TableError, User, UserError,
};

fn demo() -> Vec<u8> {
    compile(&data("payloads/demo_proj_dcs.json.gz"))
        .unwrap()
        .table
}

/// Everything that can be asked of a table, for one user.
fn ask_everything(bytes: &[u8], user: &User<'_>) {
    let Ok(table) = Table::open(bytes) else {
        return;
    };
    let world = World::default();
    let evaluator = Evaluator::new(table, &world);
    let mut scratch = Scratch::<8, 4>::new();
    for spec in table.specs(SpecKind::Gate).take(64) {
        evaluator.gate(user, spec.name(), &mut scratch).value();
    }
    for spec in table.specs(SpecKind::Experiment).take(64) {
        let read = evaluator.experiment(user, spec.name(), &mut scratch);
        read.parameter("a_string");
    }
    for spec in table.specs(SpecKind::Layer).take(64) {
        let layer = evaluator.layer(user, spec.name(), &mut scratch);
        layer.write_json(&mut String::new()).unwrap();
        layer.parameter("a_string");
    }
    for store in table.parameter_stores().take(64) {
        for parameter in store.parameters().take(64) {
            let view = scratch.view();
            evaluator.store_parameter(user, &store, parameter.name, view, &mut ());
        }
    }
    #[cfg(feature = "bootstrap")]
    for format in [ResponseFormat::V1, ResponseFormat::InitV2] {
        let mut options = BootstrapOptions::default();
        options.format = format;
        options.client_sdk_key = Some("client-key");
        let mut out = String::new();
        evaluator
            .client_bootstrap(user, &options, scratch.view(), &mut out)
            .unwrap();
    }
    for spec in table.specs(SpecKind::Experiment).take(64) {
        let groups = table.experiment_groups(spec.name());
        groups.map(|groups| groups.iter().take(64).count());
        evaluator
            .experiment_by_rule_id(spec.name(), "none", &mut scratch)
            .json();
    }
    if let Some(meta) = table.meta() {
        meta.app_id_of_key("client-key");
        meta.id_lists().map(|lists| lists.iter().count());
    }
    table.experiment_layers().take(64).count();
}

const USER: &[u8] =
    br#"{"userID":"a-user","email":"x@statsig.com","ip":"1.2.3.4","userAgent":"Chrome/1",
    "custom":{"a":"b"},"customIDs":{"companyID":"statsig"}}"#;

#[test]
fn a_cut_table_does_not_open() {
    let table = demo();
    for length in 0..table.len() {
        assert!(Table::open(&table[..length]).is_err(), "{length} bytes");
    }
    let mut longer = table.clone();
    longer.push(0);
    let length = table.len() as u32;
    assert_eq!(
        Table::open(&longer).unwrap_err(),
        TableError::Length(length, table.len() + 1)
    );
}

#[test]
fn a_signature_behind_a_table_is_no_part_of_it() {
    let table = demo();
    let signed = [&table[..], &SIGNATURE_MAGIC, b"key.mac"].concat();
    let opened = Table::open(&signed).unwrap();
    assert_eq!(opened.as_bytes(), table);
    assert_eq!(opened.verify(), Ok(()));
    // Nothing else may stand there, and nothing may be missing before it.
    for at in table.len()..table.len() + 4 {
        let mut changed = signed.clone();
        changed[at] ^= 1;
        assert!(Table::open(&changed).is_err());
    }
    let short = [&table[..table.len() - 1], &SIGNATURE_MAGIC].concat();
    assert!(Table::open(&short).is_err());
    // A header that promises less than a header.
    let mut tiny = signed;
    tiny[8..12].copy_from_slice(&16_u32.to_le_bytes());
    tiny[16..20].copy_from_slice(&SIGNATURE_MAGIC);
    assert_eq!(Table::open(&tiny).unwrap_err(), TableError::TooShort);
}

#[test]
fn a_changed_table_is_noticed_by_its_checksum() {
    let table = demo();
    Table::open(&table).unwrap().verify().unwrap();
    for at in (24..table.len()).step_by(97) {
        let mut changed = table.clone();
        changed[at] ^= 0x10;
        if let Ok(opened) = Table::open(&changed) {
            assert_eq!(opened.verify(), Err(TableError::Checksum), "byte {at}");
        }
    }
}

#[test]
fn a_changed_table_never_panics() {
    let table = demo();
    let mut buffer = [0; 1024];
    let user = User::from_json(USER, &mut buffer).unwrap();
    for (start, value) in [(0, 0xFF), (1, 0x80), (2, 0x01)] {
        for at in (start..table.len()).step_by(3) {
            let mut changed = table.clone();
            changed[at] ^= value;
            ask_everything(&changed, &user);
        }
    }
}

#[test]
fn another_version_is_named() {
    let mut table = demo();
    // Those before and after this crate's.
    for version in [1, FORMAT_VERSION + 1] {
        table[4..6].copy_from_slice(&version.to_le_bytes());
        assert_eq!(
            Table::open(&table).unwrap_err(),
            TableError::Version(version)
        );
    }
    assert_eq!(Table::open(b"{}").unwrap_err(), TableError::NotATable);
}

/// A payload of gates, each a list of conditions' JSON texts, named `g0`, `g1` and so on.
fn gates(conditions: &[Vec<String>]) -> Vec<u8> {
    let mut map = Vec::new();
    let mut specs = Vec::new();
    for (at, conditions) in conditions.iter().enumerate() {
        let mut keys = Vec::new();
        for (index, condition) in conditions.iter().enumerate() {
            keys.push(format!("\"{at}-{index}\""));
            map.push(format!("\"{at}-{index}\":{condition}"));
        }
        specs.push(format!(
            r#""g{at}":{{"type":"feature_gate","entity":"feature_gate","salt":"s","enabled":true,
            "defaultValue":false,"idType":"userID","rules":[{{"name":"r","id":"r","passPercentage":100,
            "conditions":[{}],"returnValue":true,"idType":"userID"}}]}}"#,
            keys.join(",")
        ));
    }
    format!(
        r#"{{"has_updates":true,"time":1,"dynamic_configs":{{}},"layer_configs":{{}},
        "experiment_to_layer":{{}},"condition_map":{{{}}},"feature_gates":{{{}}}}}"#,
        map.join(","),
        specs.join(",")
    )
    .into_bytes()
}

fn pass_gate(name: &str) -> String {
    format!(r#"{{"type":"pass_gate","targetValue":"{name}","idType":"userID"}}"#)
}

fn check(payload: &[u8], name: &str) -> (bool, Reason, u32) {
    let table = compile(payload).unwrap().table;
    let world = World::default();
    let evaluator = Evaluator::new(Table::open(&table).unwrap(), &world);
    let mut scratch = Scratch::<4>::new();
    let gate = evaluator.gate(&User::new(), name, &mut scratch);
    (gate.value(), gate.reason(), gate.evaluation().dropped)
}

#[test]
fn nesting_ends_at_the_limit() {
    let public = r#"{"type":"public","idType":"userID"}"#.to_owned();
    let chain = |length: u32| {
        let mut conditions: Vec<_> = (1..=length)
            .map(|at| vec![pass_gate(&format!("g{at}"))])
            .collect();
        conditions.push(vec![public.clone()]);
        gates(&conditions)
    };
    assert_eq!(check(&chain(MAX_DEPTH), "g0").1, Reason::Recognized);
    assert!(check(&chain(MAX_DEPTH), "g0").0);
    let too_deep = Reason::Error(EvaluationError::DepthExceeded);
    assert_eq!(check(&chain(MAX_DEPTH + 1), "g0").1, too_deep);
    assert_eq!(check(&gates(&[vec![pass_gate("g0")]]), "g0").1, too_deep);
}

#[test]
fn work_ends_at_the_limit() {
    // Each gate asks for the next one twice: 2^60 evaluations without a limit.
    let public = r#"{"type":"public","idType":"userID"}"#.to_owned();
    let mut conditions: Vec<_> = (1..60)
        .map(|at| vec![pass_gate(&format!("g{at}")), pass_gate(&format!("g{at}"))])
        .collect();
    conditions.push(vec![public]);
    let (value, reason, _) = check(&gates(&conditions), "g0");
    assert_eq!(reason, Reason::Error(EvaluationError::TooManyEvaluations));
    assert!(!value);
}

#[test]
fn exposures_that_do_not_fit_are_counted() {
    let public = r#"{"type":"public","idType":"userID"}"#.to_owned();
    let nested = vec![vec![pass_gate("g1"); 7], vec![public]];
    assert_eq!(check(&gates(&nested), "g0"), (true, Reason::Recognized, 3));
}

#[test]
fn malformed_payloads_say_where() {
    assert_eq!(compile(b"\xff{}").unwrap_err(), CompileError::NotUtf8(0));
    assert_eq!(
        compile(b"{\"a\": nope}").unwrap_err(),
        CompileError::NotJson(6)
    );
    assert_eq!(
        compile(b"{\"a\": 1} x").unwrap_err(),
        CompileError::NotJson(9)
    );
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    assert_eq!(
        compile(deep.as_bytes()).unwrap_err(),
        CompileError::TooDeep(5 + 127)
    );
    let missing = compile(br#"{"has_updates":true,"time":1}"#).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "config specs: condition_map is missing"
    );
    let mistyped = br#"{"has_updates":true,"time":1,"feature_gates":{},"dynamic_configs":{},"layer_configs":{},
        "experiment_to_layer":{},"condition_map":{"7":{"type":null,"idType":"userID"}}}"#;
    let offset = mistyped
        .windows(4)
        .position(|window| window == b"null")
        .unwrap();
    let path = "condition_map.7.type".to_owned();
    assert_eq!(
        compile(mistyped).unwrap_err(),
        CompileError::Mistyped { path, offset }
    );
}

#[test]
fn a_cut_payload_is_an_error_at_its_end() {
    let payload = data("payloads/demo_proj_dcs.json.gz");
    let text = payload.trim_ascii_end();
    for length in (0..text.len()).step_by(41) {
        match compile(&text[..length]).unwrap_err() {
            CompileError::NotJson(at) | CompileError::NotUtf8(at) => assert!(at <= length),
            other => panic!("{length} bytes: {other}"),
        }
    }
}

#[test]
fn what_is_left_out_or_unsupported_is_named() {
    let unknown = r#"{"type":"moon_phase","idType":"userID"}"#.to_owned();
    let operator =
        r#"{"type":"user_field","field":"a","operator":"resembles","idType":"userID"}"#.to_owned();
    let payload = gates(&[vec![unknown], vec![operator]]);
    let payload = String::from_utf8(payload).unwrap().replacen(
        r#""feature_gates":{"#,
        r#""feature_gates":{"broken":{"type":"feature_gate"},"#,
        1,
    );
    let warnings = compile(payload.as_bytes()).unwrap().warnings;
    let found = |spec: &str, rule: Option<&str>, test: &dyn Fn(&WarningKind) -> bool| {
        warnings.iter().any(|warning| {
            warning.spec == spec && warning.rule.as_deref() == rule && test(&warning.kind)
        })
    };
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(found("feature_gates.g0", Some("r"), &|kind| *kind
        == WarningKind::UnsupportedType("moon_phase".into())));
    assert!(found("feature_gates.g1", Some("r"), &|kind| *kind
        == WarningKind::UnsupportedOperator("resembles".into())));
    assert!(found("feature_gates.broken", None, &|kind| matches!(
        kind,
        WarningKind::SpecDropped { .. }
    )));
}

#[test]
fn bad_users_are_errors_that_say_where() {
    let read = |json: &[u8]| {
        let mut scratch = [0; 256];
        User::from_json(json, &mut scratch).map(|_| ())
    };
    assert_eq!(read(b"{}"), Ok(()));
    assert_eq!(read(b"\xff"), Err(UserError::NotUtf8(0)));
    assert_eq!(read(b"{\"a\":}"), Err(UserError::NotJson(5)));
    assert_eq!(read(b" []"), Err(UserError::NotAnObject(1)));
    assert_eq!(
        read(br#"{"custom":3}"#),
        Err(UserError::NotAMap("custom", 10))
    );
    assert_eq!(
        read(br#"{"email":1,"email":2}"#),
        Err(UserError::Duplicate("email", 19))
    );
    assert_eq!(read(br#"{"email":"\ud800"}"#), Err(UserError::NotJson(17)));
    let mut tiny = [0; 4];
    let full = User::from_json(br#"{"custom":{"a":"b"}}"#, &mut tiny).unwrap_err();
    assert_eq!(full, UserError::ScratchFull);
}

#[test]
fn six_times_the_text_is_enough_scratch() {
    for json in [
        r#"{"custom":{"":0,"":0,"":0}}"#,
        r#"{"custom":{"a":[1e15,1e15,1e-5,123456789e-3,-1e15,1E22,0.1e-9]}}"#,
        r#"{"custom":{"\u0000":["\u0001\u001f","\u007f\"\\\/"]},"userID":[1e9,2e9]}"#,
        r#"{"customIDs":{},"custom":{"":[9e15,9e14,9e13]}}"#,
    ] {
        let mut scratch = vec![0; json.len() * 6];
        assert!(
            User::from_json(json.as_bytes(), &mut scratch).is_ok(),
            "{json}"
        );
    }
}
