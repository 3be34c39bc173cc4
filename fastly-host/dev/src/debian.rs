//! The way to Wasm without a rustup download: Debian's `rustc-web` pair, given a standard library that is built here once.
//!
//! Every step looks first whether it is done, so that a run that was cut short is simply started again. What lies below
//! `/usr` is written as root, through `sudo` where that asks for no password.

use crate::build_dirs::compiler_key;
use crate::process::{output_of, run_logged};
use crate::progress::{Failure, Outcome, at, say};
use crate::wasm_toolchain::{WASM, holds_library};
use crate::workspace::cache_dir;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian's compiler.
pub const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const TOOLCHAIN: &str = "wasm-debian";
const COMPILER_PACKAGES: [&str; 4] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "libstd-rust-web-dev",
];
const C_LIBRARY_PACKAGE: &str = "wasi-libc";
const C_LIBRARY: &str = "/usr/lib/wasm32-wasi";
const WASM_LIB: &str = "/usr/lib/rustlib/wasm32-wasip1/lib";
const OLDEST_MINOR: u32 = 95;

/// `cargo` of the finished toolchain, in `dir`.
pub fn cargo(dir: &Path) -> Command {
    let mut command = if rustup_is_here() {
        let mut rustup = Command::new("rustup");
        rustup.args(["run", TOOLCHAIN, "cargo"]);
        rustup
    } else {
        let mut direct = Command::new(CARGO);
        direct.env("RUSTC", RUSTC);
        direct
    };
    without_our_cargo(&mut command).current_dir(dir);
    command
}

/// `cargo` of Debian, in `dir`, allowed to build a standard library from source (`-Z build-std=…`).
pub fn cargo_with_own_std(dir: &Path) -> Command {
    let mut command = Command::new(CARGO);
    without_our_cargo(&mut command)
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(dir);
    command
}

/// The cargo that runs us says where its own compiler's libraries lie, and which toolchain is active: not for another one.
fn without_our_cargo(command: &mut Command) -> &mut Command {
    command
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
}

/// Installs the packages that building a standard library from source needs.
pub fn prepare_compiler() -> Outcome<()> {
    install(&COMPILER_PACKAGES, no_debian)?;
    let version = output_of(Command::new(RUSTC).arg("--version")).unwrap_or_default();
    if minor_of(&version).is_some_and(|minor| minor >= OLDEST_MINOR) {
        return Ok(());
    }
    Err(Failure::new(
        format!("{RUSTC} is `{version}`, too old: 1.{OLDEST_MINOR} or newer is needed"),
        format!(
            "let rustup fetch the target (`rustup target add {WASM}`), then run the command again"
        ),
    ))
}

/// Everything for [`WASM`]: packages, C runtime, linker, standard library, and rustup's name for it.
pub fn prepare_wasm() -> Outcome<()> {
    let packages: Vec<&str> = COMPILER_PACKAGES
        .into_iter()
        .chain([C_LIBRARY_PACKAGE])
        .collect();
    install(&packages, no_debian)?;
    prepare_compiler()?;
    link_c_runtime()?;
    link_linker()?;
    install_std()?;
    name_toolchain()
}

fn no_debian() -> Failure {
    Failure::new(
        format!(
            "there is no standard library for {WASM}: rustup could not fetch it and this is no Debian"
        ),
        format!(
            "make `rustup target add {WASM}` work (network, proxy), then run the command again"
        ),
    )
}

/// Installs what is missing of these packages; `no_debian` is the failure where there is no apt-get.
pub(crate) fn install(packages: &[&str], no_debian: impl FnOnce() -> Failure) -> Outcome<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| !is_installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!(
        "`sudo apt-get update && sudo apt-get install -y --no-install-recommends {}`",
        missing.join(" ")
    );
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(no_debian());
    }
    let root = Root::find(&format!("run {by_hand}"))?;
    say(format!(
        "apt-get install {} (about 40 s)",
        missing.join(" ")
    ));
    let log = cache_dir()?.join("apt.log");
    let advice = |failure: Failure| failure.advise(format!("run {by_hand} and read what it says"));
    run_logged(
        "apt-get update",
        root.command("apt-get").arg("update"),
        &log,
    )
    .map_err(advice)?;
    let mut command = root.command("apt-get");
    command
        .args(["install", "-y", "--no-install-recommends"])
        .args(&missing);
    run_logged("apt-get install", &mut command, &log).map_err(advice)
}

