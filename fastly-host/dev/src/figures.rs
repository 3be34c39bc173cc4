//! The figures in the README: taken from `benches/RESULTS.md` by `cargo dev bench`, and by a test that they still are.

use crate::progress::{Failure, Outcome, at};
use std::fmt::Write;
use std::path::Path;

/// What is between these lines of the README is written here.
const BEGIN: &str = "<!-- figures: written by `cargo dev bench` -->\n";
const END: &str = "<!-- end of figures -->\n";

/// What is measured, the module's name in section P and its store without `eval.` or `4MB.`.
const SERVICES: [(&str, &str, &str); 5] = [
    (
        "this, published table, without the `fastly` crate",
        "bare",
        "table",
    ),
    (
        "this, published table, with the `fastly` crate",
        "service",
        "table",
    ),
    (
        "this, Statsig's JSON, read anew and compiled by an earlier request",
        "bare-drop-in",
        "json",
    ),
    (
        "Statsig's `@statsig/serverless-client` on `@fastly/js-compute`",
        "js-serverless",
        "v1.json",
    ),
    (
        "Statsig's `statsig-node` on `@fastly/js-compute`",
        "js-node",
        "v1.json",
    ),
];

/// What a check is of, and its id in section E.
const CHECKS: [(&str, &str); 6] = [
    ("a gate for everyone", "E-public"),
    ("a gate at 50 %", "E-half"),
    ("an experiment, one parameter read", "E-experiment"),
    ("a layer over an experiment, one parameter read", "E-layer"),
    ("a config of twelve parameters, one read", "E-config"),
    ("a gate that the specs do not have", "E-unknown"),
];

/// Writes the figures of the results into the README.
///
/// # Errors
/// A file cannot be read or written, the README has no place for them, or the results lack one.
pub fn write(root: &Path) -> Outcome<()> {
    let path = root.join("README.md");
    let readme = read(&path)?;
    let renewed = renewed(&readme, &read(&root.join("benches/RESULTS.md"))?)?;
    if renewed != readme {
        std::fs::write(&path, renewed).map_err(at("write", &path))?;
    }
    Ok(())
}

fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(at("read", path))
}

fn renewed(readme: &str, results: &str) -> Outcome<String> {
    let place = || {
        Failure::new(
            "the README has no place for figures",
            format!("put `{}` and `{}` there", BEGIN.trim(), END.trim()),
        )
    };
    let (before, rest) = readme.split_once(BEGIN).ok_or_else(place)?;
    let (_, after) = rest.split_once(END).ok_or_else(place)?;
    Ok(format!(
        "{before}{BEGIN}{}{END}{after}",
        figures(&Results(results))?
    ))
}

fn figures(results: &Results<'_>) -> Outcome<String> {
    let requests = results.section("P: ")?;
    let sizes = results.section("W: ")?;
    let mut text = String::from(
        "| one gate, its exposure sent | module, bytes | CPU of a request, 0.43 MB of specs | 4 MB of specs |\n\
         | --- | ---: | ---: | ---: |\n",
    );
    let empty = |id| cell(sizes, &[id], 1);
    let _ = writeln!(
        text,
        "| a service that does nothing, without and with the `fastly` crate | {} and {} | | |",
        empty("W-bare-empty")?,
        empty("W-fastly-url")?,
    );
    for (what, module, store) in SERVICES {
        let module = format!("`{module}`");
        let bytes = cell(requests, &[&module], 1)?;
        let ratio = |payload: &str| {
            let cell = cell(requests, &[&module, &format!("{payload}.{store}")], 3)?;
            let ratio = cell.split(' ').next().unwrap_or(cell);
            Ok::<_, Failure>(format!("{ratio} ×"))
        };
        let _ = writeln!(
            text,
            "| {what} | {bytes} | {} | {} |",
            ratio("eval")?,
            ratio("4MB")?
        );
    }
    let evaluation = results.section("E: ")?;
    text.push_str(
        "\n| one check with its exposure, native | instructions | `statsig-rust`, a new user | |\n\
         | --- | ---: | ---: | ---: |\n",
    );
    let (ours, core) = evaluation.split_once("Peer: ").unwrap_or((evaluation, ""));
    for (what, id) in CHECKS {
        let (ours, core) = (cell(ours, &[id], 3)?, |column| cell(core, &[id], column));
        let _ = writeln!(text, "| {what} | {ours} | {} | {} |", core(4)?, core(5)?);
    }
    Ok(text)
}

struct Results<'r>(&'r str);

impl<'r> Results<'r> {
    /// The section whose heading begins so.
    fn section(&self, heading: &str) -> Outcome<&'r str> {
        self.0
            .split("\n## ")
            .find(|section| section.starts_with(heading))
            .ok_or_else(|| missing(heading))
    }
}

/// A cell of the last row that begins with the given cells.
fn cell<'r>(section: &'r str, row: &[&str], column: usize) -> Outcome<&'r str> {
    let cells = |line: &'r str| -> Option<Vec<&'r str>> {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        Some(line.split(" | ").collect())
    };
    section
        .lines()
        .rev()
        .filter_map(cells)
        .find(|cells| cells.len() > column && cells.starts_with(row))
        .and_then(|cells| cells.get(column).copied())
        .ok_or_else(|| missing(&row.join(" ")))
}

fn missing(what: &str) -> Failure {
    Failure::new(
        format!("benches/RESULTS.md has no `{what}`"),
        "`cargo dev bench` and `cargo dev bench --peers` write it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_says_what_was_measured() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let readme = read(&root.join("README.md")).unwrap_or_else(|error| panic!("{error}"));
        let results =
            read(&root.join("benches/RESULTS.md")).unwrap_or_else(|error| panic!("{error}"));
        let renewed = renewed(&readme, &results).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(readme, renewed, "`cargo dev bench` writes them again");
    }
}
