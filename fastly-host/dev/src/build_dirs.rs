//! Where compiled code goes: outside the clone, so that a fresh clone finds its dependencies compiled.
//!
//! Compiled *dependencies* are safe to share between clones: cargo knows them by version and checksum. The workspace's own
//! packages are not: cargo names their artifacts by their path within the workspace, and decides by file times whether they are
//! up to date, so that a second clone with older files would be answered with the first one's code. Therefore a shared folder
//! has one user at a time (a lock, held while we build), and when the clone that uses it changes, the artifacts of the workspace's own
//! packages are removed first. Who sets `CARGO_TARGET_DIR` gets that folder, unlocked, as from cargo itself.

use crate::process::output_of;
use crate::progress::{Failure, Outcome, at, say};
use crate::workspace::{Workspace, cache_dir};
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target folders of one run.
pub struct BuildDirs {
    base: PathBuf,
    native: PathBuf,
    _lock: Option<File>,
}

impl BuildDirs {
    /// Takes the shared folder for this compiler, or one inside the clone when another run holds that.
    pub fn take(workspace: &Workspace) -> Outcome<Self> {
        if let Some(dir) = std::env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
            let native = std::path::absolute(workspace.root.join(dir))
                .map_err(at("find", &workspace.root))?;
            return Ok(Self {
                base: native.join("dev"),
                native,
                _lock: None,
            });
        }
        let shared = cache_dir()?.join("build").join(compiler_key("rustc")?);
        Self::take_shared(shared, workspace)
    }

    fn take_shared(shared: PathBuf, workspace: &Workspace) -> Outcome<Self> {
        std::fs::create_dir_all(&shared).map_err(at("create", &shared))?;
        let lock_path = shared.join("in-use");
        let lock = File::create(&lock_path).map_err(at("write", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                say(
                    "another run uses the shared build folder: this one compiles into the clone's own target/dev",
                );
                let base = workspace.root.join("target/dev");
                return Ok(Self {
                    native: base.join("native"),
                    base,
                    _lock: None,
                });
            }
            Err(TryLockError::Error(error)) => return Err(at("lock", &lock_path)(error)),
        }
        let dirs = Self {
            native: shared.join("native"),
            base: shared,
            _lock: Some(lock),
        };
        dirs.hand_over(workspace)?;
        Ok(dirs)
    }

    /// Target folder of ordinary builds.
    pub fn native(&self) -> &Path {
        &self.native
    }

    /// Target folder of native code that is measured, whose compiler flags would rebuild everything in the ordinary one.
    pub fn measured(&self) -> PathBuf {
        self.base.join("measured")
    }

    /// Target folder of Wasm and bare-metal builds by the compiler that `key` names (see [`compiler_key`]).
    pub fn cross(&self, key: &str) -> PathBuf {
        self.base.join(format!("cross-{key}"))
    }

    /// Makes the folder ours: if another clone used it last, the workspace's own artifacts go.
    fn hand_over(&self, workspace: &Workspace) -> Outcome<()> {
        let owner_path = self.base.join("owner");
        let owner = identity(&workspace.root)?;
        match std::fs::read_to_string(&owner_path) {
            Ok(last) if last == owner => return Ok(()),
            _ => {}
        }
        // Nobody's until the cleaning is done: if it is cut short, the next run does it again.
        std::fs::write(&owner_path, "").map_err(at("write", &owner_path))?;
        let entries = std::fs::read_dir(&self.base).map_err(at("read", &self.base))?;
        for dir in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let cross = dir
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("cross-"));
            let layouts: &[&[&str]] = if dir == self.native {
                &[&[], &["--profile", "tool"]]
            } else if dir == self.measured() {
                &[&["--profile", "release"]]
            } else if cross {
                &[
                    &["--target", "wasm32-wasip1"],
                    &["--target", "wasm32-wasip1", "--profile", "edge"],
                    &["--target", "thumbv7em-none-eabi"],
                ]
            } else {
                continue;
            };
            let cleaned = layouts
                .iter()
                .all(|layout| clean_members(workspace, &dir, layout));
            if !cleaned {
                std::fs::remove_dir_all(&dir).map_err(at("remove", &dir))?;
            }
        }
        std::fs::write(&owner_path, owner).map_err(at("write", &owner_path))
    }
}

