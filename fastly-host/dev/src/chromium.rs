//! Chromium, for the tests that look at a page as a person does: found on this machine, or installed from Debian's packages.

use crate::debian;
use crate::progress::{Failure, Outcome};
use std::path::PathBuf;

/// Names the browser's executable to the tests, and to us one that is not on PATH.
pub const CHROMIUM_VAR: &str = "STATSIG_CHROMIUM";
/// Names the folder that the tests leave their pictures in.
pub const PICTURES_VAR: &str = "STATSIG_PICTURES";

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Finds the browser, or installs Debian's package `chromium`.
pub fn prepare() -> Outcome<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    debian::install(&["chromium"], || {
        Failure::new(
            "there is no Chromium on PATH",
            format!("install Chromium or Chrome, or name its executable in {CHROMIUM_VAR}"),
        )
    })?;
    find().ok_or_else(|| {
        Failure::new(
            "the package chromium brought no `chromium` on PATH",
            format!("name the executable in {CHROMIUM_VAR}"),
        )
    })
}

fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(CHROMIUM_VAR).filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut files = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.find(|file| file.is_file())
}
