//! The publisher as a child process. Whatever it writes is searched for secrets.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use super::{SECRET_KEY, Server, TOKEN};

/// What a run left.
#[derive(Debug)]
pub struct Run {
    /// `None` for a run that was killed.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// Built by the tests of its own crate; other crates' tests call the library.
fn executable() -> &'static str {
    option_env!("CARGO_BIN_EXE_statsig-fastly").expect("the publisher's own tests build it")
}

/// The command with its surroundings: addresses, secrets, short pauses.
pub fn command(server: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(executable());
    command
        .args(arguments)
        .env("FASTLY_API_ENDPOINT", server.url())
        .env("STATSIG_API_ENDPOINT", server.url())
        .env("FASTLY_API_TOKEN", TOKEN)
        .env("STATSIG_SECRET_KEY", SECRET_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let patient = ["publish", "watch", "sync-id-lists", "diff", "verify", "gc"];
    let own = arguments.contains(&"--retry-pause");
    if !own && arguments.first().is_some_and(|name| patient.contains(name)) {
        command.args(["--retry-pause", "0.002"]);
    }
    command
}

/// Runs to the end.
pub fn run(server: &Server, arguments: &[&str]) -> Run {
    let child = command(server, arguments).spawn().unwrap();
    server.set_client(child.id());
    ended(child)
}

/// Waits for the end.
pub fn ended(child: Child) -> Run {
    checked(&child.wait_with_output().unwrap())
}

fn checked(output: &Output) -> Run {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let run = Run {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    };
    assert_no_secrets(&run.out);
    assert_no_secrets(&run.err);
    run
}

/// No secret, in no form in which requests have it.
#[track_caller]
pub fn assert_no_secrets(text: &str) {
    for secret in [TOKEN, SECRET_KEY, "sig=signature"] {
        for form in [
            secret.to_owned(),
            secret.replace('/', "%2F").replace('+', "%2B"),
        ] {
            assert!(!text.contains(&form), "{form} in {text}");
        }
    }
}

/// A file's name as an argument.
pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
