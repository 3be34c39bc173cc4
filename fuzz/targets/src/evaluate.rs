//! `evaluate`: meaningful payloads and users, chosen by the bytes.
//!
//! In the v1 form every answer is compared with a plain evaluator that shares nothing with the engine. In the v2 form, whose
//! reference is too slow for this (`cargo dev differential` asks it), the answers must not depend on how the payload is written.

use statsig_differential::bootstrap::Asked;
use statsig_differential::generate::{self, Scope};
use statsig_differential::question::{Form, Question};
use statsig_differential::random::Random;
use statsig_differential::runaway::runs_away;
use statsig_differential::session_v1::compare_v1;
use statsig_differential::tree::Tree;
use statsig_edge::compile::compile;
use statsig_edge::user_agent::{UserAgentField, UserAgentText, field};
use statsig_edge::{Evaluator, MAX_STEPS, Scratch, Table, User};

use crate::ask::{KINDS, Steps, World, said};

const NOW: i64 = 1_760_000_000_000;

/// Runs one input.
pub fn run(bytes: &[u8]) {
    let mut random = Random::given(bytes);
    let scope = Scope {
        unknown: true,
        gates_only: false,
    };
    let mut made = generate::payload(&mut random, scope);
    let users = vec![generate::user(&mut random, &made.words)];
    generate::boundaries(&mut random, &mut made.tree, &users);
    let v1 = generate::v1(&mut random, &made.tree);
    written_otherwise(&mut random, &made.tree, &users[0]);
    if runs_away(&made.tree) {
        return;
    }
    let question = Question {
        form: Form::V1,
        payload: v1,
        lists: made.lists,
        configured: made.configured,
        settings: Vec::new(),
        bootstrap: Asked::pick(&mut random, false),
    };
    let country = |ip: &str| ip.len().is_multiple_of(2).then(|| "US".to_owned());
    let agent = |name: &str, agent: &str| {
        let mut buffer = UserAgentText::new();
        field(agent, UserAgentField::from_name(name)?, &mut buffer).map(str::to_owned)
    };
    let findings = compare_v1(&question, &users, &country, &agent, Some(NOW));
    if let Some(difference) = findings.differences.first() {
        panic!(
            "{difference}\n  payload {}\n  user {}",
            question.payload.to_json(),
            users[0].to_json()
        );
    }
}

/// The answers do not depend on white space, on the order of specs and conditions, nor on unknown members.
fn written_otherwise(random: &mut Random, payload: &Tree, user: &Tree) {
    let first = payload.to_json();
    let mut other = payload.clone();
    if let Tree::Map(members) = &mut other {
        for (name, section) in members.iter_mut() {
            let by_name = [
                "condition_map",
                "feature_gates",
                "dynamic_configs",
                "layer_configs",
            ];
            if let Tree::Map(entries) = section
                && by_name.contains(&name.as_str())
                && distinct(entries)
            {
                entries.reverse();
            }
        }
        members.push(("unknown_member".to_owned(), Tree::List(vec![Tree::Null])));
        if distinct(members) {
            let by = random.below(members.len());
            members.rotate_left(by);
        }
    }
    let second = other.to_json();
    let (one, two) = match (compile(first.as_bytes()), compile(second.as_bytes())) {
        (Ok(one), Ok(two)) => (one.table, two.table),
        (Err(_), Err(_)) => return,
        (one, two) => panic!("{:?} {:?}", one.map(drop), two.map(drop)),
    };
    let (Ok(one), Ok(two)) = (Table::open(&one), Table::open(&two)) else {
        panic!("does not open");
    };
    let text = user.to_json();
    let mut scratch = vec![0; text.len() * 6];
    let Ok(user) = User::from_json(text.as_bytes(), &mut scratch) else {
        return;
    };
    let (mut room_one, mut room_two) = (Scratch::<64, 16>::new(), Scratch::<64, 16>::new());
    for kind in KINDS {
        for spec in one.specs(kind) {
            let (one, two) = (Evaluator::new(one, &World), Evaluator::new(two, &World));
            let name = spec.name();
            let mut steps = Steps::default();
            let explained = said(&one.explain(kind, &user, name, &mut room_one, &mut steps));
            assert!(steps.count <= MAX_STEPS as usize);
            let one = said(&one.explain(kind, &user, name, &mut room_one, &mut ()));
            assert_eq!(one, explained, "{kind:?} {name:?}\n{first}\n{text}");
            let two = said(&two.explain(kind, &user, name, &mut room_two, &mut ()));
            assert_eq!(one, two, "{kind:?} {name:?}\n{first}\n{text}");
        }
    }
}

fn distinct(members: &[(String, Tree)]) -> bool {
    let mut names: Vec<&String> = members.iter().map(|(name, _)| name).collect();
    names.sort();
    names.windows(2).all(|pair| pair[0] != pair[1])
}
