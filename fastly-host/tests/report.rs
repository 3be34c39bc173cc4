//! The report against what Statsig's own core answered, for every spec and user of two projects.

mod common;

use serde_json::Value;
use statsig_edge::{Country, Environment, Evaluator, Table, User, compile::compile};
use statsig_fastly::report;

struct Recorded {
    countries: Value,
}

impl Environment for Recorded {
    fn now_ms(&self) -> i64 {
        1_790_000_000_000
    }

    fn country(&self, ip: &str) -> Country {
        let code = self.countries.get(ip).and_then(|code| code.as_str());
        match code.and_then(|code| code.as_bytes().try_into().ok()) {
            Some(code) => Country::Code(code),
            None => Country::Unknown,
        }
    }
}

fn compare(specs: &[u8], mut golden: Value) {
    common::expand_large(&mut golden);
    let compiled = compile(specs).unwrap();
    let environment = Recorded {
        countries: common::countries(),
    };
    let evaluator = Evaluator::new(Table::open(&compiled.table).unwrap(), &environment);
    let mut differences = Vec::new();
    for user in golden["users"].as_array().unwrap() {
        let id = user["id"].as_str().unwrap();
        let json = user["user"].to_string();
        let mut scratch = vec![0; json.len() * 6];
        let user = User::from_json(json.as_bytes(), &mut scratch).unwrap();
        let mut out = String::new();
        report::write_all(&evaluator, &user, "Adapter(DataStore)", &mut out);
        let ours: Value = serde_json::from_str(&out).unwrap();
        for (section, specs) in golden["results"][id].as_object().unwrap() {
            let (ours, theirs) = (&ours[section], specs.as_object().unwrap());
            assert_eq!(ours.as_object().unwrap().len(), theirs.len());
            differences.extend(theirs.iter().filter_map(|(name, theirs)| {
                common::difference(&ours[name], theirs, &format!("{id}/{section}/{name}"))
            }));
        }
    }
    assert!(
        differences.is_empty(),
        "{}: {differences:#?}",
        differences.len()
    );
}

#[test]
fn the_demo_project_agrees() {
    compare(common::DEMO_SPECS, common::demo_golden());
}

#[test]
fn the_evaluation_project_agrees() {
    compare(common::EVAL_SPECS, common::eval_golden());
}
