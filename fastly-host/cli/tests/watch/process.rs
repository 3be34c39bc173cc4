//! The program while it watches, and what it says over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use crate::support::client::{assert_no_secrets, command};
use crate::support::{PATIENCE, Server};

/// A watch under way.
pub(crate) struct Watch {
    pub(crate) child: Child,
    pub(crate) lines: Arc<(Mutex<Vec<String>>, Condvar)>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn start(server: &Server, more: &[&str]) -> Self {
        let mut arguments = vec!["watch"];
        if !more.contains(&"--interval") {
            arguments.extend(["--interval", "0.05"]);
        }
        arguments.extend(more);
        let mut child = command(server, &arguments).spawn().unwrap();
        server.set_client(child.id());
        let lines = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (own, out) = (Arc::clone(&lines), child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                own.0.lock().unwrap().push(line);
                own.1.notify_all();
            }
        });
        Watch {
            child,
            lines,
            reader: Some(reader),
        }
    }

    /// Waits until so many lines contain this, and gives the last of them.
    pub(crate) fn wait_for(&self, text: &str, count: usize) -> String {
        let until = Instant::now() + PATIENCE;
        let mut lines = self.lines.0.lock().unwrap();
        loop {
            let found: Vec<&String> = lines.iter().filter(|line| line.contains(text)).collect();
            if found.len() >= count {
                return found[found.len() - 1].clone();
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {text}: {lines:?}");
            lines = self.lines.1.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Ends it as a service manager does; gives all lines.
    pub(crate) fn end(mut self) -> Vec<String> {
        let id = self.child.id().to_string();
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap();
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let lines = self.lines.0.lock().unwrap().clone();
        assert_eq!(status.code(), Some(0), "{lines:?}");
        let mut err = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        assert_eq!(err, "", "all is said in events");
        lines.iter().for_each(|line| assert_no_secrets(line));
        lines
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_no_secrets(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        body.to_owned(),
    )
}