fn clean_members(workspace: &Workspace, dir: &Path, layout: &[&str]) -> bool {
    let mut command = workspace.cargo();
    command
        .args(["clean", "--quiet", "--target-dir"])
        .arg(dir)
        .args(layout);
    for member in &workspace.members {
        command.args(["--package", &member.name]);
    }
    output_of(&mut command).is_some()
}

/// Tells one clone from another, and from another that lay at the same path before.
fn identity(root: &Path) -> Outcome<String> {
    let metadata = std::fs::metadata(root).map_err(at("read", root))?;
    let created = metadata
        .created()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |time| time.as_nanos());
    Ok(format!(
        "{}\n{}:{}:{created}\n",
        root.display(),
        metadata.dev(),
        metadata.ino()
    ))
}

/// A compiler's version as a folder name, such as `rustc-1-95-0-59807616e-2026-04-14`.
pub fn compiler_key(rustc: &str) -> Outcome<String> {
    let version = output_of(Command::new(rustc).arg("--version")).ok_or_else(|| {
        Failure::new(
            format!("`{rustc} --version` did not answer"),
            "install Rust 1.95 or newer (https://rustup.rs), then run the command again",
        )
    })?;
    Ok(folder_name(&version))
}

fn folder_name(version: &str) -> String {
    version
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    /// A workspace of one package whose test prints `word`, with files of a given age.
    fn clone_saying(word: &str, dir: &Path, age: Duration) -> Workspace {
        let source = dir.join("src");
        std::fs::create_dir_all(&source).expect("temporary folder");
        let test = format!("#[test]\nfn says() {{ println!(\"word {word}\"); }}\n");
        let manifest = "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
        for (path, text) in [
            (dir.join("Cargo.toml"), manifest),
            (source.join("lib.rs"), &test),
        ] {
            std::fs::write(&path, text).expect("temporary folder");
            let file = File::options()
                .write(true)
                .open(&path)
                .expect("just written");
            file.set_modified(SystemTime::now() - age)
                .expect("own file");
        }
        Workspace::around(dir).expect("a workspace")
    }

    fn word_of(workspace: &Workspace, dirs: &BuildDirs) -> String {
        let mut command = workspace.cargo();
        command
            .args(["test", "--quiet", "--offline", "--lib", "--", "--nocapture"])
            .env("CARGO_TARGET_DIR", dirs.native());
        let output = output_of(&mut command).expect("the test passes");
        let words = output.lines().find_map(|line| line.strip_prefix("word "));
        words.expect("the test prints").to_owned()
    }

    #[test]
    fn a_clone_with_older_files_is_not_answered_with_anothers_code() {
        let temporary = std::env::temp_dir().join(format!("statsig-dev-{}", std::process::id()));
        let shared = temporary.join("shared");
        let new = clone_saying("new", &temporary.join("new"), Duration::ZERO);
        let old = clone_saying("old", &temporary.join("old"), Duration::from_secs(7200));
        for (workspace, word) in [(&new, "new"), (&old, "old"), (&new, "new")] {
            let dirs = BuildDirs::take_shared(shared.clone(), workspace).expect("free");
            assert!(dirs.native().starts_with(&shared));
            assert_eq!(word_of(workspace, &dirs), word);
            let second = BuildDirs::take_shared(shared.clone(), workspace).expect("its own");
            assert!(second.native().starts_with(&workspace.root));
        }
        std::fs::remove_dir_all(&temporary).expect("ours");
    }

    #[test]
    fn a_version_becomes_a_folder_name() {
        assert_eq!(
            folder_name("rustc 1.95.0 (59807616e 2026-04-14)"),
            "rustc-1-95-0-59807616e-2026-04-14"
        );
    }
}
