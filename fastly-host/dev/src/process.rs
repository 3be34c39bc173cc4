//! Child processes that never outlive us: each is recorded, ended on drop, and ended when we are told to stop.
//!
//! A child made with [`Running::in_own_group`] leads a process group, so that what it started itself (compilers of a
//! cargo, a Viceroy of a test) ends with it. A terminal's Ctrl-C then reaches only us, and we pass it on.

use crate::progress::{Failure, Outcome, Ticker, say, spoken, tail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Clone, Copy, PartialEq)]
struct Live {
    pid: Pid,
    leads_group: bool,
}

impl Live {
    fn signal(self, signal: Signal) {
        // A process that has ended meanwhile is what we want anyway.
        let _ = if self.leads_group {
            rustix::process::kill_process_group(self.pid, signal)
        } else {
            rustix::process::kill_process(self.pid, signal)
        };
    }
}

static LIVE: Mutex<Vec<Live>> = Mutex::new(Vec::new());
static STOPPING: AtomicBool = AtomicBool::new(false);
static EXIT_CODE_WHEN_STOPPED: AtomicI32 = AtomicI32::new(130);

fn live() -> MutexGuard<'static, Vec<Live>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child process, ended and reaped when dropped.
pub struct Running {
    child: Child,
    live: Live,
}

impl Running {
    /// Starts a child as leader of its own process group, for whatever starts processes of its own.
    pub fn in_own_group(command: &mut Command) -> Outcome<Self> {
        command.process_group(0);
        Self::start(command, true)
    }

    /// Starts a child in our process group: it ends with whoever ends that group.
    pub fn in_our_group(command: &mut Command) -> Outcome<Self> {
        Self::start(command, false)
    }

    fn start(command: &mut Command, leads_group: bool) -> Outcome<Self> {
        command.stdin(Stdio::null());
        // Held over the start, so that a stop cannot slip in between it and the record.
        let mut list = live();
        let child = command.spawn().map_err(|error| {
            let program = command.get_program().to_string_lossy();
            Failure::new(
                format!("could not start `{program}`: {error}"),
                format!("check that `{program}` is installed and on PATH"),
            )
        })?;
        let pid = Pid::from_child(&child);
        let entry = Live { pid, leads_group };
        list.push(entry);
        Ok(Self { child, live: entry })
    }

    /// The child's standard output and error, where they are piped.
    pub fn pipes(
        &mut self,
    ) -> (
        Option<std::process::ChildStdout>,
        Option<std::process::ChildStderr>,
    ) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the child, and ends what it left behind in its group.
    pub fn wait(&mut self) -> Outcome<ExitStatus> {
        if self.live.leads_group {
            // Seen but not reaped: until we reap it below, nobody else can get this group number.
            let exited = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) =
                rustix::process::waitid(WaitId::Pid(self.live.pid), exited)
            {}
            self.live.signal(Signal::TERM);
        }
        let status = self.child.wait().map_err(|error| {
            Failure::new(
                format!("could not wait for a child process: {error}"),
                "run the command again",
            )
        })?;
        self.forget();
        if STOPPING.load(Ordering::SeqCst) {
            // The child ended because we were told to stop: the thread that was told ends the program.
            loop {
                std::thread::park();
            }
        }
        Ok(status)
    }

    fn forget(&self) {
        live().retain(|other| *other != self.live);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let recorded = live().contains(&self.live);
        if recorded {
            self.live.signal(Signal::KILL);
            let _ = self.child.wait();
            self.forget();
        }
    }
}

/// From now on SIGINT, SIGTERM and SIGHUP end every recorded child and then this program, with code 130
/// (or what [`stopping_is_success`] says).
pub fn pass_on_signals() -> Outcome<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals =
        signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(|error| {
            Failure::new(
                format!("could not listen for signals: {error}"),
                "run the command again",
            )
        })?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            STOPPING.store(true, Ordering::SeqCst);
            // Kept until the exit, so that nothing new starts.
            let list = live();
            for child in list.iter() {
                child.signal(Signal::TERM);
            }
            let code = EXIT_CODE_WHEN_STOPPED.load(Ordering::SeqCst);
            say(match code {
                0 => "\nstopped",
                _ => "\nstopped; the same command continues where this one ended",
            });
            std::process::exit(code);
        }
    });
    Ok(())
}

/// From now on being told to stop is the normal end: exit code 0.
pub fn stopping_is_success() {
    EXIT_CODE_WHEN_STOPPED.store(0, Ordering::SeqCst);
}

/// Runs a command to its end with its output on the terminal; true when it succeeded.
pub fn succeeds(command: &mut Command) -> Outcome<bool> {
    Ok(Running::in_own_group(command)?.wait()?.success())
}

/// Runs a command to its end with its output in `log`, saying every 20 s that `label` still goes on.
/// On failure the end of the log is shown.
pub fn run_logged(label: &str, command: &mut Command, log: &Path) -> Outcome<()> {
    let cannot_log = crate::progress::at("write", log);
    let file = File::create(log).and_then(|file| Ok((file.try_clone()?, file)));
    let (out, err) = file.map_err(cannot_log)?;
    let mut running = Running::in_own_group(command.stdout(out).stderr(err))?;
    let line = label.to_owned();
    let ticker = Ticker::start(Duration::from_secs(20), move |time| {
        format!("{line}: {} so far", spoken(time))
    });
    let status = running.wait()?;
    drop(ticker);
    if status.success() {
        return Ok(());
    }
    say(tail(log, 15));
    Err(Failure::new(
        format!("{label} failed ({status})"),
        format!(
            "read the lines above (all of them: {}), then run the command again",
            log.display()
        ),
    ))
}

/// The standard output of a short command, trimmed, or nothing when it fails or does not exist.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_dropped_child_is_gone() {
        let mut running =
            Running::in_own_group(Command::new("sleep").arg("600").stdout(Stdio::piped()))
                .expect("sleep starts");
        let (stdout, _) = running.pipes();
        drop(running);
        // The pipe's other end closes only when the process has ended.
        let mut rest = String::new();
        let read = stdout.expect("piped").read_to_string(&mut rest);
        assert_eq!(read.expect("readable"), 0);
    }

    #[test]
    fn what_a_group_leader_leaves_behind_ends_with_it() {
        let mut running = Running::in_own_group(
            Command::new("sh")
                .args(["-c", "sleep 600 & exit 3"])
                .stdout(Stdio::piped()),
        )
        .expect("sh starts");
        let (stdout, _) = running.pipes();
        let status = running.wait().expect("waited");
        assert_eq!(status.code(), Some(3));
        let mut rest = String::new();
        let read = stdout.expect("piped").read_to_string(&mut rest);
        assert_eq!(read.expect("readable"), 0);
    }
}
