//! Viceroy, Fastly's local Compute runtime: found on this machine, or built from source in the background.
//!
//! Looked for, in order: the file that `STATSIG_VICEROY` names, `viceroy` on PATH, the copy that the `fastly` command-line tool keeps
//! (in its configuration folder), the one built by an earlier run. A build is resumed where an earlier one was cut
//! short, and its result appears at its place only when it is whole.

use crate::process::{Running, output_of};
use crate::progress::{Failure, Outcome, Ticker, at, say, spoken, tail};
use crate::workspace::{cache_dir, cargo};
use std::collections::HashSet;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const VERSION: &str = "0.22.0";
/// Older ones miss host calls and `fastly.toml` keys that the service uses.
const OLDEST: (u32, u32) = (0, 22);
const CRATES: usize = 310;
const ABOUT: &str = "about 9 minutes on two cores";

/// A Viceroy that runs.
#[derive(Clone, Debug)]
pub struct Viceroy {
    /// The executable.
    pub path: PathBuf,
    /// What it says of itself, such as `0.22.0`.
    pub version: String,
}

impl fmt::Display for Viceroy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Viceroy {} at {}", self.version, self.path.display())
    }
}

/// A Viceroy that is there or on its way.
pub enum Preparing {
    /// It was found.
    Ready(Viceroy),
    /// A thread builds it.
    Building(JoinHandle<Outcome<Viceroy>>),
}

impl Preparing {
    /// Finds Viceroy or begins to build it; returns at once.
    pub fn begin() -> Outcome<Self> {
        if let Some(found) = find()? {
            say(format!("using {found}"));
            return Ok(Self::Ready(found));
        }
        say(format!(
            "Viceroy {VERSION} is not on this machine: building it from source in the background, once ({ABOUT})"
        ));
        Ok(Self::Building(std::thread::spawn(build)))
    }

    /// Whether [`wait`](Self::wait) would return at once.
    pub fn is_ready(&self) -> bool {
        match self {
            Self::Ready(_) => true,
            Self::Building(thread) => thread.is_finished(),
        }
    }

    /// Waits for the end of the build.
    pub fn wait(self) -> Outcome<Viceroy> {
        match self {
            Self::Ready(viceroy) => Ok(viceroy),
            Self::Building(thread) => {
                if !thread.is_finished() {
                    say("waiting for the build of Viceroy");
                }
                thread.join().unwrap_or_else(|_| {
                    Err(Failure::new(
                        "the thread that builds Viceroy panicked",
                        "report the lines above",
                    ))
                })
            }
        }
    }
}

fn kept() -> Outcome<PathBuf> {
    Ok(cache_dir()?.join(format!("viceroy-{VERSION}")))
}

/// The first usable Viceroy of the places above.
pub fn find() -> Outcome<Option<Viceroy>> {
    if let Some(named) = std::env::var_os("STATSIG_VICEROY").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(named);
        return match probe(&path) {
            Some(viceroy) => Ok(Some(viceroy)),
            None => Err(Failure::new(
                format!(
                    "STATSIG_VICEROY names {}, which does not answer `--version` as a Viceroy",
                    path.display()
                ),
                "correct the variable or unset it",
            )),
        };
    }
    let mut places = Vec::new();
    if let Some(path) = std::env::var_os("PATH") {
        places.extend(std::env::split_paths(&path).map(|dir| dir.join("viceroy")));
    }
    places.extend(fastly_tool_folders().map(|dir| dir.join("viceroy")));
    places.push(kept()?.join("bin/viceroy"));
    for place in places.iter().filter(|place| place.is_file()) {
        match probe(place) {
            Some(viceroy) if is_recent(&viceroy.version) => return Ok(Some(viceroy)),
            Some(old) => say(format!(
                "passing over {old}: {}.{} or newer is needed",
                OLDEST.0, OLDEST.1
            )),
            None => say(format!(
                "passing over {}: it does not answer `--version`",
                place.display()
            )),
        }
    }
    Ok(None)
}

/// Where the `fastly` tool keeps its Viceroy: in `fastly` below the user's configuration folder, else in `~/.fastly`.
fn fastly_tool_folders() -> impl Iterator<Item = PathBuf> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = var("HOME").map(PathBuf::from);
    let config = if cfg!(target_os = "macos") {
        home.as_ref()
            .map(|home| home.join("Library/Application Support"))
    } else {
        var("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| home.as_ref().map(|home| home.join(".config")))
    };
    let below_config = config.map(|config| config.join("fastly"));
    below_config
        .into_iter()
        .chain(home.map(|home| home.join(".fastly")))
}

fn probe(path: &Path) -> Option<Viceroy> {
    let said = output_of(Command::new(path).arg("--version"))?;
    let version = said.strip_prefix("viceroy ")?.split_whitespace().next()?;
    Some(Viceroy {
        path: path.to_owned(),
        version: version.to_owned(),
    })
}

