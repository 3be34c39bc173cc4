//! What one answer may cost at most: steps, and stack.

use std::cell::Cell;

use statsig_edge::compile::compile;
use statsig_edge::explain::{Step, Trace};
use statsig_edge::{
    Environment, EvaluationError, Evaluator, MAX_DEPTH, MAX_STEPS, Membership, Reason, Scratch,
    SpecKind, Table, User,
};

/// Notes how deep the stack is when it is asked for a list.
#[derive(Default)]
struct World {
    deepest: Cell<usize>,
    asked: Cell<u32>,
}

impl Environment for World {
    fn now_ms(&self) -> i64 {
        1_760_000_000_000
    }

    fn id_list(&self, _: &str, _: &[u8; 8]) -> Membership {
        self.deepest.set(place());
        self.asked.set(self.asked.get() + 1);
        Membership::Member
    }
}

/// Where the stack is.
#[inline(never)]
fn place() -> usize {
    let local = 0_u8;
    std::hint::black_box(&raw const local) as usize
}

/// Counts conditions and rules.
#[derive(Default)]
struct Counted(u32);

impl Trace for Counted {
    fn step(&mut self, _: u32, step: &Step<'_>) {
        if let Step::Condition { .. } | Step::Rule { .. } = step {
            self.0 += 1;
        }
    }
}

fn gate(name: &str, rules: &str) -> String {
    format!(
        r#""{name}":{{"type":"feature_gate","entity":"feature_gate","salt":"s","enabled":true,"defaultValue":false,
        "idType":"userID","rules":[{rules}]}}"#
    )
}

fn rule(conditions: &str) -> String {
    format!(
        r#"{{"name":"r","id":"r","passPercentage":100,"conditions":[{conditions}],"returnValue":true,"idType":"userID"}}"#
    )
}

fn condition(name: &str, kind: &str, target: &str) -> String {
    format!(r#""{name}":{{"type":"{kind}","field":"f","targetValue":{target},"idType":"userID"}}"#)
}

fn table(conditions: &[String], gates: &[String]) -> Vec<u8> {
    let json = format!(
        r#"{{"has_updates":true,"time":1,"dynamic_configs":{{}},"layer_configs":{{}},"experiment_to_layer":{{}},
        "condition_map":{{{}}},"feature_gates":{{{}}}}}"#,
        conditions.join(","),
        gates.join(",")
    );
    compile(json.as_bytes()).unwrap().table
}

fn comma(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

/// A check of the gate `g`: why, and how many rules and conditions it took.
fn cost(table: &[u8]) -> (Reason, u32) {
    let world = World::default();
    let evaluator = Evaluator::new(Table::open(table).unwrap(), &world);
    let text = "a".repeat(1000);
    let custom = [("f", text.as_str().into())];
    let user = User::new().with_user_id("u").with_custom(&custom);
    let mut scratch = Scratch::<4>::new();
    let mut counted = Counted::default();
    let answer = evaluator.explain(SpecKind::Gate, &user, "g", &mut scratch, &mut counted);
    let gate = evaluator.gate(&user, "g", &mut scratch);
    assert_eq!(gate.reason(), answer.reason);
    assert!(counted.0 <= MAX_STEPS, "{}", counted.0);
    (answer.reason, counted.0)
}

const SPENT: Reason = Reason::Error(EvaluationError::TooManyEvaluations);

#[test]
fn rules_that_share_their_conditions_end_at_the_limit() {
    const RULES: usize = 250;
    const CONDITIONS: u16 = 5000;
    let never = r#""c":{"type":"user_field","field":"f","operator":"str_contains_any","targetValue":["x"],"idType":"userID"}"#;
    let rules = comma(RULES, |at| match at {
        0 => rule(&comma(CONDITIONS.into(), |_| "\"c\"".into())),
        _ => rule("\"c\",\"c\""),
    });
    let mut table = table(&[never.into()], &[gate("g", &rules)]);
    assert_eq!(cost(&table).0, Reason::Recognized);
    // Every rule gets the conditions of the first: `engine/FORMAT.md`, section 6.
    let rows = u32::from_le_bytes(table[32 + 6 * 8..][..4].try_into().unwrap()) as usize;
    for row in 0..RULES {
        let row = &mut table[rows + row * 44..][..44];
        row[26..28].copy_from_slice(&CONDITIONS.to_le_bytes());
        row[28..32].copy_from_slice(&0_u32.to_le_bytes());
    }
    let (reason, steps) = cost(&table);
    assert_eq!(reason, SPENT);
    assert!(steps > MAX_STEPS / 8, "{steps}");
}

#[test]
fn long_targets_count_by_what_they_are_compared_with() {
    let texts = comma(3000, |at| format!("\"{}{at}\"", "a".repeat(20)));
    let contains = format!(
        r#""c":{{"type":"user_field","field":"f","operator":"str_contains_any","targetValue":[{texts}],"idType":"userID"}}"#
    );
    let once = table(
        std::slice::from_ref(&contains),
        &[gate("g", &rule("\"c\""))],
    );
    assert_eq!(cost(&once).0, Reason::Recognized);
    let often = rule(&comma(40, |_| "\"c\"".into()));
    assert_eq!(cost(&table(&[contains], &[gate("g", &often)])).0, SPENT);
}

/// Optimised, as at the edge, 64 KB. Without optimisation a frame is more than ten times as large.
const STACK: usize = if cfg!(debug_assertions) { 768 } else { 64 } * 1024;

#[test]
fn the_deepest_nesting_fits_the_stack() {
    let mut conditions: Vec<String> = (1..=MAX_DEPTH)
        .map(|at| condition(&format!("c{at}"), "pass_gate", &format!("\"g{at}\"")))
        .collect();
    conditions.push(
        r#""list":{"type":"unit_id","operator":"in_segment_list","targetValue":"list","idType":"userID"}"#.into(),
    );
    let mut gates: Vec<String> = (1..=MAX_DEPTH)
        .map(|at| {
            let next = match at {
                MAX_DEPTH => "\"list\"".to_owned(),
                _ => format!("\"c{}\"", at + 1),
            };
            gate(&format!("g{at}"), &rule(&next))
        })
        .collect();
    gates.push(gate("g", &rule("\"c1\"")));
    let table = table(&conditions, &gates);
    let world = World::default();
    let evaluator = Evaluator::new(Table::open(&table).unwrap(), &world);
    let user = User::new().with_user_id("u");
    let mut scratch = Scratch::<128>::new();
    let top = place();
    assert!(evaluator.gate(&user, "g", &mut scratch).value());
    assert_eq!(world.asked.get(), 1);
    let used = top.abs_diff(world.deepest.get());
    println!("{used} bytes of stack");
    assert!(used > 64 * 16, "{used}: not measured");
    assert!(used < STACK, "{used}");
}