fn is_installed(package: &str) -> bool {
    output_of(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]))
        .is_some_and(|status| status == "installed")
}

fn link_c_runtime() -> Outcome<()> {
    let into = Path::new(WASM_LIB).join("self-contained");
    let files = std::fs::read_dir(C_LIBRARY).map_err(at("read", Path::new(C_LIBRARY)))?;
    let missing: Vec<PathBuf> = files
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|file| {
            file.file_name()
                .is_some_and(|name| !into.join(name).exists())
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    say("linking the C runtime of wasi-libc into the compiler's folder");
    let root = Root::for_usr()?;
    root.run("mkdir", |mkdir| mkdir.arg("-p").arg(&into))?;
    root.run("ln", |ln| ln.arg("-sfn").args(&missing).arg(&into))
}

fn link_linker() -> Outcome<()> {
    let host = output_of(Command::new(RUSTC).args(["--print", "host-tuple"])).unwrap_or_default();
    let bin = Path::new("/usr/lib/rustlib").join(&host).join("bin");
    let link = bin.join("rust-lld");
    if link.exists() {
        return Ok(());
    }
    let sysroot = output_of(Command::new("rustc").args(["--print", "sysroot"])).unwrap_or_default();
    let lld = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(&host)
        .join("bin/rust-lld");
    if !lld.exists() {
        return Err(Failure::new(
            format!("the Wasm linker `rust-lld` is not at {}", lld.display()),
            "install Rust with rustup (https://rustup.rs): its toolchains bring the linker",
        ));
    }
    say("linking rustup's rust-lld into the compiler's folder");
    let root = Root::for_usr()?;
    root.run("mkdir", |mkdir| mkdir.arg("-p").arg(&bin))?;
    root.run("ln", |ln| ln.arg("-sfn").arg(&lld).arg(&link))
}

/// Builds `std` and puts it where the compiler looks, unless one that works lies there.
fn install_std() -> Outcome<()> {
    let lib = Path::new(WASM_LIB);
    let mark = lib.join("built-by-statsig-dev");
    let version = output_of(Command::new(RUSTC).arg("-vV")).unwrap_or_default();
    let marked = std::fs::read_to_string(&mark).is_ok_and(|text| text.trim() == version);
    if holds_library(lib, "std") && (marked || can_link()?) {
        return Ok(());
    }
    say(format!(
        "building the standard library for {WASM} from rust-web-src (about 100 s of CPU time)"
    ));
    let cache = cache_dir()?;
    let seed = cache.join(format!("std-seed-{}", compiler_key(RUSTC)?));
    let source = seed.join("src");
    std::fs::create_dir_all(&source).map_err(at("create", &source))?;
    for (file, text) in [
        (
            "Cargo.toml",
            "[package]\nname = \"std-seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
        ),
        ("src/lib.rs", "#![no_std]\n"),
    ] {
        let path = seed.join(file);
        std::fs::write(&path, text).map_err(at("write", &path))?;
    }
    let mut build = cargo_with_own_std(&seed);
    build
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", seed.join("target"))
        .args(["build", "--release", "--target", WASM])
        .args(["-Z", "build-std=std,panic_abort"]);
    run_logged("building std", &mut build, &cache.join("std.log"))?;

    let built = seed.join("target").join(WASM).join("release/deps");
    let new = libraries_in(&built)?
        .into_iter()
        .filter(|path| !file_name(path).starts_with("libstd_seed-"))
        .collect::<Vec<_>>();
    let root = Root::for_usr()?;
    root.run("mkdir", |mkdir| mkdir.arg("-p").arg(lib))?;
    // Two copies of one crate would make the compiler refuse both.
    let old = libraries_in(lib)?;
    root.run("rm", |rm| rm.arg("-f").arg(&mark).args(old))?;
    root.run("cp", |cp| cp.args(&new).arg(lib))?;
    let note = seed.join("version");
    std::fs::write(&note, version).map_err(at("write", &note))?;
    root.run("cp", |cp| cp.arg(&note).arg(&mark))?;
    if !can_link()? {
        return Err(Failure::new(
            format!("the standard library built for {WASM} does not link a program"),
            format!(
                "see {}, remove {WASM_LIB}/lib*.rlib and run the command again",
                probe_log()?.display()
            ),
        ));
    }
    std::fs::remove_dir_all(&seed).map_err(at("remove", &seed))
}

fn libraries_in(dir: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir).map_err(at("read", dir))?;
    Ok(entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = file_name(path);
            name.starts_with("lib") && name.ends_with(".rlib")
        })
        .collect())
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn probe_log() -> Outcome<PathBuf> {
    Ok(cache_dir()?.join("probe.log"))
}

