//! `cargo dev fuzz --coverage`: how many lines of the engine the corpora in the repository reach, by target.
//!
//! The tests that replay the corpora are built with the compiler's own instrumentation and run target by target; LLVM's tools, of the
//! compiler's LLVM, count.

use crate::build_dirs::BuildDirs;
use crate::fuzz;
use crate::process::output_of;
use crate::progress::{Failure, Outcome, at, say};
use crate::workspace::Workspace;
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "statsig-fuzz-targets";

/// Where the engine's code is.
const CODE: &str = "engine/src";

/// LLVM's tools.
struct Tools {
    profdata: PathBuf,
    cov: PathBuf,
}

/// Prints a line for each target, and one for all together.
pub fn run(workspace: &Workspace, dirs: &BuildDirs) -> Outcome<()> {
    let tools = Tools::find()?;
    let test = build(workspace, dirs)?;
    let folder = workspace.run_dir("fuzz-coverage")?;
    let mut all = Vec::new();
    for target in fuzz::targets(&workspace.root.join("fuzz"))? {
        let raw = folder.join(format!("{target}.profraw"));
        let mut replay = Command::new(&test);
        replay
            .arg(format!("{target}::"))
            .env("LLVM_PROFILE_FILE", &raw)
            .current_dir(&workspace.root);
        must(&mut replay, "the corpus is replayed")?;
        let lines = tools.lines(workspace, &test, std::slice::from_ref(&raw))?;
        say(format!("{target:<22}{lines}"));
        all.push(raw);
    }
    let lines = tools.lines(workspace, &test, &all)?;
    say(format!("{:<22}{lines}", "all"));
    Ok(())
}

fn must(command: &mut Command, what: &str) -> Outcome<String> {
    output_of(command).ok_or_else(|| {
        Failure::new(
            format!("`{}` failed", command.get_program().to_string_lossy()),
            format!("run it by hand to see why: {what} by {command:?}"),
        )
    })
}

/// The tests that replay, instrumented.
fn build(workspace: &Workspace, dirs: &BuildDirs) -> Outcome<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["test", "-p", PACKAGE, "--test", "replay", "--no-run"])
        .args(["--message-format", "json"])
        .env("RUSTFLAGS", "-C instrument-coverage")
        .env("CARGO_TARGET_DIR", dirs.native().join("coverage"));
    let said = must(&mut cargo, "the tests are built")?;
    let messages = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut built = None;
    for message in messages {
        if message["target"]["name"] == "replay"
            && let Some(test) = message["executable"].as_str()
        {
            built = Some(PathBuf::from(test));
        }
    }
    built.ok_or_else(|| Failure::new("cargo names no test that it has built", "build it by hand"))
}

impl Tools {
    /// Those of the toolchain, or of the system's LLVM of the same number.
    fn find() -> Outcome<Self> {
        let rustc = |argument: &[&str]| output_of(Command::new("rustc").args(argument));
        let about = rustc(&["-vV"]).unwrap_or_default();
        let field = |name: &str| about.lines().find_map(|line| line.strip_prefix(name));
        let llvm = field("LLVM version: ").and_then(|version| version.split('.').next());
        let llvm = llvm.unwrap_or("?");
        let own = rustc(&["--print", "sysroot"]).map(|sysroot| {
            let host = field("host: ").unwrap_or_default();
            Path::new(sysroot.trim())
                .join("lib/rustlib")
                .join(host)
                .join("bin")
        });
        let find = |name: &str| {
            let own = own.iter().map(|folder| folder.join(name));
            let system = [format!("{name}-{llvm}"), name.to_owned()].map(PathBuf::from);
            own.chain(system).find(|tool| {
                let said = output_of(Command::new(tool).arg("--version")).unwrap_or_default();
                said.contains(&format!("version {llvm}."))
            })
        };
        match (find("llvm-profdata"), find("llvm-cov")) {
            (Some(profdata), Some(cov)) => Ok(Tools { profdata, cov }),
            _ => Err(Failure::new(
                format!("there are no tools of LLVM {llvm} to count coverage with"),
                format!(
                    "`rustup component add llvm-tools`, or the package `llvm-{llvm}` of the system"
                ),
            )),
        }
    }

    /// The engine's lines that these runs have reached, in words.
    fn lines(&self, workspace: &Workspace, test: &Path, runs: &[PathBuf]) -> Outcome<String> {
        let merged = runs.last().map(|run| run.with_extension("profdata"));
        let merged = merged.unwrap_or_default();
        let mut merge = Command::new(&self.profdata);
        merge
            .args(["merge", "-sparse"])
            .args(runs)
            .arg("-o")
            .arg(&merged);
        must(&mut merge, "runs are merged")?;
        let mut profile = OsString::from("-instr-profile=");
        profile.push(&merged);
        let mut export = Command::new(&self.cov);
        export
            .args(["export", "-summary-only"])
            .arg(test)
            .arg(profile)
            .arg(workspace.root.join(CODE));
        let said = must(&mut export, "lines are counted")?;
        std::fs::remove_file(&merged).map_err(at("remove", &merged))?;
        let summary: Value = serde_json::from_str(&said).unwrap_or_default();
        let lines = &summary["data"][0]["totals"]["lines"];
        match (lines["covered"].as_u64(), lines["count"].as_u64()) {
            (Some(covered), Some(count)) if count > 0 => {
                let share = covered.saturating_mul(1_000) / count;
                let (whole, tenths) = (share / 10, share % 10);
                Ok(format!(
                    "{covered:>6} of {count} lines, {whole:>3}.{tenths} %"
                ))
            }
            _ => Err(Failure::new(
                "llvm-cov counts nothing",
                "see what it says by hand",
            )),
        }
    }
}
