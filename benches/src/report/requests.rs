//! Section R: whole requests in instructions of the guest.

use std::fmt::Write;

use super::spaced;
use crate::measured::Measured;

pub(super) fn section(measured: &Measured) -> String {
    if measured.requests.is_empty() {
        return String::new();
    }
    let mut page = String::from(
        "## Whole requests: instructions of the module\n\n\
         One instance, one request, against a host that does the least (`benches/src/request.rs`). Pages are of 64 KiB; 17 are\n\
         there at the start (stack and data).\n\n\
         | id | module | store | path | until the answer | in all | host calls | pages | isolates |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (row, done) in &measured.requests {
        let (name, table) = row.value;
        // Of a sandbox that goes on, the second request.
        let (total, calls) = match done.ready[..] {
            [(begin, calls_begin), (end, calls_end), ..] => (end - begin, calls_end - calls_begin),
            _ => (done.total, done.host_calls.len()),
        };
        let until_answer = match done.ready.is_empty() {
            true => spaced(done.until_answer),
            false => "–".into(),
        };
        let _ = writeln!(
            page,
            "| {} | `{}` | {name} {} | `{}` | {} | {} | {} | {} | {} |",
            row.id,
            row.module,
            if table { "table" } else { "JSON" },
            row.path,
            until_answer,
            spaced(total),
            calls,
            done.pages,
            row.isolates
        );
    }
    page.push('\n');
    page
}