/// Whether a program links, with the link-time optimisation that the service uses.
fn can_link() -> Outcome<bool> {
    let cache = cache_dir()?;
    let source = cache.join("probe.rs");
    std::fs::write(&source, "fn main() { println!(\"linked\"); }\n")
        .map_err(at("write", &source))?;
    let mut command = Command::new(RUSTC);
    without_our_cargo(&mut command)
        .args(["--edition", "2024", "--target", WASM, "-O"])
        .args(["-C", "lto=fat", "-C", "panic=abort", "-o"])
        .arg(cache.join("probe.wasm"))
        .arg(&source);
    Ok(run_logged("linking a test program", &mut command, &probe_log()?).is_ok())
}

fn rustup_is_here() -> bool {
    output_of(Command::new("rustup").arg("--version")).is_some()
}

fn name_toolchain() -> Outcome<()> {
    if !rustup_is_here() {
        return Ok(());
    }
    let list = output_of(Command::new("rustup").args(["toolchain", "list", "-v"]));
    let named = list.unwrap_or_default().lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some(TOOLCHAIN) && words.next_back() == Some("/usr")
    });
    if named {
        return Ok(());
    }
    let mut command = Command::new("rustup");
    command.args(["toolchain", "link", TOOLCHAIN, "/usr"]);
    run_logged(
        "rustup toolchain link",
        &mut command,
        &cache_dir()?.join("rustup-link.log"),
    )
}

/// How a command becomes root's.
enum Root {
    /// We are root.
    Already,
    /// `sudo` without a password.
    Sudo,
}

impl Root {
    fn find(otherwise: &str) -> Outcome<Self> {
        if rustix::process::geteuid().is_root() {
            return Ok(Self::Already);
        }
        if output_of(Command::new("sudo").args(["-n", "true"])).is_some() {
            return Ok(Self::Sudo);
        }
        Err(Failure::new(
            "installing Debian's packages needs root, and `sudo` asks for a password",
            format!("{otherwise}, then run the command again"),
        ))
    }

    fn for_usr() -> Outcome<Self> {
        Self::find("run `sudo -v` in this terminal")
    }

    fn command(&self, program: &str) -> Command {
        match self {
            Self::Already => {
                let mut command = Command::new(program);
                command.env("DEBIAN_FRONTEND", "noninteractive");
                command
            }
            Self::Sudo => {
                let mut command = Command::new("sudo");
                command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", program]);
                command
            }
        }
    }

    fn run(
        &self,
        program: &str,
        arguments: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Outcome<()> {
        let mut command = self.command(program);
        arguments(&mut command);
        run_logged(program, &mut command, &cache_dir()?.join("root.log"))
    }
}

/// The middle number of `rustc 1.96.0 (…)`.
fn minor_of(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(1)?;
    let mut parts = number.split('.');
    (parts.next() == Some("1")).then_some(())?;
    parts.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_is_read() {
        assert_eq!(
            minor_of("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"),
            Some(96)
        );
        assert_eq!(minor_of("nonsense"), None);
    }
}
