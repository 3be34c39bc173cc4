//! The clone we work in, as cargo sees it, and the folder outside it that is kept between runs.

use crate::process::output_of;
use crate::progress::{Failure, Outcome, at};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One package of the workspace.
pub struct Member {
    /// The package's name.
    pub name: String,
    /// The folder of its manifest.
    pub dir: PathBuf,
}

/// A cargo workspace.
pub struct Workspace {
    /// Its root folder.
    pub root: PathBuf,
    /// Its packages.
    pub members: Vec<Member>,
}

impl Workspace {
    /// The one around the current directory.
    pub fn find() -> Outcome<Self> {
        Self::around(Path::new("."))
    }

    /// The one around `dir`, by `cargo metadata`.
    pub fn around(dir: &Path) -> Outcome<Self> {
        let failed = || {
            Failure::new(
                "`cargo metadata` gave no workspace",
                "run `cargo dev` inside the clone, and `cargo metadata` to see the reason",
            )
        };
        let mut command = cargo();
        command
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(dir);
        let text = output_of(&mut command).ok_or_else(failed)?;
        Self::read(&text).ok_or_else(failed)
    }

    fn read(metadata: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(metadata).ok()?;
        let members = value["packages"].as_array()?.iter().filter_map(|package| {
            Some(Member {
                name: package["name"].as_str()?.to_owned(),
                dir: Path::new(package["manifest_path"].as_str()?)
                    .parent()?
                    .to_owned(),
            })
        });
        Some(Self {
            root: PathBuf::from(value["workspace_root"].as_str()?),
            members: members.collect(),
        })
    }

    /// The folder of a package, if the workspace has it.
    pub fn member(&self, name: &str) -> Option<&Path> {
        let member = self.members.iter().find(|member| member.name == name)?;
        Some(&member.dir)
    }

    /// A folder inside the clone for the files of one kind of run (module, configuration, logs), created if absent.
    pub fn run_dir(&self, name: &str) -> Outcome<PathBuf> {
        let dir = self.root.join("target/dev-run").join(name);
        std::fs::create_dir_all(&dir).map_err(at("create", &dir))?;
        Ok(dir)
    }

    /// `cargo` of the active toolchain, to be run at the root.
    pub fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }
}

/// The cargo that runs us, or the one on PATH.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// What is kept between runs and between clones: `$STATSIG_DEV_CACHE`, else `statsig-edge-dev` in the user's cache
/// folder. Created if absent.
pub fn cache_dir() -> Outcome<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let dir = if let Some(own) = var("STATSIG_DEV_CACHE") {
        PathBuf::from(own)
    } else if let Some(caches) = var("XDG_CACHE_HOME") {
        PathBuf::from(caches).join("statsig-edge-dev")
    } else if let Some(home) = var("HOME") {
        PathBuf::from(home).join(".cache/statsig-edge-dev")
    } else {
        return Err(Failure::new(
            "there is no folder to keep things in: neither STATSIG_DEV_CACHE, XDG_CACHE_HOME nor HOME is set",
            "set STATSIG_DEV_CACHE to a folder that may grow to a few GB",
        ));
    };
    let dir = std::path::absolute(&dir).map_err(at("find", &dir))?;
    std::fs::create_dir_all(&dir).map_err(at("create", &dir))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_metadata_is_read() {
        let workspace = Workspace::find().expect("tests run inside the workspace");
        let dir = workspace
            .member("statsig-fastly-dev")
            .expect("this package");
        assert_eq!(dir, Path::new(env!("CARGO_MANIFEST_DIR")));
        assert!(dir.starts_with(&workspace.root));
    }
}
