//! Compiling config specs into a rule table (`evaluation.md` §1).
//!
//! Reads both payload formats: v2 (`condition_map`), as Statsig's server SDKs download it, and v1 (arrays with inline
//! conditions), as Statsig's console writes it into Fastly's stores. The text is scanned once: what specs, rules and
//! conditions have in their fields is remembered by its place. When all names are known, every reference is written as a
//! row number.
//!
//! Cost: linear in the payload; memory for the table twice.

mod buckets;
mod cmab;
mod condition;
mod error;
mod heap;
mod lists;
mod mapping;
mod members;
mod meta;
mod outline;
mod parameter_store;
mod read;
mod row;
mod rule;
mod source;
mod spec;
mod target;
mod writer;

use alloc::vec::Vec;

use crate::table::Section;
use crate::table::spec::SPEC;

pub use error::{CompileError, Warning, WarningKind};

/// A compiled payload.
///
/// ```
/// # #[cfg(feature = "compile")] {
/// # use statsig_edge::{Environment, Evaluator, Scratch, Table, User, compile::compile};
/// # struct World;
/// # impl Environment for World { fn now_ms(&self) -> i64 { 1_767_225_600_000 } }
/// # let table = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?.table;
/// # let evaluator = Evaluator::new(Table::open(&table)?, &World);
/// # let mut scratch = Scratch::<8>::new();
/// use statsig_edge::is_table;
///
/// let compiled = compile(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/specs.json")))?;
/// assert!(is_table(&compiled.table));
/// assert!(compiled.warnings.is_empty());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Compiled {
    /// The rule table: give it to [`Table::open`](crate::Table::open).
    pub table: Vec<u8>,
    /// What the table leaves out or cannot answer.
    pub warnings: Vec<Warning>,
}

/// Compiles a payload in either format.
///
/// A spec that Statsig's SDKs would drop is left out with a warning; a payload that they would reject is an error. More is taken
/// than by Statsig's core in two ways: what no check depends on may be of any type (checksums, `fieldsUsed`, `response_format`,
/// `gcir_config`, `auto_capture_settings`, the values of `id_lists`, what is in `session_replay_info`), and a member may be given
/// twice, of which the last counts. Less is taken in two: nothing may stand behind the payload, and an escaped half of a surrogate
/// pair makes any text [`CompileError::NotJson`].
///
/// # Errors
/// [`CompileError`], with the byte offset and the path of what is wrong.
///
/// ```
/// use statsig_edge::{Table, compile::compile};
///
/// // The smallest payload that Statsig's server core takes.
/// let specs = br#"{"has_updates": true, "time": 1767225600000, "feature_gates": {}, "dynamic_configs": {},
///     "layer_configs": {}, "condition_map": {}, "experiment_to_layer": {}}"#;
/// let compiled = compile(specs)?;
/// assert_eq!(Table::open(&compiled.table)?.time(), 1_767_225_600_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compile(json: &[u8]) -> Result<Compiled, CompileError> {
    let text =
        core::str::from_utf8(json).map_err(|error| CompileError::NotUtf8(error.valid_up_to()))?;
    if text.len() > LONGEST {
        return Err(CompileError::TooLarge);
    }
    let mut outline = outline::Outline::new(text);
    outline.read()?;
    let mut writer = writer::Writer::new(outline.source.v1, outline.spaced);
    write(&mut outline, &mut writer)?;
    let time = outline.time;
    if outline.source.crowded.get() {
        return Err(CompileError::TooLarge);
    }
    // What was read is no longer needed while the sections become one.
    drop(outline);
    let table = writer.finish(time).ok_or(CompileError::TooLarge)?;
    Ok(Compiled {
        table,
        warnings: writer.warnings,
    })
}

/// Places are remembered in 32 bits, half of them for texts made from the payload's.
const LONGEST: usize = i32::MAX as usize;

fn write(outline: &mut outline::Outline<'_>, writer: &mut writer::Writer) -> source::Read<()> {
    let outline::Outline {
        source,
        specs,
        rules,
        sections,
        conditions_fault,
        ..
    } = outline;
    let v1 = writer.v1;
    if !v1 {
        // What has no spec may have overrides or a bandit.
        name_specs(source, sections, "overrides", specs)?;
        let configs = specs.get_mut(1..2).unwrap_or_default();
        name_specs(source, sections, "cmab_configs", configs)?;
    }
    let kinds = [Section::Gates, Section::Configs, Section::Layers];
    for (specs, section) in specs.iter_mut().zip(kinds) {
        specs.ordered = writer.index(source, section, SPEC, &specs.names.entries);
        specs.names.number_in(specs.ordered.order());
    }
    meta::write(source, writer, sections)?;
    if let Some(fault) = conditions_fault.take().filter(|_| !v1) {
        return Err(fault.within("condition_map"));
    }
    let mut known = spec::Known::default();
    if let [gates, configs, _] = specs.as_slice()
        && !v1
    {
        let names = (&gates.names, &configs.names);
        mapping::write(source, writer, rules, sections, names, &mut known.overrides)?;
        cmab::write(source, writer, sections, &mut known.bandits)?;
    }
    spec::write(source, writer, rules, specs, &known);
    parameter_store::write(source, writer, sections)
}

/// Gives the members of a section a row among some specs.
fn name_specs(
    source: &mut source::Source<'_>,
    sections: &outline::Sections,
    section: &str,
    kinds: &mut [spec::Specs],
) -> source::Read<()> {
    let section = sections.read(source, section, &read::ANY_MAP)?;
    let mut walk = source.walk(section);
    while let Some((name, _)) = walk.next(source) {
        for specs in kinds.iter_mut() {
            specs.names.add(source, name);
        }
    }
    Ok(())
}
