//! The second half of section E: the same checks by Statsig's own core.

use std::fmt::Write;

use statsig_benches_cases::evaluation::{CASES, REPEATS};

use super::{cell, ratio};
use crate::measured::Measured;

pub(super) fn section(measured: &Measured) -> String {
    let mut page = format!(
        "Peer: `statsig-rust` 0.24, native, through its public interface, specs from a string. Exposures go into its queue and\n\
         its table of repeats (so the same user's are not queued again); sending them is on another thread and not counted. A\n\
         new user is one that it has not seen; each figure is the mean of {REPEATS} checks, all with the case's answer. Making its\n\
         user object is not counted: {} instructions more. The last column is the new user's check with its exposure over ours.\n\n\
         | id | same user | with exposure | new user | with exposure | over ours |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
        cell(measured.native.get("core user"))
    );
    for case in CASES {
        let key = |users: &str, word: &str| format!("core {} {users} {word}", case.id);
        let of = |key: &str| measured.native.get(key);
        let ours = of(&format!("{} exposures", case.id));
        let over = of(&key("new", "exposures"))
            .zip(ours)
            .map(|(core, ours)| format!("{} ×", ratio(core.total, ours.total)));
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            case.id,
            cell(of(&key("same", "plain"))),
            cell(of(&key("same", "exposures"))),
            cell(of(&key("new", "plain"))),
            cell(of(&key("new", "exposures"))),
            over.unwrap_or("–".into()),
        );
    }
    page.push('\n');
    page
}
