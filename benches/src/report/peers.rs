//! Section P: Statsig's JavaScript beside ours, measured on request.

use std::fmt::Write;

use super::spaced;
use crate::sizes::Size;
use crate::{Arguments, read};

/// `peers`: puts the section into the page, from what the runs under Viceroy gave and the modules that ran.
pub(crate) fn write(arguments: &Arguments) -> Result<(), String> {
    let machine = read(&arguments.path("machine")?)?;
    let mut section = String::from_utf8(machine).map_err(|error| error.to_string())?;
    section.push_str(
        "Bytes of the modules without custom sections.\n\n| module | bytes | gzip |\n| --- | ---: | ---: |\n",
    );
    for (name, file) in arguments.modules() {
        let size = Size::of(&read(&file)?)?;
        let _ = writeln!(
            section,
            "| `{name}` | {} | {} |",
            spaced(size.bytes as u64),
            spaced(size.gzip as u64)
        );
    }
    super::change(&arguments.path("results")?, |page, from| {
        page.put(&section, from);
    })
}
