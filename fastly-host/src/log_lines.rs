//! Events as lines of a log endpoint: each line is the whole body of a `log_event` request, so that whoever reads the log
//! can post it as it is. As many events share a line as its limit allows.

use alloc::string::String;

use crate::batch::{Batch, HEAD};
use crate::flush::DeliveryError;
use crate::platform::log::Endpoint;
use crate::platform::scan::string_end;

/// Writes a batch to the log endpoint of a name, in lines of at most so many bytes; says how many events it took, and why
/// not all.
pub(crate) type HandOver = fn(&str, usize, &Batch) -> (u32, Option<DeliveryError>);

pub(crate) fn hand_over(
    name: &str,
    line_limit: usize,
    batch: &Batch,
) -> (u32, Option<DeliveryError>) {
    let endpoint = match Endpoint::open(name) {
        Ok(endpoint) => endpoint,
        Err(error) => return (0, Some(DeliveryError::Log(error))),
    };
    let mut page = Page {
        endpoint,
        tail: batch.tail(),
        line: String::new(),
        waiting: 0,
        taken: 0,
        error: None,
    };
    let room = line_limit.saturating_sub(HEAD.len().saturating_add(page.tail.len()));
    let mut rest = batch.events();
    while let Some((event, after)) = cut_event(rest) {
        rest = after;
        if event.len() > room {
            page.error = Some(DeliveryError::TooLong);
            continue;
        }
        let with_event = page.line.len().saturating_add(event.len());
        if page.waiting > 0 && with_event.saturating_sub(HEAD.len()) >= room {
            page.write();
        }
        page.line
            .push_str(if page.waiting == 0 { HEAD } else { "," });
        page.line.push_str(event);
        page.waiting = page.waiting.saturating_add(1);
    }
    if page.waiting > 0 {
        page.write();
    }
    (page.taken, page.error)
}

/// The line being written.
struct Page<'b> {
    endpoint: Endpoint,
    tail: &'b str,
    line: String,
    waiting: u32,
    taken: u32,
    error: Option<DeliveryError>,
}

impl Page<'_> {
    fn write(&mut self) {
        self.line.push_str(self.tail);
        match self.endpoint.write(self.line.as_bytes()) {
            Ok(()) => self.taken = self.taken.saturating_add(self.waiting),
            Err(error) => self.error = Some(DeliveryError::Log(error)),
        }
        self.line.clear();
        self.waiting = 0;
    }
}

/// The first of several objects with commas between them, and what follows its comma.
fn cut_event(events: &str) -> Option<(&str, &str)> {
    let mut rest = events.as_bytes();
    let mut depth = 0_u32;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => rest = string_end(rest)?.1,
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let (event, after) =
                        events.split_at_checked(events.len().checked_sub(rest.len())?)?;
                    return Some((event, after.strip_prefix(',').unwrap_or(after)));
                }
            }
            _ => {}
        }
    }
}