fn is_recent(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) >= OLDEST,
        _ => false,
    }
}

fn build() -> Outcome<Viceroy> {
    let cache = cache_dir()?;
    let lock_path = cache.join("viceroy.lock");
    let lock = File::create(&lock_path).map_err(at("write", &lock_path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say("viceroy: another run is building it; waiting for that one");
            let ticker = Ticker::start(Duration::from_secs(30), |time| {
                format!("viceroy: waited {} for the other run", spoken(time))
            });
            lock.lock().map_err(at("lock", &lock_path))?;
            drop(ticker);
        }
        Err(TryLockError::Error(error)) => return Err(at("lock", &lock_path)(error)),
    }
    // The other run may have finished it, or a cut-short one may have come far.
    let root = kept()?;
    let binary = root.join("bin/viceroy");
    if let Some(viceroy) = probe(&binary) {
        return Ok(viceroy);
    }
    let target = cache.join("viceroy-build");
    let log = cache.join("viceroy-build.log");
    let begin = Instant::now();
    install(&cache, &root, &target, &log)?;
    let viceroy = probe(&binary).ok_or_else(|| {
        Failure::new(
            format!("{} was built but does not run", binary.display()),
            format!("read {}, then run the command again", log.display()),
        )
    })?;
    // More than a GB that nobody needs again.
    let _ = std::fs::remove_dir_all(&target);
    say(format!("viceroy: built in {}", spoken(begin.elapsed())));
    Ok(viceroy)
}

/// What compiles a module when Viceroy starts: optimised, a start takes a tenth of the time.
const COMPILER_CRATES: [&str; 5] = [
    "cranelift-codegen",
    "cranelift-entity",
    "regalloc2",
    "wasmparser",
    "wasmtime-internal-cranelift",
];

/// `cargo install` in the profile that builds fastest, but for the crates that make every start slow without it.
fn install(cache: &Path, root: &Path, target: &Path, log: &Path) -> Outcome<()> {
    let mut command = cargo();
    command
        .current_dir(cache)
        .args(["install", "viceroy", "--version", VERSION, "--locked"])
        .args(["--color", "never", "--force"])
        .args(["--config", "profile.release.opt-level=0"])
        .args(["--config", "profile.release.lto=\"off\""])
        .args(["--config", "profile.release.codegen-units=64"])
        .args(["--config", "profile.release.debug=false"])
        .args(COMPILER_CRATES.iter().flat_map(|name| {
            let option = format!("profile.release.package.{name}.opt-level=2");
            ["--config".to_owned(), option]
        }))
        .arg("--root")
        .arg(root)
        // cargo would use a temporary folder, and a build cut short would begin anew.
        .env("CARGO_TARGET_DIR", target)
        .env_remove("CARGO_TERM_QUIET")
        .env_remove("RUSTFLAGS")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    // A resumed build is silent about what is done, so the earlier log goes on.
    let mut begun: HashSet<String> = match std::fs::read_to_string(log) {
        Ok(earlier) if target.exists() => earlier.lines().filter_map(crate_begun).collect(),
        _ => {
            let _ = std::fs::remove_file(log);
            HashSet::new()
        }
    };
    let mut log_file = File::options()
        .create(true)
        .append(true)
        .open(log)
        .map_err(at("write", log))?;
    let mut running = Running::in_own_group(&mut command)?;
    let count = Arc::new(AtomicUsize::new(begun.len()));
    let counter = Arc::clone(&count);
    let ticker = Ticker::start(Duration::from_secs(30), move |time| {
        match counter.load(Ordering::Relaxed) {
            0 => format!("viceroy: fetching its source, {} so far", spoken(time)),
            count => format!(
                "viceroy: {count} of about {CRATES} crates begun, {} so far ({ABOUT})",
                spoken(time)
            ),
        }
    });
    if let (_, Some(stderr)) = running.pipes() {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let _ = writeln!(log_file, "{line}");
            begun.extend(crate_begun(&line));
            count.store(begun.len(), Ordering::Relaxed);
        }
    }
    let status = running.wait()?;
    drop(ticker);
    if status.success() {
        return Ok(());
    }
    say(tail(log, 15));
    Err(Failure::new(
        format!("building Viceroy failed ({status})"),
        format!(
            "read {}; the same command resumes the build, and STATSIG_VICEROY can name a Viceroy that you have",
            log.display()
        ),
    ))
}

/// The crate that one of cargo's lines says it begins to compile.
fn crate_begun(line: &str) -> Option<String> {
    Some(line.trim_start().strip_prefix("Compiling ")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_recent("0.22.0"));
        assert!(is_recent("0.100.3"));
        assert!(is_recent("1.0.0"));
        assert!(!is_recent("0.9.7"));
        assert!(!is_recent("unknown"));
    }

    #[test]
    fn a_program_that_is_no_viceroy_is_not_taken_for_one() {
        assert!(probe(Path::new("/bin/sh")).is_none());
    }
}
