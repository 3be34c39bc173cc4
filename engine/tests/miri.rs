//! A whole small table read, cut and damaged: what `cargo dev test --only miri` runs, so kept short.

mod common;

use common::World;
use statsig_edge::compile::compile;
use statsig_edge::{Evaluator, Scratch, SpecKind, Table, User};

const PAYLOAD: &[u8] = br#"{"has_updates":true,"time":1,"app_id":"app","sdk_keys_to_app_ids":{"client-key":"app"},
  "dynamic_configs":{"e":{"type":"dynamic_config","entity":"experiment","salt":"s","enabled":true,"isActive":true,
    "defaultValue":{"a":1,"b":"\u00e4"},"idType":"companyID","explicitParameters":["a"],"rules":[{"name":"r","id":"r",
    "groupName":"Test","passPercentage":50,"conditions":["2","3"],"returnValue":{"a":2},"idType":"companyID",
    "isExperimentGroup":true}]}},
  "layer_configs":{"l":{"type":"dynamic_config","entity":"layer","salt":"s","enabled":true,"defaultValue":{"a":0},
    "idType":"userID","rules":[{"name":"r","id":"r","passPercentage":100,"conditions":["1"],"returnValue":{},
    "idType":"userID","configDelegate":"e"}]}},
  "param_stores":{"p":{"parameters":{"x":{"ref_type":"layer","param_type":"number","layer_name":"l","param_name":"a"}}}},
  "experiment_to_layer":{"e":"l"},
  "condition_map":{"1":{"type":"public","idType":"userID"},
    "2":{"type":"user_field","field":"email","operator":"str_contains_any","targetValue":["@statsig.com","x"],"idType":"userID"},
    "3":{"type":"user_field","field":"level","operator":"any","targetValue":["1","2","3","4","5","6","7","8","9","10"],
      "idType":"userID"},
    "4":{"type":"pass_gate","targetValue":"inner","idType":"userID"}},
  "feature_gates":{"outer":{"type":"feature_gate","entity":"feature_gate","salt":"s","enabled":true,"defaultValue":false,
    "idType":"userID","rules":[{"name":"r","id":"r","passPercentage":10,"conditions":["4"],"returnValue":true,
    "idType":"userID"}]},"inner":{"type":"feature_gate","entity":"feature_gate","salt":"s","enabled":true,
    "defaultValue":false,"idType":"userID","rules":[{"name":"r","id":"r","passPercentage":100,"conditions":["2"],
    "returnValue":true,"idType":"userID"}]}}}"#;

const USER: &[u8] = br#"{"userID":"u","email":"A\u0040statsig.com","custom":{"level":7,"list":["a",1.5]},"customIDs":{"companyid":"c"}}"#;

/// Answers everything; how many checks found a spec.
fn ask(bytes: &[u8], user: &User<'_>) -> Option<usize> {
    let table = Table::open(bytes).ok()?;
    let world = World::default();
    let evaluator = Evaluator::new(table, &world);
    let mut scratch = Scratch::<4, 2>::new();
    let mut found = 0;
    for name in ["outer", "inner", "e", "l", "none"] {
        for kind in [SpecKind::Gate, SpecKind::Experiment, SpecKind::Layer] {
            let answer = evaluator.explain(kind, user, name, &mut scratch, &mut ());
            found += usize::from(answer.reason.is_answer());
        }
        evaluator.gate(user, name, &mut scratch).value();
        evaluator
            .experiment(user, name, &mut scratch)
            .parameter("a");
        let layer = evaluator.layer(user, name, &mut scratch);
        layer.parameter("a");
        let _ = layer.write_json(&mut String::new());
    }
    if let Some(store) = table.parameter_store("p") {
        evaluator.store_parameter(user, &store, "x", scratch.view(), &mut ());
    }
    if let Some(meta) = table.meta() {
        meta.app_id_of_key("client-key");
    }
    Some(found)
}

#[test]
fn a_small_table_whole_cut_and_damaged() {
    let table = compile(PAYLOAD).unwrap().table;
    Table::open(&table).unwrap().verify().unwrap();
    let mut buffer = [0; 512];
    let user = User::from_json(USER, &mut buffer).unwrap();
    assert_eq!(ask(&table, &user), Some(4));
    for length in (0..table.len()).step_by(31) {
        assert_eq!(ask(&table[..length], &user), None);
    }
    // Miri takes a second for ten of them.
    let step = if cfg!(miri) { 23 } else { 1 };
    for at in (0..table.len()).step_by(step) {
        let mut damaged = table.clone();
        damaged[at] ^= 0xFF;
        ask(&damaged, &user);
    }
}
