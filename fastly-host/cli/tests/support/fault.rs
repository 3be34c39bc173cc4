//! How the server can misbehave.

use super::http::Head;

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is not done, and answered like this.
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// It is not done; the connection breaks.
    DropBefore,
    /// It is done; the connection breaks before the answer.
    DropAfter,
    /// It is done; the connection breaks in the middle of the answer's body.
    Truncate,
    /// It is done, and the answer comes in small pieces.
    Slow,
    /// It is not done, and never answered.
    Stall,
    /// Nothing is done until the test lets go; then all as if nothing had been.
    Hold,
    /// The client is killed before it is done.
    KillBefore,
    /// The client is killed in the middle of sending it.
    KillDuring,
    /// The client is killed when it is done, before the answer.
    KillAfter,
    /// These lines of a batch are not done; the status says what it says.
    PartialBatch(u16, Vec<usize>),
}

/// When.
pub struct Rule {
    pub when: Box<dyn Fn(&Head) -> bool + Send>,
    pub skip: usize,
    pub times: usize,
    pub fault: Fault,
}

/// An answer with a body that repeats what came, as error pages do.
pub fn status(status: u16) -> Fault {
    let body = format!(
        "{{\"msg\":\"error {status} for {} and {}\"}}",
        super::TOKEN,
        super::SECRET_KEY
    );
    Fault::Answer(status, Vec::new(), body.into_bytes())
}

/// Any write to Fastly.
pub fn writes(head: &Head) -> bool {
    head.path.starts_with("/resources/") && !matches!(head.method.as_str(), "GET" | "HEAD")
}

/// Everything.
pub fn any(_: &Head) -> bool {
    true
}
