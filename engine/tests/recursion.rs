//! Everything that can recur ends: gates, delegates, mappings, experiment groups, bandits, layers of both kinds, and
//! several gates in one v1 condition. `fastly-host/dev/tests/service.rs` asks the same of the Wasm module.

mod common;

use common::World;
use statsig_edge::compile::compile;
use statsig_edge::{EvaluationError, Evaluator, Reason, Scratch, SpecKind, Table, User};

/// The stack of an instance on Compute.
const STACK: usize = 1 << 20;

/// The reason of a check, made on a stack of that size.
fn reasons(payload: Vec<u8>, asked: &'static [(SpecKind, &'static str)]) -> Vec<Reason> {
    let run = move || {
        let table = compile(&payload).unwrap().table;
        let world = World::default();
        let evaluator = Evaluator::new(Table::open(&table).unwrap(), &world);
        let user = User::new().with_user_id("u");
        let mut scratch = Scratch::<64>::new();
        asked
            .iter()
            .map(|(kind, name)| match kind {
                SpecKind::Gate => evaluator.gate(&user, name, &mut scratch).reason(),
                SpecKind::Layer => evaluator.layer(&user, name, &mut scratch).reason(),
                _ => evaluator.experiment(&user, name, &mut scratch).reason(),
            })
            .collect()
    };
    std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap()
}

const TOO_DEEP: Reason = Reason::Error(EvaluationError::DepthExceeded);

#[test]
fn every_cycle_and_every_long_chain_is_a_depth_error() {
    use SpecKind::{Experiment, Gate, Layer};
    const ASKED: &[(SpecKind, &str)] = &[
        (Gate, "chain_0"),
        (Gate, "chain_15"),
        (Gate, "cycle_self"),
        (Gate, "cycle_a"),
        (Gate, "cycle_b"),
        (Gate, "mapped_self"),
        (Gate, "mapped_a"),
        (Gate, "by_group"),
        (Gate, "mixed_gate"),
        // A bandit whose targeting gate asks for the user's group in it.
        (Gate, "bandit_gate"),
        (Experiment, "bandit"),
        (Experiment, "delegate_0"),
        (Experiment, "delegate_15"),
        (Experiment, "delegate_self"),
        (Experiment, "group_self"),
        (Experiment, "group_a"),
        (Experiment, "group_twice"),
        (Experiment, "mixed"),
        (Layer, "to_delegates"),
        (Layer, "to_self"),
        (Layer, "new_to_delegates"),
        (Layer, "new_to_groups"),
    ];
    let payload = include_bytes!("data/recursion.json").to_vec();
    for ((_, name), reason) in ASKED.iter().zip(reasons(payload, ASKED)) {
        assert_eq!(reason, TOO_DEEP, "{name}");
    }
}

#[test]
fn what_is_within_the_limit_or_gives_up_is_answered() {
    use SpecKind::{Experiment, Gate};
    const ASKED: &[(SpecKind, &str)] = &[
        (Gate, "chain_16"),
        (Gate, "chain_80"),
        // As in Statsig's core, a targeting gate that is too deep does not let anyone in.
        (Experiment, "bandit_below"),
        (Experiment, "delegate_16"),
        (Experiment, "delegate_80"),
    ];
    let payload = include_bytes!("data/recursion.json").to_vec();
    for ((_, name), reason) in ASKED.iter().zip(reasons(payload, ASKED)) {
        assert_eq!(reason, Reason::Recognized, "{name}");
    }
}

#[test]
fn several_gates_in_one_condition_end_too() {
    let payload = br#"{"has_updates":true,"time":1,"dynamic_configs":[],"layer_configs":[],"feature_gates":[
        {"name":"many","type":"feature_gate","salt":"s","enabled":true,"defaultValue":false,"rules":[{"id":"r",
         "passPercentage":100,"returnValue":true,"conditions":[{"type":"multi_fail_gate",
         "targetValue":["other","many"]}]}]},
        {"name":"other","type":"feature_gate","salt":"s","enabled":true,"defaultValue":false,"rules":[{"id":"r",
         "passPercentage":100,"returnValue":true,"conditions":[{"type":"public"}]}]}]}"#;
    const ASKED: &[(SpecKind, &str)] = &[(SpecKind::Gate, "many"), (SpecKind::Gate, "other")];
    assert_eq!(
        reasons(payload.to_vec(), ASKED),
        [TOO_DEEP, Reason::Recognized]
    );
}
