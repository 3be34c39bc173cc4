//! The service under test: a Viceroy, an event sink behind its backend for events, and a client, for `tests/service.rs`.
//!
//! `cargo dev test` prepares both parts and names them in two variables. Without them a test fails with the line that says so.

use crate::event_sink::EventSink;
use crate::http::{Answer, Client};
use crate::progress::{Outcome, say, tail};
use crate::run_config::{EVENTS_BACKEND, RunConfig};
use crate::viceroy_server::{Launch, Server};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names the built module.
pub const WASM_VAR: &str = "STATSIG_SERVICE_WASM";
/// Names the Viceroy executable.
pub const VICEROY_VAR: &str = "STATSIG_VICEROY";

/// A service that answers; ended when dropped. If that is because a test failed, the end of Viceroy's log is shown.
pub struct Service {
    server: Server,
    client: Client,
    /// What the service's event backend leads to.
    pub sink: EventSink,
}

impl Service {
    /// Starts the service as its own manifest describes it. `name` tells the files of this run from others'.
    ///
    /// # Panics
    /// When a variable is missing or Viceroy does not come up.
    pub fn start(name: &str) -> Self {
        Self::start_with(name, |config| config)
    }

    /// Starts the service with a changed manifest (other stores, other backends).
    ///
    /// # Panics
    /// When a variable is missing or Viceroy does not come up.
    pub fn start_with(name: &str, change: impl FnOnce(RunConfig) -> RunConfig) -> Self {
        let service_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../service");
        Self::start_in(&service_dir, name, change)
    }

    /// Starts the module as the manifest of another service, which lies in the folder, describes it.
    ///
    /// # Panics
    /// When a variable is missing or Viceroy does not come up.
    pub fn start_in(
        folder: &Path,
        name: &str,
        change: impl FnOnce(RunConfig) -> RunConfig,
    ) -> Self {
        match Self::try_start(folder, name, change) {
            Ok(service) => service,
            Err(failure) => panic!("{failure}"),
        }
    }

    fn try_start(
        service_dir: &Path,
        name: &str,
        change: impl FnOnce(RunConfig) -> RunConfig,
    ) -> Outcome<Self> {
        let wasm = file_from(WASM_VAR);
        let viceroy = file_from(VICEROY_VAR);
        let sink = EventSink::start()?;
        let config = RunConfig::of_service(service_dir)?.backend(EVENTS_BACKEND, &sink.url());
        let config_path = wasm.with_file_name(format!("{name}.toml"));
        change(config).write(&config_path)?;
        let server = Server::start(&Launch {
            viceroy: &viceroy,
            wasm: &wasm,
            config: &config_path,
            dir: service_dir,
            port: 0,
            log: &wasm.with_file_name(format!("{name}.log")),
            own_group: false,
        })?;
        Ok(Self {
            server,
            client: Client::new(),
            sink,
        })
    }

    /// `GET` of a path that begins with `/`.
    ///
    /// # Panics
    /// When no answer comes.
    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// `GET` with headers.
    ///
    /// # Panics
    /// When no answer comes.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        match self.client.get(&self.server.url(path), headers) {
            Ok(answer) => answer,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// The URL of a path that begins with `/`.
    pub fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    /// The number of Viceroy's process.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// The first line with this text that Viceroy or the service writes.
    ///
    /// # Panics
    /// When there is none in time.
    pub fn wait_for_log(&self, text: &str, patience: Duration) -> String {
        let mut lines = self.wait_for_lines(1, patience, |line| line.contains(text));
        assert!(!lines.is_empty(), "nothing with {text} was logged");
        lines.swap_remove(0)
    }

    /// The lines that are wanted of what Viceroy and the service write, when there are so many of them, or when `patience` ends.
    ///
    /// # Panics
    /// When the log cannot be read.
    pub fn wait_for_lines(
        &self,
        count: usize,
        patience: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        match self.server.wait_for_lines(count, patience, wanted) {
            Ok(lines) => lines,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// What Viceroy and the service have written so far.
    pub fn log_text(&self) -> String {
        let bytes = std::fs::read(self.server.log()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(format!(
                "Viceroy's log ends with:\n{}",
                tail(self.server.log(), 20)
            ));
        }
    }
}

fn file_from(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) if Path::new(&path).is_file() => PathBuf::from(path),
        Some(path) => panic!("{variable} names {}, which is no file", path.display()),
        None => panic!(
            "{variable} is not set: run `cargo dev test --only service`, which prepares what these tests need"
        ),
    }
}
