//! Where and from what a section was measured.

use std::process::Command;

/// What a section says of its figures.
pub(crate) struct From {
    /// The commit, short.
    pub(crate) commit: String,
    /// A sentence with date, commit, machine and compiler.
    pub(crate) sentence: String,
}

impl From {
    /// Of a run here and now.
    pub(crate) fn here() -> Self {
        let folder = env!("CARGO_MANIFEST_DIR");
        let commit = output("git", &["-C", folder, "rev-parse", "--short", "HEAD"]);
        let status = [
            "-C",
            folder,
            "status",
            "--porcelain",
            "--untracked-files=no",
        ];
        // The page itself is what this run changes.
        let is_changed = output("git", &status)
            .lines()
            .any(|line| !line.ends_with("RESULTS.md"));
        let commit = if is_changed { commit + "+" } else { commit };
        Self {
            sentence: format!(
                "Measured on {} from {commit} on {}, {}, by {}.",
                output("date", &["-u", "+%F"]),
                processor(),
                output("uname", &["-sm"]),
                output("rustc", &["--version"])
            ),
            commit,
        }
    }
}

/// The version of what counts native instructions.
pub(crate) fn valgrind() -> String {
    output("valgrind", &["--version"])
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or("unknown".into(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model
        .map_or("unknown processor", |(_, model)| model)
        .to_owned()
}
