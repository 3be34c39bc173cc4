//! Every file of the corpora, and of what the fuzzer found, through its target.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};

use statsig_fuzz_targets::TARGETS;

fn folder(kind: &str, target: &str) -> PathBuf {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fuzz.join(kind).join(target)
}

/// Names the file that a target panics on.
struct OnPanic<'p>(&'p Path);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("found by {}", self.0.display());
        }
    }
}

fn replay(kind: &str, target: &str) -> usize {
    let run = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, run) = run.expect("a target's name");
    let Ok(files) = std::fs::read_dir(folder(kind, target)) else {
        return 0;
    };
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    for path in &paths {
        let bytes = std::fs::read(path).unwrap();
        let _named = OnPanic(path);
        run(&bytes);
    }
    paths.len()
}

/// A module of tests for each target, so that one of them can be run alone.
macro_rules! targets {
    ($($target:ident)*) => {
        const TESTED: [&str; TARGETS.len()] = [$(stringify!($target)),*];
        $(mod $target {
            #[test]
            fn what_was_found_stays_mended() {
                super::replay("regressions", stringify!($target));
            }

            #[test]
            fn the_corpus_finds_nothing() {
                assert!(super::replay("corpus", stringify!($target)) > 0);
            }
        })*
    };
}

targets! {
    compile open evaluate user_json user_agent config_store_chunks id_list_shard event_body cookie
}

#[test]
fn every_folder_belongs_to_a_target_and_every_target_has_an_entry_point() {
    let names = TARGETS.map(|(name, _)| name);
    assert_eq!(names, TESTED);
    for kind in ["corpus", "regressions"] {
        let Ok(folders) = std::fs::read_dir(folder(kind, "")) else {
            continue;
        };
        for found in folders {
            let name = found.unwrap().file_name();
            assert!(names.iter().any(|known| *known == name), "{kind}/{name:?}");
        }
    }
    for name in names {
        assert!(folder("fuzz_targets", &format!("{name}.rs")).is_file());
    }
}
