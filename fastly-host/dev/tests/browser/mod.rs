//! A headless Chromium with one page, told what to do over a pipe in the DevTools protocol.
//!
//! The pipe (file descriptors 3 and 4, messages of JSON that end with a zero byte) needs neither a port nor a WebSocket, and
//! Chromium ends with it: nothing outlives a test. Every wait is for something that happens, with an end.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// A machine that builds meanwhile is slow.
const PATIENCE: Duration = Duration::from_secs(90);

/// Nothing here is fetched, reported or updated by the browser itself.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// The browser and its page; both end when dropped.
pub(crate) struct Browser {
    child: Child,
    to: Option<ChildStdin>,
    heard: Receiver<Value>,
    /// What happened that nobody waited for.
    events: Vec<Value>,
    session: String,
    next_id: u64,
    profile: PathBuf,
}

impl Browser {
    pub(crate) fn start(executable: &Path) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        // Two with one profile would be one browser.
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("statsig-browser-{}-{number}", std::process::id());
        let profile = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&profile).unwrap();
        let mut child = Command::new("sh")
            .args([
                "-c",
                r#"exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>&1"#,
                "sh",
            ])
            .arg(executable)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, heard) = mpsc::channel();
        let from = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for message in from.split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("JSON of Chromium");
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            to: child.stdin.take(),
            child,
            heard,
            events: Vec::new(),
            session: String::new(),
            next_id: 0,
            profile,
        };
        let page = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": page["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// One command to the page, and its result.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        let to = self.to.as_mut().unwrap();
        write!(to, "{message}\0").and_then(|()| to.flush()).unwrap();
        let mut answer = self.hear(method, |message| message["id"] == id);
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }

    fn hear(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self.heard.recv_timeout(left);
            let message = message.unwrap_or_else(|error| panic!("{what}: {error}"));
            if is_it(&message) {
                return message;
            }
            self.events.push(message);
        }
    }

    /// Opens an address; the page has loaded when this returns.
    pub(crate) fn go(&mut self, url: &str) {
        // Another fragment of the same page would be no load.
        self.call("Page.navigate", json!({"url": "about:blank"}));
        self.events
            .retain(|event| event["method"] != "Page.loadEventFired");
        let done = self.call("Page.navigate", json!({"url": url}));
        assert!(done["errorText"].is_null(), "{url}: {}", done["errorText"]);
        self.wait_until("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// The value of an expression, which may be a promise.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let mut done = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true}),
        );
        let exception = &done["exceptionDetails"];
        assert!(exception.is_null(), "{expression}: {exception}");
        done["result"]["value"].take()
    }

    /// Waits until something holds in the page: looks again whenever its document changes.
    pub(crate) fn wait_until(&mut self, condition: &str) {
        let held = self.eval(&format!(
            "new Promise((resolve) => {{
                const look = () => {{ if ({condition}) {{ seen.disconnect(); resolve(true); }} }};
                const seen = new MutationObserver(look);
                seen.observe(document, {{attributes: true, childList: true, characterData: true, subtree: true}});
                addEventListener('load', look);
                setTimeout(() => resolve(false), {});
                look();
            }})",
            PATIENCE.as_millis() / 2
        ));
        if held != true {
            let text = self.eval("document.body.innerText");
            panic!("never {condition}: {text}");
        }
    }

    /// Clicks in the middle of the first element of a selector, as a mouse does.
    pub(crate) fn click(&mut self, selector: &str) {
        let place = self.eval(&format!(
            "(() => {{ const it = document.querySelector({}); it.scrollIntoView({{block: 'center'}});
                const box = it.getClientRects()[0]; return [box.x + Math.min(box.width / 2, 20), box.y + box.height / 2]; }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}),
            );
        }
    }

    /// Types a text where the focus is.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Presses and releases a key; `text` is what it writes, if it does.
    pub(crate) fn press(&mut self, key: &str, code: u32, text: &str, control: bool) {
        let modifiers = if control { 2 } else { 0 };
        for kind in ["keyDown", "keyUp"] {
            self.call(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "windowsVirtualKeyCode": code, "text": if kind == "keyDown" { text } else { "" },
                    "modifiers": modifiers}),
            );
        }
    }

    /// A picture of the window, as a file.
    pub(crate) fn picture(&mut self, file: &Path) {
        let picture = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let bytes = BASE64_STANDARD.decode(picture["data"].as_str().unwrap());
        std::fs::write(file, bytes.unwrap()).unwrap();
    }

    /// What the page requested, and everything that it complained of, since the last time.
    pub(crate) fn requests_and_complaints(&mut self) -> (Vec<String>, Vec<Value>) {
        // What happened before is told before.
        self.eval("1");
        let (mut requests, mut complaints) = (Vec::new(), Vec::new());
        for event in std::mem::take(&mut self.events) {
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    requests.push(params["request"]["url"].as_str().unwrap().to_owned());
                }
                "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => {
                    complaints.push(params.clone());
                }
                "Network.loadingFailed" if params["canceled"] != true => {
                    complaints.push(params.clone());
                }
                _ => {}
            }
        }
        (requests, complaints)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends with its pipe.
        drop(self.to.take());
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
