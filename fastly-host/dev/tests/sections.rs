//! The sections that comments cite (§) are on the page `engine/evaluation.md`, and the code that it names is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    std::fs::read_to_string(root().join("engine/evaluation.md")).unwrap()
}

/// The sections and chapters of the page.
fn sections(page: &str) -> BTreeSet<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let chapters = page.lines().filter_map(|line| line.strip_prefix("## "));
    rows.chain(chapters)
        .filter_map(|text| text.split(' ').next())
        .filter(|number| number.starts_with(|first: char| first.is_ascii_digit()))
        .collect()
}

/// Every text below a folder whose file name ends so, with its path.
fn texts(folder: &Path, ending: &str, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                texts(&path, ending, found);
            }
        } else if path.to_string_lossy().ends_with(ending) {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

#[test]
fn every_section_that_is_cited_is_on_the_page() {
    let page = page();
    let sections = sections(&page);
    let mut sources = Vec::new();
    for folder in ["engine", "fastly-host", "fuzz/targets"] {
        texts(&root().join(folder), ".rs", &mut sources);
    }
    let mut cited = 0;
    for (path, text) in &sources {
        for after in text.split('§').skip(1) {
            let number: String = after
                .chars()
                .take_while(|character| character.is_ascii_digit() || *character == '.')
                .collect();
            let number = number.trim_end_matches('.');
            assert!(
                number.is_empty() || sections.contains(number),
                "{}: §{number}",
                path.display()
            );
            cited += usize::from(!number.is_empty());
        }
    }
    assert!(cited > 100, "{cited}");
}

#[test]
fn the_code_that_the_page_names_is_there() {
    let page = page();
    let mut named = 0;
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let code = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for path in code.split('`').skip(1).step_by(2) {
            let below = match path.starts_with("engine/") || path.starts_with("fastly-host/") {
                true => root(),
                false => root().join("engine/src"),
            };
            assert!(below.join(path).exists(), "{path}");
            named += 1;
        }
    }
    assert!(named > 60, "{named}");
}
