//! The peer of the T and E cases: one case for each process, of Statsig's own core. What runs on its other threads is not
//! counted.

mod core;

use std::process::ExitCode;

use serde_json::Value as Json;
use statsig_benches_cases::evaluation::{
    CASES, Case, REPEATS, USER_ID, ask as ask_ours, ready, user as our_user,
};
use statsig_benches_cases::measured::{Counting, measure_once, run_case};
use statsig_edge::Scratch;
use statsig_rust::StatsigUser;

#[global_allocator]
static HEAP: Counting = Counting;

fn main() -> ExitCode {
    run_case(run)
}

fn run(arguments: &[&str]) -> Option<()> {
    let text = |path: &str| std::fs::read_to_string(path).ok();
    match *arguments {
        ["nothing"] => measure_once(|| {}),
        ["initialise", json] => initialise(text(json)?)?,
        ["user"] => build_users()?,
        ["evaluate", case, users, exposures, json, table] => {
            let case = CASES.iter().find(|known| known.id == case)?;
            let table = std::fs::read(table).ok()?;
            let users = users_for(case, users == "new", &table)?;
            evaluate(case, &users, exposures == "exposures", text(json)?)?;
        }
        _ => return None,
    }
    Some(())
}

/// Only the process's first start on a payload is a start: what it has interned stays. One on nothing warms the rest up.
fn initialise(json: String) -> Option<()> {
    let nothing = r#"{"has_updates":true,"time":1,"feature_gates":{},"dynamic_configs":{},"layer_configs":{},
        "condition_map":{},"experiment_to_layer":{}}"#;
    let warm = core::start("secret-warm", nothing.to_owned(), true)?;
    let mut json = Some(json);
    let mut started = None;
    measure_once(|| {
        started = json
            .take()
            .and_then(|json| core::start("secret-measured", json, false));
    });
    let gates = |statsig: &statsig_rust::Statsig| statsig.get_feature_gate_list().len();
    let done = started.as_ref().is_some_and(|statsig| gates(statsig) > 0) && gates(&warm) == 0;
    done.then_some(())
}

fn build_users() -> Option<()> {
    let ids: Vec<String> = (0..2 * REPEATS).map(|at| format!("user-{at}")).collect();
    let (warm, measured) = ids.split_at(REPEATS);
    let mut users: Vec<StatsigUser> = Vec::with_capacity(2 * REPEATS);
    users.extend(warm.iter().map(|id| core::user(id)));
    measure_once(|| users.extend(measured.iter().map(|id| core::user(id))));
    (users.len() == 2 * REPEATS).then_some(())
}

/// Users that get the case's answer from us: the same one each time, or others than any before.
fn users_for(case: &Case, new: bool, table: &[u8]) -> Option<Vec<StatsigUser>> {
    if !new {
        return Some((0..2 * REPEATS).map(|_| core::user(USER_ID)).collect());
    }
    let evaluator = ready(table)?;
    let mut users = Vec::new();
    // The IDs of the list of 1,000.
    for at in 1_234_000..1_235_000 {
        let id = format!("user-{at}");
        let mut scratch = Scratch::new();
        let user = our_user().with_user_id(id.as_str());
        if ask_ours(&evaluator, &user, case, &mut scratch, None) == Some(case.answer) {
            users.push(core::user(&id));
        }
    }
    users.truncate(2 * REPEATS);
    (users.len() == 2 * REPEATS).then_some(users)
}

fn evaluate(case: &Case, users: &[StatsigUser], exposures: bool, json: String) -> Option<()> {
    let statsig = core::start("secret-measured", json, true)?;
    let expected: Json = serde_json::from_str(case.answer).ok()?;
    let mut answers = Vec::with_capacity(users.len());
    let (warm, measured) = users.split_at_checked(REPEATS)?;
    let mut ask_all = |users: &[StatsigUser]| {
        for user in users {
            answers.push(core::ask(&statsig, user, case, exposures));
        }
    };
    ask_all(warm);
    measure_once(|| ask_all(measured));
    (answers.len() == users.len() && answers.iter().all(|answer| *answer == expected)).then_some(())
}
