//! One running Viceroy: started with a module and a configuration, ready when it says its address, ended when dropped.

use crate::process::Running;
use crate::progress::{Failure, Outcome, at, say, tail};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Viceroy compiles the module before it listens: seconds in its quickly built form, on a busy machine more.
const PATIENCE: Duration = Duration::from_secs(180);

/// What to start.
pub struct Launch<'a> {
    /// The `viceroy` executable.
    pub viceroy: &'a Path,
    /// The service's module.
    pub wasm: &'a Path,
    /// The `fastly.toml` of this run.
    pub config: &'a Path,
    /// Viceroy's current directory: relative file names in the configuration start here.
    pub dir: &'a Path,
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Where Viceroy's output goes.
    pub log: &'a Path,
    /// Away from the terminal's Ctrl-C; who sets it ends Viceroy on signals (see [`process`](crate::process)).
    pub own_group: bool,
}

/// A Viceroy that listens.
pub struct Server {
    running: Running,
    /// Where it listens.
    pub addr: SocketAddr,
    log: Arc<Log>,
}

/// What Viceroy and the service write: kept in a file.
struct Log {
    path: PathBuf,
    file: Mutex<File>,
    grown: Condvar,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Starts Viceroy and waits until it listens. If it ends before, or takes longer than three minutes, the end of its log is
    /// shown.
    pub fn start(launch: &Launch<'_>) -> Outcome<Self> {
        let log = Arc::new(Log {
            path: launch.log.to_owned(),
            file: Mutex::new(File::create(launch.log).map_err(at("write", launch.log))?),
            grown: Condvar::new(),
        });
        let mut command = Command::new(launch.viceroy);
        command
            .args(["serve", "-C"])
            .arg(launch.config)
            .arg("--addr")
            .arg(format!("127.0.0.1:{}", launch.port))
            .arg(launch.wasm)
            .current_dir(launch.dir)
            // Its line with the address is of level info.
            .env("RUST_LOG", "viceroy=info,viceroy_lib=info")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = if launch.own_group {
            Running::in_own_group(&mut command)?
        } else {
            Running::in_our_group(&mut command)?
        };
        let (said, heard) = mpsc::channel();
        let (stdout, stderr) = running.pipes();
        if let Some(stdout) = stdout {
            keep_log(stdout, Arc::clone(&log), said.clone());
        }
        if let Some(stderr) = stderr {
            keep_log(stderr, Arc::clone(&log), said);
        }
        let reason = match heard.recv_timeout(PATIENCE) {
            Ok(addr) => {
                return Ok(Self { running, addr, log });
            }
            Err(RecvTimeoutError::Timeout) => {
                format!("did not listen within {} s", PATIENCE.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                format!("ended before it listened ({})", running.wait()?)
            }
        };
        say(tail(launch.log, 15));
        Err(Failure::new(
            format!("Viceroy {reason}"),
            format!(
                "read the lines above; module {}, configuration {}",
                launch.wasm.display(),
                launch.config.display()
            ),
        ))
    }

    /// The URL of a path that begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.running.id()
    }

    /// The file with Viceroy's output.
    pub fn log(&self) -> &Path {
        &self.log.path
    }

    /// The lines of the output that are wanted, as soon as there are so many of them; those that there are when `patience` ends.
    pub fn wait_for_lines(
        &self,
        count: usize,
        patience: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Outcome<Vec<String>> {
        let deadline = Instant::now() + patience;
        let failed = || at("read", &self.log.path);
        let mut reader = BufReader::new(File::open(&self.log.path).map_err(failed())?);
        let mut found = Vec::new();
        let mut held = self.log.lock();
        loop {
            // Nobody writes meanwhile: what is there are whole lines.
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).map_err(failed())? > 0 {
                let text = String::from_utf8_lossy(&line);
                if wanted(text.trim_end()) {
                    found.push(text.trim_end().to_owned());
                }
                line.clear();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || found.len() >= count {
                return Ok(found);
            }
            let waited = self.log.grown.wait_timeout(held, left);
            (held, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until Viceroy ends by itself.
    pub fn wait(&mut self) -> Outcome<ExitStatus> {
        self.running.wait()
    }
}

/// Copies lines to the log until the pipe closes, and tells the first address in them.
fn keep_log(pipe: impl Read + Send + 'static, log: Arc<Log>, said: Sender<SocketAddr>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let mut file = log.lock();
            let _ = file.write_all(&line).and_then(|()| file.write_all(b"\n"));
            drop(file);
            log.grown.notify_all();
            if let Some(addr) = address_in(&String::from_utf8_lossy(&line)) {
                let _ = said.send(addr);
            }
        }
    });
}

/// The address in a line such as `… INFO Listening on http://127.0.0.1:7676`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("Listening on http://")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_line_that_says_it() {
        let line = "2026-11-22T18:00:00.000000Z  INFO Listening on http://127.0.0.1:41234";
        assert_eq!(address_in(line), "127.0.0.1:41234".parse().ok());
        assert_eq!(address_in("backend at http://127.0.0.1:9/"), None);
    }

    #[test]
    fn a_viceroy_that_ends_at_once_is_a_failure() {
        let log = std::env::temp_dir().join(format!("viceroy-{}.log", std::process::id()));
        let launch = Launch {
            viceroy: Path::new("false"),
            wasm: Path::new("none.wasm"),
            config: Path::new("none.toml"),
            dir: Path::new("/"),
            port: 0,
            log: &log,
            own_group: false,
        };
        let failure = Server::start(&launch).err().expect("cannot listen");
        assert!(failure.to_string().contains("ended before it listened"));
        std::fs::remove_file(&log).expect("was written");
    }
}
