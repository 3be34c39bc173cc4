//! Statsig's own core on the same payloads and cases: the peer in sections T and E.

use std::path::{Path, PathBuf};

use statsig_benches_cases::evaluation::{CASES, REPEATS};

use crate::callgrind::{Native, count_all};
use crate::measured::{Measured, Selection};

/// Counts what the selection has. The keys are those of ours, with `core` before them.
pub(crate) fn run(
    measured: &mut Measured,
    native: &Native,
    [json, table]: &[PathBuf; 2],
    selection: &Selection<'_>,
) -> Result<(), String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut jobs: Vec<(String, Vec<String>)> = Vec::new();
    if selection.has("E-core user") {
        jobs.push(("core user".into(), vec!["user".into()]));
    }
    for case in CASES {
        for (users, exposures) in [
            ("same", "plain"),
            ("same", "exposures"),
            ("new", "plain"),
            ("new", "exposures"),
        ] {
            if selection.has(&format!("{} {exposures}", case.id)) {
                let words = ["evaluate", case.id, users, exposures].map(String::from);
                let files = [text(json), text(table)];
                jobs.push((
                    format!("core {} {users} {exposures}", case.id),
                    words.into_iter().chain(files).collect(),
                ));
            }
        }
    }
    for payload in &measured.payloads {
        let key = format!("core-initialise {}", payload.name);
        // It does not read the first version.
        if payload.name != "v1" && selection.has(&format!("T {key}")) {
            jobs.push((key, vec!["initialise".into(), text(&payload.json_file)]));
        }
    }
    for (key, mut executed, heap) in count_all(native, jobs)? {
        if key.starts_with("core ") {
            executed.total /= REPEATS as u64;
            for (_, cost) in &mut executed.functions {
                *cost /= REPEATS as u64;
            }
        } else {
            measured.heap.insert(key.clone(), heap);
        }
        measured.native.insert(key, executed);
    }
    Ok(())
}
