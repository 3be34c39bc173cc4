//! Client bootstrap against whole responses of Statsig's server core: recorded over the sample projects
//! (`*.gcir.json`), in the vectors, and for every option over made-up projects (`bootstrap_core.json`).

#![cfg(all(feature = "bootstrap", feature = "compile"))]

#[path = "../common/mod.rs"]
mod common;
mod compare;
mod particular;
mod recorded;

use std::sync::LazyLock;

use common::{World, json};
use serde_json::Value as Json;
use statsig_edge::bootstrap::{BootstrapOptions, BootstrapReport};
use statsig_edge::compile::compile;
use statsig_edge::{Evaluator, Options, Scratch, Table, User};

static RECORDED: LazyLock<Json> = LazyLock::new(|| json("bootstrap_core.json.gz"));

fn world() -> World {
    let countries = json("countries.json.gz");
    World {
        // The projects compare the time with years before 2023 and after 2029.
        now_ms: 1_767_225_600_000,
        countries: serde_json::from_value(countries).unwrap(),
        // Neither below the recorded sampling rates of 0 nor above those of 1.
        random: 0.5,
        ..World::default()
    }
}

fn compiled(payload: &[u8]) -> Vec<u8> {
    compile(payload).unwrap().table
}

/// What is asked of the engine beside the table.
#[derive(Default)]
struct Question<'q> {
    user: &'q str,
    tier: Option<&'q str>,
    options: BootstrapOptions<'q>,
}

fn respond(table: &[u8], question: &Question<'_>) -> (Json, BootstrapReport) {
    let world = world();
    let mut options = Options::default();
    options.tier = question.tier;
    let evaluator = Evaluator::with_options(Table::open(table).unwrap(), &world, options);
    let mut scratch_bytes = vec![0; question.user.len() * 6];
    let user = User::from_json(question.user.as_bytes(), &mut scratch_bytes).unwrap();
    let mut scratch = Scratch::<256>::new();
    let mut text = String::new();
    let report = evaluator
        .client_bootstrap(&user, &question.options, scratch.view(), &mut text)
        .unwrap();
    assert_eq!(report.dropped, 0);
    let response = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (response, report)
}

fn remove(value: &mut Json, name: &str) -> Option<Json> {
    value.as_object_mut().unwrap().remove(name)
}
