//! A run: cases from a seed, compared, and what failed made small.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::bootstrap::Asked;
use crate::findings::Difference;
use crate::generate::{self, Scope};
use crate::question::{Form, Question};
use crate::quirk::Quirk;
use crate::random::Random;
use crate::runaway::runs_away;
use crate::session::Engines;
use crate::shrink::shrink;
use crate::tally::{Tally, labels};
use crate::tree::Tree;

/// Users that are asked about one payload.
const USERS: usize = 10;

/// How long one failing case is made smaller.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The number of the first batch, as a failure tells it.
    pub first: u64,
    /// A case is one payload and one user, asked about every spec.
    pub cases: usize,
    /// Determines the cases.
    pub seed: u64,
    /// Failures to show before the run ends.
    pub failures: usize,
    /// What payloads contain.
    pub scope: Scope,
}

/// How a run went.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Cases compared.
    pub cases: usize,
    /// Answers compared with Statsig's core.
    pub answers: usize,
    /// Answers to the same payloads in the v1 form, compared with the reference evaluator.
    pub answers_v1: usize,
    /// Cases with a difference.
    pub failures: usize,
    /// Payloads on which the core would overflow its stack: nobody was asked.
    pub passed_over: usize,
    /// Known differences.
    pub quirks: BTreeMap<Quirk, usize>,
    /// Outcomes by operator.
    pub tally: Tally,
}

/// Runs, and prints each failure.
pub fn run(engines: &Engines<'_>, plan: &Plan) -> Outcome {
    let begin = Instant::now();
    let mut outcome = Outcome::default();
    let mut batch = plan.first;
    let mut reported = begin;
    while outcome.cases < plan.cases && outcome.failures < plan.failures {
        let mut random = Random::new(plan.seed, batch);
        batch += 1;
        let mut made = generate::payload(&mut random, plan.scope);
        let users: Vec<Tree> = (0..USERS)
            .map(|_| generate::user(&mut random, &made.words))
            .collect();
        if runs_away(&made.tree) {
            outcome.passed_over += 1;
            continue;
        }
        generate::boundaries(&mut random, &mut made.tree, &users);
        let v1 = generate::v1(&mut random, &made.tree);
        let bandits = made.tree.get("cmab_configs").is_some();
        let bootstrap = Asked::pick(&mut random, bandits);
        outcome.cases += users.len();
        for (form, payload) in [(Form::V2, made.tree), (Form::V1, v1)] {
            let question = Question {
                form,
                payload,
                lists: made.lists,
                configured: made.configured,
                settings: match form {
                    Form::V1 => Vec::new(),
                    Form::V2 => made.settings.clone(),
                },
                bootstrap,
            };
            let labels = labels(&question.payload);
            let tally = &mut outcome.tally;
            let findings = engines.compare(&question, &users, &mut |_, name, answer| {
                tally.see(&labels, name, answer)
            });
            match form {
                Form::V1 => outcome.answers_v1 += findings.answers,
                Form::V2 => outcome.answers += findings.answers,
            }
            for (quirk, count) in findings.quirks {
                *outcome.quirks.entry(quirk).or_default() += count;
            }
            if !findings.differences.is_empty() {
                outcome.failures += 1;
                println!(
                    "\nFAILURE {} in batch {} of seed {}",
                    outcome.failures,
                    batch - 1,
                    plan.seed
                );
                show_smallest(engines, question, &users, &findings.differences);
            }
        }
        if reported.elapsed().as_secs() >= 20 {
            reported = Instant::now();
            eprintln!(
                "{} cases, {} failures, {} s",
                outcome.cases,
                outcome.failures,
                begin.elapsed().as_secs()
            );
        }
    }
    outcome
}

/// Finds a small payload and user with the same difference, and prints them.
fn show_smallest(
    engines: &Engines<'_>,
    mut question: Question,
    users: &[Tree],
    all: &[Difference],
) {
    let differences = |question: &Question, users: &[Tree]| {
        engines
            .compare(question, users, &mut |_, _, _| {})
            .differences
    };
    let mut found: Option<(Tree, Difference)> = None;
    for user in users {
        if let Some(difference) = differences(&question, std::slice::from_ref(user))
            .into_iter()
            .next()
        {
            found = Some((user.clone(), difference));
            break;
        }
    }
    let Some((mut user, first)) = found else {
        // What is kept for one user comes from another.
        println!("gone when each user is asked alone");
        println!("  payload {}", question.payload.to_json());
        for difference in all.iter().take(2) {
            println!("  {difference}");
        }
        return;
    };
    let begin = Instant::now();
    let same = |question: &Question, user: &Tree| {
        // What is small enough by then is shown.
        if begin.elapsed() > PATIENCE || runs_away(&question.payload) {
            return false;
        }
        differences(question, std::slice::from_ref(user))
            .iter()
            .any(|difference| difference.signature() == first.signature())
    };
    for _ in 0..2 {
        let before = question.clone();
        question.payload = shrink(&before.payload, &mut |payload| {
            same(
                &Question {
                    payload: payload.clone(),
                    ..before.clone()
                },
                &user,
            )
        });
        user = shrink(&user, &mut |user| same(&question, user));
        for at in (0..question.settings.len()).rev() {
            let mut simpler = question.clone();
            simpler.settings.remove(at);
            if same(&simpler, &user) {
                question = simpler;
            }
        }
        for simpler in [
            Question {
                lists: false,
                ..question.clone()
            },
            Question {
                configured: false,
                ..question.clone()
            },
        ] {
            if same(&simpler, &user) {
                question = simpler;
            }
        }
    }
    println!("  payload {}", question.payload.to_json());
    println!("  user {}", user.to_json());
    println!(
        "  ID lists {}, configured {}, overrides {:?}",
        question.lists, question.configured, question.settings
    );
    for difference in differences(&question, &[user]).iter().take(2) {
        println!("  {difference}");
    }
}
